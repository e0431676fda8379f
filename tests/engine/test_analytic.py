from __future__ import annotations

import math
from typing import Protocol

import pytest
import torch

from qlab.circuits import Circuit, Input, variational
from qlab.engine import expectations
from qlab.engine.choice import Method
from qlab.errors import CircuitError

NOTHING = torch.zeros(0, dtype=torch.float64)


class Values(Protocol):
    def __call__(self, circuit: Circuit, observables: list[str], *inputs: float) -> list[float]: ...


@pytest.fixture
def values(method: Method) -> Values:
    """Execute a circuit without weights on one sample, on each path."""

    def execute(circuit: Circuit, observables: list[str], *inputs: float) -> list[float]:
        rows = torch.tensor([inputs], dtype=torch.float64).reshape(1, len(inputs))
        found = expectations(circuit, rows, NOTHING, observables, torch.complex128, method=method)
        return [float(value) for value in found[0]]

    return execute


def test_a_rotation_turns_the_bloch_vector(values: Values) -> None:
    angle = 0.7
    turned = values(Circuit(1, [("RY", 0, Input(0))]), ["X0", "Y0", "Z0"], angle)
    assert turned == pytest.approx([math.sin(angle), 0, math.cos(angle)], abs=1e-12)
    turned = values(Circuit(1, [("RX", 0, Input(0))]), ["X0", "Y0", "Z0"], angle)
    assert turned == pytest.approx([0, -math.sin(angle), math.cos(angle)], abs=1e-12)
    turned = values(Circuit(1, [("Hadamard", 0), ("PhaseShift", 0, Input(0))]), ["X0", "Y0", "Z0"], angle)
    assert turned == pytest.approx([math.cos(angle), math.sin(angle), 0], abs=1e-12)


def test_a_bell_state_is_correlated_in_every_basis(values: Values) -> None:
    bell = Circuit(2, [("Hadamard", 0), ("CNOT", (0, 1))])
    found = values(bell, ["Z0", "Z1", "Z0 Z1", "X0 X1", "Y0 Y1", "X0 Z1"])
    assert found == pytest.approx([0, 0, 1, 1, -1, 0], abs=1e-12)


def test_a_ghz_state_has_parity(values: Values) -> None:
    ghz = Circuit(4, [("Hadamard", 0), *[("CNOT", (q, q + 1)) for q in range(3)]])
    found = values(ghz, ["Z0 Z3", "Z0 Z1 Z2", "X0 X1 X2 X3", "Y0 Y1 X2 X3", "Y0 Y1 Y2 Y3"])
    assert found == pytest.approx([1, 0, 1, -1, 1], abs=1e-12)


def test_qubit_zero_is_the_most_significant_bit(values: Values) -> None:
    embed = Circuit(2, [("AmplitudeEmbedding", range(2))])
    assert values(embed, ["Z0", "Z1"], 0.0, 0.0, 3.0, 0.0) == pytest.approx([-1, 1])


def test_amplitudes_are_normalised(values: Values) -> None:
    embed = Circuit(1, [("AmplitudeEmbedding", range(1))])
    assert values(embed, ["Z0", "X0"], 3.0, 4.0) == pytest.approx([(9 - 16) / 25, 24 / 25])


def test_the_gradient_by_amplitudes_is_tangential(method: Method) -> None:
    inputs = torch.tensor([[3.0, 4.0]], dtype=torch.float64, requires_grad=True)
    embed = Circuit(1, [("AmplitudeEmbedding", range(1))])
    value = expectations(embed, inputs, NOTHING, ["Z0"], torch.complex128, method=method)
    (gradient,) = torch.autograd.grad(value.sum(), inputs)
    a, b, square = 3.0, 4.0, 25.0  # d/da (a^2 - b^2) / (a^2 + b^2) = 4 a b^2 / (a^2 + b^2)^2
    assert gradient[0].tolist() == pytest.approx([4 * a * b * b / square**2, -4 * a * a * b / square**2])
    assert float(gradient[0] @ inputs.detach()[0]) == pytest.approx(0, abs=1e-12)


def test_a_zero_vector_cannot_be_embedded(method: Method) -> None:
    inputs = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(CircuitError, match="sample 1 cannot be embedded: all its 2 amplitudes are 0"):
        expectations(Circuit(1, [("AmplitudeEmbedding", range(1))]), inputs, torch.zeros(0), method=method)


def test_not_a_number_passes_through_its_sample_alone(method: Method) -> None:
    circuit = variational(5, 2, "angle", "ring")
    inputs = torch.zeros(3, 5)
    inputs[1, 2] = math.nan
    values = expectations(circuit, inputs, torch.ones(30), method=method)
    assert values[1].isnan().all()
    assert not values[[0, 2]].isnan().any()
    assert expectations(circuit, torch.zeros(2, 5), torch.full((30,), math.nan), method=method).isnan().all()


def test_products_and_scales_of_inputs(values: Values) -> None:
    circuit = Circuit(1, [("RY", 0, Input(0, 1, 1, scale=-0.5))])
    assert values(circuit, ["Z0", "X0"], 0.6, 1.5) == pytest.approx([math.cos(0.675), -math.sin(0.675)])
