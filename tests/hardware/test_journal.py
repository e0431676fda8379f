"""The folder of a run: on disk before anything is sent, readable in any state, final where it is final."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector

from qlab.errors import CorruptFileError, OptionError, RequestError, UnknownNameError
from qlab.hardware import intent as intent_module
from qlab.hardware.intent import Budget, Piece, divided
from qlab.hardware.journal import Journal, ended, journal_named, journals, unfinished
from qlab.hardware.log import ChunkState
from qlab.hardware.runner import Runner
from qlab.hardware.service import RunOptions
from tests.hardware.scripted import ScriptedService, begin, expected_counts, programs


def events(journal: Journal) -> Path:
    return journal.folder / "events.jsonl"


def test_programs_come_back_as_they_were(tmp_path: Path) -> None:
    made = programs(rows=4, shots=7, count=2)
    journal = Journal(begin(tmp_path, ScriptedService(), made).folder)
    for before, after in zip(made, journal.programs, strict=True):
        np.testing.assert_array_equal(before.values, after.values)
        assert after.shots == 7
        for row in range(4):
            states = [
                Statevector(item.circuit.assign_parameters(item.values[row]).remove_final_measurements(inplace=False))
                for item in (before, after)
            ]
            assert states[0].equiv(states[1], atol=1e-12)


def test_nothing_on_disk_is_a_pickle(tmp_path: Path) -> None:
    journal = begin(tmp_path, ScriptedService())
    kinds = {path.suffix for path in journal.folder.iterdir()}
    assert kinds == {".json", ".jsonl", ".qpy", ".safetensors"}
    assert json.loads((journal.folder / "intent.json").read_text())["uuid"] == journal.folder.name


def test_the_intent_is_flushed_before_begin_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    journal = begin(tmp_path, ScriptedService())
    assert synced[-1] == str(journal.folder)
    assert synced.count(str(journal.folder)) == 4  # after each of the three renames, and after the log was begun
    assert synced.index(str(events(journal))) < len(synced) - 2, "the log is begun before the description is there"
    synced.clear()
    journal.append(0, "sending")
    assert synced == [str(events(journal))]


def test_a_folder_without_intent_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(intent_module, "write_json", die)
    with pytest.raises(KeyboardInterrupt):
        begin(tmp_path, ScriptedService())
    assert journals(tmp_path) == []
    assert unfinished(tmp_path, {"run": "a"}) is None


def test_the_same_request_goes_on_until_it_is_finished(tmp_path: Path) -> None:
    service = ScriptedService()
    first = begin(tmp_path, service)
    assert begin(tmp_path, service).folder == first.folder
    assert begin(tmp_path, service, run="b").folder != first.folder
    once = Runner(first, service)
    once.submit()
    once.wait()
    assert unfinished(tmp_path, {"run": "a"}) is not None  # its result is still to be made, and no job to be sent
    (first.folder / "result.json").write_text("{}")
    assert unfinished(tmp_path, {"run": "a"}) is None
    assert begin(tmp_path, service).folder != first.folder


def test_of_two_processes_one_writes_the_intent(tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(begin(tmp_path, service).folder)) for _ in range(4)]
    service = ScriptedService()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(journals(tmp_path)) == 1


def test_a_torn_line_is_one_that_was_never_written(tmp_path: Path) -> None:
    journal = begin(tmp_path, ScriptedService())
    journal.append(0, "sending")
    whole = events(journal).read_bytes()
    journal.append(0, "queued", job="job7")
    line = events(journal).read_bytes()[len(whole) :]
    for length in range(len(line) - 1):
        events(journal).write_bytes(whole + line[:length])
        assert journal.states()[0].stage == "sending"
        journal.append(0, "queued", job="job8")
        assert journal.states() == [ChunkState("queued", "job8")]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        "{}",
        '{"chunk": 5, "stage": "done"}',
        '{"chunk": 0}',
        "\x00\x00",
        '{"stage": []}',
        '{"chunk": 0, "stage": "queued"}',
        '{"chunk": 0, "stage": "queued", "job": 5}',
        '{"chunk": 0, "stage": "done", "job": "job7"}',
        '{"chunk": 0, "stage": "failed", "job": "job7", "usage": "much"}',
    ],
)
def test_lines_that_say_nothing_change_nothing(tmp_path: Path, text: str) -> None:
    journal = begin(tmp_path, ScriptedService())
    journal.append(0, "queued", job="job7")
    with events(journal).open("a") as file:
        file.write(text + "\n")
    assert journal.states() == [ChunkState("queued", "job7")]


def test_what_is_final_stays(tmp_path: Path) -> None:
    journal = begin(tmp_path, ScriptedService())
    journal.append(0, "failed", job="job7", message="warm")
    for stage in ("done", "cancelled", "queued", "sending"):
        journal.append(0, stage, job="job8")
    assert journal.states() == [ChunkState("failed", "job7", "warm")]


def test_order_is_that_of_the_lines_not_of_the_clock(tmp_path: Path) -> None:
    journal = begin(tmp_path, ScriptedService())
    lines = [
        {"at": "2030-01-01T00:00:00+00:00", "chunk": 0, "stage": "sending"},
        {"at": "1999-01-01T00:00:00+00:00", "chunk": 0, "stage": "queued", "job": "job1"},
    ]
    events(journal).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert journal.states() == [ChunkState("queued", "job1")]


def test_damage_is_named(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    once = Runner(journal, service)
    once.submit()
    once.wait()
    counts = journal.folder / "outcomes-0.safetensors"
    kept = counts.read_bytes()
    counts.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(CorruptFileError, match=str(counts)):
        Journal(journal.folder).outcomes()
    counts.unlink()
    with pytest.raises(CorruptFileError, match="missing"):
        Journal(journal.folder).outcomes()
    values = journal.folder / "values.safetensors"
    values.write_bytes(values.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptFileError, match="values"):
        _ = Journal(journal.folder).programs
    (journal.folder / "intent.json").write_text("{")
    with pytest.raises(CorruptFileError, match=r"intent\.json"):
        _ = Journal(journal.folder).intent


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda intent: intent["budget"].update(seconds=99),
    lambda intent: intent["request"].update(run="b"),
    lambda intent: intent["device"].update(name="ibm_other"),
    lambda intent: intent["chunks"][0][0].update(stop=1),
    lambda intent: intent.update(uuid="1-2"),
    lambda intent: intent.update(content="0"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_an_intent_that_was_changed_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    service = ScriptedService()
    journal = Journal.begin(tmp_path, programs(), service.device, RunOptions(), {"run": "a"}, Budget(9.5, (9,)))
    assert Journal(journal.folder).intent == journal.intent
    path = journal.folder / "intent.json"
    known = json.loads(path.read_text())
    change(known)
    path.write_text(json.dumps(known))
    for ask in (lambda: Journal(journal.folder).intent, lambda: journal_named(tmp_path, journal.folder.name[:8])):
        with pytest.raises(CorruptFileError, match=r"intent\.json is damaged \(it was changed after it was written\)"):
            ask()


def test_a_limit_is_set_before_a_job_is_sent_and_not_after(tmp_path: Path) -> None:
    service = ScriptedService()
    journal = begin(tmp_path, service)
    journal.append(0, "sending")
    journal.append(0, "refused", message="no seconds left")
    journal.limit(Budget(30, (30,)))
    assert Journal(journal.folder).intent.budget == Budget(30, (30,))
    once = Runner(Journal(journal.folder), service)
    once.submit()
    assert [options.max_execution_time for options in service.options] == [30]
    again = Journal(journal.folder)
    again.limit(Budget(30, (29,)))
    with pytest.raises(RequestError, match="was sent with at most 30 QPU seconds and cannot get at most 9 QPU seconds"):
        again.limit(Budget(9, (9,)))
    assert Journal(journal.folder).intent.budget == Budget(30, (30,))


def test_the_run_of_the_same_request_that_ended_badly_is_found(tmp_path: Path) -> None:
    service = ScriptedService()
    assert ended(tmp_path, {"run": "a"}) == []
    first = begin(tmp_path, service)
    assert ended(tmp_path, {"run": "a"}) == []
    first.append(0, "failed", job="job7", message="warm", usage=2.5)
    begin(tmp_path, service).append(0, "cancelled", job="job8")
    found = ended(tmp_path, {"run": "a"})
    states = [journal.states() for journal in found]
    assert sorted(state.job or "" for (state,) in states) == ["job7", "job8"]
    assert [ChunkState("failed", "job7", "warm", 2.5)] in states
    assert ended(tmp_path, {"run": "b"}) == []


def test_counts_of_another_job_are_not_taken(tmp_path: Path) -> None:
    service = ScriptedService()
    journal, other = begin(tmp_path, service), begin(tmp_path, service, programs(rows=2), run="b")
    for one in (journal, other):
        once = Runner(one, service)
        once.submit()
        once.wait()
    (other.folder / "outcomes-0.safetensors").rename(journal.folder / "outcomes-0.safetensors")
    with pytest.raises(CorruptFileError, match="does not hold the outcomes that were fetched from job job0"):
        journal.outcomes()


def test_journals_by_name(tmp_path: Path) -> None:
    service = ScriptedService()
    first, second = begin(tmp_path, service), begin(tmp_path, service, run="b")
    Runner(second, service).submit()
    assert journal_named(tmp_path, first.intent.uuid[:13]).folder == first.folder
    assert journal_named(tmp_path, "job0").folder == second.folder
    with pytest.raises(UnknownNameError, match="unknown hardware run 'job9'"):
        journal_named(tmp_path, "job9")
    with pytest.raises(UnknownNameError):
        journal_named(tmp_path, "")


def test_chunks_stay_below_the_limit_and_cover_all_rows() -> None:
    made = programs(rows=5, shots=10, count=3)
    device = ScriptedService(most_executions=70).device
    chunks = divided(made, device)
    assert chunks == (
        (Piece(0, 0, 5), Piece(1, 0, 2)),
        (Piece(1, 2, 5), Piece(2, 0, 4)),
        (Piece(2, 4, 5),),
    )
    assert len(divided(made, ScriptedService().device)) == 1
    assert len(divided(made, ScriptedService(most_executions=150).device)) == 1
    for few in (ScriptedService(most_executions=9), ScriptedService(most_shots=9)):
        with pytest.raises(OptionError, match="at most 9 shots, not 10"):
            divided(made, few.device)


@given(st.integers(1, 40), st.integers(1, 4), st.one_of(st.none(), st.integers(10, 300)))
def test_jobs_hold_every_row_once_and_could_not_be_fewer(rows: int, count: int, most: int | None) -> None:
    made = programs(rows=rows, shots=10, count=count)
    chunks = divided(made, ScriptedService(most_executions=most).device)
    sizes = [sum(10 * (piece.stop - piece.start) for piece in chunk) for chunk in chunks]
    sent = [(piece.program, row) for chunk in chunks for piece in chunk for row in range(piece.start, piece.stop)]
    assert sent == [(number, row) for number in range(count) for row in range(rows)]
    assert most is None or (max(sizes) <= most and all(size > most - 10 for size in sizes[:-1]))


def test_a_chunk_holds_its_rows_only(tmp_path: Path) -> None:
    service = ScriptedService(most_executions=40)
    journal = begin(tmp_path, service)
    rows = [item.values for number in range(2) for item in journal.chunk(number)]
    np.testing.assert_array_equal(np.concatenate(rows), journal.programs[0].values)
    np.testing.assert_array_equal(expected_counts(journal.chunk(1)[0]), expected_counts(journal.programs[0])[4:])
    assert journal.intent.seed(0) != journal.intent.seed(1)
    assert all(0 <= journal.intent.seed(number) < 2**31 for number in range(2))
