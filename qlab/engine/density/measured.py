"""Sums of Pauli products: executed backwards as observables, or looked up in states."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch

from qlab.circuits.circuit import Circuit
from qlab.engine.density.execution import Execution
from qlab.engine.density.layout import Layout, Order
from qlab.engine.density.memory import in_chunks
from qlab.engine.density.products import Products
from qlab.engine.density.starts import halves


class Observables:
    """Sums of products behind the steps of a layout, whose matrices are transposed."""

    def __init__(
        self,
        products: Products,
        layout: Layout,
        qubits: Order,
        circuit: Circuit,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._execution = Execution(layout, circuit, dtype, device)
        self._rows = layout.rows(len(products.constants), dtype)
        columns = products.digits[:, [qubits.index(qubit) for qubit in layout.first]]
        self._digits = torch.as_tensor(columns.T.copy(), dtype=torch.int64, device=device)  # (n, S)
        self._coefficients = torch.as_tensor(products.coefficients, dtype=dtype, device=device)
        ends = np.searchsorted(products.sums, range(len(products.constants) + 1))
        self._spans = [slice(int(first), int(end)) for first, end in pairwise(ends)]
        self._unit = torch.eye(4, dtype=dtype, device=device)

    def __call__(self, weights: torch.Tensor) -> torch.Tensor:
        """Return the observables (K, N) in the order of the layout, for weights (n_weights,)."""
        execution = self._execution
        matrices = execution.matrices.shared(weights)
        starts = [execution.start(qubit, matrices) for qubit in execution.first]
        columns = [self._unit if start is None else start[0].T for start in starts]
        vectors = [column.index_select(0, digits) for column, digits in zip(columns, self._digits, strict=True)]
        left, right = halves(vectors)  # (S, L), (S, R)
        left = left * self._coefficients[:, None]

        def evolved(sums: torch.Tensor) -> torch.Tensor:
            spans = [self._spans[number] for number in sums.tolist()]
            start = torch.stack([(left[span].T @ right[span]).flatten() for span in spans])
            return execution.evolved(start, matrices, len(self._spans))

        numbers = torch.arange(len(self._spans), device=weights.device)
        return in_chunks(evolved, numbers, self._rows)


class Measurement:
    """Sums of products in states."""

    def __init__(
        self, products: Products, qubits: Order, order: Order, dtype: torch.dtype, device: torch.device
    ) -> None:
        powers = {qubit: 4**place for place, qubit in enumerate(reversed(order))}
        places = products.digits.astype(np.int64) @ np.array([powers[qubit] for qubit in qubits])
        self._places = torch.as_tensor(places, device=device)
        self._coefficients = torch.as_tensor(products.coefficients, dtype=dtype, device=device)
        self._sums = torch.as_tensor(products.sums, device=device)
        self._n_sums = len(products.constants)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return the values (C, K) in states (C, 4^n)."""
        values = states.index_select(1, self._places) * self._coefficients  # (C, S)
        return values.new_zeros(len(states), self._n_sums).index_add(1, self._sums, values)
