"""Training steps as CUDA graphs: a GPU is done with most kernels of a step long before it has been asked for the next."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from typing import NamedTuple

import torch
from torch import Tensor

from a2k_core.devices import all_kept
from objective import Batch, Terms

Gradients = Callable[[Batch], tuple[Tensor, Terms]]
"""A batch to its loss and terms, detached; the gradients are left in the parameters."""


class _Captured(NamedTuple):
    graph: torch.cuda.CUDAGraph
    batch: Batch
    loss: Tensor
    terms: Terms
    read: list[Tensor]


class CapturedSteps:
    """`Gradients` whose kernels are captured when a kind of step comes for the second time, and replayed from then on.

    A kind is a plan with the shapes of the batch. The parameters and their gradients must keep their places from step to
    step. What is given is overwritten by the next step.
    """

    def __init__(self, gradients: Gradients) -> None:
        self._gradients = gradients
        self._met: set[Hashable] = set()
        self._captured: dict[Hashable, _Captured] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, batch: Batch) -> tuple[Tensor, Terms]:
        """A step as `Gradients` makes it."""
        kind = batch.pairing and batch.pairing.plan, *(x.shape for x in _tensors(batch))
        if kind not in self._met:  # libraries choose and set up what a capture must find ready
            self._met.add(kind)
            return self._gradients(batch)
        if kind not in self._captured:
            self._captured[kind] = self._capture(batch)
        captured = self._captured[kind]
        for place, value in zip(_tensors(captured.batch), _tensors(batch), strict=True):
            place.copy_(value)
        captured.graph.replay()
        return captured.loss, captured.terms

    def _capture(self, batch: Batch) -> _Captured:
        places = copy.deepcopy(batch)
        graph = torch.cuda.CUDAGraph()
        # Other threads, which read pictures, may go on meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            loss, terms = self._gradients(places)
        return _Captured(graph, places, loss, terms, all_kept())


def _tensors(batch: Batch) -> list[Tensor]:
    content, pairing = batch
    if pairing is None:
        return [content]
    return [content, pairing.style, *pairing.draws, *([] if pairing.marked is None else [pairing.marked])]
