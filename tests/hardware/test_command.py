"""The command against the loopback server where money, a record or a job is at stake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlab.hardware import ibm, transport
from qlab.jobs.hardware import hw_run
from tests.conftest import Qlab
from tests.hardware import runtime_server as runtime_server_module
from tests.hardware.runtime_server import DEVICE, RuntimeServer
from tests.jobs.sweep.small import SMALL

pytestmark = pytest.mark.filterwarnings("ignore:The RuntimeOptions class is deprecated:DeprecationWarning")
WORDS = ("--backend", DEVICE, "--shots", "100", "--limit", "3", "--yes")


@pytest.fixture(autouse=True)
def trained(qlab: Qlab) -> str:
    """The key of a small trained head with a circuit of 3 qubits; made before the server takes HOME and its caches."""
    answer = qlab("train", *SMALL, "--json")
    assert answer.code == 0, answer.err
    key: str = json.loads(answer.out)["record"]["key"]
    return key


@pytest.fixture
def hw(trained: str, server: RuntimeServer, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The words of a hardware run."""
    monkeypatch.setattr(transport, "_BACKOFF", 0.01)
    return ("hw-run", trained, *WORDS)


def result_of(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)["result"]
    return found


def folder_in(workplace: Path) -> Path:
    (found,) = (workplace / "outputs" / "hardware").glob("*-*")
    return found


