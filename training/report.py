"""What a run shows: sample sheets as PNG, and curves for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from a2k_core import StyA2K
from a2k_core.files.atomic_write import temporary_beside


class Reporter:
    """Writes `samples/STAGE-STEP.png` and TensorBoard events into the folder of a run.

    Args:
        folder: of the run.
        first_step: steps from here on that an interrupted sitting wrote are dropped.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        self.samples = folder / "samples"
        self.samples.mkdir(parents=True, exist_ok=True)
        self.writer = SummaryWriter(str(folder), purge_step=first_step)

    def scalars(self, stage: str, values: dict[str, float], step: int) -> None:
        """Numbers at a step, under `STAGE/NAME`."""
        for name, value in values.items():
            self.writer.add_scalar(f"{stage}/{name}", value, step)

    def sheet(self, model: StyA2K, contents: Tensor, styles: Tensor, name: str) -> None:
        """Every content in every style, styles along the top, contents down the side."""
        with torch.no_grad():
            encoded = [model.encode_style(style[None]) for style in styles]
            rows = [torch.cat([torch.ones_like(contents[:1]), styles])]
            for content in contents:
                rows.append(torch.cat([content[None], *(model.transfer(content[None], style) for style in encoded)]))
        image = torch.cat([torch.cat(list(row), dim=-1) for row in rows], dim=-2)
        pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        with temporary_beside(self.samples / f"{name}.png") as temporary:
            Image.fromarray(pixels).save(temporary, format="PNG")

    def close(self) -> None:
        """Flush what is buffered."""
        self.writer.close()
