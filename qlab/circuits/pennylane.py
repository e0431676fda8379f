"""Exact translation between circuits and PennyLane; angles stay symbolic both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pennylane as qml

from qlab.circuits.circuit import AMPLITUDE, Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.gates import GATES
from qlab.circuits.observables import PauliWord, pauli_words
from qlab.circuits.slots import Input, Slot, Weight
from qlab.errors import CircuitError

_ADJOINT = "Adjoint("
_INVISIBLE = ("Identity", "Barrier", "GlobalPhase", "Snapshot")  # no expectation value depends on them


def to_pennylane(circuit: Circuit, observables: Sequence[PauliWord | str] | None = None) -> Callable[..., Any]:
    """Return a quantum function of (inputs, weights) for a QNode.

    ``inputs`` has shape (n_inputs,) or (batch, n_inputs), ``weights`` (n_weights,), of any array type that PennyLane
    knows. It returns a list of the expectation values of the Pauli words, Z on every qubit where none are given.
    Qubit q is wire q.
    """
    words = pauli_words(circuit.n_qubits, observables)

    def quantum_function(inputs: Any, weights: Any) -> list[Any]:
        for gate in circuit.gates:
            queue(gate, inputs, weights)
        return [qml.expval(reduce(_product, (_PAULI[letter](q) for q, letter in word.factors))) for word in words]

    return quantum_function


def from_pennylane(source: Any, *arguments: Any) -> Circuit:
    """Return the circuit of a tape, or of a QNode or quantum function called with ``arguments``.

    Arrays of slots among the arguments stay symbolic, numbers become constants::

        Circuit.from_pennylane(qnode, Input.array(4), Weight.array(2, 4, 3))

    Operations that are not in qlab's vocabulary are decomposed by PennyLane's own rules; global phases are dropped.
    Wires 0, 1, ... are the qubits of these numbers, other wires are numbered in the order of their first use.
    The measurements are not part of a circuit.

    Raises:
        CircuitError: an operation that cannot be translated, a batch of angles, or arithmetic that slots do not have.
    """
    tape = source if hasattr(source, "operations") else _trace(source, arguments)
    wires = _wire_numbers(tape, source)
    gates = [gate for operation in tape.operations for gate in _gates_of(operation, wires)]
    return Circuit(max(wires.values()) + 1, gates)


_PAULI = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}


def _product(left: Any, right: Any) -> Any:
    return left @ right


def queue(gate: Gate, inputs: Any, weights: Any) -> None:
    """Queue a gate with its angles, as the quantum functions of ``to_pennylane`` do."""
    if gate.name == AMPLITUDE:
        amplitudes = inputs[..., : 2 ** len(gate.qubits)]
        symbolic = getattr(inputs, "dtype", None) == np.dtype(object)  # slots have no norm to divide by
        normal = {"validate_norm": False} if symbolic else {"normalize": True}
        qml.AmplitudeEmbedding(amplitudes, wires=list(gate.qubits), **normal)
        return
    angles = [_value(slot, inputs, weights) for slot in gate.angles]
    if gate.name.startswith(_ADJOINT):
        qml.adjoint(getattr(qml, gate.name.removeprefix(_ADJOINT).removesuffix(")")))(wires=list(gate.qubits))
    else:
        getattr(qml, gate.name)(*angles, wires=list(gate.qubits))


def _value(slot: Slot, inputs: Any, weights: Any) -> Any:
    if isinstance(slot, float):
        return qml.math.convert_like(np.float64(slot), weights)  # PennyLane's Rot mixes no array types
    if isinstance(slot, Weight):
        value = weights[slot.index]
    else:
        value = reduce(lambda product, index: product * inputs[..., index], slot.indices[1:], _first(slot, inputs))
    return value if slot.scale == 1.0 else slot.scale * value


def _first(slot: Input, inputs: Any) -> Any:
    return inputs[..., slot.indices[0]]


def _trace(source: Any, arguments: Sequence[Any]) -> Any:
    function = getattr(source, "func", source)
    try:
        return qml.tape.make_qscript(function)(*arguments)
    except TypeError as error:
        raise CircuitError(
            f"the quantum function does something to its arguments that slots cannot follow ({error}); "
            "slots can be multiplied by numbers, and inputs by inputs"
        ) from error


def _wire_numbers(tape: Any, source: Any) -> dict[Any, int]:
    wires = list(tape.wires) or list(getattr(getattr(source, "device", None), "wires", None) or [0])
    if all(isinstance(wire, int | np.integer) and wire >= 0 for wire in wires):
        return {wire: int(wire) for wire in wires}
    return {wire: number for number, wire in enumerate(wires)}


def _gates_of(operation: Any, wires: dict[Any, int]) -> Iterator[Gate]:
    if operation.name in _INVISIBLE:
        return
    if operation.name in ("AmplitudeEmbedding", "StatePrep"):
        yield _embedding(operation, wires)
    elif operation.name in GATES:
        yield Gate(operation.name, tuple(wires[wire] for wire in operation.wires), tuple(map(_slot, operation.data)))
    elif operation.has_decomposition:
        for part in operation.decomposition():
            yield from _gates_of(part, wires)
    else:
        raise CircuitError(f"PennyLane's {operation.name} has no translation; known: {', '.join(GATES)}")


def _slot(value: Any) -> Slot:
    """Return what an operation has for an angle: a slot, or a number in some array type."""
    if isinstance(value, Input | Weight):
        return value
    if getattr(value, "ndim", 0) > 0:
        raise CircuitError(f"an angle of a circuit is one number, not a batch of shape {tuple(value.shape)}")
    item = value.item() if hasattr(value, "item") else value
    slot: Slot = item if isinstance(item, Input | Weight) else float(item)
    return slot


def _embedding(operation: Any, wires: dict[Any, int]) -> Gate:
    expected = [Input(index) for index in range(2 ** len(operation.wires))]
    if list(operation.data[0]) != expected:
        raise CircuitError(
            f"an amplitude embedding takes the inputs 0 to {len(expected) - 1} as they are; give the quantum function "
            f"Input.array({len(expected)}) and let it embed them with validate_norm=False"
        )
    return Gate(AMPLITUDE, tuple(wires[wire] for wire in operation.wires))
