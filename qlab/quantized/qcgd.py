"""Quantum conditional gradient descent: every step asks an oracle for one bit string.

After Q-FW (the update rules of its published MATLAB code, FWAL and HCGM), with the constraints of section 3 of
arXiv:2506.18240 in forms that are never negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qlab.errors import OptionError
from qlab.quantized.lifted import Lifted
from qlab.quantized.problem import Outcome, Problem, Recorder
from qlab.quantized.qcbo import Qcbo
from qlab.quantized.solvers.base import Solver


@dataclass(frozen=True)
class Schedule:
    """How constraints are weighed in step t = 1, 2, ...

    Attributes:
        beta: beta_0; the weight of the residual is beta_t = beta_0 sqrt(t + 1).
        dual: let multipliers y grow by beta_0 times the residual in every step (FWAL); without, they stay 0 (HCGM).
    """

    beta: float = 1.0
    dual: bool = True

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise OptionError(f"beta must be above 0, not {self.beta}")

    def weight(self, t: int) -> float:
        """Return beta_t."""
        return self.beta * math.sqrt(t + 1)

    @staticmethod
    def step(t: int) -> float:
        """Return the size of step t: 2 / (t + 1)."""
        return 2 / (t + 1)


def qcgd(
    problem: Problem,
    model: Qcbo,
    solver: Solver,
    generator: np.random.Generator,
    *,
    calls: int = 60,
    reads: int = 24,
    schedule: Schedule | None = None,
    eigenvector: bool = False,
) -> Outcome:
    """Train by conditional gradients on the lifted model.

    Args:
        problem: to be learned.
        model: of all its samples.
        solver: the oracle.
        generator: for the oracle.
        calls: of the oracle.
        reads: of each call.
        schedule: weights of the constraints.
        eigenvector: take the weights from the leading eigenvector of X at the end. Otherwise they are the best of all
            oracle answers, one for each call, by the forward pass of the network.
    """
    schedule = schedule or Schedule()
    recorder, lifted = Recorder(problem), Lifted(model)
    multipliers = np.zeros(model.n_forms)
    for t in range(1, calls + 1):
        asked = model.bqm(multipliers + schedule.weight(t) * lifted.residual)
        answer = solver.solve(asked, reads, generator).bits[0]
        recorder.calls += 1
        lifted.move(answer, schedule.step(t))
        if schedule.dual:
            multipliers = multipliers + schedule.beta * lifted.residual
        if not eigenvector:
            recorder.consider(answer[None, : model.n_weight_bits])
        elif t == calls:
            recorder.consider(lifted.rounded()[None])
        recorder.step(float(np.linalg.norm(lifted.residual)), lifted.objective)
    return recorder.outcome(model.n_bits)
