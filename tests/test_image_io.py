"""Picture files: everything a user's folder may hold, read as a viewer shows it, written whole or not at all."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, PngImagePlugin

from a2k_core import InputError, PictureError
from a2k_core.files.pictures import picture_formats
from a2k_core.files.pictures.image_buffer import Canvas
from a2k_core.files.pictures.image_io import (
    MAX_PIXELS,
    Picture,
    check_output,
    holds_alpha,
    read_picture,
    read_stored,
    write_canvas,
    write_picture,
)
from a2k_core.files.pictures.picture_formats import READ_SUFFIXES, WRITE_SUFFIXES

ORIENTATION = 0x0112


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def levels(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """`[1, C, H, W]` in 0..1 back to 8-bit `[H, W, C]`."""
    return (tensor[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds a few bytes of pixels: what a zip bomb looks like from outside."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def icc_profile(space: bytes, connection: bytes, **tags: bytes) -> bytes:
    """A version 2 ICC profile of a printer from its tags."""
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50
    tags["wtpt"] = b"XYZ " + bytes(4) + white
    offset = 128 + 4 + 12 * len(tags)
    directory, bodies = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        directory += name.encode() + struct.pack(">II", offset + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    size = struct.pack(">I", offset + len(bodies))
    header = size + bytes(4) + bytes([2, 0x10, 0, 0]) + b"prtr" + space + connection + bytes(12) + b"acsp"
    return header + bytes(28) + white + bytes(48) + directory + bodies


def linear_gray_profile() -> bytes:
    """Gray in proportion to light: half of it is 188 in sRGB."""
    return icc_profile(b"GRAY", b"XYZ ", kTRC=b"curv" + bytes(4) + struct.pack(">IH", 1, 256))


def cmyk_profile() -> bytes:
    """A press whose cyan ink is red: easily told from Pillow's own formula."""
    paper, red, black = bytes([255, 128, 128]), bytes([128, 220, 128]), bytes([0, 128, 128])
    inks = paper + black * 7 + red + black * 7  # cyan is the slowest of the four indices
    straight = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    lookup = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + straight * 4 + inks + straight * 3
    return icc_profile(b"CMYK", b"Lab ", A2B0=lookup)


