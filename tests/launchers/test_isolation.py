"""Who killed a worker is found out, and nobody else suffers; with launchers that follow a script."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import pytest

from qlab.errors import JobError
from qlab.launchers.base import Answer, Lost, Outcome, Suspect, Work, WorkersLost
from qlab.launchers.isolation import launch


def work(argument: str) -> str:
    return argument.upper()


@dataclass
class Pool:
    """Workers that die together: of ``workers`` tasks that begin side by side, a deadly one takes the others along.

    Attributes:
        deadly: arguments that kill their worker each time.
        unlucky: arguments that do so the first time only.
        began: every argument whenever it begins.
        rounds: the arguments of each call.
    """

    deadly: Sequence[str] = ()
    unlucky: Sequence[str] = ()
    workers: int = 2
    threads: int = 1
    began: list[str] = field(default_factory=list)
    rounds: list[list[str]] = field(default_factory=list)
    closed: int = 0

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome | Suspect, None, None]:
        self.rounds.append(list(arguments))
        try:
            for start in range(0, len(arguments), self.workers):
                together = arguments[start : start + self.workers]
                fatal = [each for each in together if self._kills(each)]
                self.began += together
                if fatal:
                    raise WorkersLost(f"killed by {fatal[0]}")
                for place, argument in enumerate(together):
                    yield Answer(start + place, work(argument))
        finally:
            self.closed += 1

    def _kills(self, argument: str) -> bool:
        return argument in self.deadly or (argument in self.unlucky and argument not in self.began)


@dataclass
class Singles:
    """Workers that die alone, or with those in ``waiting``; some die before they begin, as often as ``lame`` says."""

    deadly: Sequence[str] = ()
    waiting: Sequence[str] = ()
    lame: dict[str, int] = field(default_factory=dict)
    workers: int = 2
    threads: int = 1
    began: list[str] = field(default_factory=list)

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome | Suspect, None, None]:
        for position, argument in enumerate(arguments):
            if self.lame.get(argument, 0) > 0:
                self.lame[argument] -= 1
                yield Lost(position, f"no room for {argument}")
                continue
            self.began.append(argument)
            if argument in self.deadly:
                yield Lost(position, "died") if not self.waiting else Suspect(position, "died")
            elif argument in self.waiting and len(arguments) > 1:
                yield Suspect(position, "died beside another")
            else:
                yield Answer(position, work(argument))


def outcomes(launcher: Pool | Singles, arguments: str, *, keeps_going: bool = True) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    begun = lambda position: arguments[position] in launcher.began  # noqa: E731
    for outcome in launch(launcher, work, list(arguments), begun, keeps_going=keeps_going):
        name = arguments[outcome.position]
        assert name not in found
        found[name] = outcome
        if isinstance(outcome, Answer):
            assert outcome.answer == name.upper()
    return found


def lost(found: dict[str, Outcome]) -> dict[str, str]:
    return {name: outcome.reason for name, outcome in found.items() if isinstance(outcome, Lost)}


def test_without_a_death_everything_runs_once_and_together() -> None:
    pool = Pool()
    assert lost(outcomes(pool, "abcde")) == {}
    assert pool.rounds == [list("abcde")]
    assert pool.began == list("abcde")


def test_the_deadly_are_found_and_their_neighbours_answered() -> None:
    pool = Pool(deadly="cf")
    found = outcomes(pool, "abcdefgh")
    assert set(found) == set("abcdefgh")
    assert lost(found) == {"c": "killed by c", "f": "killed by f"}
    assert pool.rounds == [list("abcdefgh"), list("efgh"), list("gh"), ["c"], ["d"], ["e"], ["f"]]
    again = {name: pool.began.count(name) for name in "abcdefgh" if pool.began.count(name) > 1}
    assert again == {"c": 2, "d": 2, "e": 2, "f": 2}


def test_who_dies_once_and_not_again_is_answered() -> None:
    assert lost(outcomes(Pool(unlucky="b"), "abcd")) == {}


def test_when_the_first_loss_is_to_be_the_last_suspects_run_first() -> None:
    pool = Pool(deadly="c")
    found = outcomes(pool, "abcdefgh", keeps_going=False)
    assert lost(found) == {"c": "killed by c"}
    assert set(found) == set("abc")
    assert pool.rounds == [list("abcdefgh"), ["c"]]


def test_suspects_that_are_cleared_are_no_loss() -> None:
    pool = Pool(unlucky="c")
    assert lost(outcomes(pool, "abcdefgh", keeps_going=False)) == {}
    assert pool.rounds == [list("abcdefgh"), ["c"], ["d"], list("efgh")]


def test_a_launcher_that_begins_nothing_is_at_fault_itself() -> None:
    class Broken(Pool):
        def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome | Suspect, None, None]:
            raise WorkersLost("no such program")
            yield

    with pytest.raises(JobError, match="no worker could begin a task: no such program"):
        outcomes(Broken(), "abc")
    with pytest.raises(JobError, match="no worker could begin a task: no room for c"):
        outcomes(Singles(lame=dict.fromkeys("abc", 5)), "abc")


def test_a_launcher_that_forgets_a_task_is_at_fault() -> None:
    class Forgetful(Pool):
        def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome | Suspect, None, None]:
            yield from ()

    with pytest.raises(JobError, match="the launcher ended before it was answered"):
        outcomes(Forgetful(), "abc")


def test_whose_worker_died_alone_is_lost_at_once() -> None:
    singles = Singles(deadly="b")
    assert lost(outcomes(singles, "abcd")) == {"b": "died"}
    assert singles.began == list("abcd")


def test_a_task_that_had_not_begun_when_its_worker_died_runs_again() -> None:
    singles = Singles(deadly="b", lame={"a": 1, "d": 3})
    found = outcomes(singles, "abcde")
    assert lost(found) == {"b": "died", "d": "no room for d"}  # twice there was no room, with nothing else to wait for
    assert singles.began == list("bcea")


def test_a_suspect_is_lost_only_if_its_worker_dies_again() -> None:
    singles = Singles(deadly="b", waiting="d")
    found = outcomes(singles, "abcde")
    assert lost(found) == {"b": "died"}
    assert singles.began == list("abcdebd")


def test_the_first_suspect_stops_the_others_where_the_first_loss_is_to_be_the_last() -> None:
    singles = Singles(deadly="b", waiting="d")
    assert lost(outcomes(singles, "abcde", keeps_going=False)) == {"b": "died"}
    assert singles.began == list("abb")


def test_no_tasks_are_no_rounds() -> None:
    pool = Pool()
    assert outcomes(pool, "") == {}
    assert pool.rounds == []


def test_to_close_it_closes_the_launcher() -> None:
    pool = Pool()
    running = launch(pool, work, list("abcd"), lambda position: True)
    next(running)
    assert pool.closed == 0
    running.close()
    assert pool.closed == 1
