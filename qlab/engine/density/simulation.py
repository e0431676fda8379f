"""A plan on a device: values of its words for a batch of inputs and a set of weights."""

from __future__ import annotations

import torch

from qlab.circuits.circuit import Circuit
from qlab.engine.density.measured import Measurement, Observables
from qlab.engine.density.meetings import (
    AmplitudesWithObservables,
    Meeting,
    ProductsWithObservables,
    StatesMeasured,
    StatesWithObservables,
)
from qlab.engine.density.memory import in_chunks
from qlab.engine.density.plan import Plan
from qlab.engine.density.states import Amplitudes, ProductStates, States


class Simulation:
    """Executes one plan."""

    def __init__(self, plan: Plan, circuit: Circuit, dtype: torch.dtype, device: torch.device) -> None:
        self._has_inputs = plan.has_inputs
        self._meeting = _meeting(plan, circuit, dtype, device)
        self._constants = torch.as_tensor(plan.products.constants, dtype=dtype, device=device)

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return values (B, K) for float64 inputs (B, n_inputs) and weights (n_weights,)."""
        rows = inputs if self._has_inputs else inputs[:1]
        work = self._meeting.work(weights, len(rows))
        found = in_chunks(work.values, rows, work.rows) + self._constants
        return found.expand(len(inputs), -1)


def _meeting(plan: Plan, circuit: Circuit, dtype: torch.dtype, device: torch.device) -> Meeting:
    amplitudes = Amplitudes(circuit.n_qubits, dtype) if plan.amplitudes else None
    states = None if plan.states is None else States(plan.states, amplitudes, circuit, dtype, device)
    if plan.observables is None:
        assert plan.states is not None
        assert states is not None
        return StatesMeasured(states, Measurement(plan.products, plan.qubits, plan.states.order, dtype, device))
    observables = Observables(plan.products, plan.observables, plan.qubits, circuit, dtype, device)
    if states is not None:
        return StatesWithObservables(states, observables)
    if amplitudes is not None:
        return AmplitudesWithObservables(amplitudes, observables)
    return ProductsWithObservables(
        ProductStates(plan.prefix, plan.observables.order, circuit, dtype, device), observables
    )
