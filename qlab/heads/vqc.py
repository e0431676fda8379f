"""The variational quantum circuit head of Quantum LEGO Learning (arXiv:2601.21780)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.circuits import variational
from qlab.errors import OptionError
from qlab.heads.head import Head, linear
from qlab.heads.squash import Squash, angles

Layer = Literal["circuit", "frozen", "linear"]
Readout = Literal["auto", "expectations", "linear"]


class VQC(Head):
    """Encoding, trainable layers, and expectation values as logits.

    With the defaults each feature z turns its qubit by RY(pi/2 sigmoid(z)), and ``n_layers`` times every qubit gets
    RX, RY, RZ with angles of its own before a closed ring of CNOTs. The logits are ``logit_scale`` times the first
    ``n_classes`` of the <Z_q>, or a linear layer on all of them.

    Its ablations are heads of their own: ``entanglers=False`` leaves out every gate on two qubits; ``layer="frozen"``
    keeps the first weights and trains a linear readout alone; ``layer="linear"`` has a linear map from angles to as
    many values as there would be expectations, and no circuit.

    Raises:
        OptionError: the number of features or of classes does not fit the number of qubits, or nothing would be
            trained.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        n_qubits: int = 8,
        n_layers: int = 6,
        encoding: str = "angle",
        squash: Squash = "sigmoid",
        angle_scale: float = math.pi / 2,
        reuploading: bool = False,
        ansatz: str = "ring",
        entanglers: bool = True,
        layer: Layer = "circuit",
        readout: Readout = "auto",
        logit_scale: float = 5.0,
        init: Literal["normal", "uniform"] = "normal",
        init_scale: float = 0.1,
    ) -> None:
        super().__init__()
        check_width(n_features, n_qubits, encoding)
        self.backend = backend
        circuit = variational(n_qubits, n_layers, encoding, ansatz, reuploading, entanglers)
        self.circuit = None if layer == "linear" else circuit
        self.n_inputs = circuit.n_inputs
        self.encoding, self.squash, self.angle_scale, self.logit_scale = encoding, squash, angle_scale, logit_scale
        first = _first_weights(circuit.n_weights, init, init_scale, generator)
        self.weights = None if layer == "linear" else nn.Parameter(first, requires_grad=layer == "circuit")
        linear_readout = uses_linear_readout(readout, n_classes, n_qubits, layer)
        self.readout = linear(n_qubits, n_classes, generator) if linear_readout else None
        self.observables = [f"Z{qubit}" for qubit in range(n_qubits if linear_readout else n_classes)]
        self.map = linear(circuit.n_inputs, len(self.observables), generator) if layer == "linear" else None

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the angles of the circuit."""
        return [] if self.weights is None else [self.weights]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        scaled = self.logit_scale * self._values(self.inputs(features)).to(features.dtype)  # (B, K)
        if self.readout is None:
            return scaled
        logits: torch.Tensor = self.readout(scaled)
        return logits

    def inputs(self, features: torch.Tensor) -> torch.Tensor:
        """Return what the circuit's inputs are for features (B, n_features): angles in radians, or amplitudes."""
        if self.encoding == "amplitude":
            return nn.functional.pad(features, (0, self.n_inputs - features.shape[1]))  # (B, 2^n)
        return angles(features, self.squash, self.angle_scale)

    def _values(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the expectations (B, K) for inputs (B, n_inputs), or what a linear map makes of the same inputs."""
        if self.map is not None:
            normalised = nn.functional.normalize(inputs) if self.encoding == "amplitude" else inputs
            mapped: torch.Tensor = self.map(normalised)
            return mapped
        assert self.circuit is not None
        assert self.weights is not None
        return self.backend.expectations(self.circuit, inputs, self.weights, self.observables)


def qubits_for(n_amplitudes: int) -> int:
    """Return the smallest number of qubits whose states have so many amplitudes."""
    return max(1, (n_amplitudes - 1).bit_length())


def check_width(n_features: int, n_qubits: int, encoding: str) -> None:
    """Raise ``OptionError`` where ``n_features`` cannot be encoded on ``n_qubits``."""
    wanted = qubits_for(n_features)
    if encoding == "amplitude" and n_qubits != wanted:
        raise OptionError(
            f"the encoding 'amplitude' puts {n_features} features on {wanted} qubits, not {n_qubits}; "
            f"set head.n_qubits={wanted} or encoder.n_features={2**n_qubits}"
        )
    if encoding != "amplitude" and n_features != n_qubits:
        raise OptionError(
            f"the encoding '{encoding}' takes one feature per qubit, but there are {n_features} features and "
            f"{n_qubits} qubits; set encoder.n_features={n_qubits} or head.n_qubits={n_features}"
        )


def uses_linear_readout(readout: Readout, n_classes: int, n_qubits: int, layer: Layer) -> bool:
    """Return whether a linear layer makes the logits.

    Raises:
        OptionError: classes outnumber qubits, or nothing but the expectations of a frozen circuit is asked for.
    """
    if readout == "expectations" and layer == "frozen":
        raise OptionError(
            "head.layer=frozen trains its readout alone, and head.readout=expectations has none: set it to linear"
        )
    if readout == "expectations" and n_classes > n_qubits:
        raise OptionError(
            f"head.readout=expectations needs a qubit per class, but there are {n_classes} classes and "
            f"{n_qubits} qubits; set head.readout=linear or head.n_qubits={n_classes}"
        )
    return readout == "linear" or layer == "frozen" or n_classes > n_qubits


def _first_weights(count: int, init: str, scale: float, generator: torch.Generator) -> torch.Tensor:
    weights = torch.empty(count)
    if init == "normal":
        return weights.normal_(0.0, scale, generator=generator)
    return weights.uniform_(-scale, scale, generator=generator)
