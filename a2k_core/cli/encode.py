"""`a2k encode`: the style of a picture, or of several, to a file, which `a2k stylize` and a Load Style node take in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ..errors import PictureError, UsageError
from ..files.pictures.thumbnail import side_by_side
from ..files.style_file import fingerprint, save_style
from ..network.style.encoded_style import mix_styles
from .console import Console
from .styles import STYLE_SUFFIX, StyleFiles, check_mix, is_saved_style, open_model
from .stylize.plan import refuse_overwriting


@dataclasses.dataclass(frozen=True)
class EncodeCommand:
    """Encode a style picture, or several as one style, and save it."""

    pictures: Sequence[Path]
    """Picture files, of which transparent ones are put on white; and saved styles."""

    output: Path
    """Ends in .safetensors. Replaced if it exists."""

    mix: Sequence[float] | None = None
    """Shares of the styles; None takes equal ones."""

    style_size: int = 512
    """As of `StylizeOptions`, like the rest."""

    style_mask: Path | None = None

    weights: Path | None = None

    device: str | None = None

    dtype: str = "auto"

    def run(self, console: Console) -> int:
        """Do it. Returns the exit status 0.

        Raises:
            StyA2KError: when the picture or model cannot be read, or the file not be written.
        """
        if len(self.pictures) == 1 and is_saved_style(self.pictures[0]):
            raise UsageError(f"{self.pictures[0]} is a saved style already; pass a picture, or several styles to mix")
        if self.output.suffix != STYLE_SUFFIX:
            raise UsageError(f"{self.output}: saved styles end in {STYLE_SUFFIX}")
        refuse_overwriting(self.pictures, [self.output])
        shares = self.mix or [1.0] * len(self.pictures)
        check_mix(len(self.pictures), shares)
        if not self.output.parent.is_dir():
            raise PictureError(f"{self.output}: the folder {self.output.parent} does not exist")
        files = StyleFiles(self.pictures, self.style_size, self.style_mask)
        model = open_model(self.weights, self.device, self.dtype, console)
        mixed = mix_styles(files.encode(model, console), shares)
        shown = [image for image, share in zip(files.thumbnails(), shares, strict=True) if share > 0]
        save_style(mixed, self.output, fingerprint(model), thumbnail=side_by_side(shown))
        console.line(f"a2k: {self.output} written")
        return 0