def red_green_swapped_profile() -> bytes:
    """sRGB with its red and green primaries exchanged."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"?XYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?XYZ", b"gXYZ", 1)


# --- reading: what is in the file ---------------------------------------------------------------------------------


def test_rgb_png_is_read_exactly(tmp_path: Path) -> None:
    pixels = noise(5, 7)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert picture.image.shape == (1, 3, 5, 7)
    assert picture.image.dtype == torch.float32
    assert picture.image.is_contiguous()
    assert picture.alpha is None
    assert (levels(picture.image) == pixels).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_common_mode_looks_as_pillow_shows_it(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(noise(6, 9, 4), "RGBA").convert(mode)
    source.save(tmp_path / "a.tif")
    picture = read_picture(tmp_path / "a.tif")
    assert (levels(picture.image) == np.asarray(source.convert("RGB"))).all()
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))
    if picture.alpha is not None:
        assert (levels(picture.alpha)[..., 0] == np.asarray(source.getchannel("A"))).all()


def test_transparent_palette_entry_becomes_alpha(tmp_path: Path) -> None:
    source = Image.new("P", (3, 1))
    source.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    source.putdata([0, 1, 2])
    source.save(tmp_path / "a.png", transparency=1)
    picture = read_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    assert levels(picture.alpha)[0, :, 0].tolist() == [255, 0, 255]
    assert levels(picture.image)[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_gray_is_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 257, 20000, 32768, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / f"a{suffix}")
    expected = np.round(values[0] / 257).astype(int).tolist()
    assert levels(read_picture(tmp_path / f"a{suffix}").image)[0, :, 0].tolist() == expected


def test_16_bit_gray_keeps_its_transparent_value(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 300, 65535]], dtype=np.uint16)).save(tmp_path / "a.png", transparency=300)
    picture = read_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [1, 0, 1]


def test_float_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((2, 2), dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(PictureError, match=r"a\.tif.*8-bit"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    """All eight, against the corners that the EXIF standard names: where row 0 and column 0 of the file belong."""
    pixels = np.zeros((2, 3, 3), dtype=np.uint8)
    pixels[0, 0] = 255  # the file's first pixel
    pixels[0, 2] = 128  # the end of the file's first row
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    gray = levels(read_picture(tmp_path / "a.png").image)[..., 0]
    assert gray.shape == ((2, 3) if orientation <= 4 else (3, 2))
    first, row_end = {
        1: ((0, 0), (0, 2)),
        2: ((0, 2), (0, 0)),
        3: ((1, 2), (1, 0)),
        4: ((1, 0), (1, 2)),
        5: ((0, 0), (2, 0)),
        6: ((0, 1), (2, 1)),
        7: ((2, 1), (0, 1)),
        8: ((2, 0), (0, 0)),
    }[orientation]
    assert gray[first] == 255
    assert gray[row_end] == 128


def test_orientation_in_other_formats_and_of_alpha(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for name, mode in (("a.jpg", "RGB"), ("a.webp", "RGBA"), ("a.tif", "RGBA")):
        Image.new(mode, (8, 4)).save(tmp_path / name, exif=exif)
        picture = read_picture(tmp_path / name)
        assert picture.image.shape[-2:] == (8, 4), name
        assert picture.alpha is None or picture.alpha.shape[-2:] == (8, 4), name


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_lose_the_picture(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n4\nnot hexadecimal")
    picture = Image.new("RGB", (4, 2), "red")
    picture.save(tmp_path / "text.png", pnginfo=text)
    picture.save(tmp_path / "chunk.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    for name in ("text.png", "chunk.png"):
        assert read_picture(tmp_path / name).image.shape == (1, 3, 2, 4)


def test_one_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png")
    assert levels(read_picture(tmp_path / "a.png").image).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_first_frame_of_an_animation_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue", "lime")]
    path = tmp_path / f"moving{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    with caplog.at_level(logging.WARNING):
        picture = read_picture(path)
    assert levels(picture.image)[4, 4].tolist() == [255, 0, 0]
    assert [str(path) in record.getMessage() for record in caplog.records] == [True]


def test_single_pictures_and_photos_with_previews_do_not_warn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    photo, preview = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (8, 8), "blue")
    photo.save(tmp_path / "mpo.jpg", format="MPO", save_all=True, append_images=[preview])
    photo.save(tmp_path / "still.gif")
    with caplog.at_level(logging.WARNING):
        assert read_picture(tmp_path / "mpo.jpg").image.shape[-1] == 16
        read_picture(tmp_path / "still.gif")
    assert not caplog.records


# --- reading: color profiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_rgb_profile_is_converted_to_srgb(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (2, 2), "red").save(tmp_path / "a.png", icc_profile=red_green_swapped_profile())
    red, green, blue = levels(read_picture(tmp_path / "a.png").image)[0, 0].tolist()
    assert green > 200
    assert max(red, blue) < 60


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    pixels = noise(16, 16)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=profile)
    difference = levels(read_picture(tmp_path / "a.png").image).astype(int) - pixels
    assert abs(difference).max() <= 1


@pytest.mark.parametrize("mode", ["L", "LA", "16-bit"])
def test_gray_goes_through_its_profile(tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: str) -> None:
    if mode == "16-bit":
        source = Image.fromarray(np.full((2, 2), 128 * 257, dtype=np.uint16))
    else:
        source = Image.new(mode, (2, 2), (128, 77)[: len(mode)])
    source.save(tmp_path / "a.png", icc_profile=linear_gray_profile())
    picture = read_picture(tmp_path / "a.png")
    assert levels(picture.image)[0, 0] == pytest.approx([188, 188, 188], abs=1)
    if mode == "LA":
        assert picture.alpha is not None
        assert set(levels(picture.alpha).flatten()) == {77}
    assert not caplog.records


def test_gray_with_a_profile_for_rgb(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.new("L", (2, 2), 128).save(tmp_path / "a.png", icc_profile=red_green_swapped_profile())
    red, green, blue = levels(read_picture(tmp_path / "a.png").image)[0, 0].tolist()
    assert max(red, green, blue) - min(red, green, blue) <= 2
    assert not caplog.records


def test_cmyk_goes_through_its_profile(tmp_path: Path) -> None:
    source = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    source.save(tmp_path / "plain.tif")
    source.save(tmp_path / "managed.tif", icc_profile=cmyk_profile())
    assert levels(read_picture(tmp_path / "plain.tif").image)[0, 0].tolist() == [0, 255, 255]
    red, green, _ = levels(read_picture(tmp_path / "managed.tif").image)[0, 0].tolist()
    assert red > 200
    assert green < 60


@pytest.mark.parametrize("profile", [b"no profile at all", cmyk_profile()])
def test_useless_profile_is_reported_and_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, profile: bytes
) -> None:
    pixels = noise(3, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=profile)
    with caplog.at_level(logging.WARNING):
        picture = read_picture(tmp_path / "a.png")
    assert (levels(picture.image) == pixels).all()
    assert [str(tmp_path / "a.png") in record.getMessage() for record in caplog.records] == [True]


# --- reading: what cannot be read ---------------------------------------------------------------------------------


def encoded(suffix: str) -> bytes:
    data = io.BytesIO()
    Image.fromarray(noise(64, 64)).save(data, format={".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}[suffix])
    return data.getvalue()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.9])
def test_truncated_and_empty_files(tmp_path: Path, suffix: str, kept: float) -> None:
    data = encoded(suffix)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PictureError) as failure:
        read_picture(path)
    assert str(path) in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_damaged_bytes_give_a_picture_or_a_picture_error(tmp_path: Path, suffix: str) -> None:
    """Whatever the decoder makes of damage, nothing but `PictureError` comes out."""
    data = encoded(suffix)
    random = np.random.default_rng(0)
    path = tmp_path / f"damaged{suffix}"
    failures = 0
    for _ in range(60):
        damaged = bytearray(data)
        for position in random.integers(0, min(len(data), 700), 4):
            damaged[position] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read_picture(path)
        except PictureError as error:
            failures += 1
            assert str(path) in str(error)
    assert failures


def test_text_is_not_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello, I am a text file\n" * 20)
    with pytest.raises(PictureError, match=r"a\.jpg: not a picture.*accepted: JPEG"):
        read_picture(tmp_path / "a.jpg")


def test_formats_that_start_programs_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(PictureError, match="not a picture"):
        read_picture(tmp_path / "a.png")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"gone\.png: no such file"):
        read_picture(tmp_path / "gone.png")
    with pytest.raises(PictureError, match="a folder"):
        read_picture(tmp_path)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("width", "height", "said"), [(20000, 16000, "20000x16000"), (60000, 60000, "3600 megapixels")]
)
def test_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int, said: str
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12345)
    (tmp_path / "bomb.png").write_bytes(png_header(width, height))
    with pytest.raises(PictureError, match=rf"bomb\.png: .*{said}.*up to 300"):
        read_picture(tmp_path / "bomb.png")
    assert Image.MAX_IMAGE_PIXELS == 12345


@pytest.mark.filterwarnings("error")
def test_large_pictures_pass_the_limit_silently(tmp_path: Path) -> None:
    """Above Pillow's own limits (89 and 179 megapixels) but within ours: what fails here is the missing pixels."""
    assert MAX_PIXELS >= 13400 * 13400
    (tmp_path / "large.png").write_bytes(png_header(13400, 13400))
    with pytest.raises(PictureError, match="damaged or truncated"):
        read_picture(tmp_path / "large.png")


