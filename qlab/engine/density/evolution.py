"""Vectors through the stages of a layout, differentiable with bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from qlab.engine.density.memory import run_length
from qlab.engine.density.stages import MatrixStage, Stage
from qlab.engine.statevector import refuse_second_derivative


class Evolution:
    """Stages that are executed one after the other."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = list(stages)

    def __call__(self, vectors: torch.Tensor, matrices: Sequence[torch.Tensor], n_rows: int) -> torch.Tensor:
        """Return vectors (C, N') behind the stages for vectors (C, N), a chunk of ``n_rows`` ones.

        ``matrices`` (1 or C, rows, columns) are those of the stages, in order.
        """
        if not self.stages:
            return vectors
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (vectors, *matrices)):
            length = run_length(len(self.stages), n_rows * vectors[0].nbytes)
            found: torch.Tensor = _Evolve.apply(self, length, vectors, *matrices)  # type: ignore[no-untyped-call]
            return found
        return self.run(vectors, matrices, self.stages)

    def runs(self, length: int) -> list[list[Stage]]:
        """Return the stages in runs of so many."""
        return [self.stages[first : first + length] for first in range(0, len(self.stages), length)]

    @staticmethod
    def run(vectors: torch.Tensor, matrices: Sequence[torch.Tensor], stages: Sequence[Stage]) -> torch.Tensor:
        """Return the vectors behind some of the stages; two buffers take turns."""
        buffers = _Buffers(vectors)
        for stage in stages:
            new = buffers.next(stage.size(vectors.shape[1]))
            stage.apply(vectors, _of(stage, matrices), new)
            vectors = new
        return vectors if vectors.untyped_storage().nbytes() <= 2 * vectors.nbytes else vectors.clone()


class _Evolve(torch.autograd.Function):
    """Vectors and matrices -> vectors behind the stages."""

    @staticmethod
    def forward(
        ctx: Any, evolution: Evolution, length: int, vectors: torch.Tensor, *matrices: torch.Tensor
    ) -> torch.Tensor:
        kept = []
        for stages in evolution.runs(length):
            kept.append(vectors)
            vectors = evolution.run(vectors, matrices, stages)
        ctx.runs = evolution.runs(length)
        ctx.save_for_backward(*matrices, *kept)
        return vectors

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        refuse_second_derivative()
        count = len(ctx.needs_input_grad) - 3
        saved = ctx.saved_tensors
        matrices, kept = saved[:count], saved[count:]
        found: list[torch.Tensor | None] = [None] * count
        gradients = _Buffers(gradient)
        gradient = gradient.clone(memory_format=torch.contiguous_format)  # stages may spoil it
        for stages, first in zip(reversed(ctx.runs), reversed(kept), strict=True):
            before = [first]
            for stage in stages[:-1]:
                new = first.new_empty(len(first), stage.size(before[-1].shape[1]))
                stage.apply(before[-1], _of(stage, matrices), new)
                before.append(new)
            for stage, old in zip(reversed(stages), reversed(before), strict=True):
                if isinstance(stage, MatrixStage) and ctx.needs_input_grad[3 + stage.place]:
                    found[stage.place] = stage.by_matrix(old, gradient, len(matrices[stage.place]) == 1)
                earlier = gradients.next(old.shape[1])
                stage.transpose(gradient, _of(stage, matrices), earlier)
                gradient = earlier
        return (None, None, gradient, *found)


class _Buffers:
    """Two buffers for vectors that take turns."""

    def __init__(self, like: torch.Tensor) -> None:
        self._buffers = [like.new_empty(0), like.new_empty(0)]
        self._count = len(like)

    def next(self, length: int) -> torch.Tensor:
        """Return vectors (C, length) whose memory the last but one had."""
        self._buffers.reverse()
        if self._buffers[0].numel() < self._count * length:
            self._buffers[0] = self._buffers[0].new_empty(self._count * length)
        return self._buffers[0][: self._count * length].view(self._count, length)


def _of(stage: Stage, matrices: Sequence[torch.Tensor]) -> torch.Tensor | None:
    return None if stage.place is None else matrices[stage.place]
