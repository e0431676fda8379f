"""The backend of any PennyLane device."""

from __future__ import annotations

from typing import Any, Literal

import pennylane as qml
import torch
from pennylane.exceptions import DeviceError, QuantumFunctionError

from qlab.backends.base import Capabilities, Observables, refuse
from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord, pauli_words
from qlab.errors import CapabilityError, UnknownNameError

Gradient = Literal["best", "backprop", "adjoint", "parameter-shift"]
_OPTIONS: dict[str, dict[str, Any]] = {
    # Aer estimates from 1024 shots unless told otherwise, and only this method of its has exact values.
    "qiskit.aer": {"backend": "aer_simulator_statevector", "shots": None},
}


class PennyLaneBackend:
    """Executes circuits on a PennyLane device by its name, such as ``default.qubit`` or ``lightning.qubit``.

    Values are float64; those of lightning.qubit are exact to 1e-7 only, for PennyLane hands them to PyTorch in single
    precision. ``gradient`` is how the device differentiates; ``best`` leaves the choice to PennyLane.

    Raises:
        UnknownNameError: there is no such device.
        CapabilityError: the device cannot be made on this machine.
    """

    def __init__(self, *, device: str = "default.qubit", gradient: Gradient = "best") -> None:
        self._name, self._gradient = device, gradient
        self._exact = not self._device(1).shots
        self._functions: dict[tuple[Circuit, tuple[PauliWord, ...]], Any] = {}

    def capabilities(self) -> Capabilities:
        """Return what the device can do."""
        return Capabilities(exact=self._exact, shots=False, noise=False, gradients=frozenset({"inputs", "weights"}))

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        *,
        noise: object | None = None,
        shots: int | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K); see ``Backend``.

        Raises:
            CapabilityError: the device cannot execute or differentiate the circuit as asked.
        """
        refuse(f"pennylane on {self._name}", self.capabilities(), noise, shots)
        words = pauli_words(circuit.n_qubits, observables)
        x, w = inputs.double(), weights.double()
        try:
            values = self._function(circuit, words, x, w)(x, w)
        except (QuantumFunctionError, DeviceError, NotImplementedError) as error:
            raise CapabilityError(f"{self._name} with gradient {self._gradient}: {_one_line(error)}") from error
        columns = [torch.as_tensor(value, dtype=torch.float64).expand(len(inputs)) for value in values]
        return torch.stack(columns, dim=1)

    def _function(self, circuit: Circuit, words: tuple[PauliWord, ...], x: torch.Tensor, w: torch.Tensor) -> Any:
        """Return the QNode of a circuit, made at its first use."""
        key = (circuit, words)
        if key not in self._functions:
            device = self._device(circuit.n_qubits)
            qnode = qml.QNode(circuit.to_pennylane(words), device, interface="torch", diff_method=self._gradient)
            best = self._gradient == "best"
            method = qml.workflow.get_best_diff_method(qnode)(x, w) if best else self._gradient
            if method == "parameter-shift":  # which PennyLane does not have for batches of inputs
                qnode = qml.transforms.broadcast_expand(qnode)
            self._functions[key] = qnode
        return self._functions[key]

    def _device(self, n_qubits: int) -> Any:
        if self._name not in qml.plugin_devices:
            raise UnknownNameError("PennyLane device", self._name, qml.plugin_devices)
        try:
            return qml.device(self._name, wires=n_qubits, **_OPTIONS.get(self._name, {}))
        except (DeviceError, ImportError, TypeError, ValueError) as error:
            raise CapabilityError(f"the PennyLane device {self._name} cannot be made: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
