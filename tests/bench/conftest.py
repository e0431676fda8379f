"""A race of stand-ins, checked against a stand-in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qlab.bench import race as race_module
from qlab.bench.catalogue import Entry
from qlab.bench.outcome import Cell, Outcome
from qlab.bench.problem import Problem
from qlab.bench.race import Rules, race, units
from tests.bench import stand_ins

PROBLEM = Problem(n_qubits=2, batch=3, n_layers=1, order="rotate", input_gradients=False)
Run = Callable[..., dict[str, Outcome]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Race qlab's stand-in against others and return the outcomes by name."""
    reference = stand_ins.entry(stand_ins.Right, "reference")
    monkeypatch.setattr(race_module, "reference_for", lambda problem: reference)

    def call(*entries: Entry, seconds: float = 0.05, patience: float = 60.0) -> dict[str, Outcome]:
        cell = Cell(PROBLEM, 1, reference.name)
        rules = Rules(seconds, patience, (stand_ins.OWN, *entries), {})
        assert sum(1 for _ in race(cell, rules)) == units(rules)
        assert [outcome.entry for outcome in cell.outcomes] == list(rules.entries)
        return {outcome.entry.name: outcome for outcome in cell.outcomes}

    return call
