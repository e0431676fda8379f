"""Qiskit Aer with its own model of the noise. Circuits are built beforehand: only the simulation is timed."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.sampling import SamplingStep, exact
from qlab.bench.problem import Array, Problem
from qlab.circuits.qiskit import to_qiskit


class DensityMatrix:
    """Exact values from density matrices."""

    PRECISION = "single"

    def __init__(self, task: Task) -> None:
        self._problem, self._simulator = task.problem, simulator(task, "density_matrix", self.PRECISION)
        self._sets = circuits(task, per_trajectory=False)

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values (B, K)."""
        result = self._simulator.run(self._sets[turn], shots=1).result()
        return exact(self._problem, saved(result, len(self._sets[turn])))

    def evaluate(self, turn: int) -> None:
        """Compute the values, which is all that a step does."""
        self.step(turn)


class DensityMatrixDouble(DensityMatrix):
    """The same in double precision."""

    PRECISION = "double"


class StateVector(SamplingStep):
    """A state vector for each trajectory, whose expectation values are averaged."""

    PRECISION = "single"
    FACTOR = 1

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._simulator = simulator(task, "statevector", self.PRECISION)
        self._sets, self._shots = circuits(task, per_trajectory=True), task.problem.trajectories * self.FACTOR

    def estimate(self, turn: int, seed: int) -> tuple[Array, Array]:
        """Return values (B, K) and their standard errors (B, K)."""
        result = self._simulator.run(self._sets[turn], shots=self._shots, seed_simulator=seed).result()
        each = saved(result, len(self._sets[turn]))  # (B, K, trajectories)
        return each.mean(-1), each.std(-1, ddof=1) / np.sqrt(self._shots)


class StateVectorReference(StateVector):
    """The same in double precision, with half the standard error."""

    PRECISION = "double"
    FACTOR = 4


def simulator(task: Task, method: str, precision: str) -> AerSimulator:
    """Return a simulator with depolarizing errors after the gates of the problem."""
    error, model = task.problem.error, NoiseModel()
    # Qiskit's parameter is the weight of the fully mixed state, of which one in 4^n is no error.
    model.add_all_qubit_quantum_error(depolarizing_error(error * 4 / 3, 1), ["rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(depolarizing_error(error * 16 / 15, 2), ["cx"])
    return AerSimulator(
        method=method, precision=precision, noise_model=model, max_parallel_threads=task.threads
    )  # fmt: skip


def circuits(task: Task, per_trajectory: bool) -> list[list[QuantumCircuit]]:
    """Return a circuit for each sample of each set, which saves its expectation values."""
    return [
        [_circuit(task.problem, row, numbers.weights, per_trajectory) for row in numbers.inputs]
        for numbers in task.numbers
    ]


def _circuit(problem: Problem, inputs: Array, weights: Array, per_trajectory: bool) -> QuantumCircuit:
    circuit, n_qubits = to_qiskit(problem.circuit(), inputs.tolist(), weights.tolist()), problem.n_qubits
    for qubit in range(problem.n_measured):
        operator = SparsePauliOp.from_sparse_list([("Z", [qubit], 1.0)], n_qubits)
        circuit.save_expectation_value(operator, range(n_qubits), label=str(qubit), pershot=per_trajectory)
    return circuit


def saved(result: Any, batch: int) -> Array:
    """Return what the circuits of a batch saved: (B, K), or (B, K, trajectories)."""
    if not result.success:
        raise RuntimeError(result.status)
    found = [result.data(sample) for sample in range(batch)]
    return np.array([[data[label] for label in sorted(data, key=int)] for data in found], np.float64)
