"""The steps of a program on states (2^n, C), basis states first, and how the backward pass undoes them.

Undoing works on a pair (2, 2^n, C): the state psi and its gradient lambda behind the step. It leaves what both were
before the step, and adds to the gradients of what the step is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import ClassVar, Protocol

import torch

from qlab.engine.rotations import kron
from qlab.engine.zstrings import ZStrings


@dataclass(frozen=True, eq=False)
class Operands:
    """What the steps of one chunk of samples are made of, and the gradients by it that are collected.

    Attributes:
        shared: for each number k of qubits the matrices (S, 2^k, 2^k) of the blocks that all samples share.
        per_sample: (R, C, 2, 2), merged rotations that differ from sample to sample.
        shared_phases: (Q, 1), coefficients in radians.
        phases: (Q, C), coefficients in radians.
    """

    shared: dict[int, torch.Tensor]
    per_sample: torch.Tensor
    shared_phases: torch.Tensor
    phases: torch.Tensor


class Step(Protocol):
    """One linear map of the state."""

    @property
    def operands(self) -> frozenset[str]:
        """Which fields of ``Operands`` it depends on."""
        ...

    def apply(self, psi: torch.Tensor, operands: Operands) -> torch.Tensor:
        """Return the state (2^n, C) behind the step."""
        ...

    def undo(self, pair: torch.Tensor, operands: Operands, gradients: Operands) -> torch.Tensor:
        """Return the pair (2, 2^n, C) before the step; add to ``gradients``.

        For a matrix U, what is added is the sum of lambda psi^dagger, both behind the step: times U it is the gradient
        by U. For a rotation among others in a block it is the partial trace over the others.
        """
        ...


@dataclass(frozen=True)
class SharedBlock:
    """The same matrix on ``size`` neighbouring qubits of every sample, ``before`` qubits in front of them."""

    before: int
    size: int
    place: int
    operands: ClassVar[frozenset[str]] = frozenset({"shared"})

    def apply(self, psi: torch.Tensor, operands: Operands) -> torch.Tensor:
        """Return U psi."""
        return _multiply(operands.shared[self.size][self.place], psi, self.before)

    def undo(self, pair: torch.Tensor, operands: Operands, gradients: Operands) -> torch.Tensor:
        """Return U^dagger of both."""
        _, rows, columns = pair.shape
        view = pair.view(2, 1 << self.before, 1 << self.size, (rows >> self.before + self.size) * columns)
        psi, adjoint = view[0], view[1]
        rest_is_one = view.shape[3] == 1
        cross = adjoint[..., 0].T @ psi[..., 0].conj() if rest_is_one else torch.bmm(adjoint, psi.mH).sum(0)
        gradients.shared[self.size][self.place] += cross
        inverse = operands.shared[self.size][self.place].mH
        return _multiply(inverse, pair.view(2 * rows, columns), self.before + 1).view(pair.shape)


@dataclass(frozen=True)
class SampleBlock:
    """A Kronecker product of ``size`` rotations on neighbouring qubits, different from sample to sample."""

    before: int
    size: int
    place: int
    operands: ClassVar[frozenset[str]] = frozenset({"per_sample"})

    def apply(self, psi: torch.Tensor, operands: Operands) -> torch.Tensor:
        """Return U psi."""
        rows, columns = psi.shape
        front = self._to_front(psi[None])  # (C, 2^size, rest)
        return self._to_back(self._matrices(operands) @ front, 1, rows).view(rows, columns)

    def undo(self, pair: torch.Tensor, operands: Operands, gradients: Operands) -> torch.Tensor:
        """Return U^dagger of both."""
        front = self._to_front(pair)  # (C, 2^size, 2 rest)
        psi, adjoint = front.chunk(2, dim=2)
        cross = torch.bmm(adjoint, _dagger(psi))  # (C, 2^size, 2^size)
        gradients.per_sample[self.place : self.place + self.size] += partial_traces(cross, self.size)
        return self._to_back(_dagger(self._matrices(operands)) @ front, 2, pair.shape[1])

    def _matrices(self, operands: Operands) -> torch.Tensor:
        return kron(operands.per_sample[self.place : self.place + self.size].unbind())

    def _to_front(self, states: torch.Tensor) -> torch.Tensor:
        count, rows, columns = states.shape
        view = states.view(count, 1 << self.before, 1 << self.size, rows >> self.before + self.size, columns)
        return view.permute(4, 2, 0, 1, 3).reshape(columns, 1 << self.size, -1)

    def _to_back(self, front: torch.Tensor, count: int, rows: int) -> torch.Tensor:
        columns = len(front)
        view = front.view(columns, 1 << self.size, count, 1 << self.before, rows >> self.before + self.size)
        return view.permute(2, 3, 1, 4, 0).contiguous().view(count, rows, columns)


@dataclass(frozen=True, eq=False)
class Relabelling:
    """A permutation of basis states: new[j] = old[source[j]], old[j] = new[destination[j]]."""

    source: torch.Tensor
    destination: torch.Tensor
    operands: ClassVar[frozenset[str]] = frozenset()

    def apply(self, psi: torch.Tensor, operands: Operands) -> torch.Tensor:
        """Return the permuted state."""
        return psi.index_select(0, self.source)

    def undo(self, pair: torch.Tensor, operands: Operands, gradients: Operands) -> torch.Tensor:
        """Return both as before the permutation."""
        return pair.index_select(1, self.destination)


@dataclass(frozen=True, eq=False)
class Phases:
    """One phase per basis state; ``shared`` and ``own`` are slices of the coefficients of the program's phases."""

    shared_strings: ZStrings | None
    shared: slice
    own_strings: ZStrings | None
    own: slice
    operands: ClassVar[frozenset[str]] = frozenset({"shared_phases", "phases"})

    def apply(self, psi: torch.Tensor, operands: Operands) -> torch.Tensor:
        """Return exp(i phi) psi."""
        return psi * self._factor(operands)

    def undo(self, pair: torch.Tensor, operands: Operands, gradients: Operands) -> torch.Tensor:
        """Return exp(-i phi) of both."""
        psi, adjoint = pair[0], pair[1]
        by_phase = adjoint.imag * psi.real - adjoint.real * psi.imag  # (2^n, C)
        if self.shared_strings is not None:
            gradients.shared_phases[self.shared] += self.shared_strings.project(by_phase.sum(1, keepdim=True))
        if self.own_strings is not None:
            gradients.phases[self.own] += self.own_strings.project(by_phase)
        return pair * self._factor(operands).conj()

    def _factor(self, operands: Operands) -> torch.Tensor:
        angle: torch.Tensor | None = None  # (2^n, C), or (2^n, 1) where all is shared
        if self.shared_strings is not None:
            angle = self.shared_strings.sum(operands.shared_phases[self.shared])
        if self.own_strings is not None:
            own = self.own_strings.sum(operands.phases[self.own])
            angle = own if angle is None else angle + own
        assert angle is not None
        return torch.complex(angle.cos(), angle.sin())


