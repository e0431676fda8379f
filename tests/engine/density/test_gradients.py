"""Gradients: slopes of the values, those of the ideal circuit, and the same however little is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

from qlab.circuits import Circuit, variational
from qlab.engine import density, expectations
from qlab.engine.density import memory
from qlab.noise import NoisyCircuit
from qlab.noise.pennylane import to_pennylane
from tests.circuits.random_circuits import Case, gradients, random_case
from tests.engine.noisy_cases import MODELS, WORDS
from tests.engine.paths import Found, assert_close, exact
from tests.noise.reference import with_random_noise

DOUBLE = torch.complex128
SHAPES = [("angle", False), ("angle", True), ("iqp", False), ("iqp", True), ("amplitude", False)]


def found(noisy: NoisyCircuit, case: Case, dtype: torch.dtype = DOUBLE) -> Found:
    """Return the values, and the gradients by inputs and weights."""
    leaves = case.leaves()
    values = density.expectations(noisy, *leaves, case.observables, dtype)
    by_inputs, by_weights = gradients(values, leaves, case.direction())
    return values.detach(), by_inputs, by_weights


def normal(circuit: Circuit, batch: int, words: list[str] | None = None) -> Case:
    rng = np.random.default_rng([circuit.n_qubits, batch])
    inputs, weights = rng.normal(size=(batch, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
    return Case(circuit, words, torch.tensor(inputs), torch.tensor(weights))


def noisy_case(n_qubits: int, encoding: str, reuploading: bool, batch: int) -> tuple[NoisyCircuit, Case]:
    circuit = variational(n_qubits, 2, encoding, "ring", reuploading=reuploading)
    return with_random_noise(np.random.default_rng(n_qubits), circuit), normal(circuit, batch, WORDS)


@pytest.mark.parametrize("seed", range(6))
def test_gradients_are_the_slopes_of_the_values(seed: int) -> None:
    rng = np.random.default_rng([6, seed])
    case = random_case(rng, 2 + seed % 3, max_gates=15)
    noisy, direction, step = with_random_noise(rng, case.circuit), case.direction(), 1e-5

    def loss(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return (density.expectations(noisy, inputs, weights, case.observables, DOUBLE) * direction).sum()

    for which, gradient in enumerate(found(noisy, case)[1:]):
        for place in np.ndindex(tuple(gradient.shape)):
            ends = []
            for sign in (1, -1):
                moved = [case.inputs.clone(), case.weights.clone()]
                moved[which][place] += sign * step
                ends.append(loss(moved[0], moved[1]))
            torch.testing.assert_close(gradient[place], (ends[0] - ends[1]) / (2 * step), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(("encoding", "reuploading"), SHAPES)
@pytest.mark.parametrize("batch", [2, 6])
def test_pytorch_agrees_with_the_gradients(encoding: str, reuploading: bool, batch: int) -> None:
    noisy, case = noisy_case(3, encoding, reuploading, batch)

    def values(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return density.expectations(noisy, inputs, weights, WORDS, DOUBLE)

    assert torch.autograd.gradcheck(values, case.leaves())


@pytest.mark.parametrize(("encoding", "reuploading"), SHAPES)
@pytest.mark.parametrize("batch", [2, 7])
def test_without_channels_they_are_those_of_the_ideal_circuit(encoding: str, reuploading: bool, batch: int) -> None:
    circuit = variational(4, 2, encoding, "ring", reuploading=reuploading)
    case = normal(circuit, batch)
    assert_close(found(NoisyCircuit(circuit, ((),) * len(circuit.gates)), case), exact(case), 1e-12, 1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_models_against_default_mixed(name: str) -> None:
    """By PennyLane's own NumPy: with PyTorch default.mixed is exact to single precision only."""
    circuit = variational(3, 2, "angle", "ring")
    noisy, case = MODELS[name]().insert(circuit), normal(circuit, 3, ["Z0", "X1 Y2"])
    function = qml.QNode(to_pennylane(noisy, case.observables), qml.device("default.mixed", wires=3))

    def values(inputs: Any, weights: Any) -> Any:
        return qml.math.stack([qml.math.stack(function(row, weights)) for row in inputs])

    def loss(inputs: Any, weights: Any) -> Any:
        return qml.math.sum(values(inputs, weights) * case.direction().numpy())

    leaves = [qml.numpy.array(leaf.numpy(), requires_grad=True) for leaf in (case.inputs, case.weights)]
    slopes = [torch.tensor(np.array(slope)) for slope in qml.grad(loss)(*leaves)]
    expected = torch.tensor(np.array(values(*leaves))), slopes[0], slopes[1]
    assert_close(found(noisy, case), expected, 1e-10, 1e-10)
    assert_close(found(noisy, case, torch.complex64), expected, 1e-5, 1e-5)


