"""One problem: the reference, then every contestant checked, then all of them in turns."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass

import numpy as np

from qlab.bench import surroundings
from qlab.bench.catalogue import Entry
from qlab.bench.check import MOST_STANDARD_ERRORS, TOLERANCE, deviation, disagreement
from qlab.bench.contests import reference_for
from qlab.bench.outcome import Cell, Outcome, Timing
from qlab.bench.problem import Array, Problem
from qlab.bench.process import ContestantFailed, Process

ROUNDS = 5
_EVALUATIONS = 0.25  # of the time for steps
_LEAST_STEPS = 3
_LONGEST = 10.0  # times the time for steps: who is so slow need not reach the least
_MEMORY_SHARE = 0.5  # of what is left that one contestant may be expected to take
_SEED = 0


@dataclass(frozen=True)
class Rules:
    """How a race is run.

    Attributes:
        seconds: for the steps of each contestant; a quarter more for evaluations.
        patience: seconds to wait for one answer before giving up.
        entries: who takes part.
        pythons: interpreters of those that have another than this one, by name.
    """

    seconds: float
    patience: float
    entries: Sequence[Entry]
    pythons: Mapping[str, str]

    def start(self, entry: Entry, threads: int) -> Process:
        """Return the process of a contestant, which has begun to import its library."""
        process = Process(self.pythons.get(entry.name, sys.executable), surroundings.environment(threads))
        process.send(do="load", factory=entry.factory, packages=entry.packages)
        return process


@dataclass
class _Racer:
    outcome: Outcome
    process: Process
    steps: list[float]
    evaluations: list[float]

    def wants_more(self, seconds: float) -> bool:
        """Return whether its time is not used up, or it has run too seldom to say much."""
        spent = sum(self.steps)
        return spent < seconds or (len(self.steps) < _LEAST_STEPS and spent < _LONGEST * seconds)


def units(rules: Rules) -> int:
    """Return how often ``race`` yields."""
    return 1 + len(rules.entries) + ROUNDS


def race(cell: Cell, rules: Rules) -> Iterator[None]:
    """Fill ``cell`` with an outcome for each contestant; yields after each piece of work."""
    try:
        expected = _reference(cell, rules)
    except ContestantFailed as failure:
        reason = f"nothing to check against, for {cell.reference} {failure}"
        cell.outcomes += [Outcome(entry, "skipped", reason) for entry in rules.entries]
        yield from (None for _ in range(units(rules)))
        return
    yield
    core = surroundings.quietest_processor() if cell.threads == 1 else None
    with ExitStack() as stack:
        racers = []
        for entry in rules.entries:
            outcome = Outcome(entry)
            cell.outcomes.append(outcome)
            if cell.problem.n_qubits > entry.most_qubits:
                outcome.stop("skipped", f"takes minutes with more than {entry.most_qubits} qubits")
                continue
            try:
                process = stack.enter_context(closing(rules.start(entry, cell.threads)))
            except ContestantFailed as failure:
                outcome.stop("failed", str(failure))
                continue
            racers.append(_Racer(outcome, process, [], []))
        for racer in racers:  # they import side by side, but nobody is timed before all have done so
            _await_libraries(racer, rules)
        for racer in racers:
            _prepare(racer, cell, core, rules, expected)
            yield
        yield from (None for _ in range(len(rules.entries) - len(racers)))
        for _ in range(ROUNDS):
            for racer in racers:
                _take_turn(racer, rules)
            yield
        for racer in racers:
            _conclude(racer, cell, rules)


def _reference(cell: Cell, rules: Rules) -> list[Array]:
    entry = reference_for(cell.problem)
    threads = len(surroundings.processors())
    with closing(rules.start(entry, threads)) as process:
        process.receive(rules.patience)
        return _build(process, entry, cell.problem, threads, None, rules.patience)[0]


def _await_libraries(racer: _Racer, rules: Rules) -> None:
    try:
        racer.outcome.versions = racer.process.receive(rules.patience)
    except ContestantFailed as failure:
        _drop(racer, "failed", str(failure))


def _prepare(racer: _Racer, cell: Cell, core: int | None, rules: Rules, expected: list[Array]) -> None:
    """Build a contestant and compare its first step with the reference."""
    outcome, entry = racer.outcome, racer.outcome.entry
    if outcome.state != "timed":
        return
    try:
        found, seconds, split = _build(racer.process, entry, cell.problem, cell.threads, core, rules.patience)
    except ContestantFailed as failure:
        _drop(racer, "skipped" if isinstance(failure, _TooLarge) else "failed", str(failure))
        return
    outcome.first_seconds, outcome.split = seconds, split if split < cell.problem.batch else None
    if cell.problem.sampled:
        error, most, unit = disagreement(found, expected), MOST_STANDARD_ERRORS, " standard errors"
    else:
        error, most, unit = deviation(found, expected), TOLERANCE[entry.precision], ""
    outcome.error = error if np.isfinite(error) else None
    if not error <= most:
        _drop(racer, "wrong", f"off by {error:.1e}{unit}, more than {most:.1g}")


class _TooLarge(ContestantFailed):
    """Not even one sample fits into memory."""


def _build(
    process: Process, entry: Entry, problem: Problem, threads: int, core: int | None, patience: float
) -> tuple[list[Array], float, int]:
    """Return values and gradients of the first step, the seconds until then, and how many samples fit at once."""
    split = _split(entry, problem)
    answer = process.ask(
        patience,
        do="build",
        problem=asdict(problem),
        numbers=[problem.numbers(_SEED + turn).to_json() for turn in range(2)],
        threads=threads,
        split=split,
        core=core,
    )
    return [np.array(each) for each in answer["found"]], answer["seconds"], split


def _split(entry: Entry, problem: Problem) -> int:
    each = entry.bytes_per_sample(problem)
    room = _MEMORY_SHARE * surroundings.memory_left()
    if each * problem.batch <= room:
        return problem.batch
    if not entry.splits or each > room:
        what, samples = ("a sample", 1) if entry.splits else ("a step", problem.batch)
        needed = each * samples / 2**30
        raise _TooLarge(f"{what} would need {needed:.2g} GiB, and {room / 2**30:.2g} GiB may be used here")
    return int(room / each)


def _take_turn(racer: _Racer, rules: Rules) -> None:
    if racer.outcome.state != "timed" or not racer.wants_more(rules.seconds):
        return
    turn = rules.seconds / ROUNDS
    try:
        racer.steps += racer.process.ask(rules.patience + turn, do="steps", seconds=turn)
        racer.evaluations += racer.process.ask(rules.patience, do="evaluations", seconds=turn * _EVALUATIONS)
    except ContestantFailed as failure:
        _drop(racer, "failed", str(failure))


def _conclude(racer: _Racer, cell: Cell, rules: Rules) -> None:
    outcome = racer.outcome
    if outcome.state != "timed":
        return
    try:
        outcome.memory_mib = racer.process.ask(rules.patience, do="memory")
        if cell.problem.sampled:
            outcome.squared_error = racer.process.ask(rules.patience, do="squared_error")
    except ContestantFailed as failure:
        _drop(racer, "failed", str(failure))
        return
    outcome.step_seconds, outcome.evaluation_seconds = Timing.of(racer.steps), Timing.of(racer.evaluations)


def _drop(racer: _Racer, state: str, reason: str) -> None:
    racer.outcome.stop(state, reason)
    racer.process.close()