def test_compressed_text_bomb_in_a_png(tmp_path: Path) -> None:
    bomb = b"iTXtkey\0\1\0\0\0" + zlib.compress(b"\0" * 100_000_000, 1)
    data = encoded(".png")
    chunk = struct.pack(">I", len(bomb) - 4) + bomb + struct.pack(">I", zlib.crc32(bomb))
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    with pytest.raises(PictureError, match=r"a\.png"):
        read_picture(tmp_path / "a.png")


# --- writing ------------------------------------------------------------------------------------------------------


def test_png_round_trip_is_exact_with_alpha(tmp_path: Path) -> None:
    pixels = noise(9, 5, 4)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    write_picture(tmp_path / "b.png", picture.image, picture.alpha)
    with Image.open(tmp_path / "b.png") as written:
        assert written.mode == "RGBA"
        assert (np.asarray(written) == pixels).all()


def test_values_are_rounded_and_clamped(tmp_path: Path) -> None:
    values = torch.tensor([-0.5, 0.0, 99.4 / 255, 99.6 / 255, 1.0, 7.0])
    write_picture(tmp_path / "a.png", values.expand(1, 3, 1, 6))
    with Image.open(tmp_path / "a.png") as written:
        assert np.asarray(written)[0, :, 0].tolist() == [0, 0, 99, 100, 255, 255]


