"""`a2k explain`: a picture of where a content takes its style from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..errors import PictureError, UsageError
from ..explain import explain
from ..files.pictures.image_io import check_output, read_picture, write_picture
from .console import Console
from .styles import StyleFiles, is_saved_style, memory_errors_of, open_model
from .stylize.plan import refuse_overwriting


@dataclasses.dataclass(frozen=True)
class ExplainCommand:
    """Draw what `a2k_core.explain.explain` does."""

    content: Path
    """A picture file."""

    style: Path
    """A picture file; what is drawn of a saved style would have no painting to show."""

    output: Path
    """A picture file. Replaced if it exists."""

    level: str = "fine"
    """One of `explain.LEVELS`."""

    style_size: int = 512
    """As of `StylizeOptions`, like the rest."""

    weights: Path | None = None

    device: str | None = None

    dtype: str = "auto"

    def run(self, console: Console) -> int:
        """Do it. Returns the exit status 0.

        Raises:
            StyA2KError: when a picture or the model cannot be read, or the file not be written.
        """
        if is_saved_style(self.style):
            raise UsageError(f"{self.style} is a saved style; a2k explain needs the picture of the style")
        try:
            check_output(self.output)
        except PictureError as error:
            raise UsageError(str(error)) from error
        refuse_overwriting([self.content, self.style], [self.output])
        (painting,) = StyleFiles([self.style], self.style_size).pictures
        assert painting is not None
        content = read_picture(self.content).on_white()
        model = open_model(self.weights, self.device, self.dtype, console)
        with memory_errors_of(self.content, content.shape[-1], content.shape[-2], model.device):
            drawn = explain(model, content, painting, self.level)
        write_picture(self.output, drawn)
        console.line(f"a2k: {self.output} written: the painting, what the content takes of it, and how sharply")
        return 0
