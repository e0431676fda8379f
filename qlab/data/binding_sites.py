"""Generated windows of DNA, half of them with a planted motif, half of them shuffles of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from qlab.data.background import TRANSITIONS, draw_background
from qlab.data.dataset import IntArray
from qlab.data.dinucleotides import dinucleotide_counts, dinucleotide_shuffle
from qlab.data.motif import Motif
from qlab.data.sequences import Sequence
from qlab.errors import DataError
from qlab.progress import Progress

GENERATOR_VERSION = "1"

# The main stream seeds sequence i with (seed, i), the source stream with (seed, SOURCE_STREAM, i). These differ for
# every i below SOURCE_STREAM, so the two sets are drawn independently.
SOURCE_STREAM = 2**32 - 1
_ATTEMPTS = 100


@dataclass(frozen=True, eq=False)
class BindingSiteRequest:
    """Which windows to generate; equal requests give equal windows.

    Attributes:
        seed: window ``i`` depends on ``seed``, ``i`` and the options below alone, never on ``size``.
        size: number of windows. The odd ones are positives; the even one before each is its shuffle.
        length: bases of a window.
        motif: what is planted.
        strength: power of the motif's probabilities, renormalised: 0 is uniform, 1 the motif itself.
        planted: probability that a positive carries the motif.
        position: mean of the motif's centre, in bases from the start of the window.
        position_sd: its standard deviation; 0 puts it always there.
        stream: ``source`` gives a set that is drawn independently of ``main``.
    """

    seed: int
    size: int
    length: int
    motif: Motif
    strength: float
    planted: float
    position: float
    position_sd: float
    stream: Literal["main", "source"] = "main"

    def of_source(self, size: int) -> BindingSiteRequest:
        """Return the request of as many windows of the source stream."""
        return replace(self, size=size, stream="source")

    def facts(self) -> dict[str, Any]:
        """Return what defines the windows, for the record."""
        own = {name: value for name, value in vars(self).items() if name != "motif"}
        motif = {"motif": self.motif.name, "motif_probabilities": self.motif.probabilities.round(6).tolist()}
        return {"generator_version": GENERATOR_VERSION, **own, **motif, "background": TRANSITIONS.tolist()}


def generate(request: BindingSiteRequest, progress: Progress) -> tuple[Sequence, IntArray]:
    """Return windows (N, length) and labels (N,): 1 where a motif is planted, 0 for dinucleotide shuffles.

    Raises:
        DataError: a motif leaves nothing to shuffle.
    """
    motif = request.motif.tempered(request.strength)
    windows = np.empty((request.size, request.length), np.int8)
    for first in progress.track(range(0, request.size, 2), "generating sequences", (request.size + 1) // 2):
        negative, positive = _pair(request, motif, first)
        windows[first] = negative
        windows[first + 1 : first + 2] = positive  # nothing, where the size is odd and this pair the last one
    return windows, np.arange(request.size, dtype=np.int64) % 2


def _pair(request: BindingSiteRequest, motif: Motif, first: int) -> tuple[Sequence, Sequence]:
    """Return a shuffle and the positive that it comes from, which differ."""
    of_negative, of_positive = (np.random.default_rng(_entropy(request, first + k)) for k in (0, 1))
    for _ in range(_ATTEMPTS):
        positive = _positive(request, motif, of_positive)
        negative = dinucleotide_shuffle(positive, of_negative)
        if not np.array_equal(positive, negative):
            assert np.array_equal(dinucleotide_counts(positive), dinucleotide_counts(negative))
            return negative, positive
    raise DataError(
        f"{_ATTEMPTS} windows of {request.length} bases with the motif '{motif.name}' have no other order of their "
        "dinucleotides: raise dataset.length"
    )


def _positive(request: BindingSiteRequest, motif: Motif, rng: np.random.Generator) -> Sequence:
    window = draw_background(request.length, rng)
    if rng.random() < request.planted:
        start = _start(request, motif.width, rng)
        site = motif.draw(rng)
        reverse = rng.random() < 0.5
        window[start : start + motif.width] = (3 - site)[::-1] if reverse else site
    return window


def _start(request: BindingSiteRequest, width: int, rng: np.random.Generator) -> int:
    """Return where a site starts: its centre is normal around ``position``, given that the site fits the window."""
    wanted, last = request.position - width / 2, request.length - width
    if request.position_sd == 0:
        return int(np.clip(round(wanted), 0, last))
    low, high = (np.array([-0.5, last + 0.5]) - wanted) / request.position_sd
    mirrored = low + high > 0  # the distribution function is exact in its lower tail only
    ends: NDArray[np.float64] = ndtr(np.array([-high, -low] if mirrored else [low, high]))
    deviation = float(ndtri(rng.uniform(*ends))) * (-1 if mirrored else 1)
    return int(np.clip(round(wanted + request.position_sd * deviation), 0, last))


def _entropy(request: BindingSiteRequest, i: int) -> list[int]:
    return [request.seed, i] if request.stream == "main" else [request.seed, SOURCE_STREAM, i]
