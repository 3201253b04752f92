"""From decoded pieces to the result: rims are mended, colours and contrasts matched, detail given back that the network loses."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .colour import ColourMatch, Colours, colour_match, colours_aimed_at, colours_of
from .config import StyA2KConfig
from .content import Content
from .contrast import added, contrast_change, contrast_matching, contrasts, gains, octaves, shown_greys
from .memory import release
from .own_colours import with_own_colours
from .pieces import Pieces
from .regions import Region
from .rims import mending_guide, rim_mending
from .trailing import Trailing

Write = Callable[[int, int, Tensor], None]
"""Takes a finished piece, `[B, 3, h, w]` in 0..1 of the dtype and device that were read, and its top and left."""

COLOURS_OF_ITSELF = 9 * 2**20
"""Pixels of the largest picture whose own result, held until it is whole, says what its colours have to be moved by; see
`colour.py`. Up to 4096x2160: 110 MB in fp32."""


class Finishing:
    """What becomes of one picture, or of a batch of equally large ones, once its regions are decoded.

    A picture that is not held is written as it comes, in the colours and contrasts that are known beforehand.

    Args:
        config: of the network.
        content: what is painted.
        style: the colours of its style.
        strength: above 0, see `StyA2K.transfer`.
        keep_colours: see `StyA2K.transfer`.
        write: takes the result.
        colours, gains: of colours and of contrasts, where they are known: those of a copy, or of a scene.
        hold: whether the picture is held until its own are known; see `is_held`.
    """

    def __init__(
        self,
        config: StyA2KConfig,
        content: Content,
        style: Colours,
        strength: float,
        keep_colours: float,
        write: Write,
        colours: ColourMatch | None,
        gains: Tensor | None,
        hold: bool,
    ) -> None:
        self.content = content
        self.style = style
        self.strength = strength
        self.keep_colours = keep_colours
        self.write = write
        self.match_contrast = config.contrast_match
        self.colours = colours
        self.gains = gains
        # A pixel tells the dtype and device that are read, and the result has.
        self._like = content.pixels(Region(0, 0, 1, 1))
        bounds = content.bounds
        self._whole = Pieces(content.height, content.width) if hold else None
        self._mending = Trailing(bounds, rim_mending(bounds, strength)) if config.mend_rims else None
        self._matching: Trailing | None = None
        if self._whole is None and self.gains is not None:
            self._matching = Trailing(bounds, contrast_matching(self.gains))

    def take(self, region: Region, decoded: Tensor) -> None:
        """One more region; they come in the order of `Region.split`. Should it raise, the region may come again, in smaller pieces.

        Args:
            region: of the padded picture.
            decoded: `[B, 3, h, w]` or, below full strength, `[B, 6, h, w]`, the content as encoding and decoding leave it with it.
        """
        mending, matching = self._mending, self._matching
        decoded = decoded.float()
        if mending:
            content = self.content.padded(region).to(decoded.device)
            region, decoded, mending = mending.after(region, decoded, mending_guide(decoded, content))
        if region.area and self._whole is None:
            decoded = self._coloured(region, decoded)
            if matching:
                region, decoded, matching = matching.after(region, decoded, shown_greys(decoded))
        if region.area:
            inside = self.content.inside(region)
            piece = decoded[inside.within(region, 1)]
            if self._whole is None:
                self._write(inside, piece)
            else:
                self._whole.put(inside.top, inside.left, piece)
        # Only now: what waited before may be asked for again.
        self._mending, self._matching = mending, matching

    def complete(self, regions: list[Region]) -> None:
        """After the last region. A picture that was held gets its colours and contrasts, and is written in these regions."""
        if self._whole is None:
            return
        decoded = self._whole.picture
        assert decoded is not None
        if len(regions) > 1 and decoded.device.type == "cpu":
            # What tiles took is free, but not in one piece, and contrasts take large pieces.
            release(decoded.device)
        target = self._aimed_at()
        self.colours = colour_match(decoded[:, :3], target)
        places = [(region, region.within(self.content.bounds, 1)) for region in map(self.content.inside, regions)]
        # What is decoded gets its colours where it is.
        picture, change = decoded[:, :3], None
        shown = Pieces(self.content.height, self.content.width)
        for region, place in places:
            picture[place] = self._coloured(region, decoded[place])
            if self.match_contrast:
                shown.put(region.top, region.left, shown_greys(picture[place]))
        if shown.picture is not None:
            greys = octaves(shown.picture)
            self.gains = gains(contrasts(greys), target.contrasts)
            change = contrast_change(greys, self.gains)
        for region, place in places:
            self._write(region, picture[place] if change is None else added(change[place], picture[place]))

    def _aimed_at(self) -> Colours:
        """The colours and contrasts that the strength and what is kept ask for."""
        asked = self.strength < 1 or self.keep_colours
        content = colours_of(self.content.pixels(self.content.bounds)) if asked else None
        return colours_aimed_at(content, self.style, self.strength, self.keep_colours)

    def _coloured(self, region: Region, decoded: Tensor) -> Tensor:
        """A decoded region in its colours, below full strength with the detail given back that the network loses: `[B, 3, h, w]`."""
        image = decoded[:, :3]
        if self.colours:
            # In part, so that next to no strength changes next to nothing, however well the network rebuilds contents.
            matched = self.colours.apply(image)
            image = matched if self.strength >= 1 else torch.lerp(image, matched, self.strength)
        if self.strength >= 1 and not self.keep_colours:
            return image
        content = self.content.padded(region).to(decoded.device)
        if self.strength < 1:
            image = image.to(content.dtype) + (1 - self.strength) * (content - decoded[:, 3:].to(content.dtype))
        if self.keep_colours:
            image = with_own_colours(image, content, self.keep_colours)
        return image

    def _write(self, region: Region, picture: Tensor) -> None:
        self.write(region.top, region.left, picture.to(self._like).clamp(0, 1))


def is_held(config: StyA2KConfig, content: Content) -> bool:
    """Whether a result is held whole until its colours are known."""
    return config.colour_match and content.area <= COLOURS_OF_ITSELF


def held_memory(config: StyA2KConfig, content: Content, strength: float) -> int:
    """Bytes of what is held."""
    if not is_held(config, content):
        return 0
    of_decoded = 3 * (2 if strength < 1 else 1)
    # For contrasts the octaves of its greys and what is added to them.
    of_greys = 4 if config.contrast_match else 0
    return content.batch * content.area * (of_decoded + of_greys) * torch.float32.itemsize
