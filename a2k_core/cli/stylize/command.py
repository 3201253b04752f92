"""`a2k stylize`: read what the options name, then paint pictures or a clip."""

from __future__ import annotations

import functools

import torch

from ..console import Console
from ..styles import StyleFiles, memory_errors_of, open_model
from .clip import parse_schedules, plan_clip, scenes_of, stylize_clip
from .color import paints_colors
from .masks import MaskFiles
from .options import StylizeOptions
from .painters import Painters
from .pictures import PictureRun
from .plan import plan_variants


def stylize(options: StylizeOptions, console: Console) -> int:
    """Do all of it. Progress, and a line for each picture that fails, go to the console.

    Returns:
        The exit status: 0, or 1 when a picture of a folder failed.

    Raises:
        StyA2KError: when nothing can be done: a wrong argument, an unreadable style, model or single content.
    """
    options.check()
    variants = plan_variants(options.painted_styles, options.strengths)
    clip_job = plan_clip(options.contents[0], options.output, variants, options.inputs, options.frame_rate)
    schedules = parse_schedules(options.strength_over_time, options.mix_over_time, len(options.styles))
    options.check_video(clip_job is not None)
    pictures = None if clip_job else PictureRun(options, variants, console)
    if pictures is not None and not pictures.jobs:
        console.line("a2k: nothing to do")
        return 0
    # Masks and styles before the model: one that cannot be read is known at once.
    masks = MaskFiles(options)
    if pictures is not None:
        masks.check(pictures.count)
    styles = StyleFiles(
        [*options.styles, *(style for _, style in options.regions)], options.style_size, options.style_mask
    )
    if pictures is not None and options.color == "only":
        paints = paints_colors(masks, variants, styles)
        return pictures.run(lambda content: paints, torch.device("cpu"), torch.float32)
    model = open_model(options.weights, options.device, options.dtype, console)
    painters = Painters(options, variants, styles, masks, schedules, model, console)
    if pictures is not None:
        scenes = pictures.scenes(model) if options.video else ()
        return pictures.run(painters.of_pictures(scenes), model.device, model.dtype)
    assert clip_job is not None
    guard = functools.partial(memory_errors_of, clip_job.content, device=model.device)
    encoded = painters.encode()
    scenes = scenes_of(clip_job, model, options.tile, guard, console)
    masks.check(clip_job.source.count)  # it is known now that all frames were read
    makers = [functools.partial(painters.stylizer, encoded, scenes, variant) for variant in variants]
    return stylize_clip(clip_job, makers, masks, guard, console)
