"""Readout error undone by mthree, on the outcomes that were seen (arXiv:2108.12518)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from qlab.circuits.observables import PauliWord
from qlab.errors import RequestError
from qlab.hardware.mitigation.readout import Confusion, with_calibration
from qlab.hardware.program import Counts
from qlab.hardware.readings import Measured, bits


def require_mthree() -> None:
    """Raise ``RequestError`` unless mthree is installed."""
    if find_spec("mthree") is None:
        raise RequestError(
            "the readout mitigation mthree needs the package mthree, which is not installed: "
            "pip install 'qlab[mitigation]', or choose inversion"
        )


def matrix_free(counts: Counts, words: Sequence[PauliWord], known: Confusion) -> Measured:
    """Return expectation values (N, K) with the readout error undone among the outcomes that were seen.

    The standard errors are mthree's upper bounds from the size of the inverse, with the calibration's chance as the
    inverse of all outcomes would have it.

    Args:
        counts: (N, S, n_bytes), of one program that measured what the words' letters say.
        words: K of them; the outcomes are those of all their qubits together.
        known: how often each qubit is read wrongly.

    Raises:
        RequestError: mthree is not installed.
    """
    require_mthree()
    from mthree import M3Mitigation

    qubits = sorted({qubit for word in words for qubit, _ in word.factors})
    mitigation = M3Mitigation()
    mitigation.cals_from_matrices(list(known.readout.matrices))
    operators = ["".join("Z" if q in dict(word.factors) else "I" for q in reversed(qubits)) for word in words]
    found = Measured(np.empty((len(counts), len(words))), np.empty((len(counts), len(words))))
    for row in range(len(counts)):
        quasi: Any = mitigation.apply_correction(
            _outcomes(counts[row : row + 1], qubits), qubits, return_mitigation_overhead=True
        )
        for place, operator in enumerate(operators):
            found.values[row, place], found.standard_errors[row, place] = quasi.expval_and_stddev(operator)
    return with_calibration(found, counts, words, known)


def _outcomes(counts: Counts, qubits: Sequence[int]) -> dict[str, int]:
    """Return how often each outcome was seen in one row, by its bits with the first of ``qubits`` last."""
    read = np.stack([bits(counts, qubit)[0] for qubit in reversed(qubits)], axis=1)  # (S, n)
    return dict(Counter(map("".join, read.astype("U1"))))
