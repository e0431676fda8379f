from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.backends.engine import EngineBackend
from qlab.backends.pennylane import PennyLaneBackend
from qlab.backends.shift import ParameterShift
from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.gates import GATES
from qlab.circuits.slots import Slot
from qlab.errors import CapabilityError

PARAMETRISED = [name for name, spec in GATES.items() if spec.n_angles]
DOUBLE = EngineBackend(precision="double")


def probe(name: str, kind: type[Input] | type[Weight]) -> Circuit:
    """Return a circuit in which the gate meets a state without symmetries, and is followed by one that mixes all."""
    spec = GATES[name]
    assert spec.n_qubits is not None
    before = [("Rot", qubit, (0.4 + qubit, 1.1, -0.6)) for qubit in range(3)] + [("CRY", (2, 0), 0.9)]
    angles: list[Slot] = [kind(index) for index in range(spec.n_angles)]
    gate = (name, tuple(range(spec.n_qubits)), angles)
    after = [("Rot", qubit, (1.0, -0.5 * qubit - 0.8, 0.2)) for qubit in range(3)] + [("IsingXX", (0, 1), 0.7)]
    return Circuit(3, [*before, gate, *after])


def leaves(circuit: Circuit, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(7)
    inputs = torch.tensor(rng.normal(size=(batch, circuit.n_inputs)), requires_grad=True)
    return inputs, torch.tensor(rng.normal(size=circuit.n_weights), requires_grad=True)


@pytest.mark.parametrize("name", PARAMETRISED)
@pytest.mark.parametrize("kind", [Input, Weight])
def test_the_shift_rule_of_every_gate_is_its_adjoint_gradient(name: str, kind: type[Input] | type[Weight]) -> None:
    circuit = probe(name, kind)
    inputs, weights = leaves(circuit)
    leaf = inputs if kind is Input else weights
    gradients = []
    for backend in (DOUBLE, ParameterShift(DOUBLE)):
        values = backend.expectations(circuit, inputs, weights, ["Z0", "X1 Y2"])
        gradients.append(torch.autograd.grad((values * torch.tensor([1.0, -0.3])).sum(), leaf)[0])
    assert gradients[0].abs().min() > 1e-4
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=1e-12)


def test_scales_products_and_repeated_weights_are_chained() -> None:
    circuit = Circuit(
        2,
        [
            ("RY", 0, Input(0, 1, scale=0.5)),
            ("RX", 1, Weight(0, -2.0)),
            ("CRot", (0, 1), (Weight(0), Input(1), Weight(1, 0.3))),
            ("IsingYY", (1, 0), Weight(1)),
        ],
    )
    inputs, weights = leaves(circuit)
    shifted = ParameterShift(DOUBLE)

    def values(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return shifted.expectations(circuit, inputs, weights, ["Z0", "X1"])

    assert torch.autograd.gradcheck(values, (inputs, weights))


def test_executions_are_counted() -> None:
    circuit = variational(2, 1, "angle", "ring")
    shifted = ParameterShift(DOUBLE)
    inputs, weights = leaves(circuit, batch=5)
    with torch.no_grad():
        shifted.expectations(circuit, inputs, weights)
    assert shifted.executions == 5
    shifted.expectations(circuit, inputs.detach(), weights).sum().backward()
    assert shifted.executions == 5 + 5 + 5 * circuit.shift_executions
    assert circuit.shift_executions == 2 * 6
    before = shifted.executions
    shifted.expectations(circuit, inputs, weights).sum().backward()
    assert shifted.executions - before == 5 * (1 + 2 * (6 + 2))


def test_it_needs_no_gradient_of_the_backend() -> None:
    circuit = variational(2, 1, "angle", "ring")
    inputs, weights = leaves(circuit)
    expected = torch.autograd.grad(DOUBLE.expectations(circuit, inputs, weights).square().sum(), weights)[0]
    shifted = ParameterShift(PennyLaneBackend(device="lightning.qubit"))
    found = torch.autograd.grad(shifted.expectations(circuit, inputs, weights).square().sum(), weights)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_weights_of_an_amplitude_circuit_can_be_shifted_but_not_the_amplitudes() -> None:
    circuit = variational(2, 2, "amplitude", "ring")
    inputs, weights = leaves(circuit)
    shifted = ParameterShift(DOUBLE)
    expected = torch.autograd.grad(DOUBLE.expectations(circuit, inputs, weights).square().sum(), weights)[0]
    found = torch.autograd.grad(shifted.expectations(circuit, inputs.detach(), weights).square().sum(), weights)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    with pytest.raises(CapabilityError, match="no gradient by embedded amplitudes"):
        shifted.expectations(circuit, inputs, weights)
