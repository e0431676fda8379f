"""Conditional gradients decomposed by groups of samples: one lifted matrix for each, equal on the weights.

The decomposed copositive scheme that the abstract of arXiv:2506.18240v4 names; its equations are our own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qlab.quantized.lifted import Lifted
from qlab.quantized.network import Bits
from qlab.quantized.problem import Outcome, Problem, Recorder
from qlab.quantized.qcbo import Qcbo
from qlab.quantized.qcgd import Schedule
from qlab.quantized.solvers.base import Solver
from qlab.quantized.spline import Floats


def decomposed_qcgd(
    problem: Problem,
    models: Sequence[Qcbo],
    solver: Solver,
    generator: np.random.Generator,
    *,
    steps: int = 60,
    reads: int = 24,
    schedule: Schedule | None = None,
) -> Outcome:
    """Train by conditional gradients on the product of the lifted sets of all groups.

    The constraints are those of each group's model, and that the part X_m[ww] of each matrix that is about the
    weights equals the mean of these parts.

    Args:
        problem: to be learned.
        models: of the groups.
        solver: the oracle.
        generator: for the oracle.
        steps: each calls the oracle once for each group.
        reads: of each call.
        schedule: weights of the constraints.
    """
    schedule = schedule or Schedule()
    recorder = Recorder(problem)
    lifted = [Lifted(model) for model in models]
    n = len(problem.free)
    multipliers = [np.zeros(model.n_forms) for model in models]
    parts: Floats = np.zeros((len(models), n, n))  # X_m[ww], upper triangles
    prices: Floats = np.zeros((len(models), n, n))
    for t in range(1, steps + 1):
        apart = parts - parts.mean(axis=0)
        answers = []
        for m, model in enumerate(models):
            forms = multipliers[m] + schedule.weight(t) * lifted[m].residual
            asked = model.bqm(forms, prices[m] + schedule.weight(t) * apart[m])
            answers.append(solver.solve(asked, reads, generator).bits[0])
        recorder.calls += len(models)
        for m, answer in enumerate(answers):
            lifted[m].move(answer, schedule.step(t))
            parts[m] += schedule.step(t) * (_pairs(answer[:n]) - parts[m])
        apart = parts - parts.mean(axis=0)
        if schedule.dual:
            multipliers = [y + schedule.beta * part.residual for y, part in zip(multipliers, lifted, strict=True)]
            prices = prices + schedule.beta * apart
        recorder.consider(np.stack([answer[:n] for answer in answers]))
        squares = sum(float(part.residual @ part.residual) for part in lifted) + float(np.square(apart).sum())
        recorder.step(squares**0.5, sum(part.objective for part in lifted))
    return recorder.outcome(max(model.n_bits for model in models))


def _pairs(bits: Bits) -> Floats:
    """Return the upper triangle (n, n) of b b^T."""
    return np.triu(np.outer(bits, bits)).astype(float)
