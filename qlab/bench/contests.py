"""Which contestants and which reference a problem has."""

from __future__ import annotations

from collections.abc import Sequence

from qlab.bench import catalogue, noise_catalogue
from qlab.bench.catalogue import Entry
from qlab.bench.problem import Problem


def entries_for(problem: Problem) -> Sequence[Entry]:
    """Return who may take part."""
    if not problem.error:
        return catalogue.ENTRIES
    return noise_catalogue.SAMPLED if problem.sampled else noise_catalogue.EXACT


def reference_for(problem: Problem) -> Entry:
    """Return who says what is right: a simulator that is none of qlab's."""
    return noise_catalogue.reference_for(problem) if problem.error else catalogue.reference_for(problem)
