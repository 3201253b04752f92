"""What a run shows: sample grids as PNG, scalars and grids for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from a2k_core import StyA2K


class Reporter:
    """Writes `samples/STEP.png` and TensorBoard events into the folder of a run; a silent one writes nothing."""

    def __init__(self, folder: Path, *, silent: bool, first_step: int) -> None:
        self.samples = folder / "samples"
        self.writer: SummaryWriter | None = None
        if not silent:
            self.samples.mkdir(parents=True, exist_ok=True)
            # Steps after the checkpoint are repeated when a run is resumed; purging keeps the curves single.
            self.writer = SummaryWriter(str(folder), purge_step=first_step)

    def scalars(self, prefix: str, values: dict[str, float], step: int) -> None:
        """Numbers at a step, under `prefix/name`."""
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{prefix}/{name}", value, step)

    def grid(self, images: Tensor, step: int) -> None:
        """A `[3, H, W]` picture in 0..1."""
        if self.writer:
            pixels = (images.clamp(0, 1) * 255).round().to(torch.uint8)
            self.writer.add_image("samples", pixels, step)
            path = self.samples / f"{step:07d}.png"
            temporary = path.with_suffix(".part")
            Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy()).save(temporary, format="PNG")
            temporary.replace(path)

    def close(self) -> None:
        """Flush what is buffered."""
        if self.writer:
            self.writer.close()


@torch.no_grad()
def sample_grid(model: StyA2K, contents: Tensor, styles: Tensor) -> Tensor:
    """A `[3, H, W]` sheet: styles along the top, contents down the side, every content in every style."""
    blank = torch.ones_like(contents[:1])
    rows = [torch.cat([blank, styles])]
    encoded = [model.encode_style(style[None]) for style in styles]
    for content in contents:
        rows.append(torch.cat([content[None], *(model.transfer(content[None], style) for style in encoded)]))
    return torch.cat([torch.cat(list(row), dim=-1) for row in rows], dim=-2)
