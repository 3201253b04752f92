"""Contact sheets: contents down the side, styles along the top, every content in every style."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from torch import Tensor

from a2k_core.pixels import to_bytes
from evaluation.pictures import Pair

CELL = 256
GAP = 4


class ContactSheet:
    """Two sheets of the same pairs, filled one by one: pictures whole, and their middle at 100 %.

    Args:
        contents, styles: `[1, 3, H, W]` in 0..1 by stem, in the order of rows and columns.
    """

    def __init__(self, contents: dict[str, Tensor], styles: dict[str, Tensor]) -> None:
        self.rows = {stem: index for index, stem in enumerate(contents, start=1)}
        self.columns = {stem: index for index, stem in enumerate(styles, start=1)}
        size = tuple((len(cells) + 1) * (CELL + GAP) - GAP for cells in (self.columns, self.rows))
        self.whole = Image.new("RGB", (size[0], size[1]), "white")
        self.detail = self.whole.copy()
        for stem, image in contents.items():
            self._paste(image, 0, self.rows[stem])
        for stem, image in styles.items():
            self._paste(image, self.columns[stem], 0)

    def add(self, pair: Pair, image: Tensor) -> None:
        """Put a system's picture of a pair in its cell."""
        self._paste(image, self.columns[pair.style], self.rows[pair.content])

    def save(self, path: Path) -> list[Path]:
        """Write NAME.png and NAME-detail.png; returns their paths."""
        written = [path, path.with_name(f"{path.stem}-detail{path.suffix}")]
        for target, sheet in zip(written, (self.whole, self.detail), strict=True):
            temporary = target.with_suffix(".part")
            sheet.save(temporary, format="PNG")
            temporary.replace(target)
        return written

    def _paste(self, image: Tensor, column: int, row: int) -> None:
        picture = Image.fromarray(to_bytes(image))
        left, top = (picture.width - CELL) // 2, (picture.height - CELL) // 2
        small = picture.copy()
        small.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
        corner = (column * (CELL + GAP), row * (CELL + GAP))
        self.whole.paste(small, (corner[0] + (CELL - small.width) // 2, corner[1] + (CELL - small.height) // 2))
        box = (max(left, 0), max(top, 0), min(left + CELL, picture.width), min(top + CELL, picture.height))
        self.detail.paste(picture.crop(box), corner)
