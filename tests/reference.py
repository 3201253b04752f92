"""The paper's stylization once more, and the compact encoder and decoder, written for reading and for comparison, not for use.

The paper's works directly on the tensors of the authors' four files, follows their formulation step by step (eight 1x1
convolutions for each module, unfolded blocks, logits written out), and shares no code with `a2k_core`. Square pictures
whose side is a multiple of 64 only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]
Convolve = Callable[[State, str, Tensor], Tensor]

POOL_AFTER = (5, 12, 25, 38)
"""VGG-19 pools after these convolutions of the flat file."""
FEATURES_AT = (16, 29, 42)
"""relu3_1, relu4_1 and relu5_1."""
VGG_CONVS = (0, 2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42)
DECODER_CONVS = (1, 4, 7, 10, 14, 17, 21, 24)
UPSAMPLE_AFTER = (10, 17)
BLOCK_SIDES = (8, 8, 4)


@dataclasses.dataclass
class AuthorsFiles:
    """The contents of the four files."""

    vgg: dict[str, Tensor]
    a2k: dict[str, Tensor]
    transform: dict[str, Tensor]
    decoder: dict[str, Tensor]


def stylize(files: AuthorsFiles, content: Tensor, style: Tensor, heads: int = 8) -> Tensor:
    """The unclamped picture `[1, 3, H, W]` for a content and a style `[1, 3, H, W]` in 0..1; their sides may differ."""
    content_features, style_features = encode(files.vgg, content), encode(files.vgg, style)
    modules = [
        files.a2k,
        _under(files.transform, "attn_adain_4_1."),
        _under(files.transform, "attn_adain_5_1."),
    ]
    f3, f4, f5 = (
        all_to_key(module, c, s, side, heads)
        for module, c, s, side in zip(modules, content_features, style_features, BLOCK_SIDES, strict=True)
    )
    merged = conv3x3(files.transform, "merge_conv", f4 + _double(f5))
    return decode(files.decoder, merged, f3)


def conv3x3(state: State, name: str, x: Tensor) -> Tensor:
    """A 3x3 convolution with reflect padding."""
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), state[f"{name}.weight"], state[f"{name}.bias"])


def encode(vgg: State, image: Tensor, convolve: Convolve = conv3x3) -> list[Tensor]:
    """relu3_1, relu4_1 and relu5_1."""
    x = F.conv2d(image, vgg["0.weight"], vgg["0.bias"])
    found = []
    for index in VGG_CONVS[1:]:
        x = F.relu(convolve(vgg, str(index), x))
        if index in FEATURES_AT:
            found.append(x)
        if index in POOL_AFTER:
            x = F.max_pool2d(x, kernel_size=2, stride=2, ceil_mode=True)
    return found


def all_to_key(module: State, content: Tensor, style: Tensor, side: int, heads: int) -> Tensor:
    """One all-to-key module on `[1, C, H, W]` features of content and style."""

    def conv(name: str, x: Tensor) -> Tensor:
        return F.conv2d(x, module[f"{name}.weight"], module[f"{name}.bias"])

    normal_content, normal_style = normalized(content), normalized(style)
    alpha, beta = module["sim_alpha"].reshape(()), module["sim_beta"].reshape(())
    distributed = distributed_attention(
        conv("q", normal_content), conv("k", normal_style), conv("v", style), alpha, beta, side, heads
    )
    progressive = progressive_attention(
        conv("q2", normal_content), conv("k2", normal_style), conv("v2", style), side, heads
    )
    return conv("fusion1", distributed) + conv("fusion2", progressive) + content


def normalized(x: Tensor) -> Tensor:
    """Zero mean and unit variance for each channel; the variance is the unbiased one."""
    count = x.shape[2] * x.shape[3]
    mean = x.sum(dim=(2, 3), keepdim=True) / count
    variance = ((x - mean) ** 2).sum(dim=(2, 3), keepdim=True) / (count - 1)
    return (x - mean) / (variance + 1e-5) ** 0.5


def distributed_attention(
    query: Tensor, key: Tensor, value: Tensor, alpha: Tensor, beta: Tensor, side: int, heads: int
) -> Tensor:
    """Softmax attention of every content position to one key for each style block."""
    _, channels, height, width = query.shape
    depth = channels // heads
    outputs = []
    for head in range(heads):
        part = slice(head * depth, (head + 1) * depth)
        k, v = _unfolded(key[:, part], side), _unfolded(value[:, part], side)  # [d, r, Z]
        k_center, v_center = k.mean(dim=1), v.mean(dim=1)  # [d, Z]
        similarity = torch.sigmoid(beta + alpha * (k * k_center[:, None]).sum(dim=0))  # [r, Z]
        region_key = ((similarity * k).sum(dim=1) + k_center) / (side * side + 1)
        region_value = ((similarity * v).sum(dim=1) + v_center) / (side * side + 1)
        q = query[0, part].reshape(depth, height * width)
        logits = q.T @ region_key  # [N, Z]
        attended = logits.softmax(dim=1) @ region_value.T
        outputs.append(attended.T.reshape(1, depth, height, width))
    return torch.cat(outputs, dim=1)


def progressive_attention(query: Tensor, key: Tensor, value: Tensor, side: int, heads: int) -> Tensor:
    """Softmax attention of every content block's positions to those of the one style block that matches it best."""
    _, channels, height, width = query.shape
    depth = channels // heads
    outputs = []
    for head in range(heads):
        part = slice(head * depth, (head + 1) * depth)
        q, k, v = (_unfolded(x[:, part], side) for x in (query, key, value))  # [d, r, X] and [d, r, Z]
        score = q.flatten(0, 1).T @ k.flatten(0, 1)  # [X, Z]
        chosen = score.argmax(dim=1)
        columns = []
        for block in range(q.shape[2]):
            matched_key, matched_value = k[:, :, chosen[block]], v[:, :, chosen[block]]  # [d, r]
            logits = q[:, :, block].T @ matched_key  # [r, r]
            columns.append(matched_value @ logits.softmax(dim=1).T)
        attended = torch.stack(columns, dim=2)  # [d, r, X]
        outputs.append(F.fold(attended.flatten(0, 1)[None], (height, width), kernel_size=side, stride=side))
    return torch.cat(outputs, dim=1)