def partial_traces(matrices: torch.Tensor, size: int) -> torch.Tensor:
    """Return for each of ``size`` qubits the trace over the others: (S, 2^size, 2^size) -> (size, S, 2, 2)."""
    table = _trace_table(size, matrices.dtype, matrices.device)  # (4^size, 4 size)
    return (matrices.flatten(1) @ table).view(-1, size, 2, 2).transpose(0, 1)


@lru_cache(maxsize=32)
def _trace_table(size: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    table = torch.zeros(1 << size, 1 << size, size, 2, 2, dtype=dtype)
    for row, column in product(range(1 << size), repeat=2):
        for qubit in range(size):
            shift = size - 1 - qubit
            if row & ~(1 << shift) == column & ~(1 << shift):  # the other qubits agree
                table[row, column, qubit, row >> shift & 1, column >> shift & 1] = 1
    return table.view(1 << 2 * size, 4 * size).to(device)


def _dagger(matrices: torch.Tensor) -> torch.Tensor:
    """Return the adjoint of matrices, conjugated at once: a lazy conjugation costs bmm a copy per matrix."""
    return matrices.conj_physical().mT


def _multiply(matrix: torch.Tensor, states: torch.Tensor, before: int) -> torch.Tensor:
    """Return a matrix (D, D) times the qubits behind the first ``before`` ones of states (rows, C)."""
    rows, columns = states.shape
    size = len(matrix)
    rest = (rows >> before) // size * columns
    if rest == 1:
        return (states.view(-1, size) @ matrix.T).view(rows, columns)
    view = states.view(1 << before, size, rest)
    return torch.bmm(matrix.expand(1 << before, size, size), view).view(rows, columns)
