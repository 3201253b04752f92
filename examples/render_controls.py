"""Render the pictures of the help pages that show where a style goes, and what is taken from it: `python examples/render_controls.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent))
from render import HERE, PROJECT, QUALITY, label, sheet

from a2k_core import EncodedStyle, load_model, match_colors, region_style
from a2k_core.explain import explain
from a2k_core.files.pictures.image_buffer import to_bytes, to_tensor

CELL = (300, 200)


def main() -> None:
    """Write all of them."""
    model = load_model(device="cpu", dtype=torch.float32)

    def picture(name: str, size: tuple[int, int] = (480, 320)) -> Image.Image:
        return ImageOps.fit(Image.open(HERE / name).convert("RGB"), size, Image.Resampling.LANCZOS)

    def style(name: str) -> EncodedStyle:
        return model.encode_style(to_tensor(Image.open(HERE / f"style/{name}.jpg").convert("RGB")))

    def shown(image: Image.Image | torch.Tensor, text: str) -> Image.Image:
        page = Image.fromarray(to_bytes(image)) if isinstance(image, torch.Tensor) else image
        return label(ImageOps.fit(page.convert("RGB"), CELL), text)

    photo = picture("content/coffee.jpg")
    content = to_tensor(photo)
    night, mosaic = style("starry_night"), style("mosaic")

    ramp = Image.linear_gradient("L").rotate(90).resize(photo.size)
    values = to_tensor(ramp)[0]
    mapped = model.transfer(content, night, strength_map=values)
    masked = model.transfer(content, night, mask=values)
    save(
        sheet([[shown(ramp, "map"), shown(mapped, "strength_map"), shown(masked, "mask")]], CELL),
        "web/docs/A2K_Transfer_strength_map.jpg",
    )

    cup = Image.new("L", photo.size)
    ImageDraw.Draw(cup).ellipse((50, 5, 395, 312), fill=255)
    cup = cup.filter(ImageFilter.GaussianBlur(6))
    regions = model.transfer(content, region_style([(mosaic, to_tensor(cup)[0])], night))
    save(
        sheet([[shown(photo, "image"), shown(cup, "mask"), shown(regions, "two styles")]], CELL),
        "web/docs/A2K_StyleRegion.jpg",
    )

    painting = Image.open(HERE / "style/starry_night.jpg").convert("RGB")
    upper, lower = torch.zeros(2, 2), torch.zeros(2, 2)
    upper[0], lower[1] = 1, 1
    row = [shown(painting, "image")]
    for part, text in ((upper, "upper half"), (lower, "lower half")):
        row.append(shown(model.transfer(content, model.encode_style(to_tensor(painting), part)), text))
    save(sheet([row], CELL), "web/docs/A2K_EncodeStyle_mask.jpg")

    in_colors = model.transfer(content, model.encode_style(match_colors(to_tensor(painting), content)))
    row = [
        shown(photo, "photo"),
        shown(match_colors(content, to_tensor(painting)), "colors only"),
        shown(in_colors, "painting matched"),
    ]
    save(sheet([row], CELL), "web/docs/A2K_MatchColors.jpg")

    drawn = explain(model, content, to_tensor(painting))
    save(
        Image.fromarray(to_bytes(drawn)).resize((912, round(912 * 320 / drawn.shape[-1]))),
        "web/docs/A2K_ExplainStyle.jpg",
    )


def save(image: Image.Image, path: str) -> None:
    """Write a picture below the project's folder."""
    image.save(PROJECT / path, quality=QUALITY)
    print(path, image.size)


if __name__ == "__main__":
    main()
