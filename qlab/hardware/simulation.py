"""What a device would measure without noise, and with the noise of its calibration: of the very circuit it executes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qlab.circuits.observables import PauliWord
from qlab.engine import expectations
from qlab.errors import NoiseError
from qlab.hardware.building import DeviceCircuit
from qlab.hardware.readings import Doubles
from qlab.noise.device import DeviceNoise
from qlab.noise.noisy import NoisyCircuit


def ideal(
    circuit: DeviceCircuit, inputs: torch.Tensor, weights: torch.Tensor, words: Sequence[PauliWord | str] | None = None
) -> Doubles:
    """Return exact expectation values (N, K) of the transpiled circuit.

    Args:
        circuit: on its device.
        inputs: (N, n_inputs).
        weights: (n_weights,).
        words: on the qubits of the circuit as written; Z on every one where none are given.
    """
    wanted = words or [f"Z{qubit}" for qubit in range(circuit.circuit.n_qubits)]
    x, w = (tensor.detach().cpu().double() for tensor in (inputs, weights))
    values: Doubles = expectations(circuit.transpiled.circuit, x, w, wanted, torch.complex128).numpy()
    return values


def noisy(circuit: DeviceCircuit) -> NoisyCircuit | None:
    """Return the transpiled circuit with the noise of the device's calibration; None where none is known.

    Raises:
        CapabilityError: it uses a gate that does not work.
    """
    try:
        return DeviceNoise(device=circuit.device, seed=circuit.seed).insert(circuit.circuit)
    except NoiseError:
        return None
