"""Sums over trajectories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.engine.readings import Readings
from qlab.engine.trajectories.rare import squared_error, squared_miss
from qlab.engine.trajectories.streams import portions
from qlab.engine.trajectories.unravelling import Unravelling

_ROUNDING = 2  # of a value, in units of its precision
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
        values = unravelling.quiet_values()
        self._rounding = _ROUNDING * torch.finfo(values.dtype).eps
        self._quiet = read(values.double())  # (B, K)
        self._farthest = read.farthest(self._quiet.detach())  # (B, K)
        self._eventful = (1 - noiseless)[:, None].to(self._quiet.device)  # (B, 1)
        self._sums, self._squares = torch.zeros_like(self._quiet), torch.zeros_like(self._quiet)
        self._cubes, self._fourths = torch.zeros_like(self._quiet), torch.zeros_like(self._quiet)
        self.counts: NDArray[np.int64] = np.zeros(len(noiseless), np.int64)

    def add(self, counts: NDArray[np.int64]) -> None:
        """Draw so many more trajectories (B,); none for samples without errors."""
        wanted = np.where(self._eventful[:, 0].cpu().numpy() > 0, counts, 0)
        for rows in portions(wanted, self._generators):
            owners = torch.from_numpy(rows.owners).to(self._quiet.device)
            values = self._read(self._unravelling.eventful_values(rows).double())  # (R, K)
            changes = values - self._quiet.index_select(0, owners)
            self._sums = self._sums.index_add(0, owners, changes)
            changes = changes.detach()
            self._squares = self._squares.index_add(0, owners, changes**2)
            self._cubes = self._cubes.index_add(0, owners, changes**3)
            self._fourths = self._fourths.index_add(0, owners, changes**4)
        self.counts = self.counts + wanted

    def missing(self, standard_error: float) -> NDArray[np.int64]:
        """Return how many more (B,) it takes until the standard errors of a sample are at most this.

        The variance is itself an estimate from n trajectories: 1 + 2/n times as many make up for it (Cox 1952).
        """
        allowed = (standard_error / self._eventful.clamp(min=_TINY)).square()  # of spread / n and missed / n^2: (B, 1)
        spread, missed = (self._variance * (1 + 2 / self._numbers)).square(), self._missed * self._numbers.square()
        needed = ((spread + (spread.square() + (2 * missed * allowed).square()).sqrt()) / 2).sqrt() / allowed  # (B, K)
        more = np.ceil(needed.amax(1).cpu().numpy() - self.counts)
        unsure = self._drawn_errors.amax(1).cpu().numpy() > standard_error
        most = np.maximum(_FEWEST, self.counts * _MOST_GROWTH)
        found: NDArray[np.int64] = np.where(unsure, np.clip(more, _FEWEST, most), 0).astype(np.int64)
        return found

    @property
    def values(self) -> torch.Tensor:
        """The estimate (B, K): the quiet part, exact, and the mean of the drawn one."""
        return self._quiet + self._eventful * self._sums / self._numbers

    @property
    def standard_errors(self) -> torch.Tensor:
        """Of the estimate: (B, K); 0 where no error can happen.

        From the spread of the trajectories, from what they may have missed (``qlab.engine.trajectories.rare``), and at
        least the rounding of the states.
        """
        found: torch.Tensor = (self._drawn_errors.square() + (self._rounding * (self._eventful > 0)) ** 2).sqrt()
        return found

    @property
    def _drawn_errors(self) -> torch.Tensor:
        """Standard errors (B, K) without that of rounding."""
        found: torch.Tensor = self._eventful * squared_error(self._variance / self._numbers, self._missed).sqrt()
        return found

    @property
    def _missed(self) -> torch.Tensor:
        """The square of what may have been missed: (B, K)."""
        n, mean = self._numbers, self._sums.detach() / self._numbers
        fourths = self._fourths - 4 * mean * self._cubes + 6 * mean**2 * self._squares - 3 * n * mean**4
        return squared_miss(self._farthest, n, self._variance * (n - 1), fourths)

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
