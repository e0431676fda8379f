"""What every noise model must be: checks that an author of one can call in a test.

Every check takes a noise model and raises ``AssertionError`` with the reason. ``check_noise`` does them all. Exact
values come from PennyLane's default.mixed, which knows nothing of qlab's own ways to execute noise.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pennylane as qml
from numpy.typing import NDArray

from qlab.circuits import Circuit, Input, Weight
from qlab.errors import NoiseError
from qlab.noise import Noise, NoisyCircuit
from qlab.noise.pennylane import to_pennylane
from qlab.testing.require import require

Values = NDArray[np.float64]
SHOTS = 10_000
STANDARD_ERRORS = 5
ZERO = 1e-12


def probe() -> Circuit:
    """Return a circuit of 3 inputs and 6 weights whose <Z_q> is cos(input q) at the weights (pi/4, ..., 0, ...).

    Every qubit turns twice fully about X in 16 steps, between entanglers that undo each other.
    """
    chain = [("CNOT", (0, 1)), ("CNOT", (1, 2))]
    turns = [("RX", qubit, Weight(qubit)) for qubit in range(3)]
    idle = [("RZ", qubit, Weight(3 + qubit)) for qubit in range(3)]  # by 0, which a transpiler cannot know
    layer = [*turns, *chain, *idle, *reversed(chain)]
    return Circuit(3, [*(("RY", qubit, Input(qubit)) for qubit in range(3)), *layer * 16])


INPUTS: Values = np.array([0.3, -0.2, 0.4])
WEIGHTS: Values = np.array([math.pi / 4] * 3 + [0.0] * 3)
IDEAL: Values = np.cos(INPUTS)


def check_noise(noise: Noise, zero: Noise | None = None) -> None:
    """Run every check; ``zero`` is the same model with all strengths zero, where it can have that."""
    check_insertions(noise)
    check_canary(noise)
    check_no_silence(noise)
    if zero is not None:
        check_zero(zero)


def check_insertions(noise: Noise) -> None:
    """What is inserted is counted, fits the circuit, and leaves its inputs and weights."""
    circuit = probe()
    noisy = noise.insert(circuit)
    counts = Counter(item.channel.name for after in noisy.channels for item in after)
    counted = {name: number for name, number in noisy.insertions.items() if name not in ("readout", "over_rotation")}
    require(counted == counts, f"it counts {counted}, but inserts {dict(counts)}")
    require((noisy.readout is None) == ("readout" not in noisy.insertions), "it does not count its readout error")
    require(len(noisy.channels) == len(noisy.circuit.gates), "it has not one entry of channels for each gate")
    for item in (item for after in noisy.channels for item in after):
        fits = len(item.qubits) == item.channel.n_qubits and set(item.qubits) <= set(range(noisy.n_qubits))
        require(fits, f"{item.channel.name} of {item.channel.n_qubits} qubits acts on {item.qubits}")
    shape = (noisy.circuit.n_inputs, noisy.circuit.n_weights)
    require(shape == (circuit.n_inputs, circuit.n_weights), f"its circuit has {shape} inputs and weights")
    require(len(noisy.measured) == circuit.n_qubits, f"it measures {len(noisy.measured)} qubits")


def check_canary(noise: Noise) -> None:
    """It moves an expectation value further than the statistics of 10,000 shots could; every time by as much."""
    values = exact_values(noise.insert(probe()))
    require(bool((np.abs(values) <= 1 + ZERO).all()), f"expectation values are {values}")
    require(np.array_equal(values, exact_values(noise.insert(probe()))), "two insertions give different values")
    if noise.is_identity:
        return
    errors = np.sqrt(np.maximum(1 - IDEAL**2, 1 - values**2) / SHOTS)
    moved = np.abs(values - IDEAL) / errors
    require(moved.max() > STANDARD_ERRORS, f"it moves the probe by {moved.max():.1f} standard errors only")


def check_no_silence(noise: Noise) -> None:
    """A circuit that it cannot change is refused, unless all its strengths are zero."""
    if noise.is_identity:
        return
    try:
        noisy = noise.insert(Circuit(1, []))
    except NoiseError:
        return
    require(bool(noisy.insertions), "it leaves a circuit without gates unchanged in silence")


def check_zero(noise: Noise) -> None:
    """With all strengths zero it is the identity, says so, and counts nothing."""
    require(noise.is_identity, "all strengths are zero, but it does not say that it does nothing")
    noisy = noise.insert(probe())
    require(not noisy.insertions, f"all strengths are zero, but it inserts {dict(noisy.insertions)}")
    apart = float(np.abs(exact_values(noisy) - IDEAL).max())
    require(apart <= ZERO, f"all strengths are zero, but the probe moves by {apart:.1e}")


def exact_values(noisy: NoisyCircuit) -> Values:
    """Return the <Z_q> (3,) of the probe with noise in it."""
    device = qml.device("default.mixed", wires=noisy.n_qubits)
    return np.array(qml.QNode(to_pennylane(noisy), device)(INPUTS, WEIGHTS), dtype=float)
