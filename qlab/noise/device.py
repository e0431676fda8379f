"""The noise of a device, on the circuit that the device would execute."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from qiskit.providers import BackendV2

from qlab.circuits.circuit import Circuit
from qlab.errors import NoiseError
from qlab.noise.calibration import Calibration
from qlab.noise.ibm import check_name, device_named
from qlab.noise.noisy import Located, NoisyCircuit, count_insertions
from qlab.noise.readout import Readout
from qlab.noise.transpile import TranspiledCircuit, transpile


class DeviceNoise:
    """Noise from the calibration of a device; see ``Calibration`` for what follows which gate.

    A circuit is first written in the gates of the device, on qubits of it, with the swaps that its connections ask for.

    Args:
        device: name of a stored device (``fake_torino``), or of one of an IBM account (``ibm_fez``), or the device.
        gate_errors: whether gates have errors and take time.
        readout: whether qubits are read wrongly.
        seed: of the choice of qubits and of the routing.

    Raises:
        UnknownNameError: there is no such device. A device of an account is looked up at its first use.
    """

    def __init__(
        self, *, device: str | BackendV2, gate_errors: bool = True, readout: bool = True, seed: int = 0
    ) -> None:
        if isinstance(device, str):
            check_name(device)
        self._device, self._gate_errors, self._readout, self._seed = device, gate_errors, readout, seed

    @property
    def name(self) -> str:
        """The name of the device."""
        return self._device if isinstance(self._device, str) else str(self._device.name)

    @property
    def is_identity(self) -> bool:
        """Whether neither gates nor readings have errors; the circuit is then still that of the device."""
        return not (self._gate_errors or self._readout)

    def transpiled(self, circuit: Circuit) -> TranspiledCircuit:
        """Return ``circuit`` as the device executes it; raises ``CapabilityError`` where it does not fit the device."""
        return transpile(circuit, self._backend, self._seed)

    def insert(self, circuit: Circuit) -> NoisyCircuit:
        """Return the circuit that the device executes instead of ``circuit``, with the noise of the device.

        Raises:
            CapabilityError: the circuit does not fit the device, or uses a gate that does not work there.
            NoiseError: the calibration knows no error of anything that is used.
        """
        return self.insert_into(self.transpiled(circuit), circuit.n_qubits)

    def insert_into(self, found: TranspiledCircuit, n_measured: int) -> NoisyCircuit:
        """Return a circuit of the device's gates with the noise of the device; its first qubits are measured.

        Raises:
            CapabilityError: it uses a gate that does not work there.
            NoiseError: the calibration knows no error of anything that is used.
        """
        calibration = calibration_of(self._backend)
        channels = tuple(self._after(found, end, calibration) for end in found.completes)
        readout = _readings(found, calibration) if self._readout else None
        if not any(channels) and readout is None and not self.is_identity:
            raise NoiseError(f"the calibration of {self.name} knows no error of what this circuit uses")
        return NoisyCircuit(
            found.circuit,
            channels,
            readout,
            count_insertions(channels, readout, n_measured),
            qubit_of=tuple(range(n_measured)),
            on_device=found.resources,
            provenance={
                "device": self.name,
                "calibrated": calibration.date,
                "physical_qubits": list(found.physical),
                "seed": self._seed,
            },
        )

    @property
    def _backend(self) -> BackendV2:
        return device_named(self._device) if isinstance(self._device, str) else self._device

    def _after(
        self, found: TranspiledCircuit, end: tuple[str, tuple[int, ...]] | None, calibration: Calibration
    ) -> tuple[Located, ...]:
        if end is None or not self._gate_errors:
            return ()
        place = {qubit: number for number, qubit in enumerate(found.physical)}
        after = calibration.channels(*end)
        return tuple(Located(item.channel, tuple(place[qubit] for qubit in item.qubits)) for item in after)


def calibration_date(name: str) -> str | None:
    """Return when a device was calibrated, ISO 8601, or None where it does not say; raises as ``device_named`` does."""
    return calibration_of(device_named(name)).date


@lru_cache(maxsize=8)
def calibration_of(device: BackendV2) -> Calibration:
    """Return the calibration of a device; each is read once in a process."""
    return Calibration(device)


def _readings(found: TranspiledCircuit, calibration: Calibration) -> Readout | None:
    readout = Readout(np.array([calibration.confusion(qubit) for qubit in found.physical]))
    return None if readout.is_identity else readout
