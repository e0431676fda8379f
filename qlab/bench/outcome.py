"""What is known of a contestant in the end, and of all of them on one problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from qlab.bench.catalogue import QLAB, Entry
from qlab.bench.problem import Problem


def digits(value: float) -> str:
    """Return a positive number with three digits, and all of those before the point."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


@dataclass(frozen=True)
class Timing:
    """Seconds of ``count`` runs: the median and the quartiles ``low`` and ``high``."""

    median: float
    low: float
    high: float
    count: int

    @staticmethod
    def of(seconds: Sequence[float]) -> Timing:
        """Return that of at least one run."""
        low, median, high = (float(value) for value in np.percentile(seconds, (25, 50, 75)))
        return Timing(median, low, high, len(seconds))


@dataclass
class Outcome:
    """One contestant on one problem.

    Attributes:
        entry: who.
        state: ``timed``; ``wrong``: its numbers are not those of the reference; ``failed``; ``skipped``: does not fit.
        reason: why it was not timed.
        error: how far it is from the reference, see ``qlab.bench.check``; None where not known or not finite.
        first_seconds: from nothing to the first gradients, in a process that has computed another circuit before.
        step_seconds: forward and backward.
        evaluation_seconds: values only.
        squared_error: mean square of the standard errors of values that are sampled.
        memory_mib: largest resident memory in steps less that before the first one, everything being compiled.
        split: samples it works on at once, where that is not the batch.
        versions: of its packages.
    """

    entry: Entry
    state: str = "timed"
    reason: str = ""
    error: float | None = None
    first_seconds: float | None = None
    step_seconds: Timing | None = None
    evaluation_seconds: Timing | None = None
    squared_error: float | None = None
    memory_mib: float | None = None
    split: int | None = None
    versions: dict[str, str] = field(default_factory=dict)

    def stop(self, state: str, reason: str) -> None:
        """Let it be out of the race; nothing that was timed so far counts."""
        self.state, self.reason = state, reason
        self.step_seconds = self.evaluation_seconds = self.squared_error = self.memory_mib = None


@dataclass
class Cell:
    """All contestants on one problem.

    Attributes:
        problem: what they computed.
        threads: processor threads of each.
        reference: the name of who said what is right.
        outcomes: one for each contestant that was found.
    """

    problem: Problem
    threads: int
    reference: str
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The problem in words."""
        problem, threads = self.problem, "1 thread" if self.threads == 1 else f"{self.threads} threads"
        wanted = ", input gradients" if problem.input_gradients else ""
        if problem.error:
            kind = f"{problem.trajectories} trajectories" if problem.sampled else "exact"
            wanted = f", error {problem.error:g} per gate, {kind}"
        return f"{problem.n_qubits} qubits, batch {problem.batch}, {problem.order} first, {threads}{wanted}"

    def summary(self) -> str:
        """Return the result in one line."""
        mine = self.own.step_seconds
        if mine is None:
            return f"{self.title}: qlab {self.own.state}: {self.own.reason}"
        ratios = ((self.ratio(best) or 0.0, best.entry.name) for best in self.fastest().values())
        where = " to the same standard error" if self.problem.sampled else ""
        told = "".join(f"; {digits(ratio)} times as fast as {name}{where}" for ratio, name in ratios)
        return f"{self.title}: qlab {digits(1e3 * mine.median)} ms{told}"

    @property
    def own(self) -> Outcome:
        """The outcome of qlab."""
        return next(outcome for outcome in self.outcomes if outcome.entry.name == QLAB.name)

    def ratio(self, outcome: Outcome, kind: str = "step") -> float | None:
        """Return how many times as long as qlab it takes; ``kind`` is ``step`` or ``evaluation``.

        Of sampled values: to the same standard error.
        """
        mine, theirs = self._cost(self.own, kind), self._cost(outcome, kind)
        return theirs / mine if mine and theirs else None

    def _cost(self, outcome: Outcome, kind: str = "step") -> float | None:
        """Return seconds; of sampled values times the squared standard error, with which the seconds needed fall."""
        timing: Timing | None = getattr(outcome, f"{kind}_seconds")
        if timing is None or not self.problem.sampled:
            return timing.median if timing else None
        return None if outcome.squared_error is None else timing.median * outcome.squared_error

    def fastest(self) -> dict[str, Outcome]:
        """Return the fastest of each family of peers that was timed."""
        timed = [(cost, each) for each in self.outcomes if (cost := self._cost(each)) is not None]
        found: dict[str, Outcome] = {}
        for _, outcome in sorted(timed, key=lambda pair: pair[0]):
            if outcome.entry.family != QLAB.family:
                found.setdefault(outcome.entry.family, outcome)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            **asdict(self.problem),
            "observables": self.problem.observables,
            "threads": self.threads,
            "reference": self.reference,
            "contestants": [self._outcome(outcome) for outcome in self.outcomes],
            "fastest": {
                family: {"name": best.entry.name, "ratio": self.ratio(best)} for family, best in self.fastest().items()
            },
        }

    def _outcome(self, outcome: Outcome) -> dict[str, Any]:
        facts = {name: value for name, value in asdict(outcome).items() if name != "entry"}
        return {
            "name": outcome.entry.name,
            "precision": outcome.entry.precision,
            **facts,
            "ratio": self.ratio(outcome),
            "evaluation_ratio": self.ratio(outcome, "evaluation"),
        }
