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
from tests.hardware import runtime_server as runtime_server_module
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
        (["--backend", "aer", "--primitive", "estimater"], "unknown primitive 'estimater'; did you mean 'estimator'"),
        (["--backend", "aer", "--primitive", "estimator", "-m", "readout"], "readout needs counts, which an estimator"),
        (["--backend", "aer", "--resilience-level", "1"], "--resilience-level is for --primitive estimator"),
        (["--backend", "aer", "--primitive", "estimator", "--resilience-level", "3"], "must be from 0 to 2"),
        (["--backend", "aer", "--primitive", "estimator", "--resilience-level", "1"], "acts on real devices only"),
        (["--backend", "aer:fake_manilla"], "did you mean 'aer:fake_manila'"),
        (["--backend", "aer", "--instance", "mine"], "--instance is for qlab hw-run login"),
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
    assert "QPU seconds, loading and the service's own mitigation not counted; the account has 500 left" in sent.err
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


def test_a_damaged_result_is_in_the_way_of_its_own_request_alone(qlab: Qlab, trained: str, workplace: Path) -> None:
    words = ("hw-run", trained, "--backend", "aer", "--limit", "3", "--shots")
    before = result_of(qlab(*words, "10", "--json").out)
    folder = workplace / "outputs" / "hardware" / before["uuid"]
    (folder / "result.json").write_text("{")
    for ask in ((*words, "10"), ("hw-run", "fetch", before["uuid"])):
        answer = qlab(*ask)
        assert (answer.code, "remove it, and fetch makes it anew" in answer.err) == (1, True)
    with pytest.warns(QlabWarning, match="remove it, and fetch makes it anew"):
        assert "not fetched" in qlab("hw-run", "list").out
    assert qlab(*words, "20").code == 0
    (folder / "result.json").unlink()
    (folder / "expected.safetensors").write_bytes(b"torn")
    answer = qlab("hw-run", "fetch", before["uuid"])
    assert (answer.code, "the command that began this run makes it anew" in answer.err) == (1, True)
    assert result_of(qlab(*words, "10", "--json").out)["rows"] == before["rows"]


@pytest.mark.filterwarnings("ignore::qlab.errors.QlabWarning")
def test_nothing_is_paid_for_while_an_intent_is_damaged(
    server: RuntimeServer, qlab: Qlab, trained: str, workplace: Path
) -> None:
    words = ("hw-run", trained, "--backend", DEVICE, "--shots", "10", "--limit", "3", "--yes")
    assert qlab(*words).code == 0
    (intent,) = (workplace / "outputs" / "hardware").glob("*/intent.json")
    intent.write_text(intent.read_text().replace('"limit": 3', '"limit": 4'))
    answer = qlab(*words)
    assert (answer.code, "nobody knows whether this was sent before" in answer.err) == (2, True)
    assert len(server.jobs) == 1


def test_a_simulated_job_is_done_when_the_command_is(qlab: Qlab, trained: str) -> None:
    words = ("hw-run", trained, "--backend", "aer", "--shots", "10", "--limit", "3")
    assert json.loads(qlab(*words, "--no-wait", "--json").out)["result"] is not None


def test_an_estimators_values_agree_with_the_engine_and_no_counts_are_kept(
    qlab: Qlab, trained: str, workplace: Path
) -> None:
    words = ("hw-run", trained, "--backend", "aer", "--shots", "2000", "--limit", "10", "--primitive", "estimator")
    answer = qlab(*words)
    assert answer.code == 0, answer.err
    assert "no counts are kept" in answer.err
    assert "\nvalues and predictions: " in answer.out
    document = json.loads(qlab(*words, "--json").out)
    result = document["result"]
    assert result["counts_kept"] is False
    assert result["request"]["primitive"] == "estimator"
    with np.load(Path(document["path"]) / "predictions.npz") as arrays:
        exact, found = arrays["ideal_values"], arrays["device_values"]
    assert (np.abs(found - exact) < 5 * np.sqrt((1 - exact**2) / 2000) + 1e-9).all()
    assert result_of(qlab(*words[:-2], "--json").out)["counts_kept"] is True  # the sampler's is another request
    assert len(list((workplace / "outputs" / "hardware").glob("*/intent.json"))) == 2


def test_an_estimator_on_an_account(server: RuntimeServer, qlab: Qlab, trained: str) -> None:
    words = ("--primitive", "estimator", "--resilience-level", "1", "--mitigation", "dd", "--yes", "--json")
    answer = qlab("hw-run", trained, "--backend", DEVICE, "--shots", "100", "--limit", "4", *words)
    assert answer.code == 0, answer.err
    (job,) = server.jobs.values()
    assert job.payload["program_id"] == "estimator"
    assert job.payload["params"]["resilience_level"] == 1
    assert job.payload["params"]["options"]["dynamical_decoupling"] == {"enable": True, "sequence_type": "XY4"}
    assert result_of(answer.out)["options"]["resilience_level"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list", "--backend", "aer", "--shots", "5"), "takes --output-dir, --json alone, not --backend, --shots"),
        (("list", "abc"), "takes --output-dir, --json alone, not JOB"),
        (("fetch", "abc", "--yes"), "takes JOB, --output-dir, --json alone, not --yes"),
        (("login", "--json"), "takes --instance alone, not --json"),
    ],
)
def test_an_action_refuses_what_it_would_ignore(words: tuple[str, ...], message: str, qlab: Qlab) -> None:
    answer = qlab("hw-run", *words)
    assert (answer.code, message in answer.err) == (2, True), answer.err
    assert len(answer.err.strip().splitlines()) == 1


