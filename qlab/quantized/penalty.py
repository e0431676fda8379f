"""Annealing with a fixed penalty: what every other method has to beat at equal oracle calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qlab.errors import OptionError
from qlab.quantized.problem import Outcome, Problem, Recorder
from qlab.quantized.qcbo import Qcbo
from qlab.quantized.solvers.base import Solver

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)


def fixed_penalty(
    problem: Problem,
    model: Qcbo,
    solver: Solver,
    generator: np.random.Generator,
    *,
    calls: int = 60,
    reads: int = 24,
    penalties: Sequence[float] = PENALTIES,
    pilot: float = 0.25,
) -> Outcome:
    """Train by best of all calls for objective + penalty * constraints, the penalty tuned on the way.

    A part of the calls goes to all penalties in turn; the rest to the one whose answers were best: by the mean loss
    of their weights under the forward pass of the network. With one penalty all calls go to it.

    Args:
        problem: to be learned.
        model: of all its samples.
        solver: the oracle.
        generator: for the oracle.
        calls: of the oracle, those of the tuning included.
        reads: of each call.
        penalties: to choose from.
        pilot: part of the calls that tuning takes, at least one call for each penalty.

    Returns:
        The outcome; residual and objective are those of the answer of each call.

    Raises:
        OptionError: no penalty, or fewer calls than penalties.
    """
    if not penalties or min(penalties) <= 0 or calls < len(penalties):
        raise OptionError(f"{calls} calls cannot tune the penalties {list(penalties)}: each needs one, and is above 0")
    recorder = Recorder(problem)
    seen: dict[float, list[float]] = {penalty: [] for penalty in penalties}
    n_pilot = max(len(penalties), round(pilot * calls)) if len(penalties) > 1 else 0
    for call in range(calls):
        best = min(seen, key=lambda item: np.mean(seen[item]) if seen[item] else np.inf)
        penalty = penalties[call % len(penalties)] if call < n_pilot else best
        answer = solver.solve(model.bqm(penalty), reads, generator).bits[:1]
        recorder.calls += 1
        seen[penalty].append(float(recorder.consider(answer[:, : model.n_weight_bits])[0]))
        recorder.step(float(np.linalg.norm(model.violations(answer))), float(model.energies(answer)[0]))
    return recorder.outcome(model.n_bits)
