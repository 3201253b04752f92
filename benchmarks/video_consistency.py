"""Measure how well strokes hold in clips: `python benchmarks/video_consistency.py --photo FILE --style FILE`.

Clips are made of a photo by motion that is known exactly. Each is painted frame by frame (with the scene's statistics) and as a
video. Per clip one line:

    alone    warping error frame by frame: mean difference of a painted frame and the one before, moved exactly, in 8-bit levels
    video    the same as a video
    less     by how much the error is smaller
    texture  variance of the Laplacian as a video, relative to frame by frame; 1 is the same
    gap      mean difference of the two paintings of the last frame, in 8-bit levels

`cut` is two scenes: its `gap` is the largest difference of a pixel in the first frame after the cut, 0 when the cut is found. `edge`
is a disc that moves over a photo that stands still; its gap is that of the pixels it has just left, where a smear would be seen.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from a2k_core import TransferOptions, load_model, read_picture, write_picture
from a2k_core.video.frames import FrameStylizer
from a2k_core.video.optical_flow import has_optical_flow, warped
from a2k_core.video.scenes import find_scenes

MOTIONS = ("pan", "fast", "zoom", "rotation", "still", "edge", "cut")


class Clip(NamedTuple):
    """Frames and their exact motion."""

    frames: Tensor
    """`[N, 3, H, W]`, RGB in 0..1, with noise, of 8 bits."""

    flow: list[Tensor]
    """For each frame but the first, see `Motion.flow`."""

    measured: list[Tensor]
    """For each frame but the first, `[1, 1, H, W]`, 1 where the flow is exact."""


def camera(motion: str, time: int) -> Tensor:
    """From pixels of a frame to pixels of the photo, both counted from their centers, `[3, 3]`, fp64."""
    matrix = torch.eye(3, dtype=torch.float64)
    if motion == "pan":
        matrix[0, 2], matrix[1, 2] = 1.7 * time - 10, 0.6 * time
    elif motion == "fast":
        matrix[0, 2], matrix[1, 2] = 7.3 * time - 40, -2.2 * time
    elif motion == "zoom":
        matrix[:2] *= 0.985**time
    elif motion == "rotation":
        cosine, sine = math.cos(math.radians(time)), math.sin(math.radians(time))
        matrix[0, 0] = matrix[1, 1] = cosine
        matrix[0, 1], matrix[1, 0] = -sine, sine
    return matrix


def positions(matrix: Tensor, side: int) -> Tensor:
    """Where a matrix takes the pixels of a frame, `[side, side, 2]`, counted from the center, fp64."""
    line = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    down, across = torch.meshgrid(line, line, indexing="ij")
    return (torch.stack([across, down, torch.ones_like(down)], dim=-1) @ matrix.T)[..., :2]


def view(photo: Tensor, matrix: Tensor, side: int) -> Tensor:
    """What the camera sees of a photo, `[1, 3, side, side]`."""
    height, width = photo.shape[-2:]
    grid = positions(matrix, side) * torch.tensor([2 / width, 2 / height])
    return F.grid_sample(
        photo, grid.float()[None], mode="bicubic", padding_mode="reflection", align_corners=False
    ).clamp(0, 1)


def make_clip(motion: str, photo: Tensor, other: Tensor, side: int, count: int) -> Clip:
    """A clip of a photo that moves."""
    frames, flow, measured = [], [], []
    line = torch.arange(side) - side / 2
    for index in range(count):
        matrix = camera(motion, index)
        frame = view(other if motion == "cut" and index >= count // 2 else photo, matrix, side)
        back = torch.linalg.inv(camera(motion, index - 1)) @ matrix
        moved = (
            (positions(back, side) - positions(torch.eye(3, dtype=torch.float64), side)).permute(2, 0, 1)[None].float()
        )
        exact = torch.ones(1, 1, side, side)
        if motion == "edge":
            discs = [
                ((line - 8 * at + side / 4) ** 2 + line[:, None] ** 2 < (side / 8) ** 2).float()
                for at in (index - 1, index)
            ]
            frame = torch.where(discs[1].bool(), view(other, matrix, side), frame)
            exact = (discs[0] * (1 - discs[1]))[None, None]
        frames.append(frame)
        if index:
            flow.append(moved)
            measured.append(exact)
    generator = torch.Generator().manual_seed(0)
    clip = torch.cat(frames)
    noise = torch.randn(clip.shape, generator=generator) * ((4 if motion == "still" else 1) / 255)
    return Clip(((clip + noise).clamp(0, 1) * 255).round() / 255, flow, measured)


def laplacian_variance(frames: Tensor) -> float:
    """Mean over frames, of luminance."""
    kernel = frames.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).view(1, 1, 3, 3)
    return float(F.conv2d(frames.mean(1, keepdim=True), kernel).flatten(1).var(1).mean())


def warping_error(frames: Tensor, clip: Clip) -> float:
    """In 8-bit levels, away from the rim."""
    errors = []
    for index, flow in enumerate(clip.flow):
        if index >= len(clip.flow) // 3:  # the first frames are still alike
            difference = (frames[index + 1 : index + 2] - warped(frames[index : index + 1], flow)).abs()
            errors.append(float(difference[..., 24:-24, 24:-24].mean()))
    return 255 * sum(errors) / len(errors)


def sheet(frames: Tensor) -> Tensor:
    """Some late frames side by side."""
    return torch.cat(list(frames[-6::2].split(1)), dim=3)


def read(frames: Tensor, wanted: Sequence[int] | None) -> Sequence[Tensor]:
    """As of `ReadFrames`."""
    return (frames if wanted is None else frames[list(wanted)]).split(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--photo", type=Path, required=True, help="larger than the frames, so that there is something to pan to")
    add("--other", type=Path, required=True, help="a second photo: after the cut, and in the disc")
    add("--style", type=Path, required=True)
    add("--size", type=int, default=256, help="side of the frames (default 256)")
    add("--frames", type=int, default=12)
    add("--motion", nargs="+", choices=MOTIONS, default=MOTIONS)
    add("--out", type=Path, help="folder for pictures: content, frame by frame, as a video")
    options = parser.parse_args()
    torch.manual_seed(0)
    if not has_optical_flow():
        print("without OpenCV: still areas are smoothed, nothing is carried along")
    model = load_model(device="cpu", dtype=torch.float32)
    style = model.encode_style(read_picture(options.style).on_white())
    photos = []
    for path in (options.photo, options.other):
        photo = read_picture(path).on_white()
        scale = 2 * options.size / min(photo.shape[-2:])
        photos.append(F.interpolate(photo, scale_factor=scale, mode="bicubic", antialias=True).clamp(0, 1))
    print(f"{'clip':9s} alone video  less texture  gap   s/frame", flush=True)
    for motion in options.motion:
        clip = make_clip(motion, *photos, options.size, options.frames)
        scenes = find_scenes(model, functools.partial(read, clip.frames))
        stops = [*(scene.start for scene in scenes[1:]), len(clip.frames)]
        alone = torch.cat(
            [
                model.transfer_with(frame, style, TransferOptions(clip=scene.clip))
                for scene, stop in zip(scenes, stops, strict=True)
                for frame in clip.frames[scene.start : stop].split(1)
            ]
        )
        stylizer = FrameStylizer(model, style, TransferOptions(), scenes=scenes)
        start = time.monotonic()
        video = torch.cat([stylizer(frame, index) for index, frame in enumerate(clip.frames.split(1))])
        taken = (time.monotonic() - start) / options.frames
        apart = 255 * (video - alone).abs()
        gap = float(apart[-1].mean())
        if motion == "cut":
            gap = float(apart[options.frames // 2].max())
        if motion == "edge":
            uncovered = torch.cat(clip.measured)
            gap = float((apart[1:] * uncovered).sum() / uncovered.sum() / 3)
        errors = warping_error(alone, clip), warping_error(video, clip)
        texture = laplacian_variance(video[4:]) / laplacian_variance(alone[4:])
        less = f"{1 - errors[1] / errors[0]:5.0%}"
        print(
            f"{motion:9s} {errors[0]:5.2f} {errors[1]:5.2f} {less}  {texture:6.3f} {gap:5.2f}  {taken:.2f}", flush=True
        )
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            rows = [sheet(frames) for frames in (clip.frames, alone, video)]
            write_picture(options.out / f"{motion}.png", torch.cat(rows, dim=2))


if __name__ == "__main__":
    main()
