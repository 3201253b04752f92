"""Render the pictures that show the bundled weights, again after they change: `python examples/render.py [PATH...]`.

The gallery, the banner, the thumbnails of the templates and the comparisons of the help pages; with paths only those. The clip's also
need the package av. Pictures that show nodes in ComfyUI are screenshots, taken by hand.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT))  # a clone that is not installed works too

from a2k_core import EncodedStyle, StyA2K, load_model, region_style  # noqa: E402
from a2k_core.files.pictures.image_buffer import to_bytes, to_tensor  # noqa: E402
from a2k_core.network.style.encoded_style import mix_styles  # noqa: E402

THUMBNAIL = (600, 400)
CELL = (300, 200)
QUALITY = 88
COFFEE, ASTRONAUT, CAT = (f"content/{name}.jpg" for name in ("coffee", "astronaut", "chelsea"))


def main() -> None:
    """Write all of them, or those named."""
    named = sys.argv[1:]
    if unknown := sorted(set(named) - set(RENDERED)):
        raise SystemExit(f"not rendered here: {', '.join(unknown)}; these are: {', '.join(RENDERED)}")
    for path in named or RENDERED:
        image = RENDERED[path]()
        image.save(PROJECT / path, quality=QUALITY)
        print(path, image.size)


@functools.cache
def model() -> StyA2K:
    """The bundled weights, in fp32."""
    return load_model(device="cpu", dtype=torch.float32)


def picture(name: str, short_side: int | None = None) -> Image.Image:
    """One of the examples."""
    image = Image.open(HERE / name).convert("RGB")
    if short_side is None:
        return image
    scale = short_side / min(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


@functools.cache
def style(name: str, short_side: int | None = None) -> EncodedStyle:
    """One of the example styles, encoded."""
    return model().encode_style(to_tensor(picture(f"style/{name}.jpg", short_side)))


def styled(content: Image.Image, encoded: EncodedStyle, strength: float = 1.0, keep: float = 0.0) -> Image.Image:
    """The content in the style."""
    return Image.fromarray(to_bytes(model().transfer(to_tensor(content), encoded, strength, keep_colours=keep)))


@functools.cache
def gallery() -> Image.Image:
    """Two photos in four styles."""
    names = ("starry_night", "oil", "woodcut", "mosaic")
    rows: list[list[Image.Image | None]] = [[None, *(picture(f"style/{name}.jpg") for name in names)]]
    for content in (COFFEE, ASTRONAUT):
        photo = picture(content, 512)
        rows.append([photo, *(styled(photo, style(name, 512)) for name in names)])
    return sheet(rows, (300, 300), gap=0)


def banner() -> Image.Image:
    """The gallery's photos and pictures, 21 to 9."""
    return gallery().crop((50, 300, 1450, 900))


def one_picture() -> Image.Image:
    painted = styled(picture(COFFEE), style("starry_night"))
    return inset(ImageOps.fit(painted, THUMBNAIL), [picture(COFFEE), picture("style/starry_night.jpg")])


def batch() -> Image.Image:
    three = sheet(
        [[styled(picture(content), style("mosaic")) for content in (ASTRONAUT, COFFEE, CAT)]], (197, 400), gap=4
    )
    return inset(three.resize(THUMBNAIL), [picture("style/mosaic.jpg")])


def saved_style() -> Image.Image:
    painted = ImageOps.fit(styled(picture(ASTRONAUT), style("oil")), THUMBNAIL, centering=(0.5, 0))
    return label(inset(painted, [picture("style/oil.jpg")]), "example_00001_.safetensors", (14, 218))


def two_styles() -> Image.Image:
    mixed = styled(picture(COFFEE), mix_styles([style("swirl"), style("mosaic")], [1, 1]))
    parts = [picture(COFFEE), picture("style/swirl.jpg"), picture("style/mosaic.jpg")]
    return inset(ImageOps.fit(mixed, THUMBNAIL), parts)


def three_styles() -> Image.Image:
    """As the template: half of the first style, a quarter of each of the others."""
    names = ("starry_night", "mosaic", "woodcut")
    mixed = styled(picture(CAT), mix_styles([style(name, 512) for name in names], [2, 1, 1]))
    parts = [picture(CAT), *(picture(f"style/{name}.jpg") for name in names)]
    return inset(ImageOps.fit(mixed, THUMBNAIL), parts)


def left_part(size: tuple[int, int]) -> Image.Image:
    """The mask of the templates: white on the left, with a soft edge."""
    height = size[1]
    edge = Image.linear_gradient("L").rotate(90).resize((120, height))  # black to white
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, 240, height))
    mask.paste(ImageOps.invert(edge), (240, 0))
    return mask


