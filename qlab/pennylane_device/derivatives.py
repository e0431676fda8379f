"""Derivatives of tapes with NumPy's parameters, by the adjoint method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.pennylane_device.execution import Simulation, execute
from qlab.pennylane_device.jobs import fingerprint, job_of
from qlab.pennylane_device.outcomes import Result, bare
from qlab.pennylane_device.script import Leaves

Array = NDArray[Any]


class Differentiable:
    """Tapes executed for the sake of their derivatives."""

    def __init__(self, tapes: Sequence[Any], simulation: Simulation) -> None:
        self._leaves = [_leaves(tape) for tape in tapes]
        jobs = [job_of(tape, _smooth(leaves)) for tape, leaves in zip(tapes, self._leaves, strict=True)]
        self._fingerprints = [fingerprint(job) for job in jobs]
        found = {place: outcome.tensors() for place, outcome in execute(jobs, simulation)}
        self._results = [found[place] for place in range(len(jobs))]

    @property
    def is_recognised(self) -> bool:
        """Whether it can be told from others; one with final states cannot."""
        return None not in self._fingerprints

    def is_of(self, tapes: Sequence[Any]) -> bool:
        """Return whether these tapes are surely those that were executed, by the same parameters."""
        if [list(tape.trainable_params) for tape in tapes] != [list(leaves) for leaves in self._leaves]:
            return False
        return self.is_recognised and [fingerprint(job_of(tape)) for tape in tapes] == self._fingerprints

    def results(self) -> tuple[Result, ...]:
        """Return the results of each tape as arrays."""
        return tuple(bare([result.detach().numpy()[()] for result in results]) for results in self._results)

    def products(self, cotangents: Sequence[Any]) -> tuple[tuple[Array, ...], ...]:
        """Return for each tape the gradient by each trainable parameter of the results' product with cotangents.

        A tape's cotangents have the structure of its results. PennyLane's gradient by a complex number is the
        conjugate of PyTorch's.
        """
        outputs, factors = [], []
        for results, cotangent in zip(self._results, cotangents, strict=True):
            for result, factor in zip(results, (cotangent,) if len(results) == 1 else cotangent, strict=True):
                if result.requires_grad:
                    outputs.append(result)
                    factors.append(torch.as_tensor(np.asarray(factor)).to(result.dtype).reshape(result.shape).conj())
        return self._gradients(outputs, factors)

    def jacobians(self) -> tuple[Any, ...]:
        """Return for each tape the derivative of each result by each trainable parameter.

        Its shape is that of the result, followed by that of the parameter. As PennyLane wants it, there is a tuple of
        results unless there is only one, of tuples of parameters unless there is only one.
        """
        flat = [_real(results) for results in self._results]  # one vector per tape
        rows: list[list[tuple[Array, ...]]] = [[] for _ in flat]
        for number in range(max(map(len, flat))):
            chosen = [vector[number] for vector in flat if number < len(vector)]
            outputs = [output for output in chosen if output.requires_grad]
            found = self._gradients(outputs, [torch.ones_like(output) for output in outputs])
            for vector, row, gradient in zip(flat, rows, found, strict=True):
                if number < len(vector):
                    row.append(gradient)
        return tuple(_jacobian(results, row) for results, row in zip(self._results, rows, strict=True))

    def _gradients(
        self, outputs: Sequence[torch.Tensor], factors: Sequence[torch.Tensor]
    ) -> tuple[tuple[Array, ...], ...]:
        """Return the gradients of sum(output * factor) by every tape's leaves; may be asked for again."""
        smooth = [_smooth(leaves) for leaves in self._leaves]
        flat = [leaf for leaves in smooth for leaf in leaves.values()]
        if outputs and flat:
            options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
            found = iter(torch.autograd.grad(outputs, flat, factors, **options))
        else:
            found = iter([torch.zeros_like(leaf) for leaf in flat])
        return tuple(
            tuple((next(found) if leaf.requires_grad else torch.zeros_like(leaf)).numpy() for leaf in leaves.values())
            for leaves in self._leaves
        )


def _smooth(leaves: Leaves) -> Leaves:
    """Return the leaves that there is a derivative by."""
    return {place: leaf for place, leaf in leaves.items() if leaf.requires_grad}


def _leaves(tape: Any) -> dict[int, torch.Tensor]:
    """Return the trainable parameters of a tape, by their places; whole numbers have no derivative to be asked for."""
    leaves = {}
    for place, value in zip(tape.trainable_params, tape.get_parameters(), strict=True):
        array = np.asarray(value)
        dtype = np.complex128 if np.iscomplexobj(array) else np.float64
        leaves[place] = torch.tensor(array.astype(dtype), requires_grad=array.dtype.kind in "fc")
    return leaves


def _real(results: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return all numbers of results as one vector, real and imaginary parts of complex ones in turn."""
    return torch.cat([(torch.view_as_real(each) if each.is_complex() else each).reshape(-1) for each in results])


def _jacobian(results: Sequence[torch.Tensor], rows: Sequence[tuple[Array, ...]]) -> Result:
    """Return what ``jacobians`` returns for one tape, from a row per number of ``_real``."""
    by_parameter = [np.stack(gradients) for gradients in zip(*rows, strict=True)]
    found, first = [], 0
    for result in results:
        last = first + result.numel() * (2 if result.is_complex() else 1)
        parts = [numbers[first:last] for numbers in by_parameter]
        if result.is_complex():
            parts = [part[::2] + 1j * part[1::2] for part in parts]
        found.append(bare([part.reshape((*result.shape, *part.shape[1:])) for part in parts]))
        first = last
    return bare(found)
