"""Clip files through PyAV: frames come out of them and go into them one at a time, sound is passed on as it is."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Container, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..errors import PictureError, UsageError
from .atomic_write import temporary_beside
from .pictures.image_buffer import to_bytes

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

READ_CLIP_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp")
"""Files that are taken for clips."""

WRITE_CLIP_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")
"""What can be written."""

_H264 = ("libx264", {"crf": "17", "preset": "medium"})
_VP9 = ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1"})
_CONTAINERS: dict[str, tuple[str, tuple[str, dict[str, str]], dict[str, str]]] = {
    ".mp4": ("mp4", _H264, {"movflags": "+faststart"}),
    ".mov": ("mov", _H264, {"movflags": "+faststart"}),
    ".mkv": ("matroska", _H264, {}),
    ".webm": ("webm", _VP9, {}),
}

_BT709 = 1
"""The number of these colors in color tags. Frames are written in them."""

_BT601 = 5

_UNSPECIFIED = 2

_HD_HEIGHT = 720
"""Rows from which frames without a color tag are taken for BT.709, as players do."""


@dataclasses.dataclass(frozen=True)
class ClipFrame:
    """One frame, upright."""

    image: Tensor
    """`[1, 3, H, W]`, fp32, RGB in 0..1."""

    time: int
    """When it is shown, in units of the clip's time base."""

    number: int
    """Counted from 0."""


@dataclasses.dataclass(frozen=True)
class SoundPacket:
    """A piece of the encoded sound."""

    packet: Any
    """An `av.Packet`."""


def is_clip(path: Path) -> bool:
    """Whether a path is taken for a clip file, by its suffix."""
    return path.suffix.lower() in READ_CLIP_SUFFIXES and not path.is_dir()


class ClipReader:
    """A clip file. Each iteration reads it from the start.

    Args:
        path: of the file.

    Raises:
        UsageError: without PyAV.
        PictureError: when it is missing, empty, damaged, or holds no moving pictures.
    """

    def __init__(self, path: Path) -> None:
        require_pyav()
        if not path.is_file():
            raise PictureError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
        if path.stat().st_size == 0:
            raise PictureError(f"{path}: the file is empty")
        self.path = path
        self.damaged = 0
        """Pieces that could not be read, in the last iteration."""
        self.pixel_aspect: Fraction | None = None
        """Width of a pixel by its height, once a frame was read."""
        self.count = 0
        """How many frames there are: about, until all were read once."""
        with self.opened() as (container, stream):
            self.rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            """Frames a second, on average."""
            self.time_base = stream.time_base or 1 / self.rate
            """Seconds."""
            # Packets are counted, which is faster than decoding; headers say it seldom right.
            with contextlib.suppress(_ffmpeg_error()):
                for packet in container.demux(stream):
                    self.count += packet.size > 0
        if not self.count:
            raise PictureError(f"{path}: a clip without frames")

    def __iter__(self) -> Iterator[ClipFrame | SoundPacket]:
        return self._items()

    def frames(self, wanted: Container[int] | None = None) -> Iterator[ClipFrame]:
        """Without the sound: all, or those with the given numbers."""
        return (item for item in self._items(wanted) if isinstance(item, ClipFrame))

    def _items(self, wanted: Container[int] | None = None) -> Iterator[ClipFrame | SoundPacket]:
        numbers = itertools.count()
        self.damaged = 0
        step = max(1, round(1 / (self.rate * self.time_base)))
        last: int | None = None
        with self.opened() as (container, stream):
            stream.thread_type = "AUTO"
            packets = container.demux([stream, *container.streams.audio])
            while True:
                try:
                    packet = next(packets, None)
                    if packet is None:
                        self.count = next(numbers)
                        return
                    if packet.stream is not stream:
                        if packet.dts is not None:
                            yield SoundPacket(packet)
                        continue
                    frames = stream.decode(packet)
                except _ffmpeg_error():
                    self.damaged += 1
                    if packet is None:
                        return
                    continue
                for frame in frames:
                    time = frame.pts if frame.pts is not None else (0 if last is None else last + step)
                    last = time if last is None else max(time, last + 1)
                    self.pixel_aspect = stream.sample_aspect_ratio or None
                    if self.pixel_aspect and round(frame.rotation / 90) % 2:
                        self.pixel_aspect = 1 / self.pixel_aspect
                    number = next(numbers)
                    if wanted is None or number in wanted:
                        yield ClipFrame(_image(frame), last, number)

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[av.container.InputContainer, VideoStream]]:
        """The open file and its moving pictures."""
        import av

        try:
            container = av.open(str(self.path), options={"protocol_whitelist": "file"})
        except _ffmpeg_error() as error:
            raise PictureError(
                f"{self.path}: damaged, or not a clip that can be read ({error.strerror or error})"
            ) from error
        with container:
            streams = [
                each
                for each in container.streams.video
                if not each.disposition & av.stream.Disposition.attached_pic and each.codec_context is not None
            ]
            if not streams:
                raise PictureError(f"{self.path}: holds no moving pictures")
            yield container, streams[0]