def masks() -> Image.Image:
    """As the template: one style on the left, another on the right, a soft edge between them."""
    photo = picture(COFFEE)
    left, right = (styled(photo, style(name, 512)) for name in ("starry_night", "mosaic"))
    painted = Image.composite(left, right, left_part(photo.size))
    return inset(ImageOps.fit(painted, THUMBNAIL), [picture("style/starry_night.jpg"), picture("style/mosaic.jpg")])


def regions() -> Image.Image:
    """As the template: the same with features mixed instead of pixels."""
    photo = picture(COFFEE)
    mask = to_tensor(left_part(photo.size).convert("RGB"))[:, :1]
    painted = styled(photo, region_style([(style("starry_night", 512), mask)], style("mosaic", 512)))
    return inset(ImageOps.fit(painted, THUMBNAIL), [picture("style/starry_night.jpg"), picture("style/mosaic.jpg")])


@functools.cache
def clip() -> list[Image.Image]:
    """Three frames of the example clip, one in each third."""
    import av

    with av.open(str(HERE / "video" / "coffee.mp4")) as file:
        frames = [frame.to_image() for frame in file.decode(video=0)]
    return [frames[(2 * index + 1) * len(frames) // 6] for index in range(3)]


@functools.cache
def painted_clip(strengths: tuple[float, ...] = (1, 1, 1)) -> list[Image.Image]:
    """The same, painted as frames of one video."""
    frames = [to_tensor(frame) for frame in clip()]
    shared = model().clip_statistics(torch.cat(frames))
    encoded = style("starry_night", 320)
    return [
        Image.fromarray(to_bytes(model().transfer(frame, encoded, strength, clip=shared)))
        for frame, strength in zip(frames, strengths, strict=True)
    ]


def video() -> Image.Image:
    first, second, third = painted_clip()
    page = sheet([[clip()[1], first], [second, third]], (298, 198), gap=4)
    return inset(page, [picture("style/starry_night.jpg")])


def fading_video() -> Image.Image:
    """As the template: from the film to the painting."""
    first, second, third = painted_clip((0.2, 0.6, 1.0))
    return inset(sheet([[clip()[0], first], [second, third]], (298, 198), gap=4), [picture("style/starry_night.jpg")])


def example_video() -> Image.Image:
    return sheet([[*clip()], [*painted_clip()]], (240, 156))


def strengths() -> Image.Image:
    shown = [
        label(ImageOps.fit(styled(picture(COFFEE), style("starry_night"), strength), CELL), f"strength {strength:g}")
        for strength in (0, 0.5, 1, 1.5)
    ]
    return sheet([[*shown[:2]], [*shown[2:]]], CELL)


def kept_colors() -> Image.Image:
    shown = [
        label(ImageOps.fit(styled(picture(COFFEE), style("mosaic"), keep=keep), CELL), f"keep_colours {keep:g}")
        for keep in (0, 0.5, 1)
    ]
    return sheet([[*shown]], CELL)


def mixtures() -> Image.Image:
    two = [style("swirl"), style("woodcut")]
    shown = [
        label(ImageOps.fit(styled(picture(COFFEE), mix_styles(two, [1 - share, share])), CELL), f"share {share:g}")
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    return sheet([[*shown[:3]], [*shown[3:], None]], CELL)


def style_sizes() -> Image.Image:
    whole, middle = picture(COFFEE, 512), (200, 60, 500, 300)
    shown = [
        label(styled(whole, style("mosaic", size)).crop(middle), f"style_size {size}") for size in (128, 256, 512, 1024)
    ]
    return sheet([[*shown[:2]], [*shown[2:]]], shown[0].size)


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


RENDERED: dict[str, Callable[[], Image.Image]] = {
    "examples/gallery.jpg": gallery,
    "examples/banner.jpg": banner,
    "example_workflows/one_picture.jpg": one_picture,
    "example_workflows/one_style_over_a_batch.jpg": batch,
    "example_workflows/saved_style.jpg": saved_style,
    "example_workflows/two_styles.jpg": two_styles,
    "example_workflows/three_styles.jpg": three_styles,
    "example_workflows/masks.jpg": masks,
    "example_workflows/regions.jpg": regions,
    "example_workflows/video.jpg": video,
    "example_workflows/fading_video.jpg": fading_video,
    "web/docs/A2K_Transfer_strength.jpg": strengths,
    "web/docs/A2K_Transfer_colours.jpg": kept_colors,
    "web/docs/A2K_MixStyles.jpg": mixtures,
    "web/docs/A2K_EncodeStyle_size.jpg": style_sizes,
    "web/docs/A2K_ExampleVideo.jpg": example_video,
}
"""Files below the project's folder, and what makes them."""

if __name__ == "__main__":
    main()