@pytest.mark.parametrize(("suffix", "name"), [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".Png", "PNG"), (".webp", "WEBP")])
def test_suffix_chooses_the_format(tmp_path: Path, suffix: str, name: str) -> None:
    image = torch.linspace(0, 1, 3 * 32 * 32).view(1, 3, 32, 32)
    write_picture(tmp_path / f"a{suffix}", image)
    with Image.open(tmp_path / f"a{suffix}") as written:
        assert written.format == name
        assert abs(np.asarray(written.convert("RGB")).astype(int) - levels(image)).max() < 12
        if name == "JPEG":
            assert {layer[1:3] for layer in written.layer} == {(1, 1)}  # 4:4:4


def test_webp_keeps_alpha_and_jpeg_is_put_on_white(tmp_path: Path) -> None:
    image = torch.zeros(1, 3, 16, 16)
    alpha = torch.ones(1, 1, 16, 16)
    alpha[..., 8:] = 0
    for suffix in (".webp", ".jpg"):
        write_picture(tmp_path / f"a{suffix}", image, alpha)
    assert (levels(read_picture(tmp_path / "a.webp").alpha)[:, [0, 15], 0] == [255, 0]).all()  # type: ignore[arg-type]
    flat = read_picture(tmp_path / "a.jpg")
    assert flat.alpha is None
    assert levels(flat.image)[8, 3].max() < 10
    assert levels(flat.image)[8, 12].min() > 245


@pytest.mark.parametrize("name", ["a.gif", "a.tiff", "a", "a.jpg.bak"])
def test_unknown_suffix_says_what_is_accepted(tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureError, match=r"accepted: \.jpg, \.jpeg, \.png, \.webp"):
        write_picture(tmp_path / name, torch.zeros(1, 3, 2, 2))
    assert not list(tmp_path.iterdir())


def test_size_that_a_format_cannot_hold() -> None:
    with pytest.raises(PictureError, match=r"20000x10.*16383"):
        check_output("a.webp", 20000, 10)
    with pytest.raises(PictureError, match="65500"):
        check_output("a.jpg", 10, 70000)
    check_output("a.png", 70000, 70000)


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"old")

    def full_disk(_self: Image.Image, file: Path, **_options: Any) -> None:
        file.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(PictureError, match=r"a\.png.*No space left"):
        write_picture(tmp_path / "a.png", torch.zeros(1, 3, 2, 2))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: Image.Image, file: Path, **_options: Any) -> None:
        file.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_picture(tmp_path / "a.png", torch.zeros(1, 3, 2, 2))
    assert not list(tmp_path.iterdir())


