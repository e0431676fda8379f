"""Estimators: expectation values asked for as they are, through the same seam as counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from qiskit.quantum_info import SparsePauliOp, Statevector

from qlab.circuits import variational
from qlab.circuits.observables import PauliWord, pauli_words
from qlab.engine import density, expectations
from qlab.errors import JobError, OptionError
from qlab.hardware.arrangement import Arrangement
from qlab.hardware.building import build
from qlab.hardware.ibm import IbmService, bloc, estimator_options
from qlab.hardware.journal import Journal
from qlab.hardware.local import LocalService
from qlab.hardware.mitigation.readout import patterns
from qlab.hardware.program import Outcome, Program, misfit
from qlab.hardware.readings import Measured
from qlab.hardware.runner import Runner
from qlab.hardware.service import JobService, RunOptions
from qlab.hardware.simulation import noisy
from qlab.noise.ibm import device_named
from tests.hardware.programs import rotations
from tests.hardware.runtime_server import DEVICE, RuntimeServer
from tests.hardware.scripted import ScriptedService

pytestmark = pytest.mark.filterwarnings("ignore:The RuntimeOptions class is deprecated:DeprecationWarning")
CIRCUIT = variational(3, 2, "angle", "ring")
RNG = np.random.default_rng(12)
INPUTS, WEIGHTS = torch.tensor(RNG.normal(size=(6, 3))), torch.tensor(RNG.normal(size=CIRCUIT.n_weights))
WORDS = pauli_words(3, ["X0", "Z0", "Z1 Z2", "Y1", "Z2", "X0 X2"])
EXACT = expectations(CIRCUIT, INPUTS, WEIGHTS, WORDS, torch.complex128, method="torch").numpy()
SHOTS = 4000


def arranged(*scales: int) -> Arrangement:
    return Arrangement(3, WORDS, scales or (1,), patterns(3)[:0], estimates=True)


def executed(root: Path, service: JobService, *scales: int) -> tuple[Journal, dict[str, Measured]]:
    """Run the circuit through a journal and read the values from another one of the same folder."""
    found = build(CIRCUIT, service.target, 3)
    programs = arranged(*scales).programs(found, INPUTS, WEIGHTS, SHOTS, 0)
    journal = Journal.begin(root, programs, service.device, RunOptions(seed=5), {})
    runner = Runner(journal, service, sleep=lambda seconds: None)
    runner.submit()
    runner.wait()
    return journal, arranged(*scales).read(Journal(journal.folder).outcomes())


def test_what_an_estimator_is_given_has_the_exact_values() -> None:
    """By Qiskit's state vectors of the very circuit and observables that are sent."""
    found = build(CIRCUIT, device_named("fake_manila"), 3)
    programs = arranged().programs(found, INPUTS, WEIGHTS, SHOTS, 0)
    assert [program.n_executions for program in programs] == [6, 6, 6]  # as many settings as the sampler has
    values: list[np.ndarray[Any, Any]] = []
    for program in programs:
        circuit, observables, rows, precision = bloc(program)
        assert precision == pytest.approx(1 / np.sqrt(SHOTS))
        assert rows.shape == (6, 1, circuit.num_parameters)
        assert all(isinstance(one, SparsePauliOp) and one.num_qubits == circuit.num_qubits for one in observables)
        states = [Statevector(circuit.assign_parameters(row[0])) for row in rows]
        exact = np.array([[state.expectation_value(one).real for one in observables] for state in states])
        values.append(np.stack([exact, np.zeros_like(exact)], axis=-1))
    np.testing.assert_allclose(arranged().read(values)["device"].values, EXACT, atol=1e-10)


def test_without_noise_it_agrees_with_the_engine(tmp_path: Path) -> None:
    journal, values = executed(tmp_path, LocalService("aer"), 1, 3, 5)
    assert list(values) == ["device", "zne_linear", "zne_richardson"]
    for found in values.values():
        assert np.abs(found.deviations(EXACT)).max() < 5
    errors = np.sqrt((1 - EXACT**2) / SHOTS)
    np.testing.assert_allclose(values["device"].standard_errors, errors, rtol=0.3, atol=1 / SHOTS)
    assert [[str(word) for word in program.words] for program in journal.programs] == 3 * [
        ["X0", "Z1 Z2", "Z2"],
        ["Z0", "Y1"],
        ["X0 X2"],
    ]


