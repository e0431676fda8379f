"""From what was measured on a device to channels: gate errors, gate lengths, T1, T2 and wrong readings."""

from __future__ import annotations

import math
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray
from qiskit.providers import BackendV2

from qlab.errors import CapabilityError
from qlab.noise.channel import Channel
from qlab.noise.channels import depolarizing, thermal_relaxation
from qlab.noise.noisy import Located


class Calibration:
    """The noise of a device, from its calibration.

    A gate is followed by depolarizing noise on all its qubits, and then by the thermal relaxation of each of them for
    as long as the gate lasts. The depolarizing probability is chosen such that both together have the average
    infidelity that was measured for the gate. That is the model of Qiskit Aer's ``NoiseModel.from_backend``. Gates
    that take no time and have no error, such as RZ on IBM's devices, have no noise; qubits that wait do not relax.
    """

    def __init__(self, device: BackendV2) -> None:
        self._device, self._target = device, device.target
        properties = getattr(device, "properties", None)
        self._properties = properties() if callable(properties) else None
        self.name: str = device.name
        self.channels = lru_cache(maxsize=None)(self._channels)

    @property
    def date(self) -> str | None:
        """When it was measured, ISO 8601; None where the device does not say."""
        measured = getattr(self._properties, "last_update_date", None)
        return measured.isoformat() if measured is not None else None

    def confusion(self, qubit: int) -> NDArray[np.float64]:
        """Return the confusion matrix (2, 2) of a qubit, P[read, prepared]."""
        wrong = self._wrong_readings(qubit)
        return np.array([[1 - wrong[0], wrong[1]], [wrong[0], 1 - wrong[1]]])

    def _channels(self, name: str, qubits: tuple[int, ...]) -> tuple[Located, ...]:
        """Return what follows the gate that the device calls ``name`` on these qubits of it, first executed first.

        Raises:
            CapabilityError: the gate does not work: its error is as large as an error can be.
        """
        measured = (self._target[name] or {}).get(qubits)
        if measured is None:
            return ()
        relaxations = [self._relaxation(qubit, measured.duration or 0.0) for qubit in qubits]
        gate_error = measured.error or 0.0
        if gate_error >= _largest_error(len(qubits)):
            raise CapabilityError(
                f"{self.name} executes the circuit with {name} on {', '.join(map(str, qubits))}, which does not work "
                f"there: its calibrated error is {gate_error:g}; choose another device"
            )
        p = depolarizing_probability(gate_error, relaxations)
        found = [Located(depolarizing(p, len(qubits)), qubits)]
        found += [Located(channel, (qubit,)) for channel, qubit in zip(relaxations, qubits, strict=True)]
        return tuple(item for item in found if not item.channel.is_identity)

    def _relaxation(self, qubit: int, duration: float) -> Channel:
        """Return what a qubit suffers in ``duration`` seconds; T2 counts as 2 T1 where it was measured longer."""
        every = self._target.qubit_properties
        measured = every[qubit] if every else None
        t1 = getattr(measured, "t1", None) or math.inf
        t2 = getattr(measured, "t2", None) or math.inf
        return thermal_relaxation(t1, min(t2, 2 * t1), duration)

    def _wrong_readings(self, qubit: int) -> tuple[float, float]:
        """Return the probabilities of a wrong reading of |0> and of |1>; 0 where they were not measured."""
        measured = self._properties.qubit_property(qubit) if self._properties is not None else {}
        names = ("prob_meas1_prep0", "prob_meas0_prep1")
        if all(name in measured for name in names):
            return float(measured[names[0]][0]), float(measured[names[1]][0])
        if "readout_error" in measured:
            return float(measured["readout_error"][0]), float(measured["readout_error"][0])
        readings = self._target["measure"] if "measure" in self._target.operation_names else None
        reading = (readings or {}).get((qubit,))
        error = float(getattr(reading, "error", None) or 0.0)
        return error, error


def depolarizing_probability(gate_error: float, relaxations: list[Channel]) -> float:
    """Return p of the depolarizing channel that together with ``relaxations`` has the infidelity ``gate_error``.

    With F the average fidelity of the relaxations on d = 2^m dimensions, the fully mixed state must get the weight
    w = d (gate_error - (1 - F)) / (d F - 1), for its own average fidelity is 1/d; p = w (d^2 - 1) / d^2. It is 0 where
    the relaxations alone lose more than ``gate_error``.
    """
    dimension = 1 << len(relaxations)
    fidelity = average_fidelity(relaxations)
    missing = gate_error - (1 - fidelity)
    if missing <= 0:
        return 0.0
    weight = dimension * missing / (dimension * fidelity - 1)
    return min(weight * (1 - 1 / dimension**2), 1.0)


def average_fidelity(channels: list[Channel]) -> float:
    """Return the average fidelity of channels of one qubit, each on a qubit of its own, to doing nothing.

    It is (d F_e + 1) / (d + 1) with the entanglement fidelity F_e, the trace of the transfer matrix over d^2
    (arXiv:quant-ph/0205035).
    """
    dimension = 1 << len(channels)
    entanglement = reduce(lambda product, channel: product * np.trace(channel.transfer) / 4, channels, 1.0)
    return float((dimension * entanglement + 1) / (dimension + 1))


def _largest_error(n_qubits: int) -> float:
    """Return the largest average infidelity of a channel."""
    dimension = 1 << n_qubits
    return dimension / (dimension + 1)
