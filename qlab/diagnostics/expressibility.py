"""Expressibility: how far the fidelities of a circuit's states are from those of Haar-random ones (arXiv:1905.10876).

The Haar distribution of the fidelity F of two states is P(F) = (N - 1) (1 - F)^(N - 2) with N = 2^n. With more than
about 8 qubits nearly all of it lies in the first of bins of equal width, where no circuit differs from it. Bins of
equal Haar probability tell circuits apart at every number of qubits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Binning = Literal["haar", "width"]
_RESAMPLES = 1_000


@dataclass(frozen=True)
class Expressibility:
    """The Kullback-Leibler divergence of fidelities from Haar's, in nats; 0 is as expressive as can be.

    Attributes:
        divergence: sum of p ln(p / p_Haar) over the bins.
        standard_error: its standard deviation over fidelities resampled with replacement; close to Haar's own it is
            too large, by less than a factor of two.
        haar: what as many fidelities of Haar-random states give on average: with a finite number it is not 0.
        haar_deviation: the standard deviation of that between two such samplings.
        edges: of the bins, rising from 0 to 1.
        counts: fidelities in each bin.
    """

    divergence: float
    standard_error: float
    haar: float
    haar_deviation: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


def fidelities(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return |<a|b>|^2 of each pair of states (S, 2^n) of norm 1: (S,)."""
    return (first.conj() * second).sum(1).abs().square()


def expressibility(
    found: torch.Tensor, n_qubits: int, bins: int, binning: Binning, rng: np.random.Generator
) -> Expressibility:
    """Return the expressibility that fidelities (S,) of pairs of states on ``n_qubits`` qubits show."""
    edges = bin_edges(n_qubits, bins, binning)
    counts = histogram(found, edges)
    haar = log_haar_probabilities(n_qubits, edges)
    pairs = int(counts.sum())
    ideal = divergences(rng.multinomial(pairs, np.exp(haar), _RESAMPLES), haar)
    resampled = divergences(rng.multinomial(pairs, counts / pairs, _RESAMPLES), haar)
    return Expressibility(
        divergence=float(divergences(counts[None], haar)[0]),
        standard_error=float(resampled.std(ddof=1)),
        haar=float(ideal.mean()),
        haar_deviation=float(ideal.std(ddof=1)),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
    )


def bin_edges(n_qubits: int, bins: int, binning: Binning) -> Floats:
    """Return edges (bins + 1,) from 0 to 1: at equal Haar probability, or at equal width as in arXiv:1905.10876."""
    shares = np.linspace(0.0, 1.0, bins + 1)
    if binning == "width":
        return shares
    with np.errstate(divide="ignore"):  # the last edge is 1: log1p(-1) is -inf, and so it shall be
        edges: Floats = -np.expm1(np.log1p(-shares) / (2.0**n_qubits - 1))
    return edges


def histogram(found: torch.Tensor, edges: Floats) -> Counts:
    """Return how many fidelities (S,) lie in each bin; one that rounding lifted above 1 counts as 1."""
    counts, _ = np.histogram(found.clamp(0.0, 1.0).numpy(), edges)
    return counts.astype(np.int64)


def log_haar_probabilities(n_qubits: int, edges: Floats) -> Floats:
    """Return ln of the Haar probability of each bin, ln[(1 - F_low)^(N-1) - (1 - F_high)^(N-1)]: (bins,)."""
    with np.errstate(divide="ignore"):
        beyond = (2.0**n_qubits - 1) * np.log1p(-edges)  # ln of the probability of a larger fidelity
    probabilities: Floats = beyond[:-1] + np.log(-np.expm1(beyond[1:] - beyond[:-1]))
    return probabilities


def divergences(counts: Counts, log_reference: Floats) -> Floats:
    """Return sum of p ln(p / q) for histograms (R, bins) and ln q (bins,): (R,)."""
    p = counts / counts.sum(1, keepdims=True)
    terms = np.where(p > 0, p * (np.log(np.where(p > 0, p, 1.0)) - log_reference), 0.0)
    total: Floats = terms.sum(1)
    return total
