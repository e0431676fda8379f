"""A circuit on a device: transpiled once, and executed for all samples by rows of angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import library as qk
from qiskit.providers import BackendV2

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Slot
from qlab.hardware.mitigation.folding import folded
from qlab.hardware.native import native
from qlab.hardware.program import REGISTER, Program
from qlab.noise.noisy import Resources
from qlab.noise.transpile import TranspiledCircuit, transpile

Qubits = Sequence[int]
Letters = Sequence[tuple[int, str]]  # of Pauli operators, with the qubits of the circuit as written
_TO_Z = {"X": (qk.HGate(),), "Y": (qk.SdgGate(), qk.HGate())}  # gates that turn a letter to Z


@dataclass(frozen=True, eq=False)
class DeviceCircuit:
    """A circuit in the gates of a device.

    Attributes:
        circuit: as it was written.
        device: what it is transpiled for.
        seed: of the choice of qubits and of the routing.
        transpiled: the outcome, with symbolic angles; nothing of it is chosen again for another measurement.
    """

    circuit: Circuit
    device: BackendV2
    seed: int
    transpiled: TranspiledCircuit

    @property
    def measured(self) -> tuple[int, ...]:
        """The device's qubits that hold the qubits 0, 1, ... of the circuit as written, when they are measured."""
        return self.transpiled.physical[: self.circuit.n_qubits]

    @property
    def written(self) -> Resources:
        """What the circuit takes where every gate is one and every qubit is next to every other."""
        return Resources(self.circuit.n_qubits, self.circuit.depth, self.circuit.two_qubit_gates)

    @property
    def executed(self) -> Resources:
        """What the device takes for it, swaps among that."""
        return self.transpiled.resources

    def angles(self, inputs: torch.Tensor, weights: torch.Tensor) -> NDArray[np.float64]:
        """Return what the parameters are (N, P), in radians, for inputs (N, n_inputs) and weights (n_weights,).

        The columns are in Qiskit's order of the parameters, which is not that of the gates.
        """
        x, w = (tensor.detach().cpu().double().numpy() for tensor in (inputs, weights))
        found = np.empty((len(x), self.transpiled.executed.num_parameters))
        for column, parameter in enumerate(self.transpiled.executed.parameters):
            found[:, column] = _angle(self.transpiled.slots[parameter.index], x, w)
        return found

    def program(
        self,
        angles: NDArray[np.float64],
        letters: Letters,
        shots: int,
        scale: int = 1,
        read: Qubits | None = None,
        words: Sequence[PauliWord] = (),
    ) -> Program:
        """Return the program that measures qubits, in Z where ``letters`` do not say otherwise.

        Args:
            angles: (N, P), as ``angles`` returns them.
            letters: what is measured on some qubits.
            shots: how often each row is executed.
            scale: 1, 3, 5, ...: how many times over the gates are executed; see ``folded``.
            read: qubits of the circuit as written that are measured; every one where None. Bits of others stay 0.
            words: for an estimator, which turns their letters itself.
        """
        circuit = folded(self.transpiled.executed, self.device, scale)
        _turn(circuit, letters, self.measured, self.device)
        return Program(_with_measurement(circuit, self.measured, read), angles, shots, tuple(words))

    def preparation(self, bits: Sequence[int], shots: int, read: Qubits | None = None) -> Program:
        """Return the program that prepares a basis state, bit q on qubit q of the circuit, and measures ``read``."""
        circuit = self.transpiled.executed.copy_empty_like()
        for qubit, bit in zip(self.measured, bits, strict=True):
            if bit:
                _append(circuit, native((qk.XGate(),), (qubit,), self.device))
        return Program(_with_measurement(circuit, self.measured, read), np.empty((1, 0)), shots)


def build(circuit: Circuit, device: BackendV2, seed: int) -> DeviceCircuit:
    """Return ``circuit`` transpiled for ``device``, with qubits and routes that follow from ``seed``.

    Raises:
        CapabilityError: the circuit does not fit the device.
    """
    return DeviceCircuit(circuit, device, seed, transpile(circuit, device, seed))


def sampling(program: Program, device: BackendV2) -> Program:
    """Return the sampler's program whose counts give the values of all words of an estimator's."""
    letters = {bit: letter for word in program.words for bit, letter in word.factors}
    circuit, reads = program.unmeasured, program.reads
    _turn(circuit, sorted(letters.items()), reads, device)
    circuit.add_register(ClassicalRegister(program.n_bits, REGISTER))
    circuit.barrier(list(reads.values()))
    circuit.measure(list(reads.values()), list(reads))
    return Program(circuit, program.values, program.shots)


def _turn(
    circuit: QuantumCircuit, letters: Letters, places: Mapping[int, int] | Sequence[int], device: BackendV2
) -> None:
    """Append gates that turn letters to Z; ``places`` are the device's qubits of those that have them."""
    for qubit, letter in letters:
        if letter in _TO_Z:
            _append(circuit, native(_TO_Z[letter], (places[qubit],), device))


def _angle(slot: Slot, inputs: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64] | float:
    if isinstance(slot, float):
        return slot
    if isinstance(slot, Input):
        product: NDArray[np.float64] = slot.scale * inputs[:, list(slot.indices)].prod(1)
        return product
    return slot.scale * float(weights[slot.index])


def _append(circuit: QuantumCircuit, gates: Sequence[tuple[object, tuple[int, ...]]]) -> None:
    for gate, qubits in gates:
        circuit.append(gate, qubits)


def _with_measurement(circuit: QuantumCircuit, measured: tuple[int, ...], read: Qubits | None) -> QuantumCircuit:
    """Return the circuit with all its readings at one time, behind the last gate."""
    bits = range(len(measured)) if read is None else read
    circuit.add_register(ClassicalRegister(len(measured), REGISTER))
    circuit.barrier(measured)
    circuit.measure([measured[bit] for bit in bits], bits)
    return circuit