def calibrated_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let qubits 3 and 4 be bad ones from now on."""
    known = runtime_server_module._described("props")
    for qubit, facts in enumerate(known["qubits"]):
        for fact in facts:
            if fact["name"] in ("readout_error", "prob_meas0_prep1", "prob_meas1_prep0"):
                fact["value"] = 0.3 if qubit in (3, 4) else 0.001
    for gate in known["gates"]:
        for fact in gate["parameters"]:
            if fact["name"] == "gate_error" and len(gate["qubits"]) == 2:
                fact["value"] = 0.3 if set(gate["qubits"]) & {3, 4} else 0.001
    described = runtime_server_module._described
    monkeypatch.setattr(runtime_server_module, "_described", lambda kind: known if kind == "props" else described(kind))


def measured_by(server: RuntimeServer) -> list[int]:
    (job,) = server.jobs.values()
    circuit = job.payload["params"]["pubs"][0][0]
    return [circuit.find_bit(one.qubits[0]).index for one in circuit.data if one.operation.name == "measure"]


def test_limits_of_unequal_jobs_suffice_and_add_up(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ibm, "_MOST_EXECUTIONS", 6000)
    words = (*hw, "--shots", "3000", "--no-wait", "--json")
    refused = qlab(*words, "--max-qpu-seconds", "6.5")
    assert refused.code == 2
    assert refused.err.strip() == (
        "error: limits are whole seconds, at least 7 QPU seconds for 2 jobs, and 6.5 are allowed: allow more"
    )
    assert not server.jobs
    assert qlab(*words, "--max-qpu-seconds", "7.9").code == 0
    assert [job.payload["cost"] for job in server.jobs.values()] == [4, 3]


def test_a_limit_is_never_less_than_what_a_job_takes(server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...]) -> None:
    refused = qlab(*hw, "--max-qpu-seconds", "2.9")
    assert (refused.code, "at least 3 QPU seconds, and 2.9 are allowed" in refused.err) == (2, True)
    assert not server.jobs


def test_a_result_describes_the_circuit_that_was_sent_after_a_death_and_a_new_calibration(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hw_run, "expect", die)
        died = qlab(*hw)
    assert (died.code, died.err.splitlines()[-1]) == (130, "error: interrupted; repeat the command to go on")
    calibrated_anew(monkeypatch)
    answer = qlab(*hw, "--json")
    assert answer.code == 0, answer.err
    result = result_of(answer.out)
    assert sorted(result["layout"]) == sorted(measured_by(server))
    assert not set(result["layout"]) & {3, 4}
    assert [row["name"] for row in result["rows"]] == ["ideal", "simulated noise", "device"]


@pytest.mark.filterwarnings("ignore::qlab.errors.QlabWarning", "ignore::DeprecationWarning")
def test_a_result_describes_the_circuit_that_was_sent_where_what_was_expected_is_lost(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...], workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert qlab(*hw, "--no-wait").code == 0
    sent = measured_by(server)
    (folder_in(workplace) / "expected.safetensors").unlink()
    calibrated_anew(monkeypatch)
    answer = qlab(*hw, "--json")
    assert answer.code == 0, answer.err
    result = result_of(answer.out)
    assert sorted(result["layout"]) == sorted(sent)
    assert [row["name"] for row in result["rows"]] == ["ideal", "device"]
    assert len(server.jobs) == 1


def test_force_gives_up_what_cannot_be_finished_and_says_what_was_paid(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...], workplace: Path
) -> None:
    assert qlab(*hw).code == 0
    folder = folder_in(workplace)
    (folder / "result.json").unlink()
    (folder / "outcomes-0.safetensors").write_bytes(b"torn")
    server.jobs.clear()
    lost = qlab(*hw)
    assert (lost.code, "the command with --force runs it anew" in lost.err) == (1, True)
    assert not server.jobs
    asked = qlab(*hw[:-1], "--force")
    assert (asked.code, "say --yes" in asked.err) == (2, True)
    again = qlab(*hw, "--force", "--json")
    assert again.code == 0, again.err
    assert again.err.startswith("an earlier job, job0000, begun 20")
    assert "was done; 2.075 QPU seconds were billed for it" in again.err.splitlines()[0]
    assert len(server.jobs) == 1
    assert [one["stage"] for one in result_of(again.out)["earlier"]] == ["done"]


def test_predictions_that_are_gone_are_made_anew(
    qlab: Qlab, hw: tuple[str, ...], workplace: Path, server: RuntimeServer
) -> None:
    assert qlab(*hw).code == 0
    folder = folder_in(workplace)
    kept = (folder / "predictions.npz").read_bytes()
    before = (folder / "result.json").read_bytes()
    (folder / "predictions.npz").unlink()
    assert f"are missing; qlab hw-run fetch {folder.name}" in qlab(*hw).out
    assert qlab("hw-run", "fetch", folder.name).code == 0
    assert (folder / "predictions.npz").read_bytes() == kept
    assert (folder / "result.json").read_bytes() == before
    assert len(server.jobs) == 1


def test_extrapolation_by_the_service_is_part_of_the_estimate(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...]
) -> None:
    words = (*hw, "--primitive", "estimator", "--shots", "2000", "--no-wait")
    once = qlab(*words, "--resilience-level", "1")
    assert "6,000 executions" in once.err
    assert "circuits that learn the errors of readout not counted" in once.err
    over = qlab(*words, "--resilience-level", "2", "--max-qpu-seconds", "4")
    assert (over.code, "18,000 executions take at least 6.6 QPU seconds, and 4 are allowed" in over.err) == (2, True)
    often = qlab(*words, "--resilience-level", "2")
    assert "level 2 extrapolates over 3 noise factors" in often.err
    assert len(server.jobs) == 2


@pytest.mark.parametrize("text", ["[]", '{"schema": 1}'])
def test_a_result_without_what_is_shown_is_damaged(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...], workplace: Path, text: str
) -> None:
    assert qlab(*hw).code == 0
    folder = folder_in(workplace)
    (folder / "result.json").write_text(text)
    answer = qlab("hw-run", "fetch", folder.name)
    assert (answer.code, "remove it, and fetch makes it anew" in answer.err) == (1, True)


def test_a_job_that_goes_on_is_exit_one_and_named(
    server: RuntimeServer, qlab: Qlab, hw: tuple[str, ...], workplace: Path
) -> None:
    server.script.statuses["GET /jobs/ID"] = [403] * 9
    answer = qlab(*hw)
    assert answer.code == 1
    assert f"job job0000 goes on: qlab hw-run fetch {folder_in(workplace).name} gets" in answer.err.splitlines()[-1]


def test_a_limit_out_of_range_and_a_batch_that_is_simulated(qlab: Qlab, hw: tuple[str, ...]) -> None:
    wide = qlab(*hw, "--max-qpu-seconds", "1e8")
    assert (wide.code, "must be above 0 and at most 10,000,000" in wide.err) == (2, True)
    batch = qlab(*hw, "--backend", "aer", "--batch")
    assert (batch.code, "--batch acts on real devices only" in batch.err) == (2, True)
