"""`a2k encode`: the style of a picture to a file, which `a2k stylize` and a Load Style node take in its place."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..errors import PictureError, UsageError
from ..files.style_file import fingerprint, save_style
from .console import Console
from .styles import STYLE_SUFFIX, StyleFiles, is_saved_style, open_model


@dataclasses.dataclass(frozen=True)
class EncodeCommand:
    """Encode a style picture and save the style."""

    picture: Path
    """A picture file. A transparent one is put on white."""

    output: Path
    """Ends in .safetensors. Replaced if it exists."""

    style_size: int = 512
    """As of `StylizeCommand`, like the rest."""

    weights: Path | None = None

    device: str | None = None

    dtype: str = "auto"

    def run(self, console: Console) -> int:
        """Do it. Returns the exit status 0.

        Raises:
            StyA2KError: when the picture or model cannot be read, or the file not be written.
        """
        if is_saved_style(self.picture):
            raise UsageError(f"{self.picture} is a saved style already; pass a picture")
        if self.output.suffix != STYLE_SUFFIX:
            raise UsageError(f"{self.output}: saved styles end in {STYLE_SUFFIX}")
        if not self.output.parent.is_dir():
            raise PictureError(f"{self.output}: the folder {self.output.parent} does not exist")
        files = StyleFiles([self.picture], self.style_size)
        model = open_model(self.weights, self.device, self.dtype, console)
        (style,) = files.encode(model, console)
        save_style(style, self.output, fingerprint(model))
        console.line(f"a2k: {self.output} written")
        return 0
