"""Properties that hold for any picture, whatever its size, batch, number format and memory layout, and in any mode of torch."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_networks import picture
from torch import Tensor

from a2k_core import EncodedStyle, StyA2K, TransferOptions, mix_styles
from a2k_core.network import noise
from a2k_core.options import Tile
from a2k_core.video.frames import FrameStylizer

few = settings(max_examples=8, deadline=None, derandomize=True)
SIDE = st.integers(1, 90)


@pytest.fixture(scope="module")
def style(compact_model: StyA2K) -> EncodedStyle:
    return compact_model.encode_style(picture(70, 50, seed=2))


def apart(one: Tensor, other: Tensor) -> float:
    return float((one.double() - other.double()).abs().max())


@given(
    size=st.tuples(SIDE, SIDE),
    batch=st.integers(1, 3),
    strength=st.sampled_from([0.0, 0.3, 1.0, 1.7, 2.0]),
    kept=st.sampled_from([0.0, 0.4, 1.0]),
    tile=st.sampled_from([None, "auto", 64, 100]),
)
@example(size=(1, 150), batch=2, strength=1.0, kept=0.0, tile=64)
@few
def test_size_range_and_repetition(
    compact_model: StyA2K,
    style: EncodedStyle,
    size: tuple[int, int],
    batch: int,
    strength: float,
    kept: float,
    tile: Tile,
) -> None:
    content = picture(*size, seed=7, batch=batch)
    before = content.clone()
    together = compact_model.transfer(content, style, strength, tile, keep_colours=kept)
    assert torch.equal(content, before), "the content is only read"
    assert together.shape == content.shape
    assert 0 <= float(together.min()) <= float(together.max()) <= 1
    again = compact_model.transfer(content, style, strength, tile, keep_colours=kept)
    assert torch.equal(together, again)
    for index in range(batch):
        alone = compact_model.transfer(content[index : index + 1], style, strength, keep_colours=kept)
        assert apart(together[index : index + 1], alone) < 1e-3, "whole, and one by one"


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "channels last": lambda image: image.contiguous(memory_format=torch.channels_last),
    "transposed": lambda image: image.transpose(2, 3).contiguous().transpose(2, 3),
    "part of a larger one": lambda image: torch.nn.functional.pad(image, (3, 5, 2, 1))[..., 2:-1, 3:-5],
    "every second value": lambda image: image.repeat_interleave(2, dim=3)[..., ::2],
    "expanded": lambda image: image.expand(2, -1, -1, -1),
    "numpy, rows and colors last": lambda image: torch.from_numpy(
        np.asfortranarray(image[0].permute(1, 2, 0).numpy())
    ).permute(2, 0, 1)[None],
    "with gradients": lambda image: image.clone().requires_grad_(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(compact_model: StyA2K, style: EncodedStyle, layout: str) -> None:
    content, painting = picture(45, 70, seed=1), picture(66, 40, seed=2)
    arranged = LAYOUTS[layout]
    same = compact_model.encode_style(arranged(painting).detach()[:1])
    expected = compact_model.transfer(content, compact_model.encode_style(painting))
    result = compact_model.transfer(arranged(content), same)
    assert not result.requires_grad
    assert len(result) == len(arranged(content))
    for one in result.split(1):
        assert apart(one, expected) < 1e-4


@given(
    of_content=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    of_style=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    of_network=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
)
@example(of_content=torch.float16, of_style=torch.float64, of_network=torch.float64)
@few
def test_any_number_formats_together(
    compact_model: StyA2K, of_content: torch.dtype, of_style: torch.dtype, of_network: torch.dtype
) -> None:
    network = copy.deepcopy(compact_model).to(of_network)
    content = picture(40, 66, seed=1).to(of_content)
    result = network.transfer(content, network.encode_style(picture(64, 50, seed=2).to(of_style)))
    assert result.dtype == of_content
    exact = compact_model.transfer(content.float(), compact_model.encode_style(picture(64, 50, seed=2)))
    assert float((result.float() - exact).abs().mean()) < 0.03


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    noise._plane.cache_clear()  # so that the plane is made in this mode
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


MODES: dict[str, tuple[Callable[[], contextlib.AbstractContextManager[object]], float]] = {
    "inference mode": (torch.inference_mode, 0),
    "gradients on": (torch.enable_grad, 0),
    "fp64 by default": (lambda: default_dtype(torch.float64), 0),
    "fp16 by default": (lambda: default_dtype(torch.float16), 0),
    "autocast to bf16": (lambda: torch.autocast("cpu", torch.bfloat16), 0.03),
    "autocast to fp16": (lambda: torch.autocast("cpu", torch.float16), 0.03),
}


@pytest.mark.parametrize("mode", MODES)
def test_any_mode_of_torch(model: StyA2K, mode: str) -> None:
    content, painting = picture(45, 70, seed=1), picture(66, 40, seed=2)
    expected = model.transfer(content, model.encode_style(painting), 0.8)
    entered, tolerance = MODES[mode]
    with entered():
        result = model.transfer(content, model.encode_style(painting), 0.8)
    assert float((result.clone() - expected).abs().mean()) <= tolerance
    assert torch.equal(model.transfer(content, model.encode_style(painting), 0.8), expected), "nothing of it stays"


@given(shares=st.lists(st.floats(0, 5, allow_subnormal=False), min_size=3, max_size=3).filter(lambda s: sum(s) > 0.01))
@few
def test_mixes(compact_model: StyA2K, shares: list[float]) -> None:
    content = picture(40, 66, seed=1)
    styles = [compact_model.encode_style(picture(64, 64, seed=seed)) for seed in (2, 3, 4)]
    mixed = compact_model.transfer(content, mix_styles(styles, shares))
    turned = compact_model.transfer(content, mix_styles(styles[::-1], shares[::-1]))
    scaled = compact_model.transfer(content, mix_styles(styles, [3 * share for share in shares]))
    assert apart(mixed, turned) < 1e-4, "the order does not matter"
    assert apart(mixed, scaled) < 1e-4, "nor does the unit"
    of_itself = compact_model.transfer(content, mix_styles([styles[0]] * 3, shares))
    assert apart(of_itself, compact_model.transfer(content, styles[0])) < 1e-4


@given(size=st.tuples(SIDE, SIDE), seed=st.integers(0, 5))
@few
def test_a_mask_paints_where_it_is_white(
    compact_model: StyA2K, style: EncodedStyle, size: tuple[int, int], seed: int
) -> None:
    content = picture(*size, seed=seed)
    stylizer = FrameStylizer(compact_model, style, TransferOptions())
    mask = (torch.rand((1, 1, *size), generator=torch.Generator().manual_seed(seed)) > 0.5).float()
    result = stylizer(content, mask=mask)
    whole = stylizer(content)
    assert torch.equal(torch.where(mask > 0, whole, content), result)


def test_threads_that_share_a_model_and_a_style(compact_model: StyA2K, style: EncodedStyle) -> None:
    contents = [picture(40 + 30 * index, 90, seed=index) for index in range(4)]
    expected = [compact_model.transfer(content, style, tile=64) for content in contents]
    results: list[list[Tensor]] = [[] for _ in contents]

    def paint(index: int) -> None:
        for _ in range(3):
            results[index].append(compact_model.transfer(contents[index], style, tile=64))

    threads = [threading.Thread(target=paint, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own, one in zip(results, expected, strict=True):
        assert len(own) == 3
        assert all(apart(result, one) < 1e-5 for result in own)
