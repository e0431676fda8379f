"""What is timed is the same step: every contestant that is installed here against default.qubit in complex128."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import numpy as np
import pennylane as qml
import pytest
import torch

from qlab.bench import noise_catalogue
from qlab.bench.catalogue import ENTRIES, Entry, reference_for
from qlab.bench.check import MOST_STANDARD_ERRORS, TOLERANCE, deviation, disagreement
from qlab.bench.contestants.base import Contestant, Task
from qlab.bench.problem import Array, Numbers, Problem

NOISY = [*noise_catalogue.EXACT, *noise_catalogue.SAMPLED]
INSTALLED = [entry for entry in ENTRIES if entry.is_importable()]
REFERENCES = [reference_for(Problem(n, 1, 1, "rotate", False)) for n in (12, 13)]


@pytest.fixture(autouse=True)
def _precision() -> Iterator[None]:
    """Libraries may change PyTorch's default."""
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def expected(problem: Problem, numbers: Numbers) -> list[Array]:
    """Return what default.qubit has for a circuit that is written here once more, gate by gate."""
    n_qubits = problem.n_qubits

    def circuit(inputs: torch.Tensor, weights: torch.Tensor) -> list[object]:
        for qubit in range(n_qubits):
            qml.RY(inputs[:, qubit], qubit)
        for layer in range(problem.n_layers):
            for part in ("rotate", "entangle") if problem.order == "rotate" else ("entangle", "rotate"):
                for qubit in range(n_qubits):
                    if part == "entangle":
                        qml.CNOT((qubit, (qubit + 1) % n_qubits))
                    else:
                        for place, gate in enumerate((qml.RX, qml.RY, qml.RZ)):
                            gate(weights[3 * (layer * n_qubits + qubit) + place], qubit)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range(min(4, n_qubits))]

    inputs = torch.tensor(numbers.inputs, requires_grad=True)
    weights = torch.tensor(numbers.weights, requires_grad=True)
    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=n_qubits), interface="torch", diff_method="backprop")
    values = torch.stack(list(qnode(inputs, weights)), 1)
    values.backward(torch.tensor(numbers.direction))
    wanted = (weights.grad, inputs.grad) if problem.input_gradients else (weights.grad,)
    return [tensor.detach().numpy() for tensor in (values, *wanted) if tensor is not None]


def built(entry: Entry, task: Task) -> Contestant:
    module, name = entry.factory.split(":")
    made: Contestant = getattr(import_module(module), name)(task)
    return made


@pytest.mark.parametrize("order", ["rotate", "entangle"])
@pytest.mark.parametrize("entry", [*INSTALLED, *REFERENCES], ids=lambda entry: entry.name)
def test_every_contestant_computes_the_same_step(entry: Entry, order: str) -> None:
    for problem in (Problem(2, 3, 2, order, True), Problem(min(5, entry.most_qubits), 4, 2, order, False)):
        task = Task(problem, [problem.numbers(1), problem.numbers(2)], threads=1, split=problem.batch)
        contestant = built(entry, task)
        for turn in (1, 0):
            found = [np.asarray(each, np.float64) for each in contestant.step(turn)]
            assert deviation(found, expected(problem, task.numbers[turn])) <= TOLERANCE[entry.precision]
        contestant.evaluate(0)


def test_a_batch_in_parts_has_the_same_gradients() -> None:
    problem = Problem(3, 5, 2, "rotate", True)
    task = Task(problem, [problem.numbers(1)], threads=1, split=2)
    for entry in (entry for entry in INSTALLED if entry.splits):
        found = [np.asarray(each, np.float64) for each in built(entry, task).step(0)]
        assert deviation(found, expected(problem, task.numbers[0])) <= TOLERANCE[entry.precision]


