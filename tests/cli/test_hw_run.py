"""``qlab hw-run`` from a trained head to its result: simulated devices, and IBM's client against a loopback server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlab.errors import QlabWarning
from qlab.hardware import transport
from tests.conftest import Qlab
from tests.hardware.runtime_server import DEVICE, TOKEN, RuntimeServer, environment, runtime_server, without_cloud
from tests.jobs.sweep.small import SMALL

pytestmark = pytest.mark.filterwarnings("ignore:The RuntimeOptions class is deprecated:DeprecationWarning")


@pytest.fixture
def trained(qlab: Qlab) -> str:
    """The key of a small trained head with a circuit of 3 qubits."""
    answer = qlab("train", *SMALL, "--json")
    assert answer.code == 0, answer.err
    key: str = json.loads(answer.out)["record"]["key"]
    return key


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RuntimeServer]:
    """A server, and an environment in which the client of this process finds it."""
    monkeypatch.setattr(transport, "_BACKOFF", 0.01)
    with runtime_server() as running:
        for name, value in environment(running, tmp_path / "home").items():
            monkeypatch.setenv(name, value)
        without_cloud(monkeypatch.setattr)
        yield running


def result_of(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)["result"]
    return found


def test_without_noise_every_value_agrees_with_the_engine(qlab: Qlab, trained: str, workplace: Path) -> None:
    answer = qlab("hw-run", trained, "--backend", "aer", "--shots", "2000", "--limit", "20", "--json")
    assert answer.code == 0, answer.err
    assert "20 samples, 1 job, 40,000 executions" in answer.err
    result = result_of(answer.out)
    assert [row["name"] for row in result["rows"]] == ["ideal", "device"]
    assert (len(result["jobs"]), result["samples"]) == (1, 20)
    with np.load(Path(json.loads(answer.out)["path"]) / "predictions.npz") as arrays:
        exact, found = arrays["ideal_values"], arrays["device_values"]
        error = np.sqrt((1 - exact**2) / 2000)
        assert exact.shape == (20, 3)
        assert (np.abs(found - exact) < 5 * error + 1e-9).all()
        assert arrays["device_logits"].shape == (20, 10)
    ideal = json.loads((workplace / "outputs" / "runs").glob("*/result.json").__next__().read_text())
    assert ideal["key"] == result["run"]


def test_the_ideal_row_is_what_the_run_predicted(qlab: Qlab, trained: str, workplace: Path) -> None:
    result = result_of(qlab("hw-run", trained, "--backend", "aer", "--shots", "10", "--json").out)
    record = json.loads(next((workplace / "outputs" / "runs").glob("*/result.json")).read_text())
    assert result["rows"][0]["metrics"]["accuracy"] == record["metrics"]["accuracy"]
    assert result["rows"][0]["changed_predictions"] == 0


def test_a_stored_device_with_mitigation(qlab: Qlab, trained: str, workplace: Path) -> None:
    words = ("--backend", "fake_manila", "--shots", "500", "--limit", "6", "--mitigation", "readout,zne")
    answer = qlab("hw-run", trained, *words)
    assert answer.code == 0, answer.err
    for name in ("ideal", "simulated noise", "device", "readout", "readout, zne linear"):
        assert name in answer.out
    assert "on 3 qubits of the device" in answer.err
    assert "calibration" in answer.err
    again = qlab("hw-run", trained, *words, "--json")
    assert "found the result" in again.err
    result = result_of(again.out)
    shift = {row["name"]: row["shift_rms"] for row in result["rows"]}
    assert shift["ideal"] == 0
    assert shift["simulated noise"] > 0.001
    assert len(list((workplace / "outputs" / "hardware").glob("*/intent.json"))) == 1
    uuid = result["uuid"]
    folder = workplace / "outputs" / "hardware" / uuid
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert qlab("hw-run", "fetch", uuid[:6], "--json").out == again.out
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert uuid[:8] in qlab("hw-run", "list").out
    assert qlab("hw-run", trained, *words, "--force").code == 0
    assert len(list((workplace / "outputs" / "hardware").glob("*/intent.json"))) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--backend", "fake_torinno"], "unknown device 'fake_torinno'; did you mean 'fake_torino'"),
        (["--backend", "aer", "--shots", "0"], "--shots 0 is out of range"),
        (["--backend", "aer", "--limit", "0"], "--limit 0 is out of range"),
        (["--backend", "aer", "--mitigation", "pec"], "unknown mitigation 'pec'"),
        (["--backend", "aer", "--mitigation", "readout,mthree"], "choose one of them"),
        (["--backend", "fake_manila", "--max-qpu-seconds", "0.1", "--limit", "5"], "and 0.1 are allowed"),
        (["--backend", "fake_manila", "--max-qpu-seconds", "inf"], "--max-qpu-seconds inf is out of range"),
        (["--backend", "fake_manila", "--mitigation", "dd,twirling"], "dd,twirling acts on real devices only"),
        (["--backend", "ibm_fez"], "there is no IBM account: set QISKIT_IBM_TOKEN, or call qlab hw-run login"),
    ],
)
def test_a_wrong_request_is_one_line_and_sends_nothing(
    words: list[str], message: str, qlab: Qlab, trained: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(workplace))
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    answer = qlab("hw-run", trained, *words)
    assert answer.code == 2, answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert message in answer.err
    assert not list(workplace.glob("outputs/hardware/*"))


def test_what_cannot_be_executed_is_said(qlab: Qlab, workplace: Path) -> None:
    classical = [word for word in SMALL if not word.startswith("head.")]
    key = json.loads(qlab("train", *classical, "head=linear", "encoder.n_features=3", "--json").out)["record"]["key"]
    answer = qlab("hw-run", key, "--backend", "aer")
    assert (answer.code, "has no circuit" in answer.err) == (2, True)
    wide = json.loads(qlab("train", *SMALL, "head.n_qubits=6", "--json").out)["record"]["key"]
    answer = qlab("hw-run", wide, "--backend", "fake_manila")
    assert (answer.code, "fake_manila has 5 qubits, but the circuit" in answer.err) == (2, True)
    for words in (("nothing",), ("fetch", "nothing"), ("fetch",), (key, "status")):
        answer = qlab("hw-run", *words)
        assert answer.code == 2, words
        assert len(answer.err.strip().splitlines()) == 1


def test_on_an_account_a_hundred_samples_cost_one_job_and_are_fetched_later(
    server: RuntimeServer, qlab: Qlab, trained: str, workplace: Path
) -> None:
    words = ("--backend", DEVICE, "--shots", "100", "--limit", "40")
    refused = qlab("hw-run", trained, *words)
    assert (refused.code, "say --yes" in refused.err) == (2, True)
    assert server.requests["POST /jobs"] == 0
    sent = qlab("hw-run", trained, *words, "--yes", "--no-wait", "--json")
    assert sent.code == 0, sent.err
    assert "QPU seconds, loading, decoupling and twirling not counted; the account has 500 left" in sent.err
    assert json.loads(sent.out)["result"] is None
    uuid = json.loads(sent.out)["uuid"]
    first = qlab("hw-run", "fetch", uuid, "--json")
    for _ in range(50):
        if first.code == 0:
            break
        first = qlab("hw-run", "fetch", uuid, "--json")
    assert first.code == 0, first.err
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    result = result_of(first.out)
    assert result["qpu_seconds"] > 0
    assert qlab("hw-run", "fetch", uuid, "--json").out == first.out
    assert qlab("hw-run", trained, *words, "--yes", "--json").out == first.out
    assert server.requests["POST /jobs"] == 1
    # killed between the counts and the result, then repeated: what is paid for is not sent again
    (workplace / "outputs" / "hardware" / uuid / "result.json").unlink()
    again = qlab("hw-run", trained, *words, "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["result"]["rows"] == result["rows"]
    assert server.requests["POST /jobs"] == 1
    for path in (workplace / "outputs").rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path
    for answer in (refused, sent, first):
        assert TOKEN not in answer.out + answer.err


def test_a_job_that_fails_is_exit_one_and_no_result(server: RuntimeServer, qlab: Qlab, trained: str) -> None:
    server.script.outcome = "Failed"
    answer = qlab("hw-run", trained, "--backend", DEVICE, "--shots", "10", "--limit", "3", "--yes")
    assert answer.code == 1
    assert "failed" in answer.err.splitlines()[-1]
    listed = json.loads(qlab("hw-run", "list", "--json").out)
    assert [one["result"] for one in listed] == [None]


def test_a_result_is_about_what_was_sent(server: RuntimeServer, qlab: Qlab, trained: str, workplace: Path) -> None:
    words = ("--backend", DEVICE, "--shots", "20", "--limit", "3", "--yes", "--no-wait", "--json")
    uuid = json.loads(qlab("hw-run", trained, *words).out)["uuid"]
    (model,) = (workplace / "outputs" / "runs").glob("*/model.safetensors")
    kept = model.read_bytes()
    model.write_bytes(kept + b" ")
    for _ in range(50):
        answer = qlab("hw-run", "fetch", uuid)
        if "not done yet" not in answer.err:
            break
    assert (answer.code, "has been trained again since it was sent" in answer.err) == (2, True)
    model.write_bytes(kept)
    result = result_of(qlab("hw-run", "fetch", uuid, "--json").out)
    from qlab.hardware.journal import Journal

    journal = Journal(workplace / "outputs" / "hardware" / uuid)
    (program,) = journal.programs
    circuit = program.circuit
    read = {
        circuit.find_bit(one.clbits[0]).index: circuit.find_bit(one.qubits[0]).index
        for one in circuit.data
        if one.operation.name == "measure"
    }
    assert result["layout"] == [read[bit] for bit in sorted(read)]
    assert result["cost"]["executions"] == 60


def test_a_damaged_hardware_run_is_in_nobodys_way(qlab: Qlab, trained: str, workplace: Path) -> None:
    words = ("hw-run", trained, "--backend", "aer", "--shots", "10", "--limit", "3")
    assert qlab(*words).code == 0
    (folder,) = (workplace / "outputs" / "hardware").glob("*-*")
    (folder / "intent.json").write_text("{")
    with pytest.warns(QlabWarning, match="this hardware run is left out"):
        assert qlab(*words, "--shots", "20").code == 0


def test_a_simulated_job_is_done_when_the_command_is(qlab: Qlab, trained: str) -> None:
    words = ("hw-run", trained, "--backend", "aer", "--shots", "10", "--limit", "3")
    assert json.loads(qlab(*words, "--no-wait", "--json").out)["result"] is not None
