"""Expectation values of Pauli words, and the adjoint state they start the backward pass with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from qlab.engine.pruning import Word
from qlab.engine.zstrings import ZStrings


@dataclass(frozen=True, eq=False)
class _Group:
    """Words that flip the same qubits and have the same parity of Y factors.

    With P|x> = i^y (-1)^|x & z| |x xor flips>, where y counts the Y factors, <P> is the sum over x of (-1)^|x & z|
    times the real part of i^y conj(psi[x xor flips]) psi[x].

    Attributes:
        rows: their places among all words.
        factors: (K, 1), the real factor of the real or imaginary part of conj(psi[x xor flips]) psi[x].
        flipped: x xor flips for all x; None where nothing is flipped.
        imaginary: whether y is odd, so that the imaginary part counts.
    """

    rows: torch.Tensor
    factors: torch.Tensor
    strings: ZStrings
    flipped: torch.Tensor | None
    imaginary: bool

    def values(self, psi: torch.Tensor) -> torch.Tensor:
        """Return expectation values (K, C) of states (2^n, C)."""
        if self.flipped is None:
            field = psi.real.square() + psi.imag.square()
        else:
            overlap = psi.index_select(0, self.flipped).conj() * psi
            field = overlap.imag if self.imaginary else overlap.real
        return self.factors * self.strings.project(field.contiguous())

    def applied(self, psi: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """Return sum_k g_k P_k psi (2^n, C) for g (K, C)."""
        weighted = self.strings.sum(self.factors * gradient) * psi
        if self.flipped is None:
            return weighted
        moved = weighted.index_select(0, self.flipped)
        return -1j * moved if self.imaginary else moved


class Measurement:
    """K Pauli words on n qubits."""

    def __init__(self, words: Sequence[Word], n_qubits: int, dtype: torch.dtype, device: torch.device) -> None:
        self._n_words = len(words)
        self._groups: list[_Group] = []
        for flips, odd in dict.fromkeys((word.x, _count_y(word) % 2) for word in words):
            members = [(k, w) for k, w in enumerate(words) if (w.x, _count_y(w) % 2) == (flips, odd)]
            # i^y is 1, i, -1, -i; the real part of i c is minus the imaginary part of c
            factors = [word.sign * (1, -1, -1, 1)[_count_y(word) % 4] for _, word in members]
            flipped = torch.arange(1 << n_qubits, device=device) ^ flips if flips else None
            self._groups.append(
                _Group(
                    rows=torch.tensor([k for k, _ in members], device=device),
                    factors=torch.tensor(factors, dtype=dtype, device=device)[:, None],
                    strings=ZStrings([word.z for _, word in members], n_qubits, dtype, device),
                    flipped=flipped,
                    imaginary=bool(odd),
                )
            )

    def values(self, psi: torch.Tensor) -> torch.Tensor:
        """Return expectation values (K, C) of states (2^n, C)."""
        if len(self._groups) == 1:
            return self._groups[0].values(psi)
        values = psi.real.new_empty(self._n_words, psi.shape[1])
        for group in self._groups:
            values.index_copy_(0, group.rows, group.values(psi))
        return values

    def adjoint(self, psi: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient (2^n, C) by the state, 2 sum_k g_k P_k psi, for gradients g (K, C) by the values."""
        doubled = 2 * gradient
        total = None
        for group in self._groups:
            part = group.applied(psi, doubled.index_select(0, group.rows))
            total = part if total is None else total + part
        assert total is not None
        return total


def _count_y(word: Word) -> int:
    return (word.x & word.z).bit_count()
