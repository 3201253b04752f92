"""The two attentions of the paper as pure functions (Zhu et al., ICCV 2023, section 3.2).

Shapes: B samples, S styles (1 or B), h heads, d channels per head, N positions, Z style blocks of r positions each.
Region scores and softmax are computed in fp32 whatever the dtype of the tensors.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..layers import reflect_pad
from .blocks import from_blocks, to_blocks

MAX_SCORE_ELEMENTS = 2**24
"""Scores held at once (64 MiB in fp32): more are computed in row chunks, or by a kernel that holds none."""

MAX_KERNEL_BATCH = 2**16 - 1
"""Size of the second dimension that fused attention takes at once: CUDA kernels fail above (pytorch/pytorch#142228)."""

FEW_KEYS = 64
"""Up to this many keys a CPU uses two products and a softmax, up to twice as fast as its fused kernel."""

BLOCKS_AT_ONCE = 256
"""Blocks that a CPU attends in at a time on overlapping grids: what they need stays in its cache."""


def region_keys(key_blocks: Tensor, value_blocks: Tensor, alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    """One key and one value for each style block: similarity-weighted means around the block's center.

    Args:
        key_blocks, value_blocks: `[S, h, Z, r, d]`.
        alpha, beta: scalars of the similarity, s = sigmoid(beta + alpha * <center, key>).

    Returns:
        key and value, `[S, h, Z, d]` in the dtype of `key_blocks`: (sum_y s_y x_y + center) / (r + 1).
    """
    keys, values = key_blocks.float(), value_blocks.float()
    key_center, value_center = keys.mean(-2), values.mean(-2)
    similarity = torch.sigmoid(beta.float() + alpha.float() * torch.einsum("shzrd,shzd->shzr", keys, key_center))
    divisor = keys.shape[-2] + 1
    key = (torch.einsum("shzr,shzrd->shzd", similarity, keys) + key_center) / divisor
    value = (torch.einsum("shzr,shzrd->shzd", similarity, values) + value_center) / divisor
    return key.to(key_blocks.dtype), value.to(value_blocks.dtype)


def distributed_attention(query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """Every content position attends to the region keys of all style blocks.

    Args:
        query: `[B, C, H, W]`.
        key, value: `[S, h, Z, d]` from `region_keys`, with h*d = C.
        scale: factor of the logits; the paper has none.

    Returns:
        `[B, C, H, W]`; values of another depth give that many channels instead.
    """
    batch, _, height, width = query.shape
    heads, depth = key.shape[1], key.shape[3]
    flat = query.permute(0, 2, 3, 1).reshape(batch, height * width, heads, depth).transpose(1, 2)
    key, value = key.expand(batch, -1, -1, -1), value.expand(batch, -1, -1, -1)
    attended = _attend(flat, key, value, scale)
    return attended.transpose(1, 2).reshape(batch, height, width, -1).permute(0, 3, 1, 2)


def progressive_attention(query: Tensor, key_blocks: Tensor, value_blocks: Tensor, scale: float = 1.0) -> Tensor:
    """Every content block is routed to the style block it matches best, and its positions attend to that block's.

    Args:
        query: `[B, C, H, W]`, sides divisible by the block's.
        key_blocks, value_blocks: `[S, h, Z, r, d]`, with h*d = C.
        scale: factor of the logits inside a block; the routing does not depend on it.

    Returns:
        `[B, C, H, W]`; values of another depth give that many channels instead.
    """
    heads, side = key_blocks.shape[1], math.isqrt(key_blocks.shape[3])
    attended = _attend_blocks(to_blocks(query, side, heads), key_blocks, value_blocks, scale)
    return from_blocks(attended, side, *query.shape[-2:])


def overlapped_progressive_attention(
    query: Tensor, key_blocks: Tensor, value_blocks: Tensor, scale: float = 1.0
) -> Tensor:
    """Progressive attention on four block grids, 0 and half a block apart each way, blended without edges.

    The weight of a grid is 1 at its blocks' centers and falls to 0 at their edges; the four weights sum to 1.
    Arguments and result as for `progressive_attention`; the block's side must be even.
    """
    batch, _, height, width = query.shape
    heads, side = key_blocks.shape[1], math.isqrt(key_blocks.shape[3])
    half = side // 2
    dtype = query.dtype
    if query.device.type == "cpu":  # attends in fp32; made so once, not for every strip
        query, key_blocks, value_blocks = query.float(), key_blocks.float(), value_blocks.float()
    padded = reflect_pad(query, half).permute(0, 2, 3, 1)
    # All blocks of the four grids, in one raster: block (i, j) starts at (i, j) halves.
    windows = padded.unfold(1, side, half).unfold(2, side, half).unflatten(3, (heads, -1)).permute(0, 3, 1, 2, 5, 6, 4)
    rows, columns = windows.shape[2:4]
    ramp = 1 - (2 * (torch.arange(side, dtype=torch.float32, device=query.device) + 0.5) / side - 1).abs()

    depth = value_blocks.shape[-1]
    # Every quarter of a block lies on one cell of half a block's side. The weight is as deep as they are, so that rows add up in one go.
    weight = (ramp[:, None] * ramp)[..., None].repeat(1, 1, depth).view(2, half, 2, half, depth)
    blended = weight.new_zeros(batch, height + side, width + side, heads * depth)
    cells = blended.view(batch, rows + 1, half, columns + 1, half, heads, depth).permute(0, 5, 1, 3, 2, 4, 6)
    # With gradients each strip would cost a whole raster on the way back. An ONNX file is for any number of strips.
    in_strips = query.device.type == "cpu" and not torch.is_grad_enabled() and not torch.onnx.is_in_onnx_export()
    step = max(1, BLOCKS_AT_ONCE // (batch * columns)) if in_strips else rows
    for start in range(0, rows, step) if in_strips else (0,):
        strip = windows[:, :, start : start + step]
        count = strip.shape[2]
        blocks = strip.reshape(batch, heads, -1, side * side, strip.shape[-1])
        attended = _attend_blocks(blocks, key_blocks, value_blocks, scale).to(weight.dtype)
        quarters = attended.view(batch, heads, count, columns, 2, half, 2, half, depth)
        for down in (0, 1):
            for right in (0, 1):
                covered = cells[:, :, start + down : start + down + count, right : right + columns]
                covered.addcmul_(quarters[:, :, :, :, down, :, right], weight[down, :, right])
    inside = blended[:, half : half + height, half : half + width].permute(0, 3, 1, 2)
    return inside.to(dtype)


def _attend_blocks(query_blocks: Tensor, key_blocks: Tensor, value_blocks: Tensor, scale: float) -> Tensor:
    """Route `[B, h, X, r, d]` blocks and attend inside: `[B, h, X, r, d]` of the values' depth."""
    routes = route(query_blocks, key_blocks)
    keys, values = _take_blocks(key_blocks, routes), _take_blocks(value_blocks, routes)
    attended = _attend(query_blocks.flatten(0, 1), keys.flatten(0, 1), values.flatten(0, 1), scale)
    return attended.unflatten(0, query_blocks.shape[:2])


def route(query_blocks: Tensor, key_blocks: Tensor) -> Tensor:
    """The style block with the largest position-aligned inner product, for each content block and head.

    Args:
        query_blocks: `[B, h, X, r, d]`.
        key_blocks: `[S, h, Z, r, d]`.

    Returns:
        `[B, h, X]`, int64, the first index where several are equal; some index where scores are NaN. Not differentiable.
    """
    batch, heads, blocks = query_blocks.shape[:3]
    queries, keys = query_blocks.detach().flatten(3), key_blocks.detach().flatten(3).float()
    exporting = torch.onnx.is_in_onnx_export()  # to a file for any number of blocks
    rows = blocks if exporting else max(1, MAX_SCORE_ELEMENTS // (heads * keys.shape[2]))
    routes = torch.empty((batch, heads, blocks), dtype=torch.int64, device=queries.device)
    # fp32 means fp32: autocast would score in half precision and change routes.
    with torch.autocast(queries.device.type, enabled=False):
        for sample in range(batch):
            for start in (0,) if exporting else range(0, blocks, rows):
                chunk = slice(start, start + rows)
                routes[sample, :, chunk] = _best(queries[sample, :, chunk].float(), keys[sample % len(keys)])
    # Of NaN, argmax may give any number. Outside, it would end the process on a GPU.
    return routes.clamp_(0, keys.shape[2] - 1)


def _best(queries: Tensor, keys: Tensor) -> Tensor:
    """Of `[h, Z, n]` keys the one with the largest inner product with each of `[h, X, n]` queries: `[h, X]`."""
    if queries.device.type != "cpu" or torch.onnx.is_in_onnx_export():
        return (queries @ keys.transpose(1, 2)).argmax(-1)
    # The product as a 1x1 convolution of channels-last pixels: twice as fast as the BLAS of torch where that is made for
    # another maker's processors.
    best = []
    for query, key in zip(queries, keys, strict=True):
        pixels, filters = query[None, :, None].permute(0, 3, 1, 2), key[:, None, None].permute(0, 3, 1, 2)
        best.append(F.conv2d(pixels, filters)[0, :, :, 0].argmax(0))
    return torch.stack(best)


def _attend(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """softmax(query @ key^T * scale) @ value over the last two of four dimensions, softmax in fp32; fused but for `FEW_KEYS`.

    The CUDA kernels keep the softmax in fp32 for half-precision inputs. Elsewhere the inputs are made fp32: certain to
    be exact, and on CPUs without matrix units twice as fast forwards and six times backwards as the bf16 kernel. Only what
    `FEW_KEYS` take of their values is a product in the values' dtype.
    """
    if query.shape[1] > MAX_KERNEL_BATCH:
        parts = zip(
            query.split(MAX_KERNEL_BATCH, dim=1),
            key.split(MAX_KERNEL_BATCH, dim=1),
            value.split(MAX_KERNEL_BATCH, dim=1),
            strict=True,
        )
        return torch.cat([_attend(q, k, v, scale) for q, k, v in parts], dim=1)
    if query.device.type == "cuda":
        return F.scaled_dot_product_attention(query, key, value, scale=scale)
    with torch.autocast(query.device.type, enabled=False):
        queries, keys = query.float(), key.float()
        # Scores and, as many, their softmax are held.
        held = 2 * query.shape[:3].numel() * key.shape[2]
        if query.device.type == "cpu" and key.shape[2] <= FEW_KEYS and held <= MAX_SCORE_ELEMENTS:
            attended = torch.softmax((queries * scale) @ keys.transpose(2, 3), dim=3).to(value.dtype) @ value
        else:
            attended = F.scaled_dot_product_attention(queries, keys, value.float(), scale=scale)
    return attended.to(query.dtype)


def _take_blocks(blocks: Tensor, routes: Tensor) -> Tensor:
    """Gather `[S, h, Z, r, d]` blocks by `[B, h, X]` routes into `[B, h, X, r, d]`."""
    styles, heads, count, positions, depth = blocks.shape
    batch = routes.shape[0]
    firsts = torch.arange(styles * heads, device=routes.device).view(styles, heads, 1) * count
    taken = blocks.reshape(styles * heads * count, positions * depth).index_select(0, (routes + firsts).flatten())
    return taken.view(batch, heads, -1, positions, depth)
