"""Progressive hedging: every group of samples has its own copy of the weights, and prices bring them together.

Rockafellar and Wets' method on bits; arXiv:2506.18240 names it and calls an Ising machine for each group.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qlab.errors import OptionError
from qlab.quantized.intervals import Integers
from qlab.quantized.oracles import GroupOracle
from qlab.quantized.problem import Outcome, Problem, Recorder
from qlab.quantized.spline import Floats

Watch = Callable[[Floats], None]


def grouped(n_samples: int, size: int, generator: np.random.Generator) -> list[Integers]:
    """Return the samples in groups by chance, each of ``size`` but the last.

    Raises:
        OptionError: no sample, or groups of none.
    """
    if n_samples < 1 or size < 1:
        raise OptionError(f"{n_samples} samples make no groups of {size}")
    order = generator.permutation(n_samples)
    return [np.sort(order[first : first + size]) for first in range(0, n_samples, size)]


def hedge(
    problem: Problem,
    n_groups: int,
    oracle: GroupOracle,
    generator: np.random.Generator,
    *,
    rho: float = 0.5,
    rounds: int = 100,
    watch: Watch | None = None,
) -> Outcome:
    """Train by progressive hedging until all copies agree.

    In a round each group m minimises loss_m(b) + lambda_m . b + rho / 2 |b - mean|^2, which is linear in bits but for
    the loss; then mean is that of the copies, and lambda_m grows by rho (b_m - mean). The lambda_m always sum to 0.

    Args:
        problem: to be learned.
        n_groups: of the oracle.
        oracle: of the groups.
        generator: draws the first mean, and for the oracle.
        rho: weight of the agreement. Where it reaches the loss of one error, copies may agree on weights that make it;
            far below, noise of the oracle drowns the prices.
        rounds: at most; each calls the oracle once for each group.
        watch: is shown the prices lambda (n_groups, n_free) after every round.

    Returns:
        The outcome, its weights the best of all means rounded at 1/2, by the forward pass of the network. Residual is
        the root mean square distance of the copies from their mean; it is 0 at consensus.

    Raises:
        OptionError: ``rho`` is not above 0.
    """
    if rho <= 0:
        raise OptionError(f"rho must be above 0, not {rho}")
    n_free = len(problem.free)
    recorder = Recorder(problem)
    mean = generator.integers(0, 2, n_free).astype(float)
    prices: Floats = np.zeros((n_groups, n_free))
    consensus = False
    for _ in range(rounds):
        asked = prices + rho * (0.5 - mean)  # rho/2 (b - mean)^2 = rho b (1/2 - mean) + a constant
        copies = np.stack([oracle.solve(group, asked[group], generator) for group in range(n_groups)])
        recorder.calls += n_groups
        mean = copies.mean(axis=0)
        prices = prices + rho * (copies - mean)
        if watch:
            watch(prices)
        loss = recorder.consider((mean > 0.5).astype(np.uint8)[None])[0]
        residual = float(np.sqrt(np.square(copies - mean).sum(axis=1).mean()))
        recorder.step(residual, float(loss))
        consensus = residual == 0
        if consensus:
            break
    return recorder.outcome(oracle.model_bits, consensus)
