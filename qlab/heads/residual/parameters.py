"""What is trained in a block: free unitaries, or real weights that unitaries are made of afterwards."""

from __future__ import annotations

import math

import torch
from torch import nn

from qlab.heads.residual.contractions import (
    Contractions,
    Phases,
    amplitudes,
    contractions,
    draw_phases,
    optimised_phases,
)
from qlab.heads.residual.dilation import exponential, halmos
from qlab.heads.residual.outcomes import coherent_part


class UnitaryBlock(nn.Module):
    """U+- = exp(i H+-) on the data qubits and the ancilla, with Hermitian H+- of trainable entries.

    The two signs start alike in nothing: each entry is drawn from a normal distribution of deviation ``init_scale``.
    """

    def __init__(self, size: int, init_scale: float, generator: torch.Generator) -> None:
        super().__init__()
        self.entries = nn.Parameter(init_scale * torch.randn(2, 2 * size, 2 * size, generator=generator))

    def scores(self, diagonal: torch.Tensor, coherences: torch.Tensor | None) -> torch.Tensor:
        """Return z (B, N) of states with diagonals (B, N) and coherences (B, N, N)."""
        size = diagonal.shape[-1]
        maps = exponential(self.entries)[:, :size, :size]  # A+ and A-
        signed = diagonal @ (maps.abs() ** 2).mT  # (2, B, N)
        found: torch.Tensor = signed[0] - signed[1]
        return found if coherences is None else found + _difference(coherences, maps)

    def unitaries(self) -> torch.Tensor:
        """Return U+ and U- (2, 2N, 2N), complex128."""
        return exponential(self.entries.double())

    def scale(self) -> float:
        """Return 1: the scores are what is measured."""
        return 1.0


class WeightBlock(nn.Module):
    """Real weights W (N, N), translated with free phases: a classical residual block wherever states are diagonal.

    Weights are drawn from a normal distribution of deviation ``init_scale`` / sqrt(N).
    """

    def __init__(self, size: int, init_scale: float, phases: Phases, generator: torch.Generator) -> None:
        super().__init__()
        self.weights = nn.Parameter(init_scale / math.sqrt(size) * torch.randn(size, size, generator=generator))
        self.phases: torch.Tensor
        self.register_buffer("phases", draw_phases((size, size), phases, generator))
        self._is_optimised = phases == "optimised"
        self._translated: tuple[torch.Tensor, Contractions] | None = None

    def scores(self, diagonal: torch.Tensor, coherences: torch.Tensor | None) -> torch.Tensor:
        """Return W x (B, N) of diagonals x (B, N), and what coherences (B, N, N) add to it under the phases."""
        found = diagonal @ self.weights.mT
        if coherences is None:
            return found
        return found + _difference(coherences, torch.stack(amplitudes(self.weights, self.phases)))

    def unitaries(self) -> torch.Tensor:
        """Return U+ and U- (2, 2N, 2N), complex128."""
        found = self._contractions()
        return halmos(torch.stack([found.plus, found.minus]))

    def scale(self) -> float:
        """Return what scores are multiplied with after they were measured."""
        return float(self._contractions().scale)

    def _contractions(self) -> Contractions:
        """Return the translation of the weights as they are now; it is made again when they change."""
        weights = self.weights.detach().double()
        if self._translated is None or not torch.equal(self._translated[0], weights):
            phases = self.phases.double()
            phases = optimised_phases(weights, phases) if self._is_optimised else phases
            self._translated = (weights.clone(), contractions(weights, phases))
        return self._translated[1]


ResidualBlock = UnitaryBlock | WeightBlock


def _difference(coherences: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Return what coherences (B, N, N) add to the scores (B, N) by maps A+ and A- (2, N, N)."""
    signed = coherent_part(coherences, maps)  # (B, 2, N)
    return signed[:, 0] - signed[:, 1]
