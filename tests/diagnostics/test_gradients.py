from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.diagnostics.draws import chunks, gradients
from qlab.diagnostics.gradients import decay, named_parameter, variance
from tests.diagnostics.test_expressibility import uniform

PUBLISHED_DRAWS = 20


@pytest.mark.parametrize(
    ("circuit", "observable"),
    [
        (variational(3, 2, "angle", "ring"), "Z0"),
        (variational(3, 2, "iqp", "strongly_entangling"), "Z0 Z1 Z2"),
        (variational(2, 1, "amplitude", "chain"), "Z0"),
        (Circuit(2, [("RX", 0, Weight(0)), ("CRY", (0, 1), Weight(0, 2.0)), ("RZ", 1, Input(0))]), "X1"),
    ],
)
def test_gradients_are_finite_differences_of_pennylane(circuit: Circuit, observable: str) -> None:
    inputs, weights = uniform(0, 3, circuit.n_inputs), uniform(1, 3, circuit.n_weights)
    node = qml.QNode(circuit.to_pennylane([observable]), qml.device("default.qubit", wires=circuit.n_qubits))
    found = gradients(circuit, inputs, weights, observable).numpy()
    step = 1e-5
    for row, (x, w) in enumerate(zip(inputs.numpy(), weights.numpy(), strict=True)):
        for index in range(circuit.n_weights):
            shift = step * np.eye(circuit.n_weights)[index]
            higher, lower = (np.asarray(node(x, w + sign * shift)).item() for sign in (1, -1))
            assert found[row, index] == pytest.approx((higher - lower) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("width", [math.pi, 0.3])
def test_one_rotation_of_one_qubit(width: float) -> None:
    """<Z> = cos(w): over uniform w in +-width the gradient has the variance 1/2 - sin(2 width) / (4 width)."""
    weights = uniform(2, 5000, 1) * (width / math.pi)
    found = variance(gradients(Circuit(1, [("RY", 0, Weight(0))]), torch.zeros(5000, 0), weights, "Z0"))
    assert abs(found.value - (0.5 - math.sin(2 * width) / (4 * width))) < 5 * found.standard_error


@pytest.mark.parametrize("observable", ["Z0", "Z0 Z1 Z2"])
def test_between_deep_circuits_gradients_are_those_of_a_2_design(observable: str) -> None:
    """With 2-designs on both sides of a rotation Var = N^2 / (2 (N^2 - 1) (N + 1)), whatever the Pauli word."""
    circuit, samples, size = variational(3, 30, "angle", "ring"), 4000, 8
    weights = uniform(3, samples, circuit.n_weights)
    found = gradients(circuit, uniform(4, samples, 3), weights, observable)
    middle = variance(found[:, [circuit.n_weights // 2 + 1]])
    exact = size**2 / (2 * (size**2 - 1) * (size + 1))
    assert abs(middle.value - exact) < 5 * middle.standard_error
    assert middle.standard_error < 0.05 * exact


@pytest.mark.parametrize(("n_qubits", "published"), [(4, 2.7e-2), (8, 1.3e-3), (12, 1.1e-4)])
def test_the_measured_variance_of_the_lego_circuit(n_qubits: int, published: float) -> None:
    """Another simulator's, from 20 draws: within two of its standard errors, about 35 % each."""
    circuit, samples = variational(n_qubits, 6, "angle", "ring"), 1000
    inputs = torch.rand(samples, n_qubits, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    weights = uniform(6, samples, circuit.n_weights)
    parts = [
        gradients(circuit, inputs[part] * (math.pi / 2), weights[part], "Z0") for part in chunks(samples, n_qubits)
    ]
    found = variance(torch.cat(parts)[:, [named_parameter(circuit).index]])
    of_twenty = found.standard_error * (samples / PUBLISHED_DRAWS) ** 0.5
    assert abs(found.value - published) < 2 * math.hypot(of_twenty, found.standard_error)
    assert of_twenty < 0.45 * found.value


def test_the_standard_error_of_a_variance() -> None:
    """Of n normal numbers it is sigma^2 sqrt(2 / (n - 1)); of the mean over p independent parameters sqrt(p) less."""
    drawn = 3 * torch.randn(20_000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    one, all_four = variance(drawn[:, :1]), variance(drawn)
    assert abs(one.value - 9) < 5 * one.standard_error
    assert one.standard_error == pytest.approx(9 * (2 / 19_999) ** 0.5, rel=0.05)
    assert all_four.standard_error == pytest.approx(one.standard_error / 2, rel=0.05)
    assert all_four.value == pytest.approx(float(drawn.var(0).mean()), rel=1e-12)


def test_rounding_errors_are_no_gradient() -> None:
    found = variance(1e-16 * torch.randn(50, 2, dtype=torch.float64))
    assert (found.value, found.standard_error) == (0, 0)


@pytest.mark.parametrize(
    ("circuit", "index", "name"),
    [
        (variational(3, 2, "angle", "ring"), 1, "first RY of qubit 0"),
        (variational(3, 2, "angle", "strongly_entangling"), 1, "first RY in Rot of qubit 0"),
        (variational(3, 2, "angle", "basic_entangler"), 0, "first RX of qubit 0"),
        (Circuit(2, [("RY", 1, Weight(1)), ("RZ", 0, Weight(0))]), 0, "first RZ of qubit 0"),
        (Circuit(2, [("RY", 0, Input(0)), ("CRX", (0, 1), Weight(0)), ("RY", 1, Weight(1))]), 0,
         "first CRX of qubits 0, 1"),
    ],
)  # fmt: skip
def test_the_named_parameter(circuit: Circuit, index: int, name: str) -> None:
    found = named_parameter(circuit)
    assert (found.index, found.name) == (index, name)


def test_the_fit_of_an_exponential_is_exact() -> None:
    found = decay([4, 6, 8, 12], [3 * 2.0**-n for n in (4, 6, 8, 12)])
    assert found is not None
    assert found.slope == pytest.approx(-math.log(2), abs=1e-12)
    assert found.high - found.low < 1e-6
    assert found.n_qubits == (4, 6, 8, 12)


def test_the_interval_of_a_fit_covers_as_it_says() -> None:
    rng, covered, n_qubits = np.random.default_rng(8), 0, [2, 4, 6, 8]
    for _ in range(400):
        noise = rng.normal(0, 0.1, len(n_qubits))
        found = decay(n_qubits, np.exp(-0.7 * np.array(n_qubits) + noise).tolist())
        assert found is not None
        covered += found.low < -0.7 < found.high
    assert abs(covered / 400 - 0.95) < 5 * (0.95 * 0.05 / 400) ** 0.5


@pytest.mark.parametrize(
    ("n_qubits", "variances"), [([4, 6], [0.1, 0.01]), ([4, 4, 6], [0.1, 0.2, 0.01]), ([4, 6, 8], [0.1, 0, 0.01])]
)
def test_what_cannot_be_fitted(n_qubits: list[int], variances: list[float]) -> None:
    assert decay(n_qubits, variances) is None
