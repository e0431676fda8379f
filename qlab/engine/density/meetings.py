"""Where states and observables meet: from inputs to values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch

from qlab.engine.density.measured import Measurement, Observables
from qlab.engine.density.memory import Rows
from qlab.engine.density.starts import matrices_of, product_values, pure_values
from qlab.engine.density.states import Amplitudes, OfInputs, ProductStates, States


@dataclass(frozen=True)
class Work:
    """What is to be done for each sample.

    Attributes:
        values: from inputs (C, n_inputs) to values (C, K).
        rows: what samples take on the way.
    """

    values: OfInputs
    rows: Rows


class Meeting(Protocol):
    """One way to get values."""

    def work(self, weights: torch.Tensor, n_rows: int) -> Work:
        """Do what is done once for all ``n_rows`` samples, and return what is left for each."""
        ...


@dataclass(frozen=True)
class StatesMeasured:
    """Everything is executed on states."""

    states: States
    measurement: Measurement

    def work(self, weights: torch.Tensor, n_rows: int) -> Work:
        """See ``Meeting``."""
        states = self.states.of_inputs(weights, n_rows)
        return Work(lambda inputs: self.measurement(states(inputs)), self.states.rows(n_rows))


@dataclass(frozen=True)
class StatesWithObservables:
    """What inputs enter, and what is before that, is executed on states."""

    states: States
    observables: Observables

    def work(self, weights: torch.Tensor, n_rows: int) -> Work:
        """See ``Meeting``."""
        states, observables = self.states.of_inputs(weights, n_rows), self.observables(weights)
        return Work(lambda inputs: states(inputs) @ observables.T, self.states.rows(n_rows))


@dataclass(frozen=True)
class AmplitudesWithObservables:
    """Everything but the embedding of amplitudes is executed on observables."""

    amplitudes: Amplitudes
    observables: Observables

    def work(self, weights: torch.Tensor, n_rows: int) -> Work:
        """See ``Meeting``."""
        matrices = matrices_of(self.observables(weights), self.amplitudes.n_qubits)
        rows = Rows(n_rows, 2 * matrices[:, 0].nbytes, 0, 1)
        return Work(lambda inputs: pure_values(matrices, self.amplitudes(inputs)), rows)


@dataclass(frozen=True)
class ProductsWithObservables:
    """Everything but a product state of each sample is executed on observables."""

    products: ProductStates
    observables: Observables

    def work(self, weights: torch.Tensor, n_rows: int) -> Work:
        """See ``Meeting``."""
        products, observables = self.products.of_inputs(weights), self.observables(weights)
        rows = Rows(n_rows, 2 * observables.nbytes // math.isqrt(observables.shape[1]), 0, 1)
        return Work(lambda inputs: product_values(observables, products(inputs)), rows)
