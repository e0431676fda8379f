"""Jobs in this process: right against theory, repeatable, and in the same journal as those on devices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit

from qlab.errors import JobError, Refused, UnknownNameError
from qlab.hardware.journal import Journal
from qlab.hardware.local import LocalService
from qlab.hardware.opening import open_service
from qlab.hardware.program import REGISTER, Counts, Program, misfit
from qlab.hardware.runner import Runner
from qlab.hardware.service import RunOptions
from tests.hardware.programs import program

SHOTS = 4000


def expectations(counts: Counts, n_qubits: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """<Z_q> of each row, (N, n_qubits)."""
    bits = np.unpackbits(counts, axis=-1)[..., ::-1][..., :n_qubits]
    found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = 1 - 2 * bits.mean(axis=1)
    return found


def run(tmp_path: Path, made: Program, service: LocalService, seed: int = 0) -> Counts:
    journal = Journal.begin(tmp_path / str(seed), [made], service.device, RunOptions(seed=seed), {})
    runner = Runner(journal, service)
    runner.submit()
    (counts,) = runner.wait()
    return counts


@pytest.mark.parametrize("n_qubits", [1, 8, 9])
def test_aer_without_noise_agrees_with_theory(tmp_path: Path, n_qubits: int) -> None:
    service = LocalService("aer")
    made = program(service.target, rows=5, shots=SHOTS, n_qubits=n_qubits)
    counts = run(tmp_path, made, service)
    assert counts.shape == (5, SHOTS, -(-n_qubits // 8))
    exact = np.cos(made.values)
    errors = np.sqrt((1 - exact**2) / SHOTS)
    assert (np.abs(expectations(counts, n_qubits) - exact) < 5 * errors).all()


def test_a_seed_repeats_a_job_and_another_does_not(tmp_path: Path) -> None:
    made = program(LocalService("aer").target)
    one, again = (run(tmp_path / place, made, LocalService("aer"), seed=1) for place in ("a", "b"))
    np.testing.assert_array_equal(one, again)
    assert (one != run(tmp_path, made, LocalService("aer"), seed=2)).any()


@pytest.mark.parametrize("name", ["fake_manila", "aer:fake_manila"])
def test_a_stored_device_reads_wrongly_as_often_as_it_was_calibrated(name: str, tmp_path: Path) -> None:
    service = LocalService(name)
    assert service.device.calibrated is not None
    assert (service.device.n_qubits, service.device.is_billed, service.device.keeps_jobs) == (5, False, False)
    made = program(service.target, rows=2, shots=SHOTS)
    still = Program(made.circuit, np.zeros_like(made.values), SHOTS)
    found = expectations(run(tmp_path, still, service), 2)
    properties = service.target.properties()
    layout = made.circuit.layout.final_index_layout()[:2]
    wrong = np.array([properties.qubit_property(qubit)["prob_meas1_prep0"][0] for qubit in layout])
    errors = 2 * np.sqrt(wrong * (1 - wrong) / SHOTS)
    assert (wrong > 0.005).all()
    gates = 0.002  # two sx gates with errors of at most 1e-3 each
    assert (np.abs(found - (1 - 2 * wrong)) < 5 * errors + gates).all()


def test_programs_of_several_shots_and_without_parameters_run_together(tmp_path: Path) -> None:
    service = LocalService("aer")
    still = QuantumCircuit(2)
    still.x(1)
    still.add_register(ClassicalRegister(2, REGISTER))
    still.measure([0, 1], [0, 1])
    made = [
        program(service.target, rows=2, shots=30),
        Program(still, np.empty((3, 0)), 20),
        program(service.target, rows=1, shots=30, n_qubits=9),
    ]
    service.submit(made, "tag", RunOptions())
    counts = service.outcomes("tag")
    assert misfit([one.form for one in made], counts) == ""
    assert (counts[1] == 2).all()


def test_what_aer_cannot_do_is_no_success(tmp_path: Path) -> None:
    service = LocalService("aer")
    large = QuantumCircuit(60)
    large.h(range(60))
    for qubit in range(59):
        large.cx(qubit, qubit + 1)
        large.t(qubit + 1)
        large.h(qubit)
    large.add_register(ClassicalRegister(60, REGISTER))
    large.measure(range(60), range(60))
    with pytest.raises(JobError, match="Aer cannot execute the job"):
        service.submit([Program(large, np.empty((1, 0)), 10)], "tag", RunOptions())
    assert service.find("tag") == []


def test_jobs_of_another_process_are_unknown() -> None:
    with pytest.raises(Refused, match="another process"):
        LocalService("aer").outcomes("qlab-1-0")


def test_unknown_devices_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fake_torino'"):
        open_service("fake_tornio")
    with pytest.raises(UnknownNameError, match="unknown device 'aer:fake_tornio'; did you mean 'aer:fake_torino'"):
        open_service("aer:fake_tornio")
    with pytest.raises(UnknownNameError, match="known: aer:fake_"):
        open_service("aer:nosuch")
    with pytest.raises(UnknownNameError, match="did you mean 'aer'"):
        open_service("are")
