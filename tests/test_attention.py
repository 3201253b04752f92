"""The two attentions, their keys, the routing, and the module that joins them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from a2k_core.network.attention import functional
from a2k_core.network.attention.all_to_key import AllToKey
from a2k_core.network.attention.blocks import from_blocks, to_blocks
from a2k_core.network.attention.functional import (
    distributed_attention,
    overlapped_progressive_attention,
    progressive_attention,
    region_keys,
    route,
)
from a2k_core.network.statistics import channel_moments


def test_region_keys_by_hand() -> None:
    key = torch.tensor([[1.0, 0.0], [3.0, 4.0]]).view(1, 1, 1, 2, 2)
    value = torch.tensor([[10.0], [30.0]]).view(1, 1, 1, 2, 1)
    # The center is (2, 2); its products with the keys are 2 and 14.
    first, second = 1 / (1 + math.exp(-(0.5 + 0.1 * 2))), 1 / (1 + math.exp(-(0.5 + 0.1 * 14)))
    region_key, region_value = region_keys(key, value, torch.tensor(0.1), torch.tensor(0.5))
    expected_key = torch.tensor([(first * 1 + second * 3 + 2) / 3, (second * 4 + 2) / 3])
    assert torch.allclose(region_key.flatten(), expected_key, rtol=1e-6)
    assert torch.allclose(region_value.flatten(), torch.tensor([(first * 10 + second * 30 + 20) / 3]), rtol=1e-6)


def test_the_divisor_of_region_keys_is_constant() -> None:
    """With similarities of one half a constant block shrinks to (r/2 + 1) / (r + 1) of itself: no weighted mean."""
    key, value = torch.ones(1, 1, 3, 16, 2), torch.full((1, 1, 3, 16, 2), 5.0)
    region_key, region_value = region_keys(key, value, torch.zeros(()), torch.zeros(()))
    assert torch.allclose(region_key, torch.full((1, 1, 3, 2), 9 / 17), rtol=1e-6)
    assert torch.allclose(region_value, torch.full((1, 1, 3, 2), 5 * 9 / 17), rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_distributed_attention_is_the_explicit_softmax(scale: float) -> None:
    query, key, value = torch.randn(2, 6, 4, 5), torch.randn(1, 2, 7, 3), torch.randn(1, 2, 7, 3)
    result = distributed_attention(query, key, value, scale)
    for sample in range(2):
        for head in range(2):
            channels = slice(3 * head, 3 * head + 3)
            weights = (torch.einsum("dhw,zd->hwz", query[sample, channels], key[0, head]) * scale).softmax(-1)
            expected = torch.einsum("hwz,zd->dhw", weights, value[0, head])
            assert torch.allclose(result[sample, channels], expected, atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_progressive_attention_is_the_explicit_softmax_in_the_best_block(scale: float) -> None:
    query, key, value = torch.randn(2, 4, 8, 12), torch.randn(2, 4, 8, 4), torch.randn(2, 4, 8, 4)
    result = progressive_attention(query, to_blocks(key, 4, 2), to_blocks(value, 4, 2), scale)
    for sample in range(2):
        for head in range(2):
            channels = slice(2 * head, 2 * head + 2)
            style_corners = [(0, 0), (4, 0)]
            for top in (0, 4):
                for left in (0, 4, 8):
                    own = _cut(query[sample, channels], top, left, 4)
                    keys = [_cut(key[sample, channels], *corner, 4) for corner in style_corners]
                    values = [_cut(value[sample, channels], *corner, 4) for corner in style_corners]
                    best = max(range(2), key=lambda z: float((own * keys[z]).sum()))
                    weights = (torch.einsum("dyx,dij->yxij", own, keys[best]) * scale).flatten(2).softmax(-1)
                    expected = torch.einsum("yxn,dn->dyx", weights, values[best].flatten(1))
                    assert torch.allclose(_cut(result[sample, channels], top, left, 4), expected, atol=1e-5)


def test_routing_compares_position_with_position() -> None:
    """The mirrored block has the same pixels and the larger sum of pairwise products, but loses."""
    block = torch.tensor([3.0, 0.0, 0.0, 1.0]).view(1, 1, 1, 4, 1)
    keys = torch.cat([block.flip(3) * 1.5, block], dim=2)
    assert route(block, keys).item() == 1


def test_every_head_and_sample_takes_its_own_route() -> None:
    wanted = torch.tensor([[[2, 0, 1], [1, 1, 0]], [[0, 0, 2], [2, 1, 0]]])
    keys = torch.eye(3).view(1, 1, 3, 3, 1).expand(1, 2, 3, 3, 1)
    queries = F.one_hot(wanted, 3).float()[..., None]
    assert torch.equal(route(queries, keys), wanted)


def test_each_content_is_routed_by_its_own_style() -> None:
    queries = torch.ones(2, 1, 1, 1, 1)
    keys = torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).view(2, 1, 3, 1, 1)
    assert route(queries, keys).flatten().tolist() == [2, 0]


def test_ties_take_the_first_block() -> None:
    keys = torch.tensor([1.0, 5.0, 5.0, 2.0, 5.0]).view(1, 1, 5, 1, 1)
    assert route(torch.ones(1, 1, 3, 1, 1), keys).flatten().tolist() == [1, 1, 1]


@pytest.mark.parametrize("limit", [1, 50, 131])
@pytest.mark.parametrize("styles", [1, 3])
def test_routing_in_chunks_is_routing_at_once(monkeypatch: pytest.MonkeyPatch, limit: int, styles: int) -> None:
    queries, keys = torch.randn(3, 2, 23, 4, 3), torch.randn(styles, 2, 7, 4, 3)
    whole = route(queries, keys)
    monkeypatch.setattr(functional, "MAX_SCORE_ELEMENTS", limit)
    assert torch.equal(route(queries, keys), whole)
    scores = torch.einsum("bhxrd,bhzrd->bhxz", queries, keys.expand(3, -1, -1, -1, -1))
    assert torch.equal(whole, scores.argmax(-1))


class Products(TorchDispatchMode):
    """Notes the sizes of what matrix products and convolutions give."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.bmm.default, torch.ops.aten.mm.default, torch.ops.aten.convolution.default):
            self.sizes.append(result.numel())
        return result


