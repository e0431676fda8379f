"""What programs take, and who refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator

from qlab.errors import RequestError
from qlab.hardware.estimate import Cost, budget, cost, duration, refuse
from qlab.hardware.intent import Piece
from qlab.hardware.program import Program

DEVICE = GenericBackendV2(2, seed=1)


def program(rows: int, shots: int, gates: int = 1) -> Program:
    circuit = QuantumCircuit(2)
    for _ in range(gates):
        circuit.cx(0, 1)
    circuit.rz(Parameter("x"), 1)
    circuit.add_register(ClassicalRegister(1, "meas"))
    circuit.measure([1], [0])
    return Program(circuit, np.arange(rows, dtype=float)[:, None], shots)


def length(name: str, *qubits: int) -> float:
    seconds: float = DEVICE.target[name][qubits].duration
    return seconds


def test_the_least_time_is_that_of_executions_and_jobs() -> None:
    programs = [program(1, 500), program(50, 1000, gates=3)]
    shots = [gates * length("cx", 0, 1) + length("rz", 1) + length("measure", 1) for gates in (1, 3)]
    assert duration(programs[1].circuit, DEVICE) == pytest.approx(shots[1])
    chunks = [[Piece(0, 0, 1), Piece(1, 0, 20)], [Piece(1, 20, 49)], [Piece(1, 49, 50)]]
    found = cost(programs, ("calibration", "scale 1"), DEVICE, 250e-6, chunks)
    assert (found.jobs, found.executions) == (3, 50_500)
    assert found.by_part == {"calibration": 500, "scale 1": 50_000}
    assert found.circuit_seconds == pytest.approx(shots[1])
    assert found.qpu_seconds == pytest.approx(3 * 2 + 500 * (250e-6 + shots[0]) + 50_000 * (250e-6 + shots[1]))
    assert found.by_job[1:] == pytest.approx([2 + rows * 1000 * (250e-6 + shots[1]) for rows in (29, 1)])
    assert sum(found.by_job) == pytest.approx(found.qpu_seconds)
    often = cost(programs, ("calibration", "scale 1"), DEVICE, 250e-6, chunks, repeats=3)
    assert often.executions == 3 * 50_500
    assert often.qpu_seconds - 6 == pytest.approx(3 * (found.qpu_seconds - 6))


@given(st.lists(st.floats(2, 500), min_size=1, max_size=6), st.floats(0.1, 4000))
def test_no_job_gets_less_than_it_takes_and_all_together_no_more_than_is_allowed(
    by_job: list[float], allowed: float
) -> None:
    expected = Cost(len(by_job), 1, {}, None, sum(by_job), tuple(by_job))
    if sum(math.ceil(seconds) for seconds in by_job) > allowed:
        with pytest.raises(RequestError, match="limits are whole seconds, at least"):
            budget(expected, allowed)
        return
    found = budget(expected, allowed)
    assert found is not None
    assert all(limit >= seconds for limit, seconds in zip(found.limits, by_job, strict=True))
    assert sum(found.limits) == math.floor(allowed)


def test_unequal_jobs_get_unequal_limits() -> None:
    expected = Cost(2, 360_000, {}, None, 96.3, (92.0, 4.3))
    assert budget(expected, None) is None
    found = budget(expected, 101)
    assert found is not None
    assert (found.seconds, found.limits) == (101, (96, 5))


def test_a_simulator_does_not_say_how_long_gates_take() -> None:
    found = cost([program(2, 10)], ("scale 1",), AerSimulator(), 0.0, [[Piece(0, 0, 2)]])
    assert (found.circuit_seconds, found.qpu_seconds, found.executions) == (None, 2.0, 20)


def test_too_much_is_refused() -> None:
    expected = Cost(1, 50_000, {"scale 1": 50_000}, 1e-5, 14.5, (14.5,))
    refuse(expected, None, None)
    refuse(expected, 14.5, 14.5)
    with pytest.raises(RequestError, match=r"^50,000 executions take at least 14\.5 QPU seconds, and 14 are allowed"):
        refuse(expected, 14, 600)
    with pytest.raises(RequestError, match=r"at least 14\.5 QPU seconds, and the account has 3\.5 left"):
        refuse(expected, 20, 3.5)
