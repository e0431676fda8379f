"""The backend of any PennyLane device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pennylane as qml
import torch
from pennylane.exceptions import DeviceError, QuantumFunctionError

from qlab.backends.base import Capabilities, Observables, refuse
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord, pauli_words
from qlab.engine.trajectories.streams import Samples, Seed
from qlab.errors import CapabilityError, UnknownNameError
from qlab.noise.noisy import NoisyCircuit
from qlab.noise.pennylane import to_pennylane

Gradient = Literal["best", "backprop", "adjoint", "parameter-shift"]
MIXED = "default.mixed"  # the device that knows channels
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
        self._functions: dict[tuple[Circuit, tuple[PauliWord, ...]], tuple[Any, str]] = {}

    def capabilities(self) -> Capabilities:
        """Return what the device can do."""
        mixed = self._name == MIXED
        return Capabilities(exact=self._exact, shots=False, noise=mixed, gradients=frozenset({"inputs", "weights"}))

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return the device, and how it differentiates.

        Raises:
            CapabilityError: the device cannot execute or differentiate the circuit as asked.
        """
        inputs, weights = torch.ones(batch, circuit.n_inputs), torch.ones(circuit.n_weights)
        with self._one_line_errors():
            _, gradient = self._function(circuit, pauli_words(circuit.n_qubits, None), inputs, weights)
        return {"device": self._name, "gradient": gradient}

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K); see ``Backend``.

        Raises:
            CapabilityError: the device cannot execute or differentiate the circuit as asked.
        """
        refuse(f"pennylane on {self._name}", self.capabilities(), False, None)
        words = pauli_words(circuit.n_qubits, observables)
        x, w = inputs.double(), weights.double()
        with self._one_line_errors():
            qnode, _ = self._function(circuit, words, x, w)
            values = qnode(x, w)
        return _columns(values, len(inputs))

    def estimate(
        self,
        noisy: NoisyCircuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        *,
        shots: int | None,
        seed: Seed,
        samples: Samples = 0,
    ) -> Estimate:
        """Return exact expectation values under noise, on ``default.mixed``; see ``Backend``."""
        refuse(f"pennylane on {self._name}", self.capabilities(), True, shots)
        function = to_pennylane(noisy, observables)
        with self._one_line_errors():
            qnode = qml.QNode(function, self._device(noisy.n_qubits), interface="torch", diff_method=self._gradient)
            values = qnode(inputs.double(), weights.double())
        return Estimate(_columns(values, len(inputs)), how={"simulation": "density"})

    def _function(
        self, circuit: Circuit, words: tuple[PauliWord, ...], x: torch.Tensor, w: torch.Tensor
    ) -> tuple[Any, str]:
        """Return the QNode of a circuit, made at its first use, and how it is differentiated."""
        key = (circuit, words)
        if key not in self._functions:
            device = self._device(circuit.n_qubits)
            qnode = qml.QNode(circuit.to_pennylane(words), device, interface="torch", diff_method=self._gradient)
            best = self._gradient == "best"
            method = qml.workflow.get_best_diff_method(qnode)(x, w) if best else self._gradient
            if method == "parameter-shift":  # which PennyLane does not have for batches of inputs
                qnode = qml.transforms.broadcast_expand(qnode)
            self._functions[key] = qnode, method
        return self._functions[key]

    @contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        try:
            yield
        except (QuantumFunctionError, DeviceError, NotImplementedError) as error:
            raise CapabilityError(f"{self._name} with gradient {self._gradient}: {_one_line(error)}") from error

    def _device(self, n_qubits: int) -> Any:
        if self._name not in qml.plugin_devices:
            raise UnknownNameError("PennyLane device", self._name, qml.plugin_devices)
        try:
            return qml.device(self._name, wires=n_qubits, **_OPTIONS.get(self._name, {}))
        except (DeviceError, ImportError, TypeError, ValueError) as error:
            raise CapabilityError(f"the PennyLane device {self._name} cannot be made: {_one_line(error)}") from error


def _columns(values: Sequence[Any], batch: int) -> torch.Tensor:
    """Return values (B, K) from K of them, each for every sample or the same for all."""
    return torch.stack([torch.as_tensor(value, dtype=torch.float64).expand(batch) for value in values], dim=1)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
