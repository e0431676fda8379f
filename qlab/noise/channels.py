"""The channels that have names.

A channel of probability p does nothing with probability 1 - p. Strengths called gamma are probabilities too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qlab.errors import OptionError
from qlab.noise.channel import Channel

Matrices = list[list[list[float]]]


def depolarizing(p: float, n_qubits: int = 1) -> Channel:
    """Return the channel in which one of the Paulis other than the identity happens, each as likely as the others.

    On one qubit (1 - p) rho + p/3 (X rho X + Y rho Y + Z rho Z), on two qubits p/15 for each of the 15 products. This
    p is PennyLane's; Qiskit's parameter, the weight of the fully mixed state, is p 4^m / (4^m - 1) on m qubits.

    Args:
        p: probability of an error, 0 to 1. 3/4, or 15/16, leaves the fully mixed state.
        n_qubits: 1 or 2.

    Raises:
        OptionError: a number is out of range.
    """
    if n_qubits not in (1, 2):
        raise OptionError(f"a depolarizing channel acts on 1 or 2 qubits, not {n_qubits}")
    errors = 4**n_qubits - 1
    return Channel.pauli("depolarizing", [1 - _probability("p", p), *[p / errors] * errors])


def dephasing(p: float) -> Channel:
    """Return the phase flip (1 - p) rho + p Z rho Z: coherences shrink by 1 - 2p, probabilities stay; p from 0 to 1."""
    return Channel.pauli("dephasing", [1 - _probability("p", p), 0, 0, p])


def bit_flip(p: float) -> Channel:
    """Return the bit flip (1 - p) rho + p X rho X: <Y> and <Z> shrink by 1 - 2p; p from 0 to 1."""
    return Channel.pauli("bit_flip", [1 - _probability("p", p), p, 0, 0])


def pauli(px: float, py: float, pz: float) -> Channel:
    """Return (1 - px - py - pz) rho + px X rho X + py Y rho Y + pz Z rho Z; the three are from 0, at most 1 together.

    Raises:
        OptionError: they are more than 1 together, or one is out of range.
    """
    errors = [_probability(name, value) for name, value in (("px", px), ("py", py), ("pz", pz))]
    if sum(errors) > 1:
        raise OptionError(f"px + py + pz = {sum(errors):g}: probabilities are at most 1 together")
    return Channel.pauli("pauli", [1 - sum(errors), *errors])


def amplitude_damping(gamma: float) -> Channel:
    """Return the decay of |1> into |0>: |0><0| + sqrt(1 - gamma) |1><1|, and sqrt(gamma) |0><1|.

    <Z> becomes gamma + (1 - gamma) <Z>, coherences shrink by sqrt(1 - gamma).

    Args:
        gamma: probability of the decay, 0 to 1.
    """
    return generalized_amplitude_damping(gamma, 0.0, "amplitude_damping")


def generalized_amplitude_damping(gamma: float, excited: float, name: str = "generalized_amplitude_damping") -> Channel:
    """Return the relaxation to a mixture of |0> and |1>.

    <Z> becomes gamma (1 - 2 excited) + (1 - gamma) <Z>, coherences shrink by sqrt(1 - gamma).

    Args:
        gamma: probability of a relaxation, 0 to 1.
        excited: probability of |1> in the state that is relaxed to, 0 to 1.
        name: what reports call it.
    """
    _probability("gamma", gamma)
    _probability("excited", excited)
    kept, gone = math.sqrt(1 - gamma), math.sqrt(gamma)
    down: Matrices = [[[1, 0], [0, kept]], [[0, gone], [0, 0]]]
    up: Matrices = [[[kept, 0], [0, 1]], [[0, 0], [gone, 0]]]
    return _of(name, [(1 - excited, down), (excited, up)])


def phase_damping(gamma: float) -> Channel:
    """Return the loss of phase |0><0| + sqrt(1 - gamma) |1><1|, and sqrt(gamma) |1><1|.

    Coherences shrink by sqrt(1 - gamma); it is dephasing of probability (1 - sqrt(1 - gamma)) / 2.

    Args:
        gamma: probability that the environment learns the value of the qubit, 0 to 1.
    """
    _probability("gamma", gamma)
    kept, gone = math.sqrt(1 - gamma), math.sqrt(gamma)
    return _of("phase_damping", [(1.0, [[[1, 0], [0, kept]], [[0, 0], [0, gone]]])])


def thermal_relaxation(t1: float, t2: float, time: float, excited: float = 0.0) -> Channel:
    """Return what a qubit suffers that waits for ``time``: relaxation with T1 and loss of phase with T2.

    The difference of <Z> from its equilibrium 1 - 2 excited shrinks by exp(-time/T1), coherences by exp(-time/T2).

    Args:
        t1: relaxation time, above 0, may be infinite.
        t2: coherence time, above 0, at most 2 t1: relaxation alone takes the coherence in twice T1.
        time: how long, in the unit of ``t1`` and ``t2``, from 0.
        excited: probability of |1> in equilibrium, 0 to 1.

    Raises:
        OptionError: a number is out of range.
    """
    if not t1 > 0 or not t2 > 0 or not time >= 0:
        raise OptionError(f"times must be positive: t1={t1:g}, t2={t2:g}, time={time:g}")
    if t2 > 2 * t1:
        raise OptionError(f"t2={t2:g} is longer than relaxation allows: it must be at most 2 t1 = {2 * t1:g}")
    relaxed = -math.expm1(-time / t1)
    flipped = -math.expm1(time / (2 * t1) - time / t2) / 2  # which takes the coherence that relaxation leaves
    relaxation = generalized_amplitude_damping(relaxed, excited)
    return relaxation.then(dephasing(max(flipped, 0.0)), "thermal_relaxation")


def _of(name: str, branches: Sequence[tuple[float, Matrices]]) -> Channel:
    """Return the channel that does one of several with a probability each; what never happens is left out."""
    operators = [math.sqrt(p) * np.array(matrix) for p, matrices in branches for matrix in matrices]
    return Channel(name, np.array([operator for operator in operators if operator.any()]))


def _probability(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise OptionError(f"{name}={value:g} is no probability: it must be from 0 to 1")
    return value
