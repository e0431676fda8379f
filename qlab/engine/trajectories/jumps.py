"""A channel as one operator that nearly always acts, and jumps: what else can happen."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from qlab.noise.channel import Channel


class Jumps:
    """The Kraus operators of a channel, sorted.

    Attributes:
        n_qubits: on how many qubits it acts, m.
        calm: (d, d), d = 2^m, the operator of the largest weight: it acts where no jump happens.
        rests: whether that is a multiple of the identity.
        most: largest probability of a jump that any state has.
    """

    def __init__(self, channel: Channel, dtype: torch.dtype, device: torch.device) -> None:
        weights = np.einsum("kab,kab->k", channel.kraus.conj(), channel.kraus).real
        order = np.argsort(weights)  # jumps first
        kraus = channel.kraus[order[weights[order] > 0]]
        if len(kraus) == 1:
            kraus = np.concatenate([np.zeros_like(kraus), kraus])  # a jump that never happens
        dimension = kraus.shape[-1]
        kept = np.linalg.eigvalsh(kraus[-1].conj().T @ kraus[-1])
        self.n_qubits, self.most = channel.n_qubits, float(1 - kept.min()) + 1e-12
        self._operators = torch.as_tensor(kraus, dtype=dtype, device=device)
        self.calm = self._operators[-1]
        self.rests = bool(np.allclose(kraus[-1], kraus[-1, 0, 0] * np.eye(dimension), rtol=0, atol=1e-15))
        effects = np.einsum("kab,kac->kbc", kraus[:-1].conj(), kraus[:-1])  # K†K
        self._effects = torch.as_tensor(effects.reshape(-1, dimension**2), dtype=torch.complex128, device=device)

    def probabilities(self, states: torch.Tensor) -> torch.Tensor:
        """Return the probabilities (J, R) of the jumps for density matrices (R, d, d) of trace 1, complex128."""
        found: torch.Tensor = (self._effects @ states.mT.flatten(1).T).real
        return found.clamp(min=0)

    def choose(self, probabilities: torch.Tensor, draws: torch.Tensor, forced: torch.Tensor) -> torch.Tensor:
        """Return the operators (R, d, d) that act.

        Args:
            probabilities: (J, R), of the jumps.
            draws: (R,), uniform from 0 to 1: a jump happens where they are below its probability.
            forced: (R,), where one happens for certain.
        """
        sums = probabilities.cumsum(0)
        positions = torch.where(forced, draws * sums[-1], draws)
        chosen = (positions >= sums).sum(0)
        chosen = torch.where(forced, chosen.clamp(max=len(sums) - 1), chosen)
        return self._operators[chosen]


@lru_cache(maxsize=256)
def merged(earlier: Channel, later: Channel) -> Channel:
    """Return one channel after the other as one; kept for circuits in which both stand at many places."""
    return earlier.then(later)
