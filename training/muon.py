"""Muon: an optimizer whose steps are matrices with all singular values alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_MOMENTUM = 0.95
_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""Odd, of degree five: brings singular values of 0..1 to about 1 in five rounds (0.7 to 1.2)."""
_ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalized (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks").

    The weights of a convolution count as a matrix of outputs by all else, biases and single numbers as one of a single row.
    Steps are as large as Adam's with the same learning rate (root mean square 0.2 of it; Liu et al. 2025, "Muon is scalable
    for LLM training"). torch's own Muon takes no convolutions, and one matrix at a time, which is many small kernels; here all
    of one shape go together.

    Args:
        parameters: of any shape.
        lr: learning rate.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step, from the gradients that are there."""
        assert closure is None
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[tuple(parameter.shape)].append(parameter)
            for parameters in alike.values():
                self._step_of(parameters, group["lr"])

    def _step_of(self, parameters: list[nn.Parameter], lr: float) -> None:
        """A step of parameters of one shape."""
        gradients = _matrices([parameter.grad for parameter in parameters if parameter.grad is not None])
        places = [self._momentum(parameter) for parameter in parameters]
        before = _matrices(places)
        momentum = before.lerp(gradients, 1 - _MOMENTUM)
        steps = orthogonalized(gradients.lerp(momentum, _MOMENTUM))
        size = 0.2 * max(steps.shape[1:]) ** 0.5
        for parameter, place, kept, step in zip(parameters, places, momentum, steps, strict=True):
            place.copy_(kept.view_as(place))
            parameter.sub_(step.view_as(parameter), alpha=lr * size)

    def _momentum(self, parameter: nn.Parameter) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"]
        return momentum


def _matrices(tensors: list[Tensor]) -> Tensor:
    """Tensors of one shape as `[N, rows, columns]`."""
    stacked = torch.stack(tensors)
    rows = stacked.shape[1] if stacked.ndim > 2 else 1
    return stacked.reshape(len(tensors), rows, -1)


def orthogonalized(matrices: Tensor) -> Tensor:
    """`[N, rows, columns]` with the same singular vectors and singular values of about 1, by Newton-Schulz rounds."""
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    x = wide / (torch.linalg.matrix_norm(wide, keepdim=True) + 1e-7)
    a, b, c = _POLYNOMIAL
    for _ in range(_ROUNDS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide is matrices else x.mT