def decode(decoder: State, merged: Tensor, f3: Tensor, convolve: Convolve = conv3x3) -> Tensor:
    """The unclamped picture."""
    deep = _double(F.relu(convolve(decoder, "decoder_layer_1.1", merged)))
    x = torch.cat([deep, f3], dim=1)
    for index in DECODER_CONVS[:-1]:
        x = F.relu(convolve(decoder, f"decoder_layer_2.{index}", x))
        if index in UPSAMPLE_AFTER:
            x = _double(x)
    return convolve(decoder, f"decoder_layer_2.{DECODER_CONVS[-1]}", x)


def compact_encode(state: State, image: Tensor) -> list[Tensor]:
    """The three levels of the compact encoder. `state` holds the tensors of the whole compact network."""

    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight, bias = state[f"encoder.{name}.weight"], state[f"encoder.{name}.bias"]
        margin = weight.shape[-1] // 2
        padded = F.pad(x, (margin,) * 4, mode="reflect")
        return F.leaky_relu(F.conv2d(padded, weight, bias, stride=stride), 0.2)

    x = conv("stem.0", image, stride=2)
    levels = []
    for stage, depth in (("stride4", 1), ("stride8", 2), ("stride16", 2)):
        x = conv(f"{stage}.0", x, stride=2)
        for index in range(1, depth + 1):
            x = conv(f"{stage}.{2 * index}", x)
        levels.append(x)
    return levels


