"""The quantum head of arXiv:2509.13353: features as amplitudes, and a dense readout of the expectation values."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.circuits import variational
from qlab.heads.dense import Dense
from qlab.heads.head import Head, linear
from qlab.heads.vqc import check_width

Layer = Literal["circuit", "frozen", "linear", "tanh", "identity"]


class AmplitudeVQC(Head):
    """Softmax, amplitudes p/|p|, layers of basic entanglers, every <Z_q>, and ``Dense`` on these n values.

    Each layer turns every qubit by an RX before a closed ring of CNOTs; first angles are uniform from 0 to 2 pi. What
    features lack of 2^n is filled up with amplitudes 0.

    Its ablations are heads of their own, with all else alike. ``entanglers=False`` leaves out every gate on two qubits;
    ``layer`` puts something else between amplitudes and readout: ``frozen`` the circuit at its first angles, ``linear``
    a linear map to n values, ``tanh`` the tanh of one, ``identity`` nothing.

    Raises:
        OptionError: the number of features does not fit the number of qubits, or it is trained on a batch of one.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        n_qubits: int = 4,
        n_layers: int = 2,
        entanglers: bool = True,
        layer: Layer = "circuit",
        hidden: int = 128,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        check_width(n_features, n_qubits, "amplitude")
        self.backend = backend
        circuit = variational(n_qubits, n_layers, "amplitude", "basic_entangler", entanglers=entanglers)
        first = torch.empty(circuit.n_weights).uniform_(0.0, 2 * math.pi, generator=generator)
        n_values = n_features if layer == "identity" else n_qubits
        self.readout = Dense(n_values, n_classes, backend, generator, hidden=hidden, dropout=dropout)
        self.observables = [f"Z{qubit}" for qubit in range(n_qubits)]
        self.weights: nn.Parameter | None = None
        self.map: nn.Module | None = None
        if layer in ("circuit", "frozen"):
            self.circuit = circuit
            self.weights = nn.Parameter(first, requires_grad=layer == "circuit")
        elif layer == "identity":
            self.map = nn.Identity()
        else:
            mapping = linear(n_features, n_qubits, generator)
            self.map = nn.Sequential(mapping, nn.Tanh()) if layer == "tanh" else mapping

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the angles of the circuit."""
        return [] if self.weights is None else [self.weights]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        logits: torch.Tensor = self.readout(self._values(features.softmax(1)).to(features.dtype))
        return logits

    def _values(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return what the readout sees of softmax values (B, n_features): expectation values (B, n), or a map's."""
        if self.map is not None:
            mapped: torch.Tensor = self.map(nn.functional.normalize(probabilities))
            return mapped
        assert self.circuit is not None
        assert self.weights is not None
        lacking = self.circuit.n_inputs - probabilities.shape[1]
        amplitudes = nn.functional.pad(probabilities, (0, lacking))  # (B, 2^n), which the circuit normalises
        return self.backend.expectations(self.circuit, amplitudes, self.weights, self.observables)
