from __future__ import annotations

import pytest
import torch

from qlab.backends.base import Backend
from qlab.backends.engine import EngineBackend
from qlab.backends.pennylane import Gradient, PennyLaneBackend
from qlab.circuits import Circuit, Input, Weight, variational
from qlab.errors import CapabilityError, UnknownNameError

CIRCUIT = Circuit(
    3,
    [
        ("RY", 0, Input(0)),
        ("RY", 1, Input(0, 1)),
        ("CRX", (0, 2), Weight(0)),
        ("IsingXX", (1, 2), Weight(1, 2.0)),
        ("Rot", 1, (Weight(0), 0.3, Input(1))),
        ("CNOT", (1, 0)),
    ],
)
OBSERVABLES = ["Z0", "X1 Z2", "Y0"]


def answers(backend: Backend) -> list[torch.Tensor]:
    """Return values and gradients by inputs and weights."""
    inputs = torch.tensor([[0.3, -1.1], [0.8, 0.4]], dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([0.7, -0.2], dtype=torch.float64, requires_grad=True)
    values = backend.expectations(CIRCUIT, inputs, weights, OBSERVABLES)
    direction = torch.arange(6.0, dtype=torch.float64).view(2, 3)
    return [values.detach(), *torch.autograd.grad((values * direction).sum(), [inputs, weights])]


@pytest.fixture(scope="module")
def expected() -> list[torch.Tensor]:
    return answers(EngineBackend(precision="double"))


DEVICES: list[tuple[str, Gradient, float]] = [
    ("default.qubit", "best", 1e-12),
    ("default.qubit", "adjoint", 1e-12),
    ("default.qubit", "parameter-shift", 1e-12),
    ("lightning.qubit", "best", 1e-6),  # reaches PyTorch in single precision
    ("lightning.qubit", "adjoint", 1e-6),
    ("default.mixed", "backprop", 1e-12),
    ("qiskit.aer", "best", 1e-12),
]


@pytest.mark.parametrize(("device", "gradient", "close"), DEVICES)
def test_every_device_agrees_with_the_engine(
    device: str, gradient: Gradient, close: float, expected: list[torch.Tensor]
) -> None:
    backend = PennyLaneBackend(device=device, gradient=gradient)
    assert backend.capabilities().exact
    for found, theirs in zip(answers(backend), expected, strict=True):
        torch.testing.assert_close(found, theirs, rtol=0, atol=close)


@pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit", "default.mixed", "qiskit.aer"])
def test_amplitudes_can_be_embedded(device: str) -> None:
    circuit = variational(2, 1, "amplitude", "ring")
    inputs = torch.tensor([[1.0, 2.0, 0.0, -1.0], [0.5, 0.0, 0.0, 0.0]])
    weights = torch.linspace(0, 1, 6)
    found = PennyLaneBackend(device=device).expectations(circuit, inputs, weights)
    torch.testing.assert_close(
        found, EngineBackend(precision="double").expectations(circuit, inputs, weights), atol=1e-6, rtol=0
    )


def test_a_circuit_without_inputs_repeats_its_values() -> None:
    circuit = Circuit(2, [("RY", 0, Weight(0)), ("CNOT", (0, 1))])
    values = PennyLaneBackend().expectations(circuit, torch.zeros(3, 0), torch.tensor([0.4]))
    torch.testing.assert_close(values, torch.full((3, 2), 0.4).cos().double())


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"unknown PennyLane device 'lightning.qbit'; did you mean 'lightning.qubit'"
    ):
        PennyLaneBackend(device="lightning.qbit")


def test_a_device_that_cannot_be_made_says_why() -> None:
    with pytest.raises(CapabilityError, match=r"qiskit.remote cannot be made: .*backend"):
        PennyLaneBackend(device="qiskit.remote")


def test_a_gradient_that_a_device_lacks_is_refused() -> None:
    with pytest.raises(CapabilityError, match=r"lightning.qubit with gradient backprop: .* does not support"):
        answers(PennyLaneBackend(device="lightning.qubit", gradient="backprop"))
