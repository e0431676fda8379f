"""Sums over trajectories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.engine.readings import Readings
from qlab.engine.trajectories.streams import portions
from qlab.engine.trajectories.unravelling import Unravelling

_TINY = 1e-150  # in place of a probability of 0
_FEWEST = 16  # trajectories that are added at least
_MOST_GROWTH = 15  # times as many as there are, at most, are added at once: their variance may be far off


class Tally:
    """Adds up values of trajectories, less those of the quiet one: so that small effects keep their digits.

    Attributes:
        counts: (B,), trajectories of each sample.
    """

    def __init__(
        self,
        unravelling: Unravelling,
        read: Readings,
        noiseless: torch.Tensor,
        generators: Sequence[np.random.Generator],
    ) -> None:
        """Take the probability (B,) that no error happens, besides what draws trajectories and how they are read."""
        self._unravelling, self._read, self._generators = unravelling, read, generators
        self._quiet = read(unravelling.quiet_values().double())  # (B, K)
        self._eventful = (1 - noiseless)[:, None].to(self._quiet.device)  # (B, 1)
        self._sums, self._squares = torch.zeros_like(self._quiet), torch.zeros_like(self._quiet)
        self.counts: NDArray[np.int64] = np.zeros(len(noiseless), np.int64)

    def add(self, counts: NDArray[np.int64]) -> None:
        """Draw so many more trajectories (B,); none for samples without errors."""
        wanted = np.where(self._eventful[:, 0].cpu().numpy() > 0, counts, 0)
        for rows in portions(wanted, self._generators):
            owners = torch.from_numpy(rows.owners).to(self._quiet.device)
            values = self._read(self._unravelling.eventful_values(rows).double())  # (R, K)
            changes = values - self._quiet.index_select(0, owners)
            self._sums = self._sums.index_add(0, owners, changes)
            self._squares = self._squares.index_add(0, owners, changes.detach().square())
        self.counts = self.counts + wanted

    def missing(self, standard_error: float) -> NDArray[np.int64]:
        """Return how many more (B,) it takes until the standard errors of a sample are at most this.

        The variance is itself an estimate from n trajectories: 1 + 2/n times as many make up for it (Cox 1952).
        """
        allowed = (standard_error / self._eventful.clamp(min=_TINY)).square()  # of spread / n + missed / n^2: (B, 1)
        spread, missed = self._variance * (1 + 2 / self._numbers), self._quiet.detach().square()
        needed = (spread + (spread.square() + 4 * missed * allowed).sqrt()) / (2 * allowed)  # (B, K)
        more = np.ceil(needed.amax(1).cpu().numpy() - self.counts)
        unsure = self.standard_errors.amax(1).cpu().numpy() > standard_error
        most = np.maximum(_FEWEST, self.counts * _MOST_GROWTH)
        found: NDArray[np.int64] = np.where(unsure, np.clip(more, _FEWEST, most), 0).astype(np.int64)
        return found

    @property
    def values(self) -> torch.Tensor:
        """The estimate (B, K): the quiet part, exact, and the mean of the drawn one."""
        return self._quiet + self._eventful * self._sums / self._numbers

    @property
    def standard_errors(self) -> torch.Tensor:
        """Of the estimate: (B, K).

        To what n trajectories spread they add what may have been missed: one that is off by the whole quiet value. That
        is of order 1/n, and keeps an estimate from being called exact because all trajectories happened to agree.
        """
        missed = (self._quiet.detach() / self._numbers).square()
        found: torch.Tensor = self._eventful * (self._variance / self._numbers + missed).sqrt()
        return found

    @property
    def _variance(self) -> torch.Tensor:
        """Of the values of trajectories: (B, K)."""
        sums, numbers = self._sums.detach(), self._numbers
        variance: torch.Tensor = ((self._squares - sums.square() / numbers) / (numbers - 1)).clamp(min=0)
        return variance

    @property
    def _numbers(self) -> torch.Tensor:
        """As ``counts``, (B, 1); 2 where there are none."""
        numbers = np.where(self.counts > 0, self.counts, 2).astype(np.float64)
        return torch.from_numpy(numbers)[:, None].to(self._quiet.device)
