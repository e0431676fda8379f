"""A program on a device: forward, and backward by the adjoint method, on a chunk of samples.

The backward pass needs no state but the last: it un-computes psi together with its gradient, step by step
(arXiv:2009.02823). So memory does not grow with the number of gates.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import torch

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.engine.angles import Angles
from qlab.engine.layout import Layout
from qlab.engine.measurement import Measurement
from qlab.engine.product import product_state, product_state_backward
from qlab.engine.program import compile_program
from qlab.engine.rotations import basis, kron
from qlab.engine.steps import Operands, partial_traces
from qlab.errors import CircuitError


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a simulation of C samples depends on, in the simulator's precision; also the gradients by it.

    Attributes:
        start: (n, 2, C) qubits of the product state at the start, or (n, 2, 1) where all samples share it, or the
            amplitudes (2^n, C) where they are inputs; complex.
        shared: (R, 4), merged rotations of all samples, as quaternions.
        per_sample: (S, C, 4), merged rotations of each sample.
        shared_phases: (P, 1), coefficients of phases of all samples, in radians.
        phases: (Q, C), coefficients of phases of each sample, in radians.
    """

    start: torch.Tensor
    shared: torch.Tensor
    per_sample: torch.Tensor
    shared_phases: torch.Tensor
    phases: torch.Tensor

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """Return the five tensors in order."""
        return tuple(getattr(self, item.name) for item in fields(self))

    def chunk(self, samples: slice) -> Numbers:
        """Return views of those of some samples."""
        start = self.start if self.start.shape[-1] == 1 else self.start[..., samples]
        return Numbers(start, self.shared, self.per_sample[:, samples], self.shared_phases, self.phases[:, samples])


