"""The losses and the feature networks they look through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from texture_losses import (
    coherence_loss,
    isotropy_loss,
    lattice_loss,
    log_spectra,
    patch_filters,
    patch_loss,
    spectrum_loss,
    spread_loss,
)
from torch import Tensor
from training_helpers import write_distilled

from a2k_core.statistics import Moments, channel_moments
from feature_network import (
    DISTILLED_WIDTHS,
    FeatureNetwork,
    FeatureNetworkError,
    encoder_config,
    load_encoder,
)
from losses import (
    A2K_BLOCKS,
    all_to_key_loss,
    content_loss,
    covariance_loss,
    feature_loss,
    global_loss,
    halo_loss,
    palette_loss,
    range_loss,
    relative_loss,
    rim_loss,
    structure_loss,
    total_variation,
)
from recompression import recompressed

WIDTHS = (8, 8, 16, 16, 16)


def levels(seed: int, side: int = 64, batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, width, side >> i, side >> i, generator=generator) for i, width in enumerate(WIDTHS)]


def moments_of(features: list[Tensor]) -> list[Moments]:
    return [channel_moments(level) for level in features]


def test_global_loss_is_that_of_means_and_deviations() -> None:
    ours, style = levels(0), levels(1)
    expected = 0.0
    for a, b in zip(ours, style, strict=True):
        mean = a.mean((2, 3)) - b.mean((2, 3))
        std = (a.var((2, 3)) + 1e-5).sqrt() - (b.var((2, 3)) + 1e-5).sqrt()
        expected += float((mean**2).mean() + (std**2).mean())
    moments, target = moments_of(ours), moments_of(style)
    assert float(global_loss(moments, target)) == pytest.approx(expected, rel=1e-5)
    shuffled = [level.flatten(2)[..., torch.randperm(level.shape[2] * level.shape[3])].view_as(level) for level in ours]
    assert float(global_loss(moments, moments_of(shuffled))) == pytest.approx(0, abs=1e-9)


def test_relative_loss_measures_channels_by_their_own_deviations() -> None:
    ours, style = levels(0), levels(1)
    moments = moments_of(style)
    assert float(relative_loss([level.flip(2).roll(3, 3) for level in style], moments)) == pytest.approx(0, abs=1e-9)
    loss = float(relative_loss(ours, moments))
    scaled = [channel_moments(100 * level) for level in style]
    assert float(relative_loss([100 * level for level in ours], scaled)) == pytest.approx(loss, rel=1e-3)
    # The same miss weighs more in a channel that hardly varies.
    faint = torch.tensor([0.1] + [1.0] * 7).view(1, 8, 1, 1)
    level = style[0] * faint
    misses = []
    for channel in (0, 1):
        missed = level.clone()
        missed[:, channel] += 0.1
        misses.append(float(relative_loss([missed], [channel_moments(level)])))
    assert misses[0] > 2 * misses[1]


def test_covariance_loss_sees_which_channels_fire_together() -> None:
    style = levels(1)
    reordered = [level.roll(7, 3).flip(2) for level in style]
    assert float(covariance_loss(reordered, style)) == pytest.approx(0, abs=1e-6)
    # The same means and deviations, but two channels in step.
    in_step = [torch.cat([level[:, :1], level[:, :1], level[:, 2:]], dim=1) for level in style]
    assert float(covariance_loss(in_step, style)) > 0.1
    brighter = [level + 5 for level in style]
    assert float(covariance_loss(brighter, style)) == pytest.approx(0, abs=1e-4)


def test_spectrum_loss_sees_a_screen_and_a_checkerboard() -> None:
    noise = 0.05 * torch.randn(2, 3, 96, 96)
    style, ours = 0.5 + noise, 0.5 + noise.flip(2).roll(13, 3)

    def distance(image: Tensor) -> float:
        return float(spectrum_loss(log_spectra(image), log_spectra(style)))

    y, x = torch.meshgrid(torch.arange(96), torch.arange(96), indexing="ij")
    for period in (2, 4, 8):
        screen = 0.05 * torch.cos(2 * torch.pi * (x + y) / period) if period > 2 else 0.05 * (-1.0) ** (x + y)
        assert distance(ours + screen) > 1.5 * distance(ours)
    assert distance(ours.mean((2, 3), keepdim=True).expand_as(ours)) > 2
    assert distance(style) == 0


def test_spread_loss_tells_flat_fields_and_busy_places_from_an_even_relief() -> None:
    def noise(seed: int) -> Tensor:
        return torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(seed))

    busy = (torch.arange(128) < 64).float()
    style = log_spectra(0.5 + (0.002 + 0.1 * busy) * noise(0))
    elsewhere = log_spectra(0.5 + (0.002 + 0.1 * busy.flip(0)[:, None]) * noise(1))
    even = log_spectra(0.5 + 0.02 * noise(2))
    assert float(spread_loss(even, style)) > 5 * float(spread_loss(elsewhere, style))
    assert float(spread_loss(style, style)) == 0


def test_patch_loss_tells_few_strong_strokes_from_many_faint_ones() -> None:
    def strokes(share: float, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        marks = (torch.rand(2, 3, 96, 96, generator=generator) < share).float()
        return 0.5 + 0.1 * marks / (share * (1 - share)) ** 0.5 * torch.sign(
            torch.randn(2, 3, 96, 96, generator=generator)
        )

    def distance(ours: Tensor, style: Tensor) -> float:
        return float(patch_loss(ours, style, patch_filters(torch.Generator().manual_seed(0))))

    # Means and powers are equal, so only the distributions differ.
    few, others = strokes(0.02, seed=0), strokes(0.02, seed=1)
    many = strokes(0.5, seed=2)
    assert distance(many, few) > 2 * distance(others, few)
    assert distance(few, few) == 0
    assert distance(0.5 + 0.5 * (few - 0.5), few) > 2 * distance(others, few)


def test_isotropy_loss_sees_bricks_and_screens_where_the_content_is_flat() -> None:
    noise = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    flat, busy = torch.full_like(noise, 0.5), noise.clamp(0, 1)
    bricks = 0.5 + 0.1 * F.avg_pool2d(F.pad(noise, (4, 4, 0, 0), mode="circular"), (1, 9), stride=1)

    def unevenness(image: Tensor, content: Tensor) -> float:
        return float(isotropy_loss(log_spectra(image), content))

    assert unevenness(0.5 + 0.1 * noise, flat) < 0.1
    assert unevenness(bricks, flat) > 1
    assert unevenness(bricks.transpose(2, 3), flat) > 1
    y, x = torch.meshgrid(torch.arange(128), torch.arange(128), indexing="ij")
    screen = 0.5 + 0.1 * noise + 0.1 * torch.cos(2 * torch.pi * (x + y) / 8)
    assert unevenness(screen, flat) > 4 * unevenness(0.5 + 0.1 * noise, flat)
    assert unevenness(bricks, busy) < 0.01


def test_coherence_loss_tells_strokes_from_cells_whichever_way_they_go() -> None:
    def noise(seed: int) -> Tensor:
        return torch.randn(2, 3, 160, 160, generator=torch.Generator().manual_seed(seed))

    def strokes(seed: int) -> Tensor:
        return 0.5 + 0.3 * F.avg_pool2d(F.pad(noise(seed), (8, 8, 0, 0), mode="circular"), (1, 17), stride=1)

    cells = 0.5 + 0.3 * F.avg_pool2d(noise(2), 5, stride=1, padding=2)
    across, down = strokes(0), strokes(1).transpose(2, 3)
    assert float(coherence_loss(cells, across)) > 5 * float(coherence_loss(down, across))
    assert float(coherence_loss(across, across)) == 0
    # A picture without any slope has a gradient all the same.
    flat = torch.full_like(across, 0.5, requires_grad=True)
    coherence_loss(flat, across).backward()
    assert flat.grad is not None and flat.grad.isfinite().all()


def test_structure_loss_wants_light_and_shade_whatever_their_contrast_and_colours() -> None:
    content = F.interpolate(torch.rand(2, 3, 8, 8), scale_factor=8, mode="bilinear")
    recoloured = 0.1 + 0.8 * content.mean(1, keepdim=True) * torch.tensor([0.9, 1.0, 0.2]).view(3, 1, 1)
    assert float(structure_loss(recoloured, content)) < 0.1
    assert float(structure_loss(1 - content, content)) > 3
    assert float(structure_loss(content.flip(3), content)) > 1


@pytest.mark.parametrize(
    ("loss_of", "seen", "unseen"),
    [(halo_loss, (0.3, 0.1, -0.2), (0.2, 0.2, 0.2)), (rim_loss, (0.3, 0.3, 0.3), (0.3, 0.0, -0.3))],
)
def test_halo_and_rim_losses_see_a_glow_beside_a_tower_and_no_strokes(
    loss_of: Callable[[Tensor, Tensor], Tensor], seen: tuple[float, ...], unseen: tuple[float, ...]
) -> None:
    """The one in its colour, the other in its light."""
    sky, tower = torch.tensor([0.5, 0.6, 0.8]).view(1, 3, 1, 1), torch.tensor([0.1, 0.1, 0.2]).view(1, 3, 1, 1)
    content = sky.expand(1, 3, 128, 128).clone()
    content[..., 48:80] = tower
    recoloured = content.flip(1) * 0.8
    assert float(loss_of(recoloured, content)) < 1e-5

    def lit(colour: tuple[float, ...], left: int, right: int) -> Tensor:
        glowing = recoloured.clone()
        glowing[..., left:right] += torch.tensor(colour).view(3, 1, 1)
        return glowing

    assert float(loss_of(lit(seen, 80, 96), content)) > 0.005
    assert float(loss_of(lit(unseen, 80, 96), content)) < 1e-5
    assert float(loss_of(lit(seen, 48, 80), content)) < 1e-5, "a tower may have any colour"
    strokes = 1.5 * (torch.arange(128) // 2 % 2 - 0.5) * torch.tensor(seen).view(3, 1, 1)
    assert float(loss_of(recoloured + strokes, content)) < 1e-5
    glowing = lit(seen, 32, 48)
    loss = float(loss_of(glowing, content))
    assert float(loss_of(glowing.transpose(2, 3), content.transpose(2, 3))) == pytest.approx(loss, rel=1e-3)
    both = torch.cat([glowing, recoloured]), torch.cat([content, content])
    assert float(loss_of(*both)) == pytest.approx(loss / 2, rel=1e-3)


def test_lattice_loss_sees_cells_of_upsampling() -> None:
    smooth = F.avg_pool2d(torch.randn(2, 3, 130, 130), 3, stride=1)[..., :128, :128]
    cells = F.interpolate(F.avg_pool2d(smooth, 2), scale_factor=2.0, mode="nearest")
    assert float(lattice_loss(smooth)) < 0.005
    assert float(lattice_loss(cells)) > 0.5
    assert float(lattice_loss(cells.roll(3, 3))) == pytest.approx(float(lattice_loss(cells)), rel=0.1)


def test_palette_loss_compares_colours_wherever_they_are() -> None:
    style = torch.rand(2, 3, 16, 16).repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert float(palette_loss(style.flip(2).transpose(2, 3), style)) == pytest.approx(0, abs=1e-6)
    swapped = style[:, [1, 2, 0]] * torch.tensor([1, 0.5, 0.2]).view(3, 1, 1)
    assert float(palette_loss(swapped, style)) > 0.05


def test_recompression_leaves_cells_and_keeps_the_picture() -> None:
    smooth = F.interpolate(torch.rand(2, 3, 9, 9), size=101, mode="bicubic")[..., :96, :96].clamp(0, 1)
    again = [recompressed((smooth * 255).round().byte(), seed) / 255 for seed in (1, 1, 2)]
    assert torch.equal(again[0], again[1])
    assert not torch.equal(again[0], again[2])
    assert again[0].shape == smooth.shape
    assert float((again[0] - smooth).abs().mean()) < 0.05
    assert float(lattice_loss(again[0])) > 1.5 * float(lattice_loss(smooth))


def test_content_loss_ignores_contrast_and_brightness_of_features() -> None:
    ours = levels(0)
    assert float(content_loss([3 * level + 2 for level in ours], ours)) == pytest.approx(0, abs=1e-3)
    assert float(content_loss(levels(1), ours)) > 1


def naive_target(content: list[Tensor], style: list[Tensor], level: int, side: int) -> Tensor:
    """The all-to-key target with plain loops, one sample, from the definition."""

    def normalised(x: Tensor) -> Tensor:
        return (x - x.mean((1, 2), keepdim=True)) / (x.var((1, 2), keepdim=True) + 1e-5).sqrt()

    def stacked(features: list[Tensor]) -> Tensor:
        step = [features[i].shape[-1] // features[level].shape[-1] for i in range(level + 1)]
        return torch.cat([normalised(features[i])[:, :: step[i], :: step[i]] for i in range(level + 1)])

    query, key, value = stacked(content), stacked(style), style[level]
    size = value.shape[-1]
    tiles = [(y, x) for y in range(0, size, side) for x in range(0, size, side)]
    out = content[level].clone()
    for head in range(8):
        qs = slice(head * len(query) // 8, (head + 1) * len(query) // 8)
        vs = slice(head * len(value) // 8, (head + 1) * len(value) // 8)

        def tile(x: Tensor, where: tuple[int, int]) -> Tensor:
            return x[:, where[0] : where[0] + side, where[1] : where[1] + side].flatten(1)

        keys, values = [tile(key[qs], t) for t in tiles], [tile(value[vs], t) for t in tiles]
        region_keys, region_values = [], []
        for k, v in zip(keys, values, strict=True):
            s = torch.sigmoid(k.mean(1) @ k)
            region_keys.append((k @ s + k.mean(1)) / (side * side + 1))
            region_values.append((v @ s + v.mean(1)) / (side * side + 1))
        for t in tiles:
            q = tile(query[qs], t)
            distributed = torch.stack(region_values, 1) @ torch.softmax(torch.stack(region_keys, 1).T @ q, 0)
            best = max(range(len(tiles)), key=lambda z: float((q * keys[z]).sum()))
            progressive = values[best] @ torch.softmax(keys[best].T @ q, 0)
            block = (distributed + progressive).view(-1, side, side)
            out[vs, t[0] : t[0] + side, t[1] : t[1] + side] += block
    return out


def test_all_to_key_loss_is_the_definition() -> None:
    stylized, content, style = levels(0, 64, 1), levels(1, 64, 1), levels(2, 64, 1)
    expected = 0.0
    for level, side in enumerate(A2K_BLOCKS, start=1):
        target = naive_target([c[0] for c in content], [s[0] for s in style], level, side)
        expected += float(((stylized[level][0] - target) ** 2).mean())
    assert float(all_to_key_loss(stylized, content, style)) == pytest.approx(expected, rel=1e-4)


def test_small_losses() -> None:
    ours = levels(0)
    assert float(feature_loss(ours, ours)) == 0
    assert float(feature_loss([x + 2 for x in ours], ours)) == pytest.approx(4 * len(ours), rel=1e-4)
    assert float(total_variation(torch.full((1, 3, 8, 8), 0.3))) == 0
    ramp = torch.arange(8.0).expand(1, 3, 8, 8)
    assert float(total_variation(ramp)) == pytest.approx(1)
    assert float(range_loss(torch.tensor([-1.0, 0.5, 3.0]))) == pytest.approx(1)


def test_distilled_network_gives_five_levels_and_is_frozen(tmp_path: Path) -> None:
    weights = write_distilled(tmp_path / "vgg.safetensors")
    network = FeatureNetwork(load_encoder("distilled", weights, encoder_config("distilled", wide=False)))
    images = torch.rand(2, 3, 64, 64)
    features = network(images)
    assert [tuple(f.shape) for f in features] == [(2, w, 64 >> i, 64 >> i) for i, w in enumerate(DISTILLED_WIDTHS)]
    assert not any(parameter.requires_grad for parameter in network.parameters())
    network.calibrate(images)
    for level in network(images):
        assert float(level.std((2, 3)).mean()) == pytest.approx(1, rel=5e-2)
    exact = network(images)
    with torch.autocast("cpu", torch.bfloat16):
        assert all(torch.equal(level, other) for level, other in zip(network(images), exact, strict=True))
    network.encoder.to(torch.bfloat16)
    for level, other in zip(network(images), exact, strict=True):
        assert level.dtype == torch.bfloat16
        assert (level.float() - other).abs().mean() < 0.02 * other.abs().max(), level.shape
    wide = load_encoder("distilled", weights, encoder_config("distilled", wide=True))
    assert [level.shape[1] for level in wide(images)] == [256, 512, 512]


def test_torchvision_and_normalised_files_are_mapped(tmp_path: Path) -> None:
    # The mapping alone: the true widths would make a file of 80 MB.
    import feature_network

    convolutions = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28]
    state = {f"features.{i}.{part}": torch.full((1,), float(i)) for i in convolutions for part in ("weight", "bias")}
    torch.save(state, tmp_path / "vgg19.pth")
    mapped = feature_network._torchvision(tmp_path / "vgg19.pth")
    assert [float(mapped[f"stages.{s}.{c}.bias"]) for s, c in ((0, 0), (1, 1), (2, 3), (4, 0))] == [0, 7, 16, 28]
    white = torch.nn.functional.conv2d(
        torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), mapped["conv0.weight"], mapped["conv0.bias"]
    )
    assert white.abs().max() < 1e-6

    indices = [0, 2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45]
    torch.save(
        {f"{i}.{part}": torch.full((1,), float(i)) for i in indices for part in ("weight", "bias")},
        tmp_path / "norm.pth",
    )
    mapped = feature_network._normalised(tmp_path / "norm.pth")
    assert [float(mapped[f"stages.{s}.{c}.weight"]) for s, c in ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0))] == [
        2,
        9,
        16,
        29,
        42,
    ]
    assert float(mapped["conv0.bias"]) == 0


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04 not safetensors"])
def test_missing_or_wrong_feature_weights_say_where_to_get_them(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "vgg.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FeatureNetworkError, match=r"vgg\.safetensors.*Collaborative-Distillation"):
        load_encoder("distilled", path, encoder_config("distilled", wide=False))
