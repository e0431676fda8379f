"""The noise models that have names, from numbers.

Where a model takes ``gates``, it follows the gates of these names, and all gates where it is None. A channel of one
qubit follows a gate on each qubit of the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from qlab.circuits.circuit import AMPLITUDE
from qlab.circuits.gates import GATES
from qlab.errors import OptionError, UnknownNameError
from qlab.noise import channels
from qlab.noise.channel import Channel
from qlab.noise.model import NoiseModel, OverRotation, Rule
from qlab.noise.readout import Readout
from qlab.noise.readout_file import read_confusion

Gates = Sequence[str] | None
_NANO_PER_MICRO = 1e3
_FLIP = 0.02
_MOST_QUBITS = max(spec.n_qubits or 0 for spec in GATES.values())


def none() -> NoiseModel:
    """Return the model that does nothing."""
    return NoiseModel("none")


def depolarizing(*, p: float, p2: float | None, gates: Gates) -> NoiseModel:
    """Return depolarizing noise: a gate errs with probability ``p``, a gate on two qubits with ``p2``.

    Any of the 3, or 15, Pauli errors is as likely as the others. ``p2`` is ``p`` where it is None: each gate errs with
    probability ``p``. A gate on three qubits, which stands for several on two, errs with ``p2`` on each qubit.

    Raises:
        UnknownNameError: there is no gate of such a name. All models of this module raise it.
        OptionError: a number is out of range. All models of this module raise it.
    """
    names, second = _named(gates), p if p2 is None else p2
    one, two = channels.depolarizing(p), channels.depolarizing(second, 2)
    each = channels.depolarizing(second)
    return NoiseModel("depolarizing", (Rule(one, names, 1), Rule(two, names, 2), Rule(each, names, 3)))


def dephasing(*, p: float, gates: Gates) -> NoiseModel:
    """Return phase flips Z with probability ``p``."""
    return _following("dephasing", channels.dephasing(p), gates)


def bit_flip(*, p: float, gates: Gates) -> NoiseModel:
    """Return bit flips X with probability ``p``."""
    return _following("bit_flip", channels.bit_flip(p), gates)


def pauli(*, px: float, py: float, pz: float, gates: Gates) -> NoiseModel:
    """Return errors X, Y and Z with a probability each."""
    return _following("pauli", channels.pauli(px, py, pz), gates)


def amplitude_damping(*, gamma: float, gates: Gates) -> NoiseModel:
    """Return decays of |1> into |0> with probability ``gamma``."""
    return _following("amplitude_damping", channels.amplitude_damping(gamma), gates)


def phase_damping(*, gamma: float, gates: Gates) -> NoiseModel:
    """Return losses of phase: coherences shrink by sqrt(1 - gamma)."""
    return _following("phase_damping", channels.phase_damping(gamma), gates)


def thermal_relaxation(
    *, t1: float, t2: float, time_1q: float, time_2q: float, excited: float, gates: Gates
) -> NoiseModel:
    """Return relaxation and loss of phase while a gate lasts, on its qubits; qubits that wait do not relax.

    Args:
        t1: relaxation time in microseconds.
        t2: coherence time in microseconds, at most 2 t1.
        time_1q: how long a gate on one qubit takes, in nanoseconds.
        time_2q: how long a gate on more qubits takes, in nanoseconds.
        excited: probability of |1> in equilibrium.
        gates: names of the gates that take time; None: all.
    """
    times = [time_1q] + [time_2q] * (_MOST_QUBITS - 1)  # of gates on 1, 2, ... qubits
    found = [channels.thermal_relaxation(t1, t2, time / _NANO_PER_MICRO, excited) for time in times]
    names = _named(gates)
    rules = [Rule(channel, names, n_qubits) for n_qubits, channel in enumerate(found, start=1)]
    return NoiseModel("thermal_relaxation", tuple(rules))


def over_rotation(*, fraction: float, gates: Gates) -> NoiseModel:
    """Return a coherent error: every angle is (1 + fraction) times what it should be."""
    return NoiseModel("over_rotation", over_rotations=(OverRotation(fraction, _named(gates)),))


def readout(*, flip: float | None, p01: float | None, p10: float | None, path: str | None) -> NoiseModel:
    """Return wrong readings of qubits.

    Args:
        flip: probability to read the wrong value; None: 0.02, unless ``path`` says it.
        p01: probability to read 0 of a 1; None: ``flip``.
        p10: probability to read 1 of a 0; None: ``flip``.
        path: file of confusion matrices, one per qubit, which takes the place of the numbers; None: the numbers.

    Raises:
        OptionError: both a file and numbers, or a file that has no confusion matrices.
    """
    if path is not None:
        if any(number is not None for number in (flip, p01, p10)):
            raise OptionError(f"readout error comes from {path} or from flip, p01 and p10, not from both")
        return NoiseModel("readout", readout=read_confusion(path))
    flip = _FLIP if flip is None else flip
    zero, one = flip if p10 is None else p10, flip if p01 is None else p01  # wrong readings of |0>, of |1>
    return NoiseModel("readout", readout=Readout(np.array([[[1 - zero, one], [zero, 1 - one]]])))


def lego(*, p: float, dephasing: float, flip: float, gates: Gates) -> NoiseModel:
    """Return the noise that Quantum LEGO Learning (arXiv:2601.21780) names: depolarizing, dephasing and readout error.

    The paper's depolarizing rates are 0.1 to 0.3 % per gate; it does not say how strong the other two are.

    Args:
        p: probability that a gate errs.
        dephasing: probability of a phase flip after a gate, on each of its qubits.
        flip: probability to read the wrong value.
        gates: names of the gates that are noisy; None: all.
    """
    flips = _following("dephasing", channels.dephasing(dephasing), gates)
    wrong = NoiseModel("readout", readout=Readout.symmetric(flip))
    return NoiseModel.composed("lego", [depolarizing(p=p, p2=None, gates=gates), flips, wrong])


def _following(name: str, channel: Channel, gates: Gates) -> NoiseModel:
    return NoiseModel(name, (Rule(channel, _named(gates)),))


def _named(gates: Gates) -> frozenset[str]:
    """Return the names as a rule wants them, where empty stands for all."""
    if gates is None:
        return frozenset()
    if not gates:
        raise OptionError("gates=[] names no gate; null stands for all gates")
    return frozenset(_known(gates))


def _known(gates: Sequence[str]) -> Iterable[str]:
    followed = [name for name in GATES if name != AMPLITUDE]  # which is a preparation, and nothing follows it
    for name in gates:
        if name not in followed:
            raise UnknownNameError("gate", name, followed)
        yield name