@pytest.mark.parametrize("name", ["fake_manila", "aer:fake_manila"])
def test_a_stored_device_agrees_with_the_noise_of_its_calibration(name: str, tmp_path: Path) -> None:
    service = LocalService(name)
    _, values = executed(tmp_path, service)
    inserted = noisy(build(CIRCUIT, service.target, 3))
    assert inserted is not None
    expected = density.expectations(inserted, INPUTS, WEIGHTS, WORDS, torch.complex128).numpy()
    z_words = [place for place, word in enumerate(WORDS) if all(letter == "Z" for _, letter in word.factors)]
    assert np.abs(values["device"].deviations(expected)[:, z_words]).max() < 5  # other letters are turned with noise
    np.testing.assert_allclose(values["device"].values, expected, atol=0.1)
    assert np.abs(values["device"].deviations(EXACT)).max() > 5


def test_the_readout_of_an_estimator_is_not_calibrated() -> None:
    with pytest.raises(OptionError, match="an estimator has no counts"):
        Arrangement(3, WORDS, (1,), patterns(3), estimates=True)


FAULTS: dict[str, Callable[[Outcome], Outcome]] = {
    "shape": lambda found: found[:-1],
    "type": lambda found: found.astype(np.float32),
    "no number": lambda found: found * np.nan,
    "error": lambda found: found - 2,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_other_values_than_were_asked_for_are_a_failure(fault: str, tmp_path: Path) -> None:
    programs = arranged().programs(build(CIRCUIT, device_named("fake_manila"), 3), INPUTS, WEIGHTS, SHOTS, 0)
    right = [np.full((6, len(program.words), 2), 0.1) for program in programs]
    assert misfit([one.form for one in programs], right) == ""
    service = ScriptedService()
    service.change = lambda counts: [right[0], FAULTS[fault](right[1]), right[2]]
    service.outcomes = lambda job_id: service.change([])  # type: ignore[method-assign]
    journal = Journal.begin(tmp_path, programs, service.device, RunOptions(), {})
    runner = Runner(journal, service, sleep=lambda seconds: None)
    runner.submit()
    with pytest.raises(JobError, match="not what was asked for"):
        runner.wait()


def test_the_service_is_asked_once_and_answers_with_values(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    _, values = executed(tmp_path, service)
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    assert values["device"].values.shape == EXACT.shape
    np.testing.assert_allclose(values["device"].values, EXACT, atol=0.25)  # noise; another order would be far off
    assert np.corrcoef(values["device"].values.ravel(), EXACT.ravel())[0, 1] > 0.95
    np.testing.assert_allclose(values["device"].standard_errors, np.sqrt(1 / SHOTS), atol=np.sqrt(1 / SHOTS))


def test_options_of_the_service_pass_through() -> None:
    decoupled = estimator_options("tag", RunOptions(dynamical_decoupling="XX", twirling=True, max_execution_time=9))
    assert decoupled == {
        "environment": {"job_tags": ["tag"]},
        "twirling": {"enable_gates": True, "enable_measure": True},
        "dynamical_decoupling": {"enable": True, "sequence_type": "XX"},
        "max_execution_time": 9,
        "resilience_level": 0,
    }
    resilient = estimator_options("tag", RunOptions(resilience_level=1))
    assert resilient["resilience_level"] == 1
    assert "twirling" not in resilient  # the readout is undone by twirled measurements
    assert estimator_options("tag", RunOptions())["twirling"] == {"enable_gates": False, "enable_measure": False}


@pytest.mark.parametrize("shots", [1, 3, 10, 100, 1000, 4096, 9999, 100_000, 10_000_000])
def test_the_service_rounds_the_precision_to_the_shots_that_were_asked_for(shots: int) -> None:
    precision = bloc(Program(rotations(1), np.zeros((1, 1)), shots, (PauliWord.of("Z0"),)))[3]
    assert math.ceil(1 / precision**2) == shots
