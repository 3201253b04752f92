"""Rims mended piece by piece: what is mended trails behind what is decoded, as it depends on what lies around."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .regions import Region
from .rims import CELL, REACH, SQUARE, cells, correction, spread

Patches = tuple[tuple[Region, Tensor], ...]
"""Regions that do not overlap, and what lies there."""

LAG = -(-(REACH + SQUARE // 2) // CELL) * CELL
"""Pixels by which what is mended trails: its reach, and half a square, as regions may end in the middle of one."""


@dataclass(frozen=True)
class Mending:
    """What has been decoded of a picture and what of it waits for its surroundings.

    Args:
        bounds: of the picture.
        strength: of the transfer, see `rims.correction`.
    """

    bounds: Region
    strength: float
    decoded: Patches = ()
    cells: Patches = ()
    """Of the decoded colours and of the content's: `[B, 6, h / CELL, w / CELL]`."""

    def after(self, region: Region, decoded: Tensor, content: Tensor) -> tuple[Region, Tensor, Mending]:
        """One more region.

        Args:
            region: sides on multiples of half a `SQUARE`; they come in the order of `Region.split`, any of them split further.
            decoded: `[B, C, h, w]`; its first three channels are the picture, others just come along.
            content: `[B, 3, h, w]` RGB in 0..1, what the picture was made of.

        Returns:
            What can be mended now, which may be nothing, `[B, C, h, w]` mended (`decoded` itself if that is all there is,
            changed in place), and what waits still. This object stays as it was.
        """
        pictures = (*self.decoded, (region, decoded))
        means = (*self.cells, (region, torch.cat([cells(decoded[:, :3]), cells(content)], dim=1)))
        done = region.trailing(LAG, self.bounds)
        mended = decoded if done == region else _assembled(pictures, done, 1)
        if done.area:
            seen, near = done.grown(REACH, SQUARE, self.bounds), done.grown(CELL, CELL, self.bounds)
            colours, guide = _assembled(means, seen, CELL).split(3, dim=1)
            added = correction(colours, guide, self.strength)[near.within(seen, CELL)]
            mended[:, :3] += spread(added)[done.within(near, 1)].to(mended)
        needed_no_more = region.trailing(2 * LAG, self.bounds)
        waiting = Mending(self.bounds, self.strength, _rest(pictures, done, 1), _rest(means, needed_no_more, CELL))
        return done, mended, waiting


def _assembled(patches: Patches, region: Region, stride: int) -> Tensor:
    """A region that the patches cover, copied."""
    _, like = patches[-1]
    whole = like.new_empty(
        (*like.shape[:2], (region.bottom - region.top) // stride, (region.right - region.left) // stride)
    )
    for place, patch in patches:
        if shared := place.shared(region):
            whole[shared.within(region, stride)] = patch[shared.within(place, stride)]
    return whole


def _rest(patches: Patches, done: Region, stride: int) -> Patches:
    """What of the patches does not lie in a region; copies of parts, so that the wholes can go."""
    rest: list[tuple[Region, Tensor]] = []
    for place, patch in patches:
        parts = place.outside(done)
        rest += [(part, patch if part == place else patch[part.within(place, stride)].clone()) for part in parts]
    return tuple(rest)
