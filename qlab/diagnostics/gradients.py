"""The variance of gradients over random weights, and how it falls with the number of qubits: barren plateaus.

McClean et al., arXiv:1803.11173; local and global observables: Cerezo et al., arXiv:2001.00550.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.slots import Weight
from qlab.errors import CircuitError

CONFIDENCE = 0.95
FEWEST_POINTS = 3
_ROUNDING = 1e-25  # variances below it are those of rounding errors
_SEQUENCES = {"Rot": ("RZ", "RY", "RZ")}  # gates of several rotations, one for each angle


@dataclass(frozen=True)
class Parameter:
    """One weight of a circuit: its index, and where it stands in words."""

    index: int
    name: str


@dataclass(frozen=True)
class Variance:
    """A variance over draws, with its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True)
class Decay:
    """The straight line through ln(variance) against the number of qubits.

    Attributes:
        slope: change of ln(variance) per qubit, by least squares; -ln 2 where states are those of a 2-design.
        low: lower end of its 95 % interval, by Student's t.
        high: upper end.
        n_qubits: the numbers of qubits it goes through.
    """

    slope: float
    low: float
    high: float
    n_qubits: tuple[int, ...]


def named_parameter(circuit: Circuit) -> Parameter:
    """Return the weight of the first RY on qubit 0, or of the first gate there is: on qubit 0, or anywhere.

    Raises:
        CircuitError: the circuit has no weights.
    """
    found = [
        (qubit_zero, rotation == "RY", Parameter(slot.index, _in_words(gate, rotation)))
        for gate in circuit.gates
        for slot, rotation in zip(gate.angles, _rotations(gate), strict=True)
        for qubit_zero in (gate.qubits == (0,),)
        if isinstance(slot, Weight)
    ]
    if not found:
        raise CircuitError("the circuit has no weights, so it has no gradient")
    # max keeps the first of equals
    return max(found, key=lambda item: (item[0] and item[1], item[0]))[2]


def variance(gradients: torch.Tensor) -> Variance:
    """Return the mean over parameters of the unbiased variance of gradients (S, P) over S >= 2 draws.

    The standard error is that of the mean over draws of their squared deviations. Without a gradient both are 0.
    """
    draws = len(gradients)
    squares = (gradients - gradients.mean(0)).square().mean(1) * (draws / (draws - 1))  # (S,)
    if squares.mean() < _ROUNDING:
        return Variance(0.0, 0.0)
    return Variance(float(squares.mean()), float(squares.std()) / draws**0.5)


def decay(n_qubits: Sequence[int], variances: Sequence[float]) -> Decay | None:
    """Return the fit of ln(variance) against the number of qubits; None for fewer than three, or without a gradient."""
    if len(set(n_qubits)) < FEWEST_POINTS or min(variances) <= 0:
        return None
    fit = stats.linregress(n_qubits, np.log(variances))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(n_qubits) - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    return Decay(slope, slope - half, slope + half, tuple(sorted(set(n_qubits))))


def _rotations(gate: Gate) -> tuple[str, ...]:
    return _SEQUENCES.get(gate.name, (gate.name,) * len(gate.angles))


def _in_words(gate: Gate, rotation: str) -> str:
    where = f"qubit {gate.qubits[0]}" if len(gate.qubits) == 1 else f"qubits {', '.join(map(str, gate.qubits))}"
    inside = f" in {gate.name}" if rotation != gate.name else ""
    return f"first {rotation}{inside} of {where}"
