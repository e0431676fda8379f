"""States of all samples: executed, or still as they begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from qlab.circuits.circuit import Circuit
from qlab.engine.density.execution import Execution, Matrices
from qlab.engine.density.layout import Layout, Order
from qlab.engine.density.memory import Rows
from qlab.engine.density.plan import Prefix
from qlab.engine.density.starts import outer, pure_vectors
from qlab.engine.simulator import normalised

_ZERO_STATE = (0, 3)  # I and Z, the coefficients of |0> that are not zero; both are 1

OfInputs = Callable[[torch.Tensor], torch.Tensor]


class Amplitudes:
    """Pure states whose amplitudes are the first inputs."""

    def __init__(self, n_qubits: int, dtype: torch.dtype) -> None:
        self.n_qubits, self._dtype = n_qubits, dtype

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the amplitudes (C, 2^n) for inputs (C, n_inputs); raises ``CircuitError`` where all are zero."""
        return normalised(inputs[:, : 1 << self.n_qubits]).to(self._dtype)


class ProductStates:
    """Product states, of each qubit the coefficients that observables can see."""

    def __init__(
        self,
        prefix: Mapping[int, Prefix],
        order: Order,
        circuit: Circuit,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._prefix, self._order = prefix, order
        self._matrices = Matrices([part.block for part in prefix.values()], circuit, dtype, device)
        self._one = torch.ones(1, 1, dtype=dtype, device=device)

    def of_inputs(self, weights: torch.Tensor) -> Callable[[torch.Tensor], list[torch.Tensor]]:
        """Return the function from inputs (C, n_inputs) to vectors (1 or C, s), one for each qubit."""
        shared = self._matrices.shared(weights)

        def vectors(inputs: torch.Tensor) -> list[torch.Tensor]:
            matrices = dict(zip(self._prefix, self._matrices.all(shared, inputs, weights), strict=True))
            return [
                matrices[qubit][:, self._prefix[qubit].support][:, :, _ZERO_STATE].sum(2)
                if qubit in matrices
                else self._one
                for qubit in self._order
            ]

        return vectors


class States:
    """States of which part of a circuit, or all of it, is executed."""

    def __init__(
        self, layout: Layout, amplitudes: Amplitudes | None, circuit: Circuit, dtype: torch.dtype, device: torch.device
    ) -> None:
        self._execution = Execution(layout, circuit, dtype, device)
        self._amplitudes = amplitudes
        self._zero = torch.tensor([[1.0, 0.0, 0.0, 1.0]], dtype=dtype, device=device)
        self._layout, self._dtype = layout, dtype

    def rows(self, count: int) -> Rows:
        """Return what states of so many samples take."""
        return self._layout.rows(count, self._dtype)

    def of_inputs(self, weights: torch.Tensor, n_rows: int) -> OfInputs:
        """Return the function from inputs (C, n_inputs), a chunk of ``n_rows``, to states (C, 4^n)."""
        shared = self._execution.matrices.shared(weights)

        def vectors(inputs: torch.Tensor) -> torch.Tensor:
            matrices = self._execution.matrices.all(shared, inputs, weights)
            if self._amplitudes is None:
                start = outer(self._product(matrices)).expand(len(inputs), -1).contiguous()
            else:
                start = pure_vectors(self._amplitudes(inputs))
            return self._execution.evolved(start, matrices, n_rows)

        return vectors

    def _product(self, matrices: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        starts = [self._execution.start(qubit, matrices) for qubit in self._execution.first]
        return [self._zero if start is None else start[:, :, _ZERO_STATE].sum(2) for start in starts]
