"""What every backend must be: checks that an author of one can call in a test.

Every check takes a backend and raises ``AssertionError`` with the reason. ``check_backend`` does them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from qlab.backends.base import Backend
from qlab.circuits import Circuit, Gate, Input, Weight, variational
from qlab.engine import expectations
from qlab.errors import CapabilityError
from qlab.noise import Channel, NoiseModel, Readout, Rule
from qlab.testing.require import require_close

OPEN = ("auto", "best", "default")  # names of choices that are left to the backend
WORDS = ["Z0", "X1 Z2", "Y0", "Z0 Z1 Z2"]


def check_backend(backend: Backend, tolerance: float) -> None:
    """Run every check; ``tolerance`` is the absolute error of a value that the backend's precision allows."""
    check_known_values(backend, tolerance)
    check_against_engine(backend, tolerance)
    check_gradients(backend, tolerance)
    check_refusals(backend)
    check_noise(backend, tolerance)
    check_resolved(backend)


def check_known_values(backend: Backend, tolerance: float) -> None:
    """RY(x) gives cos x, and a Bell pair has no local expectation but perfect correlations."""
    angles = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
    turned = Circuit(1, [("RY", 0, Input(0))])
    values = backend.expectations(turned, angles, torch.zeros(0))
    require_close(values, angles.cos(), tolerance, "RY(x) does not give cos x")
    bell = Circuit(2, [("Hadamard", 0), ("CNOT", (0, 1))])
    words = ["Z0", "Z0 Z1", "X0 X1", "Y0 Y1"]
    values = backend.expectations(bell, torch.zeros(1, 0), torch.zeros(0), words)
    require_close(values, torch.tensor([[0.0, 1.0, 1.0, -1.0]]), tolerance, "a Bell pair has other correlations")


def check_against_engine(backend: Backend, tolerance: float) -> None:
    """Values of layered circuits agree with the engine in double precision, for batches of odd sizes."""
    for batch in (1, 3):
        circuit, inputs, weights = _case(batch)
        values = backend.expectations(circuit, inputs, weights, WORDS)
        expected = expectations(circuit, inputs, weights, WORDS, torch.complex128)
        require_close(values, expected, tolerance, f"values of a batch of {batch} differ from the engine's")


def check_gradients(backend: Backend, tolerance: float) -> None:
    """Gradients by what the backend can differentiate agree with the engine's."""
    circuit, inputs, weights = _case(3)
    able = backend.capabilities().gradients
    leaves = {name: leaf for name, leaf in (("inputs", inputs), ("weights", weights)) if name in able}
    if not leaves:
        return
    for leaf in leaves.values():
        leaf.requires_grad_()
    found = torch.autograd.grad(backend.expectations(circuit, inputs, weights, WORDS).sum(), list(leaves.values()))
    values = expectations(circuit, inputs, weights, WORDS, torch.complex128)
    expected = torch.autograd.grad(values.sum(), list(leaves.values()))
    for name, ours, theirs in zip(leaves, found, expected, strict=True):
        require_close(ours, theirs, 10 * tolerance, f"gradients by the {name} differ from the engine's")


def check_refusals(backend: Backend) -> None:
    """What the backend says it cannot do, it refuses; it never leaves noise or shots out in silence."""
    able = backend.capabilities()
    circuit, inputs, weights = _case(1)
    model = NoiseModel("bit_flip", (Rule(Channel.pauli("bit_flip", [0.9, 0.1, 0, 0])),))
    for possible, noise, shots in ((able.noise, model, None), (able.shots, NoiseModel("none"), 100)):
        if possible:
            continue
        try:
            backend.estimate(noise.insert(circuit), inputs, weights, WORDS, shots=shots, seed=0)
        except CapabilityError:
            continue
        raise AssertionError(f"it cannot execute {'noise' if shots is None else 'shots'}, yet it did not refuse")


def check_noise(backend: Backend, tolerance: float) -> None:
    """Where it executes noise, a bit flip behind a gate shrinks <Z> as it must, and readout errors are read."""
    if not backend.capabilities().noise:
        return
    turned = Circuit(1, [("RY", 0, Input(0))])
    flips = Rule(Channel.pauli("bit_flip", [0.9, 0.1, 0, 0]))
    noisy = NoiseModel("bit_flip", (flips,), readout=Readout.symmetric(0.05)).insert(turned)
    angles = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
    found = backend.estimate(noisy, angles, torch.zeros(0), shots=None, seed=0)
    allowed = tolerance if found.standard_errors is None else 5 * found.standard_errors.max().item() + tolerance
    require_close(found.values, 0.8 * 0.9 * angles.cos(), allowed, "flips and readout errors do not shrink <Z>")


def check_resolved(backend: Backend) -> None:
    """It says how it executes a circuit in words for a record, and leaves no choice open."""
    for batch in (1, 3):
        circuit, _, _ = _case(batch)
        found = backend.resolved(circuit, batch)
        for option, value in found.items():
            if not (isinstance(option, str) and isinstance(value, str)):
                raise AssertionError(f"it describes itself by {option!r}: {value!r}, which are not both text")
            if value in OPEN:
                raise AssertionError(f"it leaves {option}={value} open; it must say what was chosen")


def _case(batch: int) -> tuple[Circuit, torch.Tensor, torch.Tensor]:
    layers = variational(3, 2, encoding="angle", ansatz="ring")
    gates: list[Gate | Sequence[Any]] = [
        *layers.gates,
        ("CRX", (0, 2), Weight(0, scale=0.5)),
        ("IsingZZ", (1, 2), Input(1)),
    ]
    circuit = Circuit(3, gates)
    generator = torch.Generator().manual_seed(batch)
    inputs = torch.randn(batch, 3, generator=generator, dtype=torch.float64)
    return circuit, inputs, torch.randn(circuit.n_weights, generator=generator, dtype=torch.float64)
