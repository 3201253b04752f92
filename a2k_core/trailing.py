"""What depends on its surroundings is done piece by piece: it trails behind what they are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .regions import Region

Patches = tuple[tuple[Region, Tensor], ...]
"""Regions that do not overlap, and what lies there."""


@dataclass(frozen=True)
class Change:
    """What is done to a picture by what is known of it around."""

    make: Callable[[Tensor, Tensor, Region, Region], None]
    """Changes, where it is, the picture of a region; takes the guide of a larger one, that one, and the region."""

    reach: int
    """Pixels: it depends on nothing farther outside, but that squares at multiples of `square` count as a whole."""

    square: int
    """Pixels, even."""

    cell: int
    """Pixels to a side of what the guide has one value of; divides half a square."""

    @property
    def lag(self) -> int:
        """Pixels by which it trails: its reach and half a square, as regions may end in the middle of one."""
        half = self.square // 2
        return -(-(self.reach + half) // half) * half


@dataclass(frozen=True)
class Trailing:
    """What has come of a picture, and what of it waits for its surroundings.

    Args:
        bounds: of the picture.
        change: to be made.
    """

    bounds: Region
    change: Change
    pictures: Patches = ()
    guides: Patches = ()

    def after(self, region: Region, picture: Tensor, guide: Tensor) -> tuple[Region, Tensor, Trailing]:
        """One more region.

        Args:
            region: sides on multiples of half a square; they come in the order of `Region.split`, any of them split further.
            picture: `[B, C, h, w]`.
            guide: `[B, G, h / cell, w / cell]`, what the change depends on.

        Returns:
            What can be changed now, which may be nothing, `[B, C, h, w]` changed (`picture` itself if that is all there is,
            changed in place), and what waits still. This object stays as it was.
        """
        change, lag = self.change, self.change.lag
        pictures, guides = (*self.pictures, (region, picture)), (*self.guides, (region, guide))
        done = region.trailing(lag, self.bounds)
        changed = picture if done == region else _assembled(pictures, done, 1)
        if done.area:
            seen = done.grown(change.reach, change.square, self.bounds)
            change.make(changed, _assembled(guides, seen, change.cell), seen, done)
        needed_no_more = region.trailing(2 * lag, self.bounds)
        rest = _rest(pictures, done, 1), _rest(guides, needed_no_more, change.cell)
        return done, changed, dataclasses.replace(self, pictures=rest[0], guides=rest[1])


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