@contextlib.contextmanager
def clip_writer(
    path: Path, rate: Fraction, time_base: Fraction, source: ClipReader | None = None
) -> Iterator[ClipWriter]:
    """Write a clip file, complete or not at all. An existing file is replaced.

    Args:
        path: its suffix, one of `WRITE_CLIP_SUFFIXES`, chooses the format.
        rate: frames a second, on average.
        time_base: seconds; the unit of the frames' times.
        source: a clip whose sound and shape of pixels are passed on.

    Raises:
        UsageError: without PyAV.
        PictureError: when the format cannot hold the sound, or the file cannot be written.
    """
    require_pyav()
    import av

    name, _, options = _CONTAINERS[path.suffix.lower()]
    try:
        with (
            temporary_beside(path) as temporary,
            av.open(str(temporary), "w", format=name, options=options) as container,
        ):
            writer = ClipWriter(path, container, rate, time_base, source)
            yield writer
            writer.finish()
    except _ffmpeg_error() as error:
        raise PictureError(f"{path}: cannot write the clip ({error.strerror or error})") from error


class ClipWriter:
    """What `clip_writer` gives."""

    def __init__(
        self,
        path: Path,
        container: av.container.OutputContainer,
        rate: Fraction,
        time_base: Fraction,
        source: ClipReader | None,
    ) -> None:
        self._path = path
        self._container = container
        self._rate = rate
        self._time_base = time_base
        self._source = source
        self._tracks: dict[int, AudioStream] = {}
        self._waiting: list[SoundPacket] = []
        self._stream: VideoStream | None = None

    def write(self, image: Tensor, time: int) -> None:
        """Add a frame.

        Args:
            image: `[1, 3, H, W]` RGB; clamped to 0..1 and rounded to 8 bits. All of one size. An odd width or height grows by one
                pixel in H.264, which knows even ones only.
            time: later than that of the frame before.
        """
        import av

        pixels = to_bytes(image)
        if self._path.suffix.lower() != ".webm":
            pixels = np.pad(pixels, ((0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0)), mode="edge")
        if self._stream is None:
            self._stream = self._start(pixels.shape[1], pixels.shape[0])
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts, frame.time_base = time, self._time_base
        self._container.mux(self._stream.encode(frame))

    def pass_on(self, sound: SoundPacket) -> None:
        """Add sound of the clip it comes from."""
        if self._stream is None:  # its place is behind the header, which needs the size of the frames
            self._waiting.append(sound)
            return
        packet = sound.packet
        track = self._tracks.get(packet.stream.index)
        if track is not None:
            packet.stream = track
            self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is None:
            raise PictureError(f"{self._path}: no frames to write")
        self._container.mux(self._stream.encode(None))

    def _start(self, width: int, height: int) -> VideoStream:
        _, (codec, options), _ = _CONTAINERS[self._path.suffix.lower()]
        stream: VideoStream = self._container.add_stream(codec, rate=self._rate, options=dict(options))  # type: ignore[assignment]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        stream.time_base = context.time_base = self._time_base
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = 1
        self._stream = stream
        if self._source is None:
            return stream
        if self._source.pixel_aspect:
            context.sample_aspect_ratio = self._source.pixel_aspect
        with self._source.opened() as (container, _):
            for each in container.streams.audio:
                try:
                    self._tracks[each.index] = self._container.add_stream_from_template(each)
                except ValueError as error:
                    raise PictureError(
                        f"{self._path}: {self._path.suffix} cannot hold the sound of {self._source.path} "
                        f"({each.codec_context.name}); write .mkv"
                    ) from error
        for sound in self._waiting:
            self.pass_on(sound)
        self._waiting.clear()
        return stream


def require_pyav() -> None:
    """Raise `UsageError` unless PyAV is installed."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise UsageError('clips need PyAV and OpenCV: pip install "stya2k[video]"') from error


def _ffmpeg_error() -> type[av.error.FFmpegError]:
    import av

    return av.error.FFmpegError


def _image(frame: VideoFrame) -> Tensor:
    """`[1, 3, H, W]`, fp32 in 0..1, upright."""
    colors: dict[str, Any] = {}
    if frame.colorspace == _UNSPECIFIED:
        colors["src_colorspace"] = _BT709 if frame.height >= _HD_HEIGHT else _BT601
    pixels = np.rot90(frame.to_ndarray(format="rgb24", **colors), round(frame.rotation / 90))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float().contiguous() / 255