@pytest.mark.parametrize("error", [0.003, 0.1])
@pytest.mark.parametrize("entry", NOISY, ids=lambda entry: f"{entry.name}-{entry.factory.rpartition(':')[2]}")
def test_every_contestant_has_the_same_noise(entry: Entry, error: float) -> None:
    sampled = entry in noise_catalogue.SAMPLED
    problem = Problem(3, 4, 2, "entangle", error=error, sampled=sampled)
    task = Task(problem, [problem.numbers(1), problem.numbers(2)], threads=1, split=problem.batch)
    contestant, reference = built(entry, task), built(noise_catalogue.reference_for(problem), task)
    for turn in (1, 0):
        found, right = ([np.asarray(each, np.float64) for each in one.step(turn)] for one in (contestant, reference))
        if sampled:
            assert disagreement(found, right) <= MOST_STANDARD_ERRORS
        else:
            assert deviation(found, right) <= TOLERANCE[entry.precision]


@pytest.mark.parametrize("entry", noise_catalogue.SAMPLED, ids=lambda entry: entry.name)
def test_half_the_noise_is_seen(entry: Entry) -> None:
    problem = Problem(3, 4, 2, "rotate", error=0.05, sampled=True)
    halved = replace(problem, error=0.025)
    numbers = [problem.numbers(1)]
    found = built(entry, Task(halved, numbers, threads=1, split=4)).step(0)
    right = built(noise_catalogue.reference_for(problem), Task(problem, numbers, threads=1, split=4)).step(0)
    assert disagreement(found, right) > 2 * MOST_STANDARD_ERRORS


def test_the_references_agree() -> None:
    problem = Problem(3, 4, 2, "rotate", error=0.02, sampled=True)
    task = Task(problem, [problem.numbers(1)], threads=1, split=4)
    sizes = (problem.n_qubits, noise_catalogue.LAST_EXACT, noise_catalogue.LAST_EXACT + 1)
    entries = [noise_catalogue.reference_for(replace(problem, n_qubits=size)) for size in sizes]
    assert len(set(entries)) == 3
    mixed, exact, sampled = (built(entry, task).step(0) for entry in entries)
    assert deviation(mixed, exact) <= 1e-12
    assert disagreement(sampled, mixed) <= MOST_STANDARD_ERRORS


def test_disagreement_is_in_standard_errors() -> None:
    values, errors = np.array([[0.5, -0.5]]), np.array([[0.03, 0.03]])
    assert disagreement([values + 0.1, errors], [values, errors * 4 / 3]) == pytest.approx(2.0)
    assert disagreement([values, errors], [values, errors * 0]) == 0.0
    for wrong in ([values], [values * np.nan, errors], [values, errors[:, :1]]):
        assert disagreement(wrong, [values, errors]) == np.inf
    assert disagreement([values, errors * 0], [values, errors * 0]) == np.inf


def test_deviation_is_absolute_for_values_and_relative_for_gradients() -> None:
    values, gradient = np.array([[0.5, -0.5]]), np.array([3.0, 4.0])
    assert deviation([values, gradient], [values, gradient]) == 0.0
    assert deviation([values + 0.1, gradient], [values, gradient]) == pytest.approx(0.1)
    assert deviation([values, gradient * 1.2], [values, gradient]) == pytest.approx(0.2)
    assert deviation([values, gradient * 1e-5], [values, gradient * 0]) == pytest.approx(5e-5 / 1e-3)


def test_what_is_missing_or_misshapen_is_infinitely_wrong() -> None:
    values, gradient = np.zeros((1, 2)), np.zeros(2)
    for wrong in ([values], [values.T, gradient], [values, gradient[:1]], [values, gradient * np.nan]):
        assert deviation(wrong, [values, gradient]) == np.inf


def test_numbers_are_exact_in_single_precision_and_travel_as_text() -> None:
    problem = Problem(3, 4, 2, "rotate", False)
    numbers = problem.numbers(7)
    for name, array in vars(numbers).items():
        np.testing.assert_array_equal(array, array.astype(np.float32))
        np.testing.assert_array_equal(array, getattr(Numbers.from_json(numbers.to_json()), name))
    assert np.abs(numbers.inputs).max() <= np.pi / 2