def test_routing_holds_few_scores_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functional, "MAX_SCORE_ELEMENTS", 60)
    with Products() as products:
        route(torch.randn(2, 2, 40, 4, 3), torch.randn(1, 2, 10, 4, 3))
    assert sum(products.sizes) == 2 * 2 * 40 * 10
    assert max(products.sizes) <= 60


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [False, True])
def test_routing_is_exact_in_half_precision(dtype: torch.dtype, autocast: bool) -> None:
    """2049 to 2048: equal in fp16 and bf16, where the first would win; in fp32 the second does."""
    queries = torch.ones(1, 1, 1, 64, 32, dtype=dtype)
    keys = torch.ones(1, 1, 2, 64, 32, dtype=dtype)
    keys[0, 0, 1, 5, 3] = 2
    scores = torch.einsum("bhxrd,bhzrd->bhxz", queries, keys)
    assert scores.argmax(-1).item() == 0, "half precision was to be too coarse for this"
    with torch.autocast("cpu", dtype=dtype, enabled=autocast):
        assert route(queries, keys).item() == 1
        assert route(queries.float(), keys.float()).item() == 1


def test_overlapped_attention_is_a_partition_of_unity() -> None:
    """Whatever the routes, blocks of one value give that value everywhere."""
    constant = torch.tensor([0.5, -2.0, 3.0, 7.0]).view(1, 4, 1, 1)
    key_blocks, value_blocks = to_blocks(torch.randn(1, 4, 8, 8), 4, 2), to_blocks(constant.expand(1, 4, 8, 8), 4, 2)
    result = overlapped_progressive_attention(torch.randn(2, 4, 12, 8), key_blocks, value_blocks)
    assert torch.allclose(result, constant.expand(2, 4, 12, 8), atol=1e-5)


@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize("styles", [1, 2])
def test_overlapped_attention_is_four_shifted_grids(side: int, styles: int) -> None:
    height, width, half = 2 * side, 3 * side, side // 2
    query = torch.randn(2, 4, height, width)
    key_blocks = to_blocks(torch.randn(styles, 4, 2 * side, 2 * side), side, 2)
    value_blocks = to_blocks(torch.randn(styles, 4, 2 * side, 2 * side), side, 2)
    result = overlapped_progressive_attention(query, key_blocks, value_blocks, 0.7)

    surrounded = F.pad(query, (half, half, half, half), mode="reflect")
    expected = torch.zeros_like(query)
    total = torch.zeros(height, width)
    for down in (0, -half):
        for right in (0, -half):
            for top in range(down, height, side):
                for left in range(right, width, side):
                    if top + half > height or left + half > width:
                        continue
                    block = _cut(surrounded, top + half, left + half, side)
                    attended = progressive_attention(block, key_blocks, value_blocks, 0.7)
                    for row in range(max(top, 0), min(top + side, height)):
                        for column in range(max(left, 0), min(left + side, width)):
                            weight = _tent(row - top, side) * _tent(column - left, side)
                            expected[..., row, column] += weight * attended[..., row - top, column - left]
                            total[row, column] += weight
    assert torch.allclose(total, torch.ones(height, width))
    assert torch.allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_overlapped_attention_is_the_same_in_strips(dtype: torch.dtype) -> None:
    """Without gradients a CPU takes the blocks in strips, with them all at once."""
    query = torch.randn(2, 4, 48, 32).to(dtype)  # 1,617 blocks of each, several strips
    blocks = to_blocks(torch.randn(1, 4, 8, 8), 2, 2).to(dtype)
    at_once = overlapped_progressive_attention(query.clone().requires_grad_(), blocks, blocks)
    with torch.no_grad():
        in_strips = overlapped_progressive_attention(query, blocks, blocks)
    assert in_strips.dtype == at_once.dtype == dtype
    assert torch.allclose(in_strips, at_once, atol=1e-5)


