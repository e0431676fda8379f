"""Operations of a tape -> circuit: translated once for all numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pennylane as qml
from numpy.typing import NDArray

from qlab.circuits.circuit import AMPLITUDE, Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.slots import Input, Slot, Weight
from qlab.pennylane_device.phases import phase_slots
from qlab.pennylane_device.script import Operation
from qlab.pennylane_device.vocabulary import BASIS_STATE, PREPARATION, WITHOUT_GATES


@dataclass(frozen=True, eq=False)
class Translation:
    """What a tape's operations are to the engine.

    Attributes:
        circuit: its inputs are amplitudes, where there is a preparation, then the parameters in which rows differ; its
            weights are the others; both in the tape's order.
        phase: slots whose sum is the global phase that the circuit leaves out.
    """

    circuit: Circuit
    phase: tuple[Slot, ...]


@lru_cache(maxsize=256)
def translate(operations: tuple[Operation, ...], own: tuple[bool, ...], n_qubits: int) -> Translation:
    """Return the circuit of operations on ``n_qubits`` qubits.

    ``own`` says of every parameter whether it is an input, which rows differ in, or a weight.
    """
    gates: list[Gate] = []
    extra: list[Slot] = []
    slots = _Slots(2**n_qubits if operations and operations[0].kind == PREPARATION else 0, iter(own))
    for operation in operations:
        arrays = [slots.array(shape) for shape in operation.shapes]
        if operation.kind == PREPARATION:
            gates.append(Gate(AMPLITUDE, tuple(range(n_qubits))))
        elif operation.kind == BASIS_STATE:
            gates += [
                Gate("RX", (qubit,), (bit * np.pi,)) for qubit, bit in zip(operation.qubits, arrays[0], strict=True)
            ]
            extra += [bit * (np.pi / 2) for bit in arrays[0]]
        elif operation.kind == "GlobalPhase":
            extra.append(-arrays[0].item())
        elif isinstance(operation.kind, tuple):
            gates += _template(operation, arrays, n_qubits)
        elif operation.kind not in WITHOUT_GATES:
            gates.append(Gate(cast("str", operation.kind), operation.qubits, tuple(array.item() for array in arrays)))
    return Translation(Circuit(n_qubits, gates), (*extra, *phase_slots(gates)))


class _Slots:
    """Numbers inputs and weights."""

    def __init__(self, first_input: int, own: Iterator[bool]) -> None:
        self._inputs, self._weights, self._own = first_input, 0, own

    def array(self, shape: tuple[int, ...]) -> NDArray[np.object_]:
        """Return fresh slots for the next parameter."""
        slots = np.empty(shape, dtype=object)
        is_input = next(self._own)
        first = self._inputs if is_input else self._weights
        for position, index in enumerate(np.ndindex(shape)):
            slots[index] = (Input if is_input else Weight)(first + position)
        if is_input:
            self._inputs += slots.size
        else:
            self._weights += slots.size
        return slots


def _template(operation: Operation, arrays: Sequence[NDArray[np.object_]], n_qubits: int) -> Sequence[Gate]:
    kind, metadata = cast("tuple[Any, Any]", operation.kind)
    template = kind._unflatten(tuple(arrays), metadata)
    mapped = qml.map_wires(template, dict(zip(template.wires, operation.qubits, strict=True)))
    return Circuit.from_pennylane(qml.tape.QuantumScript([mapped])).gates
