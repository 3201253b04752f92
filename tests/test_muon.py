"""The optimizer: directions and sizes of its steps, and resuming."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from training.muon import Muon, orthogonalized


def parameter(*shape: int, gradient: Tensor | None = None) -> nn.Parameter:
    made = nn.Parameter(torch.zeros(shape))
    made.grad = torch.randn(shape) if gradient is None else gradient
    return made


@pytest.mark.parametrize("shape", [(3, 16, 50), (2, 40, 9), (2, 1, 20)])
def test_orthogonalized_keeps_the_singular_vectors_and_evens_the_values(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    matrices = 1e3 * torch.randn(shape)
    u, values, v = torch.linalg.svd(matrices, full_matrices=False)
    inner = u.mT @ orthogonalized(matrices) @ v.mT
    new = inner.diagonal(dim1=1, dim2=2)
    assert bool(((new > 0.5) & (new < 1.4)).all()), "values of about 1"
    assert values.max() / values.min() >= new.max() / new.min(), "evened"
    torch.testing.assert_close(inner, torch.diag_embed(new), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "shape", [(32, 16, 3, 3), (24, 40), (50,), ()], ids=["convolution", "matrix", "bias", "number"]
)
def test_a_step_is_as_large_as_its_learning_rate_says_and_goes_down(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weight = parameter(*shape)
    assert weight.grad is not None
    Muon([weight], lr=1e-2).step()
    assert weight.detach().square().mean().sqrt().item() == pytest.approx(0.2e-2, rel=0.4)
    matrix = weight.grad.flatten(1) if weight.ndim > 1 else weight.grad.reshape(1, -1)
    torch.testing.assert_close(
        nn.functional.normalize(weight.detach().flatten(), dim=0),
        -nn.functional.normalize(orthogonalized(matrix[None]).flatten(), dim=0),
    )


def test_parameters_of_one_shape_step_as_they_would_alone() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(8, 4, 3, 3) for _ in range(6)]
    together = [parameter(8, 4, 3, 3) for _ in range(3)]
    optimizer = Muon([*together, nn.Parameter(torch.ones(5, 5))], lr=1e-3)  # the last one has no gradient
    alone = [parameter(8, 4, 3, 3) for _ in range(3)]
    optimizers = [Muon([weight], lr=1e-3) for weight in alone]
    for step in range(2):
        for weights in (together, alone):
            for weight, gradient in zip(weights, gradients[3 * step :][:3], strict=True):
                weight.grad = gradient.clone()
        for each in (optimizer, *optimizers):
            each.step()
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other)


def test_channels_last_weights_take_the_same_steps() -> None:
    torch.manual_seed(0)
    gradient = torch.randn(8, 4, 3, 3)
    plain = parameter(8, 4, 3, 3, gradient=gradient)
    other = nn.Parameter(torch.zeros(8, 4, 3, 3).contiguous(memory_format=torch.channels_last))
    other.grad = gradient.contiguous(memory_format=torch.channels_last)
    for weight in (plain, other):
        Muon([weight], lr=1e-3).step()
    torch.testing.assert_close(plain, other)


def test_it_solves_a_regression() -> None:
    torch.manual_seed(0)
    inputs, wanted = torch.randn(64, 16), torch.randn(24, 16)
    weight = nn.Parameter(torch.zeros(24, 16))
    optimizer = Muon([weight], lr=0.0)
    for step in range(150):
        optimizer.param_groups[0]["lr"] = 0.2 * (1 - step / 150)
        optimizer.zero_grad()
        (inputs @ (weight - wanted).T).square().mean().backward()
        optimizer.step()
    assert (weight.detach() - wanted).square().mean() < 1e-3 * wanted.square().mean()


def test_a_saved_state_goes_on_as_if_never_stopped() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(8, 6) for _ in range(3)]
    whole, first = parameter(8, 6), parameter(8, 6)
    optimizers = [Muon([whole], lr=1e-3), Muon([first], lr=1e-3)]
    for gradient in gradients[:2]:
        for weight, optimizer in zip((whole, first), optimizers, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
    second = nn.Parameter(first.detach().clone())
    resumed = Muon([second], lr=1.0)
    resumed.load_state_dict(optimizers[1].state_dict())
    for weight, optimizer in ((whole, optimizers[0]), (second, resumed)):
        weight.grad = gradients[2].clone()
        optimizer.step()
    torch.testing.assert_close(second, whole, rtol=0, atol=0)