def test_overlap_leaves_no_edge_where_routes_change() -> None:
    """Two flat style blocks, a query that passes slowly from one to the other: steps stay far below the difference."""
    slope = torch.linspace(-1, 1, 64).view(1, 1, 1, 64).expand(1, 1, 8, 64)
    blocks = torch.tensor([-1.0, 1.0]).view(1, 1, 2, 1, 1).expand(1, 1, 2, 64, 1)
    hard = progressive_attention(slope, blocks, blocks)
    soft = overlapped_progressive_attention(slope, blocks, blocks)
    assert hard.diff(dim=-1).abs().max() == 2
    assert soft.min() == -1
    assert soft.max() == 1
    assert soft.diff(dim=-1).abs().max() <= 2 / 4 + 1e-6


def test_more_blocks_than_a_kernel_takes_are_attended_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    query, blocks = torch.randn(1, 4, 16, 16), to_blocks(torch.randn(1, 4, 8, 8), 2, 2)
    expected = progressive_attention(query, blocks, blocks)
    calls: list[int] = []
    fused = F.scaled_dot_product_attention

    def counting(query: Tensor, *arguments: Tensor, **options: Any) -> Tensor:
        calls.append(query.shape[1])
        return fused(query, *arguments, **options)

    monkeypatch.setattr(functional, "FEW_KEYS", 3)  # of the four a block has, so that the fused kernel is asked
    monkeypatch.setattr(functional, "MAX_KERNEL_BATCH", 50)
    monkeypatch.setattr(F, "scaled_dot_product_attention", counting)
    assert torch.allclose(progressive_attention(query, blocks, blocks), expected, atol=1e-6)
    assert calls == [50, 14]


@pytest.mark.parametrize("keys", [functional.FEW_KEYS, functional.FEW_KEYS + 1])
def test_few_keys_and_many_are_attended_alike(keys: int) -> None:
    query, key, value = torch.randn(2, 8, 5, 7), torch.randn(1, 2, keys, 4), torch.randn(1, 2, keys, 3)
    scores = torch.einsum("bhdn,hzd->bhnz", query.view(2, 2, 4, 35), key[0]) * 0.7
    expected = torch.einsum("bhnz,hzd->bhdn", scores.softmax(3), value[0]).reshape(2, 6, 5, 7)
    assert torch.allclose(distributed_attention(query, key, value, 0.7), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_attention_keeps_the_dtype_and_stays_near_fp32(dtype: torch.dtype) -> None:
    query, key, value = (torch.randn(1, 4, 8, 8).to(dtype) for _ in range(3))
    blocks = to_blocks(key, 4, 2), to_blocks(value, 4, 2)
    result = progressive_attention(query, *blocks)
    assert result.dtype == dtype
    exact = progressive_attention(query.float(), *(b.float() for b in blocks))
    assert (result.float() - exact).abs().max() < 0.05


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_softmax_of_large_half_precision_logits_is_fp32(dtype: torch.dtype) -> None:
    """Logits of 1024 and 1024.25, which no half precision tells apart."""
    query = torch.tensor([32.0, 32.0]).view(1, 2, 1, 1).to(dtype)
    key = torch.tensor([[32.0, 0.0], [32.0, 0.0078125]]).view(1, 1, 2, 2).to(dtype)
    value = torch.tensor([0.0, 1.0]).view(1, 1, 2, 1).to(dtype)
    share = distributed_attention(query, key, value).item()
    assert abs(share - 1 / (1 + math.exp(-0.25))) < 4e-3


def _module(**changes: object) -> AllToKey:
    options: dict[str, object] = {"scaled_logits": False, "residual": "raw"}
    return AllToKey(8, 8, 4, 2, **(options | changes)).requires_grad_(False)  # type: ignore[arg-type]


def test_the_module_is_fusion_of_both_attentions_plus_the_content() -> None:
    module = _module()
    module.alpha.fill_(0.6)
    module.beta.fill_(-0.3)
    content, style = torch.randn(1, 8, 8, 12) * 2 + 1, torch.randn(1, 8, 12, 4) * 3 - 1

    def norm(x: Tensor) -> Tensor:
        return (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True) + 1e-5).sqrt()

    query, key, value = module.query(norm(content)), module.key(norm(style)), module.value(style)
    parts = [to_blocks(x[:, part], 4, 2) for part in (slice(0, 8), slice(8, 16)) for x in (key, value)]
    near = distributed_attention(query[:, :8], *region_keys(parts[0], parts[1], module.alpha, module.beta))
    far = progressive_attention(query[:, 8:], parts[2], parts[3])
    expected = module.fusion(torch.cat([near, far], 1)) + content
    result = module(content, channel_moments(content), module.encode(style))
    assert torch.allclose(result, expected, atol=1e-5)