@pytest.mark.parametrize(("encoding", "reuploading"), SHAPES)
@pytest.mark.parametrize("batch", [2, 9])
@pytest.mark.parametrize("chunk", [1, 1 << 15])
def test_they_are_the_same_however_little_is_kept(
    encoding: str, reuploading: bool, batch: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy, case = noisy_case(4, encoding, reuploading, batch)
    expected = found(noisy, case)
    monkeypatch.setitem(memory.CHUNK_BYTES, "cpu", chunk)  # vectors one by one, or a few at a time
    assert_close(found(noisy, case), expected, 1e-14, 1e-13)
    monkeypatch.setattr(memory, "KEPT_BYTES", 1)  # nothing
    assert_close(found(noisy, case), expected, 1e-14, 1e-13)
    monkeypatch.setattr(memory, "KEPT_BYTES", 1 << 17)  # every so many stages
    assert_close(found(noisy, case), expected, 1e-14, 1e-13)


@pytest.mark.parametrize(("encoding", "reuploading"), SHAPES)
def test_frozen_leaves_do_not_change_the_other_gradient(encoding: str, reuploading: bool) -> None:
    noisy, case = noisy_case(3, encoding, reuploading, 5)
    for which, expected in enumerate(found(noisy, case)[1:]):
        leaves = list(case.leaves())
        leaves[1 - which] = leaves[1 - which].detach()
        values = density.expectations(noisy, leaves[0], leaves[1], WORDS, DOUBLE)
        (alone,) = torch.autograd.grad((values * case.direction()).sum(), leaves[which])
        torch.testing.assert_close(alone, expected, rtol=0, atol=1e-13)


def test_gradients_of_single_leaves_are_single() -> None:
    noisy, case = noisy_case(3, "angle", False, 5)
    inputs, weights = (leaf.detach().float().requires_grad_() for leaf in case.leaves())
    density.expectations(noisy, inputs, weights, WORDS, DOUBLE).sum().backward()
    assert inputs.grad is not None
    assert weights.grad is not None
    assert inputs.grad.dtype == weights.grad.dtype == torch.float32


def test_a_second_backward_pass_and_a_second_derivative() -> None:
    noisy, case = noisy_case(3, "angle", False, 5)
    leaves = case.leaves()
    value = density.expectations(noisy, *leaves, WORDS, DOUBLE).square().sum()
    first = torch.autograd.grad(value, leaves[1], retain_graph=True)
    assert torch.equal(first[0], torch.autograd.grad(value, leaves[1], retain_graph=True)[0])
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(value, leaves[1], create_graph=True)


def test_ideal_gradients_do_not_depend_on_the_path() -> None:
    """Trained on the ideal circuit or on a noisy one of strength zero: the same steps."""
    circuit = variational(4, 2, "angle", "ring")
    noisy, case = NoisyCircuit(circuit, ((),) * len(circuit.gates)), normal(circuit, 8)
    leaves = case.leaves()
    ideal = gradients(expectations(circuit, *leaves, dtype=DOUBLE), leaves, case.direction())
    for mine, theirs in zip(found(noisy, case)[1:], ideal, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
