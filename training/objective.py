"""What one training step computes: a batch in, the loss and its terms out."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from draws import WHITE_PERIOD, Draws, Plan, quarter
from texture_losses import (
    coherence_loss,
    isotropy_loss,
    lattice_loss,
    log_spectra,
    patch_loss,
    spectrum_loss,
    spread_loss,
)
from torch import Tensor, nn
from torch.func import functional_call

from a2k_core import StyA2K
from a2k_core.colour import colours_of
from a2k_core.encoder import Features
from a2k_core.grain import style_grain, white_noise
from a2k_core.statistics import Moments, channel_moments, normalize
from feature_network import FeatureNetwork
from losses import (
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
from options import Options

Terms = dict[str, Tensor]
"""Detached loss terms by name, already weighted: they add up to the loss."""


class Pairing(NamedTuple):
    """What the contents of a batch are to be painted in, and how."""

    style: Tensor
    """`[B, 3, S, S]` in 0..1, as the contents."""

    plan: Plan
    """From `draw`, as the draws."""

    draws: Draws

    marked: Tensor | None = None
    """The first `quarter` of the contents recompressed, where the plan wants them."""


class Batch(NamedTuple):
    """What a step is given."""

    content: Tensor
    """`[B, 3, S, S]` in 0..1."""

    pairing: Pairing | None = None
    """None for the autoencoder."""


class Objective(nn.Module):
    """The network with its losses in one `forward`, so that DistributedDataParallel can wrap both stages of training."""

    def __init__(self, model: StyA2K, features: FeatureNetwork, options: Options) -> None:
        super().__init__()
        self.model = model
        self.options = options
        self.white: Tensor
        self.register_buffer("white", white_noise(WHITE_PERIOD), persistent=False)
        # In a tuple: the frozen network is no part of what is saved or averaged.
        self._features = (features,)
        own, theirs = model.config.channels, features.encoder.widths[2:]
        self.regression = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(own, theirs, strict=True))

    def forward(self, batch: Batch) -> tuple[Tensor, Terms]:
        """Loss and terms of a step; without a pairing, of the autoencoder's."""
        content, pairing = batch
        terms = self._reconstruct(content) if pairing is None else self._stylize(content, pairing)
        loss = torch.stack(list(terms.values())).sum()
        return loss, {name: term.detach() for name, term in terms.items()}

    def _reconstruct(self, images: Tensor) -> Terms:
        features = self.model.encoder(images)
        # The finest features could rebuild the picture alone, and the deeper path would fall silent for good: a third of the
        # pictures has to do without those at stride 4, a third without those at stride 8 too.
        level4, level8, level16 = features
        hidden = (torch.arange(len(images), device=images.device) % 3).view(-1, 1, 1, 1)
        rebuilt = self.model.decode((level4 * (hidden < 1), level8 * (hidden < 2), level16))
        with torch.no_grad():
            target = self._features[0](images)
        return {
            "pixels": 20 * F.mse_loss(rebuilt.float(), images),
            "features": feature_loss(self._features[0](rebuilt)[:4], target[:4]),
            "regression": self._regression(features, target),
        }

    def _stylize(self, content: Tensor, pairing: Pairing) -> Terms:
        options, batch = self.options, len(content)
        style, plan, draws, marked = pairing
        count = quarter(batch)
        again, in_style = content[:0], style[:0]
        identity = plan.again in ("contents", "styles")
        if identity:
            again = in_style = (style if plan.again == "styles" else content)[:count]
        elif marked is not None:
            again, in_style = marked, style[:count]
        source, target_style = torch.cat([content, again]), torch.cat([style, in_style])

        grain = style_grain(target_style, self._white(source.shape[-1], draws.offset))
        source_features = self.model.encoder(source + options.grain * grain)
        style_features = self.model.encoder(target_style)
        encoded = self.model.encode_style_features(style_features, colours_of(target_style), grain)
        moments = [channel_moments(level) for level in source_features]
        decoded = self.model.decode(self.model.stylize(source_features, moments, encoded, 1.0)).float()
        decoded = self.model.mend_rims(decoded, source)
        stylized = self.model.match_colours(decoded, encoded)

        shown, shown_source, shown_style = stylized, source, style
        if plan.view_size is not None:
            view = draws.view(plan.view_size)
            shown, shown_source, shown_style = view.of(stylized), view.of(source), view.of(style)
        ours = self._features[0](shown)
        with torch.no_grad():
            of_content, of_style = self._features[0](shown_source), self._features[0](shown_style)
        # Pairs, and what went through once more.
        pictures, repeated = stylized.split([batch, len(source) - batch])
        paired, of_repeated = zip(*(level.split([batch, len(source) - batch]) for level in ours), strict=True)
        content_levels = [level[:batch] for level in of_content]
        ours_moments, style_moments = ([channel_moments(level) for level in levels] for levels in (paired, of_style))
        terms = {"style": options.style_weight * global_loss(ours_moments[:4], style_moments[:4])}
        if options.shallow_style_weight:
            terms["shallow_style"] = options.shallow_style_weight * global_loss(ours_moments[:2], style_moments[:2])
        if options.deep_style_weight:
            terms["deep_style"] = options.deep_style_weight * global_loss(ours_moments[4:], style_moments[4:])
        if options.own_style_weight:
            own = self._own_features(pictures)
            wanted = [Moments(level.mean[:batch].detach(), level.std[:batch].detach()) for level in encoded.levels]
            terms["own_style"] = options.own_style_weight * relative_loss(own, wanted)
        if options.covariance_weight:
            terms["covariance"] = options.covariance_weight * covariance_loss(paired[:4], of_style[:4])
        if options.spectrum_weight or options.spread_weight or options.isotropy_weight:
            spectra, style_spectra = log_spectra(pictures), log_spectra(style)
            if options.spectrum_weight:
                terms["spectrum"] = options.spectrum_weight * spectrum_loss(spectra, style_spectra)
            if options.spread_weight:
                terms["spread"] = options.spread_weight * spread_loss(spectra, style_spectra)
            if options.isotropy_weight:
                terms["isotropy"] = options.isotropy_weight * isotropy_loss(spectra, content)
        if options.coherence_weight:
            terms["coherence"] = options.coherence_weight * coherence_loss(pictures, style)
        if options.lattice_weight:
            terms["lattice"] = options.lattice_weight * lattice_loss(stylized)
        if options.palette_weight:
            terms["palette"] = options.palette_weight * palette_loss(pictures, style)
        if options.patch_weight:
            terms["patches"] = options.patch_weight * patch_loss(pictures, style, draws.filters)
        if marked is not None:
            terms["recompression"] = options.recompression_weight * F.mse_loss(repeated, pictures[:count])
        if options.a2k_weight:
            terms["a2k"] = options.a2k_weight * all_to_key_loss(paired, content_levels, of_style)
        if options.content_weight:
            terms["content"] = options.content_weight * content_loss(paired[3:], content_levels[3:])
        if options.far_content_weight:
            ours_afar = self._features[0](F.avg_pool2d(shown[:batch], 2))[3:]
            with torch.no_grad():
                content_afar = self._features[0](F.avg_pool2d(shown_source[:batch], 2))[3:]
            terms["far_content"] = options.far_content_weight * content_loss(ours_afar, content_afar)
        if options.structure_weight:
            terms["structure"] = options.structure_weight * structure_loss(pictures, content)
        if options.halo_weight:
            terms["halo"] = options.halo_weight * halo_loss(pictures, content)
        if options.rim_weight:
            terms["rim"] = options.rim_weight * rim_loss(pictures, content)
        if self.model.config.colour_match and options.match_weight:
            terms["match"] = options.match_weight * F.mse_loss(decoded, stylized.detach())
        if identity:
            pixels = F.mse_loss(repeated, again)
            deep = feature_loss(of_repeated[:4], [level[batch:] for level in of_content[:4]])
            terms["identity"] = options.identity_weight * (pixels + 0.05 * deep)
        if options.regression_weight and plan.view_size is None:
            terms["regression"] = options.regression_weight * self._regression(source_features, of_content)
        if options.tv_weight:
            terms["tv"] = options.tv_weight * total_variation(pictures)
        if options.range_weight:
            terms["range"] = options.range_weight * range_loss(pictures)
        return terms

    def _white(self, side: int, offset: Tensor) -> Tensor:
        """`[side, side]` of the repeating white noise, from anywhere in it."""
        rows, columns = ((start + torch.arange(side, device=self.white.device)) % WHITE_PERIOD for start in offset)
        return self.white[rows[:, None], columns]

    def _own_features(self, images: Tensor) -> Features:
        """The encoder's features of results; what it computes them with is not taught by them."""
        frozen = {name: parameter.detach() for name, parameter in self.model.encoder.named_parameters()}
        features: Features = functional_call(self.model.encoder, frozen, (images,))
        return features

    def _regression(self, features: Features, target: list[Tensor]) -> Tensor:
        """How far the encoder's features are from a linear map to the normalised relu3_1, relu4_1, relu5_1."""
        total = features[0].new_zeros((), dtype=torch.float32)
        for head, level, wanted in zip(self.regression, features, target[2:], strict=True):
            total = total + F.mse_loss(head(level).float(), normalize(wanted, channel_moments(wanted)))
        return total
