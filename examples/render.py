"""Render the pictures that show the bundled weights, again after they change: `python examples/render.py`.

The gallery, the thumbnails of the example workflows and the comparisons of the help pages. Those that show nodes in ComfyUI
are screenshots, taken by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT))  # a clone that is not installed works too

from a2k_core import EncodedStyle, load_model  # noqa: E402
from a2k_core.files.image_buffer import to_bytes, to_tensor  # noqa: E402
from a2k_core.network.encoded_style import mix_styles  # noqa: E402

THUMBNAIL = (600, 400)
QUALITY = 88


def main() -> None:
    """Write all of them."""
    model = load_model(device="cpu", dtype=torch.float32)

    def picture(name: str, short_side: int | None = None) -> Image.Image:
        image = Image.open(HERE / name).convert("RGB")
        if short_side is None:
            return image
        scale = short_side / min(image.size)
        return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)

    def style(name: str, short_side: int | None = None) -> EncodedStyle:
        return model.encode_style(to_tensor(picture(f"style/{name}.jpg", short_side)))

    def styled(content: Image.Image, encoded: EncodedStyle, strength: float = 1.0, keep: float = 0.0) -> Image.Image:
        return Image.fromarray(to_bytes(model.transfer(to_tensor(content), encoded, strength, keep_colours=keep)))

    coffee, astronaut, cat = (f"content/{name}.jpg" for name in ("coffee", "astronaut", "chelsea"))

    names = ("starry_night", "oil", "woodcut", "mosaic")
    gallery = [[None, *(picture(f"style/{name}.jpg") for name in names)]]
    for content in (coffee, astronaut):
        photo = picture(content, 512)
        gallery.append([photo, *(styled(photo, style(name, 512)) for name in names)])
    save(sheet(gallery, (300, 300), gap=0), "examples/gallery.jpg")

    night, swirl, mosaic, oil = (style(name) for name in ("starry_night", "swirl", "mosaic", "oil"))
    starry = picture("style/starry_night.jpg")
    save(
        inset(ImageOps.fit(styled(picture(coffee), night), THUMBNAIL), [picture(coffee), starry]),
        "example_workflows/one_picture.jpg",
    )
    three = [[styled(picture(content), mosaic) for content in (astronaut, coffee, cat)]]
    save(
        inset(sheet(three, (197, 400), gap=4).resize(THUMBNAIL), [picture("style/mosaic.jpg")]),
        "example_workflows/one_style_over_a_batch.jpg",
    )
    saved = inset(
        ImageOps.fit(styled(picture(astronaut), oil), THUMBNAIL, centering=(0.5, 0)), [picture("style/oil.jpg")]
    )
    save(label(saved, "example_00001_.safetensors", (14, 218)), "example_workflows/saved_style.jpg")

    mixed = styled(picture(coffee), mix_styles([swirl, mosaic], [1, 1]))
    parts = [picture(coffee), picture("style/swirl.jpg"), picture("style/mosaic.jpg")]
    save(inset(ImageOps.fit(mixed, THUMBNAIL), parts), "example_workflows/two_styles.jpg")

    strengths = [
        label(ImageOps.fit(styled(picture(coffee), night, strength), (300, 200)), f"strength {strength:g}")
        for strength in (0, 0.5, 1, 1.5)
    ]
    save(sheet([strengths[:2], strengths[2:]], (300, 200)), "web/docs/A2K_Transfer_strength.jpg")
    kept = [
        label(ImageOps.fit(styled(picture(coffee), mosaic, keep=keep), (300, 200)), f"keep_colours {keep:g}")
        for keep in (0, 0.5, 1)
    ]
    save(sheet([kept], (300, 200)), "web/docs/A2K_Transfer_colours.jpg")
    woodcut = style("woodcut")
    mixtures = [
        label(
            ImageOps.fit(styled(picture(coffee), mix_styles([swirl, woodcut], [1 - share, share])), (300, 200)),
            f"share {share:g}",
        )
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    save(sheet([mixtures[:3], [*mixtures[3:], None]], (300, 200)), "web/docs/A2K_MixStyles.jpg")

    whole, middle = picture(coffee, 512), (200, 60, 500, 300)
    sizes = [
        label(styled(whole, style("mosaic", size)).crop(middle), f"style_size {size}") for size in (128, 256, 512, 1024)
    ]
    save(sheet([sizes[:2], sizes[2:]], sizes[0].size), "web/docs/A2K_EncodeStyle_size.jpg")


def sheet(rows: list[list[Image.Image | None]], cell: tuple[int, int], gap: int = 6) -> Image.Image:
    """Pictures cut to equal cells, on white."""
    columns = len(rows[0])
    page = Image.new("RGB", (columns * (cell[0] + gap) - gap, len(rows) * (cell[1] + gap) - gap), "white")
    for row, pictures in enumerate(rows):
        for column, image in enumerate(pictures):
            if image:
                page.paste(ImageOps.fit(image, cell), (column * (cell[0] + gap), row * (cell[1] + gap)))
    return page


def inset(image: Image.Image, small: list[Image.Image], side: int = 120) -> Image.Image:
    """Framed squares in the lower left corner: what the picture was made of."""
    for index, part in enumerate(small):
        framed = ImageOps.expand(ImageOps.fit(part, (side, side)), 4, "white")
        image.paste(framed, (14 + index * (side + 22), image.height - side - 22))
    return image


def label(image: Image.Image, text: str, at: tuple[int, int] = (0, 0)) -> Image.Image:
    """White on black."""
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(20)
    *_, right, bottom = draw.textbbox((at[0] + 6, at[1] + 3), text, font=font)
    draw.rectangle((at[0], at[1], right + 6, bottom + 5), fill="black")
    draw.text((at[0] + 6, at[1] + 3), text, "white", font=font)
    return image


def save(image: Image.Image, path: str) -> None:
    """Below the project's folder."""
    image.save(PROJECT / path, quality=QUALITY)
    print(path, image.size)


if __name__ == "__main__":
    main()