def compact_decode(state: State, level4: Tensor, level8: Tensor, level16: Tensor) -> Tensor:
    """The unclamped picture of the compact decoder."""

    def double(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    def residual(name: str, x: Tensor) -> Tensor:
        inner = F.leaky_relu(conv3x3(state, f"{name}.body.0", x), 0.2)
        return x + conv3x3(state, f"{name}.body.2", inner)

    if "narrow.weight" in state:
        level16 = F.conv2d(level16, state["narrow.weight"], state["narrow.bias"])
    x = F.leaky_relu(conv3x3(state, "merge", level8 + double(level16)), 0.2)
    x = residual("decoder.deep.1", x)
    x = double(F.leaky_relu(conv3x3(state, "decoder.deep.2", x), 0.2))
    x = torch.cat([x, level4], dim=1)
    x = residual("decoder.shallow.2", F.leaky_relu(conv3x3(state, "decoder.shallow.0", x), 0.2))
    x = double(F.leaky_relu(conv3x3(state, "decoder.shallow.3", x), 0.2))
    x = F.leaky_relu(conv3x3(state, "decoder.shallow.6", x), 0.2)
    x = F.leaky_relu(conv3x3(state, "decoder.shallow.8", x), 0.2)
    image = F.pixel_shuffle(conv3x3(state, "decoder.shallow.10", x), 2)
    for axis in (3, 2):
        image = image - alternating(image.transpose(3, axis)).transpose(3, axis)
    return image


def alternating(image: Tensor) -> Tensor:
    """What alternates from column to column: with the sign of every other one turned, 16 means of neighbors leave it alone."""
    padded = F.pad(image, (8, 8, 0, 0), mode="reflect")
    sign = 1 - 2 * (torch.arange(padded.shape[3], dtype=image.dtype) % 2)
    turned = padded * sign
    for _ in range(16):
        turned = (turned[..., 1:] + turned[..., :-1]) / 2
    return turned * sign[8:-8]


def random_files(
    widths: tuple[int, int, int, int, int] = (64, 128, 256, 512, 512), heads: int = 8, seed: int = 0
) -> AuthorsFiles:
    """Four files of random weights in the authors' format, whose pictures vary well inside 0..1.

    Args:
        widths: channels of VGG's five stages; the default is the true network.
    """
    generator = torch.Generator().manual_seed(seed)

    def conv(state: dict[str, Tensor], name: str, inputs: int, outputs: int, size: int) -> None:
        spread = (inputs * size * size) ** -0.5
        state[f"{name}.weight"] = torch.randn((outputs, inputs, size, size), generator=generator) * spread
        state[f"{name}.bias"] = torch.randn((outputs,), generator=generator) * 0.2

    one, two, three, four, five = widths
    vgg: dict[str, Tensor] = {}
    conv(vgg, "0", 3, 3, 1)
    inputs = 3
    for index, outputs in zip(VGG_CONVS[1:], [one] * 2 + [two] * 2 + [three] * 4 + [four] * 4 + [five], strict=True):
        conv(vgg, str(index), inputs, outputs, 3)
        inputs = outputs

    def module(prefix: str, state: dict[str, Tensor], channels: int) -> None:
        for name in ("q", "k", "v", "q2", "k2", "v2", "fusion1", "fusion2"):
            conv(state, prefix + name, channels, channels, 1)
        # Logits of a few units whatever the width: attention that is neither uniform nor one-hot.
        depth = channels // heads
        for name in ("q", "k", "q2", "k2"):
            state[f"{prefix}{name}.weight"] *= (4 / depth) ** 0.25
        state[f"{prefix}sim_alpha"] = torch.full((1,), 0.7)
        state[f"{prefix}sim_beta"] = torch.full((1,), -0.4)

    a2k: dict[str, Tensor] = {}
    module("", a2k, three)
    transform: dict[str, Tensor] = {}
    module("attn_adain_4_1.", transform, four)
    module("attn_adain_5_1.", transform, five)
    conv(transform, "merge_conv", four, four, 3)
    decoder: dict[str, Tensor] = {}
    conv(decoder, "decoder_layer_1.1", four, three, 3)
    inputs = 2 * three
    half, quarter = three // 2, three // 4
    for index, outputs in zip(DECODER_CONVS, [three] * 3 + [half] * 2 + [quarter] * 2 + [3], strict=True):
        conv(decoder, f"decoder_layer_2.{index}", inputs, outputs, 3)
        inputs = outputs

    def standardize(state: State, name: str, x: Tensor) -> Tensor:
        """Rescale a convolution so that its output on this input has deviation 1, in place; deep networks need that."""
        output = conv3x3(state, name, x)
        gain = 1 / output.std(dim=(0, 2, 3))
        state[f"{name}.weight"].mul_(gain[:, None, None, None])
        state[f"{name}.bias"].sub_(output.mean(dim=(0, 2, 3))).mul_(gain).add_(0.5)
        return conv3x3(state, name, x)

    example = random_picture(64, seed)
    f3, f4, _ = encode(vgg, example, standardize)
    decode(decoder, f4, f3, standardize)
    last = f"decoder_layer_2.{DECODER_CONVS[-1]}"
    files = AuthorsFiles(vgg, a2k, transform, decoder)
    picture = stylize(files, example, random_picture(64, seed + 1), heads)
    gain = 0.15 / picture.std(dim=(0, 2, 3))
    decoder[f"{last}.weight"].mul_(gain[:, None, None, None])
    decoder[f"{last}.bias"].sub_(picture.mean(dim=(0, 2, 3))).mul_(gain).add_(0.5)
    return files


def random_picture(side: int, seed: int) -> Tensor:
    """`[1, 3, side, side]` in 0..1 with soft shapes and some grain."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.rand((1, 3, side // 8, side // 8), generator=generator)
    grain = torch.randn((1, 3, side, side), generator=generator)
    soft = F.interpolate(shapes, size=(side, side), mode="bicubic")
    return (soft + 0.05 * grain).clamp(0, 1)


def _under(state: State, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _double(x: Tensor) -> Tensor:
    """Nearest upsampling by 2."""
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def _unfolded(x: Tensor, side: int) -> Tensor:
    """`[1, d, H, W]` to `[d, r, blocks]`, r positions of a block in raster order, blocks in raster order."""
    depth = x.shape[1]
    return F.unfold(x, kernel_size=side, stride=side)[0].reshape(depth, side * side, -1)