class Simulator:
    """Executes one circuit with one list of observables, or with None for the sake of its final state."""

    def __init__(
        self, circuit: Circuit, observables: tuple[PauliWord, ...] | None, dtype: torch.dtype, device: torch.device
    ) -> None:
        program = compile_program(circuit, observables)
        layout = Layout(program, dtype, device)
        self.dtype = dtype
        self._n = circuit.n_qubits
        self._amplitudes = circuit.embeds_amplitudes
        self._start_is_shared = layout.start_is_shared
        self._steps = layout.steps
        self._blocks = {size: torch.tensor(blocks, device=device).T for size, blocks in layout.blocks.items()}
        self._basis = basis(dtype, device)  # (4, 2, 2)
        self._angles = Angles(layout.register, circuit.n_inputs, circuit.n_weights, device)
        self._measurement = Measurement(program.words, circuit.n_qubits, dtype.to_real(), device)

    def numbers(self, inputs: torch.Tensor, weights: torch.Tensor, first: torch.Tensor | None = None) -> Numbers:
        """Return what the simulation of inputs (B, n_inputs) and weights (n_weights,) depends on; differentiable.

        ``first`` (B, 2^n) is what a circuit of embedded amplitudes begins with in place of those among the inputs, as
        it is: complex, of any norm.

        Raises:
            CircuitError: amplitudes of a sample are all zero.
        """
        rotations, own, shared_phases, phases = self._angles(inputs.double(), weights.double())
        real = self.dtype.to_real()
        if self._amplitudes:
            amplitudes = normalised(inputs.double()[:, : 1 << self._n]) if first is None else first
            start = amplitudes.T.to(self.dtype)
        else:
            qubits = rotations[: self._n, None] if self._start_is_shared else own[: self._n]  # (n, C, 4)
            start = (qubits.to(real).to(self.dtype) @ self._basis[:, :, 0]).transpose(1, 2)
        return Numbers(start, *(tensor.to(real) for tensor in (rotations, own, shared_phases, phases)))

    def final_state(self, numbers: Numbers) -> torch.Tensor:
        """Return the state behind the last step: (2^n, C)."""
        operands = self._operands(numbers)
        psi = self._first_state(numbers)
        for step in self._steps:
            psi = step.apply(psi, operands)
        return psi

    def values(self, psi: torch.Tensor) -> torch.Tensor:
        """Return the expectation values (K, C) of final states (2^n, C)."""
        return self._measurement.values(psi)

    def backward(self, numbers: Numbers, psi: torch.Tensor, gradient: torch.Tensor, needed: frozenset[str]) -> Numbers:
        """Return the gradients by ``numbers`` for gradients (K, C) by the values; those not ``needed`` stay zero.

        ``needed`` names fields of ``Numbers``. ``psi`` is the final state (2^n, C) and is left as it is.
        """
        return self.state_backward(numbers, psi, self._measurement.adjoint(psi, gradient), needed)

    def state_backward(
        self, numbers: Numbers, psi: torch.Tensor, gradient: torch.Tensor, needed: frozenset[str]
    ) -> Numbers:
        """Return what ``backward`` returns, for the gradient (2^n, C) by the final state."""
        operands = self._operands(numbers)
        collected = Operands(
            shared={size: torch.zeros_like(matrices) for size, matrices in operands.shared.items()},
            per_sample=torch.zeros_like(operands.per_sample),
            shared_phases=torch.zeros_like(numbers.shared_phases),
            phases=torch.zeros_like(numbers.phases),
        )
        pair = torch.stack([psi, gradient])
        for step in reversed(self._steps[self._first_needed(needed) :]):
            pair = step.undo(pair, operands, collected)
        start = self._start_gradient(numbers.start, pair[1]) if "start" in needed else torch.zeros_like(numbers.start)
        return Numbers(
            start=start,
            shared=self._by_quaternions(self._by_rotations(collected.shared, numbers.shared), numbers.shared),
            per_sample=self._by_quaternions(collected.per_sample, numbers.per_sample),
            shared_phases=collected.shared_phases,
            phases=collected.phases,
        )

    def _operands(self, numbers: Numbers) -> Operands:
        rotations = self._matrices(numbers.shared)
        return Operands(
            shared={size: kron(rotations[places].unbind()) for size, places in self._blocks.items()},
            per_sample=self._matrices(numbers.per_sample),
            shared_phases=numbers.shared_phases,
            phases=numbers.phases,
        )

    def _matrices(self, quaternions: torch.Tensor) -> torch.Tensor:
        """Return matrices (..., 2, 2) of quaternions (..., 4)."""
        flat = quaternions.to(self.dtype) @ self._basis.view(4, 4)
        return flat.view(*quaternions.shape[:-1], 2, 2)

    def _first_state(self, numbers: Numbers) -> torch.Tensor:
        if self._amplitudes:
            return numbers.start.contiguous()
        columns = numbers.phases.shape[1]
        return product_state(numbers.start).expand(-1, columns).contiguous()

    def _start_gradient(self, start: torch.Tensor, adjoint: torch.Tensor) -> torch.Tensor:
        if self._amplitudes:
            return adjoint
        summed = adjoint if start.shape[-1] == adjoint.shape[-1] else adjoint.sum(1, keepdim=True)
        return product_state_backward(start, summed)

    def _first_needed(self, needed: frozenset[str]) -> int:
        """Return the number of the first step that a needed gradient depends on."""
        if "start" in needed:
            return 0
        return next((i for i, step in enumerate(self._steps) if step.operands & needed), len(self._steps))

    def _by_rotations(self, by_block: dict[int, torch.Tensor], like: torch.Tensor) -> torch.Tensor:
        """Return sums of lambda psi^dagger (R, 2, 2) for each merged rotation from those for each block."""
        by_rotation = torch.zeros(len(like), 2, 2, dtype=self.dtype, device=like.device)
        for size, places in self._blocks.items():
            by_rotation[places] = partial_traces(by_block[size], size)
        return by_rotation

    def _by_quaternions(self, by_rotation: torch.Tensor, quaternions: torch.Tensor) -> torch.Tensor:
        """Return gradients (..., 4) by quaternions from sums of lambda psi^dagger (..., 2, 2) behind the rotations."""
        by_matrix = by_rotation @ self._matrices(quaternions)
        return (by_matrix.flatten(-2) @ self._basis.view(4, 4).mH).real


def normalised(amplitudes: torch.Tensor) -> torch.Tensor:
    """Return amplitudes (B, 2^n) divided by their norm, sample by sample.

    Raises:
        CircuitError: all amplitudes of a sample are zero.
    """
    norms: torch.Tensor = torch.linalg.vector_norm(amplitudes, dim=1, keepdim=True)
    empty = (norms == 0).flatten().nonzero()
    if len(empty):
        raise CircuitError(f"sample {int(empty[0])} cannot be embedded: all its {amplitudes.shape[1]} amplitudes are 0")
    return amplitudes / norms


@lru_cache(maxsize=64)
def simulator(
    circuit: Circuit, observables: tuple[PauliWord, ...] | None, dtype: torch.dtype, device: torch.device
) -> Simulator:
    """Return the simulator of a circuit; compiled once, kept for later calls."""
    return Simulator(circuit, observables, dtype, device)