def test_without_attention_the_residual_remains() -> None:
    content, style = torch.randn(2, 8, 8, 8), torch.randn(1, 8, 8, 8) * 4 + 2
    for residual in ("raw", "adain"):
        module = _module(residual=residual)
        module.fusion.weight.zero_()
        module.fusion.bias.zero_()
        result = module(content, channel_moments(content), module.encode(style))
        if residual == "raw":
            assert torch.equal(result, content)
        else:
            mean, std = channel_moments(result)
            target = channel_moments(style)
            assert torch.allclose(mean, target.mean.expand_as(mean), atol=1e-4)
            assert torch.allclose(std, target.std.expand_as(std), rtol=1e-4)


def test_scaled_logits_divide_by_the_root_of_the_head_depth() -> None:
    plain, scaled = _module(), _module(scaled_logits=True)
    scaled.load_state_dict(plain.state_dict())
    scaled.query.weight.mul_(2)
    scaled.query.bias.mul_(2)  # 4 channels in a head: the factor is one half
    content, style = torch.randn(1, 8, 8, 8), torch.randn(1, 8, 8, 8)
    moments = channel_moments(content)
    assert torch.allclose(
        plain(content, moments, plain.encode(style)), scaled(content, moments, scaled.encode(style)), atol=1e-5
    )


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_content_and_style_may_have_different_block_counts(
    rows: int, columns: int, style_rows: int, style_columns: int
) -> None:
    module = _module()
    content = torch.randn(1, 8, 4 * rows, 4 * columns)
    result = module(
        content, channel_moments(content), module.encode(torch.randn(1, 8, 4 * style_rows, 4 * style_columns))
    )
    assert result.shape == content.shape
    assert result.isfinite().all()


def test_a_part_of_the_content_is_stylized_as_in_the_whole() -> None:
    """Content never attends to content: with the moments of the whole, whole blocks can be done apart."""
    module = _module()
    content, style = torch.randn(1, 8, 8, 12), module.encode(torch.randn(1, 8, 8, 8))
    moments = channel_moments(content)
    whole = module(content, moments, style)
    assert torch.allclose(module(content[..., 4:8, 4:12], moments, style), whole[..., 4:8, 4:12], atol=1e-5)


def test_routing_lets_gradients_through_the_attention() -> None:
    query = torch.randn(1, 4, 8, 8, requires_grad=True)
    key = torch.randn(1, 4, 8, 8, requires_grad=True)
    value = torch.randn(1, 4, 8, 8, requires_grad=True)
    result = progressive_attention(query, to_blocks(key, 4, 2), to_blocks(value, 4, 2))
    result.square().sum().backward()
    for tensor in (query, key, value):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
        assert tensor.grad.abs().sum() > 0


def test_blocks_of_another_depth_may_be_attended_to() -> None:
    query, key, value = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8), torch.randn(1, 6, 8, 8)
    key_blocks, value_blocks = to_blocks(key, 4, 2), to_blocks(value, 4, 2)
    result = progressive_attention(query, key_blocks, value_blocks)
    assert result.shape == (1, 6, 8, 8)
    single = progressive_attention(query, key_blocks, value_blocks[..., :2])
    assert torch.allclose(to_blocks(result, 4, 2)[..., :2], to_blocks(single, 4, 2), atol=1e-6)
    assert torch.equal(from_blocks(to_blocks(result, 4, 2), 4, 8, 8), result)


def _cut(features: Tensor, top: int, left: int, side: int) -> Tensor:
    return features[..., top : top + side, left : left + side]


def _tent(position: int, side: int) -> float:
    """1 in the middle of a block, 0 at its edges."""
    return 1 - abs((position + 0.5) / (side / 2) - 1)