def test_folder_that_does_not_exist_or_stands_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"none/a\.png: cannot write the picture"):
        write_picture(tmp_path / "none" / "a.png", torch.zeros(1, 3, 2, 2))
    (tmp_path / "a.png").mkdir()
    with pytest.raises(PictureError, match="cannot write the picture"):
        write_picture(tmp_path / "a.png", torch.zeros(1, 3, 2, 2))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_written_files_can_be_read_by_others(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", torch.zeros(1, 3, 2, 2))
    assert (tmp_path / "a.png").stat().st_mode & 0o444 == 0o444


def test_what_is_written_can_be_read() -> None:
    assert set(WRITE_SUFFIXES) <= set(READ_SUFFIXES)


# --- in pieces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK"])
def test_pieces_of_a_file_are_those_of_the_whole(tmp_path: Path, mode: str) -> None:
    Image.fromarray(noise(11, 7, 4), "RGBA").convert(mode).save(tmp_path / "a.tif")
    stored, whole = read_stored(tmp_path / "a.tif"), read_picture(tmp_path / "a.tif")
    assert (stored.height, stored.width) == (11, 7)
    assert stored.rgb.mode == "RGB"
    assert torch.equal(stored.read(slice(2, 9), slice(3, 4)), whole.image[..., 2:9, 3:4])
    assert (stored.alpha is None) == (whole.alpha is None)


@pytest.mark.parametrize("transparent", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_what_is_painted_in_pieces_is_what_is_written_whole(
    tmp_path: Path, mode: str, suffix: str, transparent: bool
) -> None:
    Image.fromarray(noise(9, 10, 4), "RGBA").convert(mode).save(tmp_path / "content.png")
    content = read_stored(tmp_path / "content.png")
    painted = torch.rand(1, 3, 9, 10) * 1.2 - 0.1
    canvas = Canvas(content, transparent=transparent and holds_alpha(f"a{suffix}"))
    for top, bottom, left, right in ((0, 4, 0, 10), (4, 9, 6, 10), (4, 9, 0, 6)):
        canvas.write(top, left, painted[..., top:bottom, left:right])
    write_canvas(tmp_path / f"pieces{suffix}", canvas)
    alpha = read_picture(tmp_path / "content.png").alpha
    if transparent or alpha is None:
        write_picture(tmp_path / f"whole{suffix}", painted.clamp(0, 1), alpha)
    else:
        write_picture(tmp_path / f"whole{suffix}", Picture(painted.clamp(0, 1), alpha).on_white())
    assert (tmp_path / f"pieces{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


# --- styles -------------------------------------------------------------------------------------------------------


def test_transparent_style_is_put_on_white() -> None:
    image = torch.zeros(1, 3, 1, 3)
    alpha = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3)
    assert Picture(image, alpha).on_white()[0, 0, 0].tolist() == [1.0, 0.5, 0.0]
    assert Picture(image).on_white() is image


def test_one_picture_a_file(tmp_path: Path) -> None:
    """What cannot be in the file is refused, not left out."""
    one = torch.rand(1, 3, 8, 9)
    nan = one.clone()
    nan[0, 1, 2, 3] = float("nan")
    target = tmp_path / "x.png"
    for image, alpha, said in (
        (torch.rand(4, 3, 8, 9), None, "image holds 4 pictures"),
        (nan, None, "image has NaN"),
        (one, nan[:, 1:2], "alpha has NaN"),
        (one, torch.rand(1, 1, 9, 8), r"alpha is \[1, 1, 9, 8\]; pass \[1, 1, 8, 9\]"),
        (one, torch.rand(8, 9), r"alpha is \[8, 9\]"),
        (one, "none", "alpha is str"),
    ):
        with pytest.raises(InputError, match=said):
            write_picture(target, image, alpha)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(".avif" not in READ_SUFFIXES, reason="this Pillow has no AVIF")
def test_avif(tmp_path: Path) -> None:
    Image.fromarray(noise(20, 30) // 2).resize((90, 60)).save(tmp_path / "a.bin", "AVIF", quality=90)
    assert read_picture(tmp_path / "a.bin").image.shape == (1, 3, 60, 90)
    data = (tmp_path / "a.bin").read_bytes()
    (tmp_path / "half.avif").write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureError, match=r"half\.avif"):
        read_picture(tmp_path / "half.avif")


def test_heic_with_its_plug_in(tmp_path: Path) -> None:
    plug_in = pytest.importorskip("pillow_heif")
    plug_in.from_pillow(Image.new("RGB", (64, 48), (200, 30, 90))).save(tmp_path / "a.HEIC")
    assert ".heic" in READ_SUFFIXES
    mean = levels(read_picture(tmp_path / "a.HEIC").image).mean((0, 1))
    assert np.abs(mean - [200, 30, 90]).max() < 6


@pytest.mark.parametrize(("brand", "package"), [(b"heic", "pillow-heif"), (b"avif", "pillow-avif-plugin")])
def test_formats_without_their_plug_in_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brand: bytes, package: str
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(picture_formats.importlib, "import_module", missing)
    monkeypatch.setattr(picture_formats, "_AVIF_IS_READ", False)
    (tmp_path / "photo.jpg").write_bytes(b"\0\0\0\x1cftyp" + brand + bytes(100))
    with pytest.raises(PictureError, match=rf"photo\.jpg: .*pip install {package}"):
        read_picture(tmp_path / "photo.jpg")


def test_films_and_raw_files_are_not_pictures(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x1cftypisom" + bytes(100))
    with pytest.raises(PictureError, match="not a picture"):
        read_picture(tmp_path / "film.mp4")
    Image.new("RGB", (16, 12)).save(tmp_path / "raw.tif")  # as its preview
    (tmp_path / "raw.tif").rename(tmp_path / "raw.NEF")
    with pytest.raises(PictureError, match="raw file is not read; develop it"):
        read_picture(tmp_path / "raw.NEF")