def test_the_list_fits_a_narrow_terminal(qlab: Qlab, trained: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert qlab("hw-run", trained, "--backend", "fake_manila", "--shots", "10", "--limit", "2").code == 0
    monkeypatch.setenv("COLUMNS", "80")
    lines = qlab("hw-run", "list").out.splitlines()
    assert len(lines) == 5  # one row, on one line
    assert max(map(len, lines)) <= 80
    assert all(word in lines[3] for word in ("fake_manila", trained, "10", "done"))


def test_a_failed_job_is_spoken_of_before_the_next_one(server: RuntimeServer, qlab: Qlab, trained: str) -> None:
    words = ("hw-run", trained, "--backend", DEVICE, "--shots", "10", "--limit", "3", "--json")
    server.script.outcome = "Failed"
    assert qlab(*words, "--yes").code == 1
    said = "an earlier job, job0000, begun 20"
    how = "has failed: "
    asked = qlab(*words)
    assert asked.code == 2
    assert asked.err.startswith(said)
    assert how in asked.err.splitlines()[0]
    assert asked.err.splitlines()[0].endswith("QPU seconds were billed for it")
    assert len(server.jobs) == 1
    server.script.outcome = "Completed"
    again = qlab(*words, "--yes")
    assert again.code == 0, again.err
    (earlier,) = result_of(again.out)["earlier"]
    assert (earlier["job"], earlier["stage"]) == ("job0000", "failed")
    assert earlier["usage"] == pytest.approx(2.0075)
    assert said in qlab(*words[:-1]).out


def test_another_limit_is_applied_before_sending_and_refused_after(
    server: RuntimeServer, qlab: Qlab, trained: str
) -> None:
    words = ("hw-run", trained, "--backend", DEVICE, "--shots", "10", "--limit", "3", "--yes", "--json", "--no-wait")
    server.script.statuses["POST /jobs"] = [429]
    refused = qlab(*words, "--max-qpu-seconds", "20")
    assert refused.code == 2
    assert refused.err.rstrip().endswith("429 Too Many Requests: scripted trouble; repeat the command later")
    over = qlab(*words, "--max-qpu-seconds", "1")
    assert (over.code, "and 1 are allowed" in over.err) == (2, True)
    sent = qlab(*words, "--max-qpu-seconds", "30")
    assert "which is not finished, with at most 30 QPU seconds\n" in sent.err
    assert [job.payload["cost"] for job in server.jobs.values()] == [30]
    server.script.queued_looks = 100
    for limit, code in (("30", 0), ("40", 2), (None, 0)):
        again = qlab(*words, *(("--max-qpu-seconds", limit) if limit else ()))
        assert again.code == code, again.err
        assert ("was sent with at most 30 QPU seconds and cannot" in again.err) == (code == 2)
    assert len(server.jobs) == 1


def test_calibration_takes_no_more_shots_than_the_device(
    server: RuntimeServer, qlab: Qlab, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = runtime_server_module._described

    def few(kind: str) -> dict[str, Any]:
        return {**described(kind), **({"max_shots": 4000} if kind == "conf" else {})}

    monkeypatch.setattr(runtime_server_module, "_described", few)
    words = ("--backend", DEVICE, "--shots", "50", "--limit", "3", "--mitigation", "readout", "--yes", "--json")
    answer = qlab("hw-run", trained, *words)
    assert answer.code == 0, answer.err
    (job,) = server.jobs.values()
    assert [bloc[2] for bloc in job.payload["params"]["pubs"]] == [4000, 4000, 50]


def test_damaged_outcomes_are_fetched_again_by_the_jobs_id(
    server: RuntimeServer, qlab: Qlab, trained: str, workplace: Path
) -> None:
    words = ("hw-run", trained, "--backend", DEVICE, "--shots", "10", "--limit", "3", "--yes", "--json")
    before = result_of(qlab(*words).out)
    folder = workplace / "outputs" / "hardware" / before["uuid"]
    for repeat in (("hw-run", "fetch", before["uuid"], "--json"), words):
        (folder / "result.json").unlink()
        (folder / "outcomes-0.safetensors").write_bytes(b"torn")
        again = qlab(*repeat)
        assert again.code == 0, again.err
        assert result_of(again.out)["rows"] == before["rows"]
    assert len(server.jobs) == 1
