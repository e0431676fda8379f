"""The real client against a server that speaks the service's protocol: what is sent, and what troubles do."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from requests import ConnectionError, HTTPError, Request, RequestException, Response
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from qlab.errors import InDoubt, JobError, QlabError, Refused, RequestError, UnknownNameError, Unreachable
from qlab.hardware import transport
from qlab.hardware.answers import submitting
from qlab.hardware.ibm import IbmService
from qlab.hardware.intent import Budget
from qlab.hardware.journal import Journal
from qlab.hardware.opening import open_service
from qlab.hardware.program import Counts
from qlab.hardware.runner import Runner
from qlab.hardware.service import RunOptions
from tests.hardware.programs import program
from tests.hardware.runtime_server import DEVICE, INSTANCE, TOKEN, OnSubmit, Outcome, RuntimeServer, without_cloud

pytestmark = pytest.mark.filterwarnings("ignore:The RuntimeOptions class is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_BACKOFF", 0.01)


def begin(
    tmp_path: Path, service: IbmService, rows: int = 3, budget: Budget | None = None, **options: object
) -> Journal:
    made = program(service.target, rows=rows)
    known = RunOptions(**options)  # type: ignore[arg-type]
    return Journal.begin(tmp_path / "hardware", [made], service.device, known, {}, budget)


def runner(journal: Journal, service: IbmService, *, resubmit: bool = False) -> Runner:
    return Runner(Journal(journal.folder), service, resubmit=resubmit, sleep=lambda seconds: None)


def finish(journal: Journal, service: IbmService) -> list[Counts]:
    again = runner(journal, service)
    again.submit()
    return again.wait()


def test_a_hundred_samples_are_one_job(server: RuntimeServer, tmp_path: Path) -> None:
    server.script.queued_looks = 2
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service, rows=100)
    (counts,) = finish(journal, service)
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    assert counts.shape == (100, 50, 1)
    assert journal.usage() == pytest.approx(2 + 100 * 50 * 250e-6)
    exact = np.cos(journal.programs[0].values)
    found = 1 - 2 * np.unpackbits(counts, axis=-1)[..., ::-1][..., :2].mean(axis=1)
    assert np.abs(found - exact).mean() < 0.2  # wrong readings and shots; rows in another order would be far off
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.95


def test_the_device_is_described(server: RuntimeServer) -> None:
    service = IbmService(DEVICE)
    facts = service.device
    assert (facts.name, facts.n_qubits, facts.is_billed, facts.most_shots) == (DEVICE, 5, True, 100_000)
    assert facts.rep_delay == pytest.approx(250e-6)
    assert facts.calibrated is not None
    assert service.seconds_left() == 500.0


def test_what_is_sent(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    allowed = Budget(30.5, (30,))
    journal = begin(tmp_path, service, budget=allowed, dynamical_decoupling="XY4", twirling=True, mode="batch")
    finish(journal, service)
    (job,) = server.jobs.values()
    assert job.tags == [journal.intent.tag(0)]
    assert job.payload["cost"] == 30
    assert job.payload["session_id"] == "session0"
    assert server.sessions == {"session0": False}  # closed: nothing else is waited for
    assert job.payload["params"]["options"] == {
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "twirling": {"enable_gates": True, "enable_measure": True},
    }


def test_another_process_later_fetches_the_same(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    later = IbmService(DEVICE)
    (counts,) = runner(journal, later).wait()
    kept = {path.name: path.read_bytes() for path in journal.folder.iterdir()}
    asked = server.requests.copy()
    for _ in range(2):
        (again,) = runner(journal, later).wait()
        np.testing.assert_array_equal(counts, again)
    assert {path.name: path.read_bytes() for path in journal.folder.iterdir()} == kept
    assert server.requests == asked, "what is on disk was fetched again"


def test_counts_of_a_device_that_is_gone_are_fetched(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    server.script.statuses["GET /backends"] = [404] * 20
    server.script.statuses["GET /backends/ID/configuration"] = [404] * 20
    (counts,) = runner(journal, IbmService(DEVICE)).wait()
    assert counts.shape == (3, 50, 1)


ENDS: dict[Outcome, str] = {
    "Failed": "has failed: .*the fridge is warm",
    "Cancelled": "has been cancelled",
    "Ran too long": "has failed: .*maximum execution time",
}


@pytest.mark.parametrize("outcome", ENDS)
def test_how_jobs_end(server: RuntimeServer, tmp_path: Path, outcome: Outcome) -> None:
    server.script.outcome, server.script.queued_looks = outcome, 1
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    for _ in range(2):
        with pytest.raises(JobError, match=ENDS[outcome]):
            finish(journal, service)
    assert server.requests["POST /jobs"] == 1


def test_a_failure_without_a_reason_is_a_failure(server: RuntimeServer, tmp_path: Path) -> None:
    server.script.outcome = "Failed"
    server.script.statuses["GET /jobs/ID/results"] = [404] * 9
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    with pytest.raises(JobError, match=r"job job0000 has failed$"):
        finish(journal, service)


def test_an_account_that_sees_another_instance_now_sends_nothing(
    server: RuntimeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begin(tmp_path, IbmService(DEVICE))
    other = INSTANCE.replace("5678", "9999")
    without_cloud(monkeypatch.setattr, other)
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", other)
    with pytest.raises(RequestError, match="another instance or account"):
        finish(journal, IbmService(DEVICE))
    assert server.requests["POST /jobs"] == 0


TAKEN: list[OnSubmit] = ["drop after", "gateway after", "garbage after"]


@pytest.mark.parametrize("trouble", TAKEN)
def test_a_job_that_was_taken_without_a_word_is_found(server: RuntimeServer, tmp_path: Path, trouble: OnSubmit) -> None:
    server.script.on_submit, server.script.hidden_looks = trouble, 2
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    finish(journal, service)
    assert server.requests["POST /jobs"] == len(server.jobs) == 1
    assert server.requests["GET /jobs"] == 3


def test_a_silent_server_is_not_waited_for_without_end(
    server: RuntimeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_SUBMIT_SECONDS", 0.3)
    server.script.on_submit = "hang after"
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    finish(journal, service)
    assert server.requests["POST /jobs"] == len(server.jobs) == 1


def test_a_connection_that_drops_before_leaves_doubt(server: RuntimeServer, tmp_path: Path) -> None:
    server.script.on_submit = "drop before"
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    with pytest.raises(InDoubt, match=journal.intent.tag(0)):
        finish(journal, service)
    server.script.on_submit = "accept"
    with pytest.raises(InDoubt):
        finish(journal, service)
    assert server.requests["POST /jobs"] == 1
    assert not server.jobs
    runner(journal, service, resubmit=True).submit()
    assert server.requests["POST /jobs"] == 2
    assert len(server.jobs) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_server_error_is_not_answered_with_a_second_submission(
    server: RuntimeServer, tmp_path: Path, status: int
) -> None:
    server.script.statuses["POST /jobs"] = [status]
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    with pytest.raises(InDoubt):
        finish(journal, service)
    assert server.requests["POST /jobs"] == 1
    assert journal.states()[0].stage == "sending"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429])
def test_a_refused_submission_may_be_sent_again(server: RuntimeServer, tmp_path: Path, status: int) -> None:
    server.script.statuses["POST /jobs"] = [status]
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    with pytest.raises(Refused, match="login" if status == 401 else "there is no job") as caught:
        finish(journal, service)
    assert caught.value.exit_code == 2
    assert "\\" not in str(caught.value)
    if status != 401:
        assert f"there is no job: {status} " in str(caught.value)
        assert str(caught.value).endswith("scripted trouble; repeat the command later" if status == 429 else "trouble")
    assert journal.states()[0].stage == "refused"
    finish(journal, service)
    assert len(server.jobs) == 1


def test_trouble_before_the_submission_sends_nothing(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    server.script.statuses["GET /instances/usage"] = [400]
    with pytest.raises(Refused, match="there is no job"):
        finish(journal, service)
    assert server.requests["POST /jobs"] == 0
    finish(journal, service)


@pytest.mark.parametrize("route", ["GET /jobs/ID", "GET /jobs/ID/results", "GET /jobs/ID/metrics"])
def test_questions_are_repeated(server: RuntimeServer, tmp_path: Path, route: str) -> None:
    server.script.statuses[route] = [503, 500, 429, 503, 503, 503, 503, 502]
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    finish(journal, service)
    assert len(server.jobs) == 1


def test_an_expired_token_is_one_line(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    server.script.refused_token = TOKEN
    with pytest.raises(JobError, match="qlab hw-run login saves another; job job0000 goes on") as caught:
        runner(journal, service).wait()
    assert TOKEN not in str(caught.value)
    server.script.refused_token = ""
    runner(journal, service).wait()


def test_a_torn_result_is_fetched_again_and_one_of_fewer_shots_is_a_failure(
    server: RuntimeServer, tmp_path: Path
) -> None:
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    server.script.torn_result = True
    with pytest.raises(Unreachable, match="cannot be fetched"):
        runner(journal, service).wait()
    server.script.torn_result, server.script.fewer_shots = False, 1
    with pytest.raises(JobError, match=r"shape \(3, 49, 1\) instead of \(3, 50, 1\)"):
        runner(journal, service).wait()


def test_a_job_that_the_service_does_not_know(server: RuntimeServer) -> None:
    service = IbmService(DEVICE)
    for ask in (service.state, service.outcomes, service.usage, service.cancel):
        with pytest.raises(Refused, match="job9"):
            ask("job9")


def test_cancelling(server: RuntimeServer, tmp_path: Path) -> None:
    server.script.queued_looks = 5
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    (state,) = runner(journal, IbmService(DEVICE)).cancel()
    assert state.stage == "cancelled"
    with pytest.raises(JobError, match="cancelled"):
        finish(journal, service)
    assert len(server.jobs) == 1


def test_cancelling_what_is_done_keeps_it(server: RuntimeServer, tmp_path: Path) -> None:
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    (state,) = runner(journal, service).cancel()
    assert state.stage == "done"


def test_usage_that_comes_late_is_waited_for(server: RuntimeServer, tmp_path: Path) -> None:
    server.script.usage_looks = 2
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    finish(journal, service)
    assert journal.usage() is not None


def refused(name: str = DEVICE) -> QlabError:
    with pytest.raises(RequestError) as caught:
        _ = open_service(name).device
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return caught.value


def test_an_unknown_device_is_answered_with_the_nearest(server: RuntimeServer) -> None:
    error = refused("ibm_manilla")
    assert isinstance(error, UnknownNameError)
    assert "did you mean 'ibm_manila'?" in str(error)


def test_no_account(server: RuntimeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    assert "qlab hw-run login" in str(refused())


def test_no_network(server: RuntimeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.stop()
    assert "cannot be looked up" in str(refused())
    said = [one.getMessage() for one in caplog.records if one.name.startswith("qiskit_ibm_runtime")]
    assert not said, "the client says beside the one line what it is about"


@pytest.mark.parametrize("trouble", ["expired", "connection"])
def test_what_happens_to_a_question_after_a_submission_says_nothing_of_the_job(trouble: str) -> None:
    question = Request("GET", "http://127.0.0.1:9/jobs/job0").prepare()
    if trouble == "expired":
        answer = Response()
        answer.status_code, answer.request = 401, question
        error: RequestException = HTTPError("401", response=answer)
    else:
        never = NewConnectionError(HTTPConnection("127.0.0.1"), "refused")
        error = ConnectionError(MaxRetryError(HTTPConnectionPool("127.0.0.1"), "/", never), request=question)

    def submit(count: int) -> None:
        with submitting("the job was not sent"):
            transport.Transport.submissions += count
            raise error

    with pytest.raises(Unreachable):
        submit(1)
    with pytest.raises(Refused):
        submit(0)


def test_a_token_that_is_not_taken(server: RuntimeServer) -> None:
    server.script.refused_token = TOKEN
    error = str(refused())
    assert "does not take the token" in error
    assert TOKEN not in error


def test_debug_logs_show_no_token(
    server: RuntimeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qlab.hardware import redaction

    factory = logging.getLogRecordFactory()
    monkeypatch.setattr(logging, "_logRecordFactory", redaction._redacting(factory))
    for logger in logging.Logger.manager.loggerDict.values():  # another test may have silenced those that there were
        monkeypatch.setattr(logger, "disabled", False, raising=False)
    caplog.set_level(logging.DEBUG)
    service = IbmService(DEVICE)
    journal = begin(tmp_path, service)
    finish(journal, service)
    assert "POST" in caplog.text
    assert TOKEN not in caplog.text
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()
