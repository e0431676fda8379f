"""The state machine: a job is sent once, found again, never lost, and never done that is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qlab.arrays import read_arrays
from qlab.errors import CorruptFileError, InDoubt, JobError, Refused, RequestError, Unreachable
from qlab.hardware.journal import Journal
from qlab.hardware.program import Counts, misfit
from qlab.hardware.runner import Runner
from qlab.hardware.service import JobState, RunOptions, UnknownJob
from qlab.progress import Silent
from tests.hardware.scripted import Bomb, Killed, ScriptedService, begin, expected_counts, programs

STEPS = 20  # of a run of two chunks


class Listener(Silent):
    """Keeps what is said, and does something when it hears it."""

    def __init__(self, react: Callable[[], None] = lambda: None) -> None:
        self.said: list[str] = []
        self._react = react

    def say(self, message: str) -> None:
        self.said.append(message)
        self._react()


def runner(
    journal: Journal, service: ScriptedService, pauses: list[float] | None = None, *, resubmit: bool = False
) -> Runner:
    sleep = (pauses if pauses is not None else []).append
    return Runner(Journal(journal.folder), service, resubmit=resubmit, sleep=sleep)


def finish(journal: Journal, service: ScriptedService, *, resubmit: bool = False) -> list[Counts]:
    again = runner(journal, service, resubmit=resubmit)
    again.submit()
    return again.wait()


def chunked(root: Path, service: ScriptedService) -> Journal:
    """A journal of two chunks: 6 rows of 10 shots, at most 40 shots in a job."""
    journal = begin(root, service)
    assert journal.n_chunks == 2
    return journal


def test_a_run_sends_each_chunk_once_and_returns_all_rows(tmp_path: Path) -> None:
    service = ScriptedService(most_executions=40)
    service.states = [JobState("queued"), JobState("running"), JobState("done")]
    journal = chunked(tmp_path, service)
    (counts,) = finish(journal, service)
    assert service.tags == [journal.intent.tag(0), journal.intent.tag(1)]
    assert [made.n_executions for sent in service.programs for made in sent] == [4, 2]
    assert len({options.seed for options in service.options}) == 2
    assert service.closed == 1
    np.testing.assert_array_equal(counts, expected_counts(journal.programs[0]))
    assert journal.usage() == 3.0


@pytest.mark.parametrize("hidden", [0, 3])
@pytest.mark.parametrize("point", range(STEPS + 1))
def test_a_process_that_dies_anywhere_neither_repeats_nor_loses_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: int, hidden: int
) -> None:
    bomb = Bomb(point)
    service = ScriptedService(bomb=bomb, most_executions=40)
    journal = chunked(tmp_path, service)
    with monkeypatch.context() as patched:
        bomb.plant(patched)
        try:
            finish(journal, service)
        except Killed as killed:
            place = str(killed)
        else:
            place = "never"
    assert (place == "never") == (point == STEPS)
    bomb.at = None
    service.hidden_looks = hidden
    accepted = len(service.tags)
    try:
        (counts,) = finish(journal, service)
    except InDoubt:
        assert place in ("after sending of 0", "before acceptance", "after sending of 1")
        assert len(service.tags) == accepted, "a job that is in doubt was sent"
        (counts,) = finish(journal, service, resubmit=True)
    assert service.tags == [journal.intent.tag(0), journal.intent.tag(1)]
    assert [state.stage for state in journal.states()] == ["done", "done"]
    np.testing.assert_array_equal(counts, expected_counts(journal.programs[0]))


def test_the_points_of_death_cover_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = Bomb()
    service = ScriptedService(bomb=bomb, most_executions=40)
    bomb.plant(monkeypatch)
    finish(chunked(tmp_path, service), service)
    assert bomb.ticks == STEPS
    assert bomb.places[:6] == [
        "before sending of 0",
        "after sending of 0",
        "before acceptance",
        "after acceptance",
        "before queued of 0",
        "after queued of 0",
    ]


def test_a_connection_that_drops_after_the_job_was_taken_costs_one_look(tmp_path: Path) -> None:
    service = ScriptedService()

    def drop(accepted: bool) -> None:
        if accepted:
            raise Unreachable("the connection dropped")

    service.fail_submit = drop
    service.hidden_looks = 2
    pauses: list[float] = []
    journal = begin(tmp_path, service)
    once = runner(journal, service, pauses)
    once.submit()
    assert len(service.tags) == 1
    assert len(pauses) == 2
    assert journal.states()[0].job == "job0"


def test_a_job_that_is_nowhere_is_not_sent_again_without_being_asked_for(tmp_path: Path) -> None:
    service = ScriptedService()

    def drop(accepted: bool) -> None:
        raise Unreachable("the connection dropped")

    service.fail_submit = drop
    journal = begin(tmp_path, service)
    for _ in range(2):
        with pytest.raises(InDoubt, match="--resubmit"):
            finish(journal, service)
    assert not service.tags
    assert service.looks == 10
    service.fail_submit = lambda accepted: None
    finish(journal, service, resubmit=True)
    assert len(service.tags) == 1


def test_a_job_in_doubt_that_costs_nothing_is_sent_again(tmp_path: Path) -> None:
    bomb = Bomb(0)
    service = ScriptedService(bomb=bomb, is_billed=False)
    journal = begin(tmp_path, service)
    with pytest.raises(Killed):
        finish(journal, service)
    finish(journal, service)
    assert len(service.tags) == 1


def test_a_job_that_a_local_process_has_taken_with_it_is_run_again(tmp_path: Path) -> None:
    journal = begin(tmp_path, ScriptedService(is_billed=False, keeps_jobs=False))
    journal.append(0, "sending")
    journal.append(0, "queued", job=journal.intent.tag(0))
    second = ScriptedService(is_billed=False, keeps_jobs=False)
    assert runner(journal, second).refresh() == journal.states()
    with pytest.raises(JobError, match="not sent whole; repeat the command"):
        runner(journal, second).wait()
    finish(journal, second)
    assert len(second.tags) == 1


def test_a_refusal_leaves_no_doubt(tmp_path: Path) -> None:
    service = ScriptedService()

    def refuse(accepted: bool) -> None:
        raise Refused("no seconds left")

    service.fail_submit = refuse
    journal = begin(tmp_path, service)
    with pytest.raises(Refused, match="no seconds left"):
        finish(journal, service)
    assert journal.states()[0].stage == "refused"
    with pytest.raises(JobError, match="not sent whole"):
        runner(journal, service).wait()
    service.fail_submit = lambda accepted: None
    finish(journal, service)
    assert len(service.tags) == 1


@pytest.mark.parametrize(("phase", "word"), [("failed", "failed"), ("cancelled", "been cancelled")])
def test_a_job_that_ended_badly_stays_so_and_is_not_sent_again(tmp_path: Path, phase: str, word: str) -> None:
    service = ScriptedService()
    service.states = [JobState(phase, "the fridge is warm")]  # type: ignore[arg-type]
    journal = begin(tmp_path, service)
    for _ in range(3):
        with pytest.raises(JobError, match=f"job job0 has {word}: the fridge is warm"):
            finish(journal, service)
        service.states = [JobState("done")]  # a service that changes its mind
    assert len(service.tags) == 1
    assert not list(journal.folder.glob("outcomes*"))


def test_polling_goes_on_through_an_outage_but_not_for_ever(tmp_path: Path) -> None:
    service = ScriptedService()
    service.fail_state = [Unreachable("no network")] * 9
    journal = begin(tmp_path, service)
    finish(journal, service)
    lost = begin(tmp_path, service, run="b")
    service.fail_state = [Unreachable("no network")] * 10
    with pytest.raises(Unreachable, match=f"the jobs go on, qlab hw-run fetch {lost.intent.uuid}"):
        finish(lost, service)
    finish(lost, service)
    assert len(service.tags) == 2


def test_an_expired_token_ends_the_waiting_not_the_job(tmp_path: Path) -> None:
    service = ScriptedService()
    service.fail_state = [Refused("the token has expired")]
    journal = begin(tmp_path, service)
    goes_on = f"the token has expired; job job0 goes on: qlab hw-run fetch {journal.intent.uuid} gets"
    with pytest.raises(JobError, match=goes_on):
        finish(journal, service)
    assert journal.states()[0].stage == "queued"
    finish(journal, service)
    assert len(service.tags) == 1


def test_pauses_grow_while_nothing_changes(tmp_path: Path) -> None:
    service = ScriptedService()
    service.states = [JobState("queued")] * 20 + [JobState("done")]
    pauses: list[float] = []
    journal = begin(tmp_path, service)
    once = runner(journal, service, pauses)
    once.submit()
    once.wait()
    assert pauses == sorted(pauses)
    assert pauses[0] <= 2
    assert pauses[-1] == 60


def test_ctrl_c_leaves_the_job_running(tmp_path: Path) -> None:
    service = ScriptedService()
    service.states = [JobState("queued"), JobState("done")]
    journal = begin(tmp_path, service)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    listener = Listener()
    interrupted = Runner(journal, service, listener, sleep=interrupt)
    interrupted.submit()
    with pytest.raises(KeyboardInterrupt):
        interrupted.wait()
    assert not service.cancelled
    assert f"qlab hw-run fetch {journal.intent.uuid}" in listener.said[-1]
    assert f"qlab hw-run cancel {journal.intent.uuid}" in listener.said[-1]
    finish(journal, service)
    assert len(service.tags) == 1


def test_cancel_reaches_what_was_sent_and_keeps_the_rest_from_being_sent(tmp_path: Path) -> None:
    service = ScriptedService(most_executions=40, bomb=Bomb(2))
    service.states = [JobState("queued")]
    journal = chunked(tmp_path, service)
    with pytest.raises(Killed, match="before acceptance"):
        runner(journal, service).submit()  # ticks of the service only: two for chunk 0, then chunk 1 dies
    service.bomb.at = None
    with pytest.raises(InDoubt):
        runner(journal, service).cancel()
    assert service.cancelled == ["job0"]
    service.states = [JobState("cancelled")]
    service.tags.append(journal.intent.tag(1))  # it turns up
    service.programs.append([])
    states = runner(journal, service).cancel()
    assert [state.stage for state in states] == ["cancelled", "cancelled"]
    assert service.cancelled == ["job0", "job0", "job1"]
    with pytest.raises(JobError, match="cancelled"):
        finish(journal, service)
    assert len(service.tags) == 2


def test_cancel_before_anything_was_sent_sends_nothing(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    assert [state.stage for state in runner(journal, service).cancel()] == ["cancelled"]
    with pytest.raises(JobError, match="that was never sent has been cancelled"):
        finish(journal, service)
    assert not service.tags


def test_cancel_of_a_job_that_is_done_keeps_its_counts(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    once = runner(journal, service)
    once.submit()
    assert [state.stage for state in once.cancel()] == ["done"]
    assert len(once.collected()) == 1


@pytest.mark.parametrize("fault", ["fewer rows", "fewer shots", "fewer results", "another type", "strange bits"])
def test_a_result_of_another_shape_is_no_success(tmp_path: Path, fault: str) -> None:
    service = ScriptedService()

    def change(counts: list[Counts]) -> list[Counts]:
        only = counts[0]
        changed: dict[str, list[Counts]] = {
            "fewer rows": [only[:-1]],
            "fewer shots": [only[:, :-1]],
            "fewer results": [],
            "another type": [only.astype(np.int64)],
            "strange bits": [only | np.uint8(128)],
        }
        return changed[fault]

    service.change = change
    journal = begin(tmp_path, service)
    assert misfit(
        [made.form for made in journal.programs], change([expected_counts(made) for made in journal.programs])
    )
    with pytest.raises(JobError, match="not what was asked for"):
        finish(journal, service)
    assert journal.states()[0].stage == "failed"


def held(service: ScriptedService) -> tuple[threading.Event, threading.Event]:
    """Let submissions wait: return what is set when one is inside, and what lets it go on."""
    inside, go_on = threading.Event(), threading.Event()

    def hold(accepted: bool) -> None:
        if not accepted:
            inside.set()
            go_on.wait(30)

    service.fail_submit = hold
    return inside, go_on


def test_two_processes_at_once_send_one_job(tmp_path: Path) -> None:
    service = ScriptedService()
    inside, go_on = held(service)
    journal = begin(tmp_path, service)
    first = threading.Thread(target=lambda: runner(journal, service).submit())
    first.start()
    assert inside.wait(30)
    listener = Listener(go_on.set)
    second = Runner(Journal(journal.folder), service, listener, sleep=lambda seconds: None)
    second.submit()
    first.join()
    assert listener.said[0] == "another process is at work on this hardware run; waiting for it"
    assert len(service.tags) == 1
    second.wait()


def test_of_two_processes_that_simulate_one_does_and_both_have_it(tmp_path: Path) -> None:
    first_service, second_service = (ScriptedService(is_billed=False, keeps_jobs=False) for _ in range(2))
    inside, go_on = held(first_service)
    journal = begin(tmp_path, first_service)
    first = threading.Thread(target=lambda: runner(journal, first_service).submit())
    first.start()
    assert inside.wait(30)
    listener = Listener(go_on.set)
    second = Runner(Journal(journal.folder), second_service, listener, sleep=lambda seconds: None)
    second.submit()
    first.join()
    assert listener.said == ["another process is at work on this hardware run; waiting for it"]
    assert (len(first_service.tags), len(second_service.tags)) == (1, 0)
    (counts,) = second.wait()
    np.testing.assert_array_equal(counts, expected_counts(journal.programs[0]))


def spoil(path: Path, fault: str) -> None:
    kept = path.read_bytes()
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(kept[: len(kept) // 2] if fault == "torn" else kept[:-1] + bytes([kept[-1] ^ 1]))


@pytest.mark.parametrize("keeps_jobs", [True, False])
@pytest.mark.parametrize("fault", ["missing", "torn", "changed"])
def test_damaged_outcomes_of_a_job_that_is_done_are_had_again(tmp_path: Path, fault: str, keeps_jobs: bool) -> None:
    service = ScriptedService(is_billed=keeps_jobs, keeps_jobs=keeps_jobs)
    journal = begin(tmp_path, service)
    finish(journal, service)
    log = (journal.folder / "events.jsonl").read_bytes()
    path = journal.folder / "outcomes-0.safetensors"
    kept = path.read_bytes()
    spoil(path, fault)
    assert journal.damaged() == [0]
    (counts,) = finish(journal, service)
    np.testing.assert_array_equal(counts, expected_counts(journal.programs[0]))
    assert path.read_bytes() == kept
    assert (journal.folder / "events.jsonl").read_bytes() == log
    assert len(service.tags) == (1 if keeps_jobs else 2), "a job of a device was sent again"


def test_other_outcomes_than_were_fetched_do_not_replace_damaged_ones(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    finish(journal, service)
    spoil(journal.folder / "outcomes-0.safetensors", "torn")
    service.change = lambda counts: [array ^ np.uint8(1) for array in counts]
    with pytest.raises(CorruptFileError, match="job job0 gives other outcomes now"):
        finish(journal, service)


@pytest.mark.parametrize("outcome", ["failed", "misfit"])
def test_what_a_job_that_failed_was_billed_is_logged(tmp_path: Path, outcome: str) -> None:
    service = ScriptedService()
    if outcome == "failed":
        service.states = [JobState("failed", "the fridge is warm")]
    else:
        service.change = lambda counts: [array[:, 1:] for array in counts]
    journal = begin(tmp_path, service)
    with pytest.raises(JobError):
        finish(journal, service)
    assert journal.states()[0].usage == 1.5
    assert journal.usage() is None


def test_twirling_may_round_shots_up(tmp_path: Path) -> None:
    """Services divide shots among randomisations, and take more of them where that is not even."""
    service = ScriptedService()
    service.change = lambda counts: [np.concatenate([array, array[:, :6]], axis=1) for array in counts]
    journal = Journal.begin(tmp_path, programs(), service.device, RunOptions(twirling=True), {})
    (counts,) = finish(journal, service)
    assert counts.shape == (6, 16, 1)
    service.change = lambda counts: [array[:, 1:] for array in counts]
    fewer = Journal.begin(tmp_path, programs(), service.device, RunOptions(twirling=True), {"run": "b"})
    with pytest.raises(JobError, match=r"shape \(6, 9, 1\) instead of \(6, 10, 1\)"):
        finish(fewer, service)


def test_fetching_again_changes_nothing(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    finish(journal, service)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in journal.folder.iterdir()}
    finish(journal, ScriptedService())
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in journal.folder.iterdir()}
    del before[".lock"], after[".lock"]
    assert before == after


def test_a_run_goes_on_only_where_it_was_begun(tmp_path: Path) -> None:
    journal = begin(tmp_path, ScriptedService(account="one"))
    with pytest.raises(RequestError, match="on ibm_test, not on ibm_other"):
        runner(journal, ScriptedService(name="ibm_other"))
    service = ScriptedService(account="two")
    with pytest.raises(RequestError, match="another instance or account"):
        finish(journal, service)
    assert not service.tags


def test_programs_that_are_asked_for_again_are_those_of_the_intent(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    other = begin(tmp_path, service, programs(rows=2))
    assert other.folder == journal.folder
    assert other.programs[0].n_executions == 6


def test_other_programs_than_were_never_sent_are_a_new_run(tmp_path: Path) -> None:
    service = ScriptedService()
    first = begin(tmp_path, service)
    assert begin(tmp_path, service).folder == first.folder
    other = begin(tmp_path, service, programs(rows=2))
    assert other.folder != first.folder
    assert first.is_settled
    finish(other, service)
    assert service.tags == [other.intent.tag(0)]


@pytest.mark.parametrize("lost", ["missing", "emptied", "first line", "a line"])
def test_a_job_whose_log_is_lost_is_found_and_never_sent_twice(tmp_path: Path, lost: str) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    log = journal.folder / "events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    if lost == "missing":
        log.unlink()
    else:
        log.write_text({"emptied": "", "first line": "", "a line": lines[0] + "{\n"}[lost])
    service.hidden_looks = 4
    finish(journal, service)
    assert service.tags == [journal.intent.tag(0)]
    assert service.looks == 5


def test_a_job_whose_log_is_lost_and_that_is_nowhere_is_in_doubt(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    (journal.folder / "events.jsonl").unlink()
    with pytest.raises(InDoubt, match="--resubmit"):
        finish(journal, service)
    assert not service.tags
    finish(journal, service, resubmit=True)
    assert len(service.tags) == 1


def test_nothing_more_is_sent_where_a_job_has_failed(tmp_path: Path) -> None:
    service = ScriptedService(most_executions=40)
    journal = chunked(tmp_path, service)

    def refuse(accepted: bool) -> None:
        if service.tags and not accepted:
            raise Refused("no seconds left")

    service.fail_submit = refuse
    with pytest.raises(JobError, match="no seconds left; job job0 goes on: repeat the command"):
        runner(journal, service).submit()
    assert service.closed == 1
    service.fail_submit = lambda accepted: None
    service.states = [JobState("failed", "warm")]
    with pytest.raises(JobError, match="job job0 has failed: warm"):
        finish(journal, service)
    assert len(service.tags) == 1
    assert journal.is_settled
    assert begin(tmp_path, service).folder != journal.folder


def test_a_batch_is_closed_when_its_first_job_is_refused(tmp_path: Path) -> None:
    service = ScriptedService()

    def refuse(accepted: bool) -> None:
        raise Refused("no seconds left")

    service.fail_submit = refuse
    with pytest.raises(Refused):
        runner(begin(tmp_path, service), service).submit()
    assert service.closed == 1


def test_outcomes_are_kept_where_the_circuits_are_damaged(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    (journal.folder / "circuits.qpy").write_bytes(b"x")
    (counts,) = runner(journal, service).wait()
    np.testing.assert_array_equal(counts, expected_counts(programs()[0]))


def test_a_job_that_the_service_does_not_know_any_more_can_be_given_up(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    runner(journal, service).submit()
    service.fail_state = [UnknownJob("there is no job0")]
    with pytest.raises(JobError, match=f"there is no job0; .* qlab hw-run cancel {journal.intent.uuid} gives"):
        runner(journal, service).refresh()

    def forget(job_id: str) -> None:
        raise UnknownJob("there is no job0")

    service.cancel = forget  # type: ignore[method-assign]
    (state,) = runner(journal, service).cancel()
    assert (state.stage, state.job, state.message) == ("cancelled", "job0", "there is no job0")
    assert journal.is_settled


def test_what_is_damaged_and_cannot_be_had_again_is_stuck_until_it_is_abandoned(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    finish(journal, service)
    assert not journal.is_stuck
    spoil(journal.folder / "outcomes-0.safetensors", "torn")
    assert journal.is_stuck
    assert not journal.is_settled
    assert journal.abandon("given up")
    assert journal.is_settled
    assert begin(tmp_path, service).folder != journal.folder


def test_ctrl_c_while_a_job_is_sent_says_that_it_was_perhaps_sent(tmp_path: Path) -> None:
    service = ScriptedService()

    def interrupt(accepted: bool) -> None:
        raise KeyboardInterrupt

    service.fail_submit = interrupt
    listener = Listener()
    with pytest.raises(KeyboardInterrupt):
        Runner(begin(tmp_path, service), service, listener).submit()
    assert listener.said == ["the job was perhaps sent; repeat the command, which looks for it"]


def test_a_look_finds_a_job_that_was_perhaps_sent(tmp_path: Path) -> None:
    """Whoever asks for the status, or fetches, need not know that the command died while it was sending."""
    service = ScriptedService()
    journal = begin(tmp_path, service)
    journal.append(0, "sending")
    assert [state.stage for state in runner(journal, service).refresh()] == ["sending"]
    service.submit(journal.chunk(0), journal.intent.tag(0), journal.intent.options)
    assert [state.stage for state in runner(journal, service).refresh()] == ["done"]
    assert len(service.tags) == 1


def test_counts_that_were_not_asked_for_are_kept(tmp_path: Path) -> None:
    service = ScriptedService()
    service.change = lambda counts: [array[:, 1:] for array in counts]
    journal = begin(tmp_path, service)
    with pytest.raises(JobError, match="not what was asked for"):
        finish(journal, service)
    arrays, facts = read_arrays(journal.folder / "unexpected-0.safetensors")
    assert facts == {"job": "job0"}
    assert len(arrays) == len(journal.programs)
