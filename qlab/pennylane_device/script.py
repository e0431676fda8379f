"""A tape taken apart: what decides its circuit, and the numbers that it is executed on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from pennylane import BasisState
from pennylane.exceptions import DeviceError
from pennylane.operation import StatePrepBase
from pennylane.ops import LinearCombination, Sum
from pennylane.ops.functions import bind_new_parameters

from qlab.pennylane_device.vocabulary import BASIS_STATE, PREPARATION, TEMPLATES

Leaves = Mapping[int, torch.Tensor]  # by a parameter's place on the tape


class Operation(NamedTuple):
    """All of an operation but its numbers.

    Attributes:
        kind: name of a gate, or class and metadata of a template.
        qubits: on which it acts.
        shapes: of its parameters, without the axis of a batch.
        own: for each parameter whether rows of a batch differ in it.
    """

    kind: Hashable
    qubits: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...] = ()
    own: tuple[bool, ...] = ()


@dataclass(frozen=True, eq=False)
class Script:
    """A tape that the device can execute.

    Attributes:
        operations: what decides the circuit.
        parameters: of its gates, tensors or arrays; one for each shape of the operations.
        batch: how many rows they have; None where they are no batch.
        preparation: PennyLane's operation for a first state that is no basis state.
        measurements: PennyLane's.
        qubits: by wires.
    """

    operations: tuple[Operation, ...]
    parameters: list[Any]
    batch: int | None
    preparation: Any | None
    measurements: tuple[Any, ...]
    qubits: Mapping[Any, int]

    @property
    def rows(self) -> int:
        """How many rows it takes of those that are executed together."""
        return 1 if self.batch is None else self.batch


def script_of(tape: Any, wires: Sequence[Any] = (), leaves: Leaves | None = None) -> Script:
    """Take a tape apart.

    Args:
        tape: of native operations, behind one state preparation at most.
        wires: the first qubits; the others are numbered in the order of their first use.
        leaves: what takes the place of parameters.

    Raises:
        DeviceError: batches of different sizes.
    """
    reader = _Reader(wires, leaves or {})
    operations = [] if not tape.operations else [reader.first_operation(tape.operations[0])]
    operations += [reader.operation(operation) for operation in tape.operations[1:]]
    measurements = tuple(reader.measurement(measurement) for measurement in tape.measurements)
    return Script(tuple(operations), reader.parameters, reader.batch, reader.preparation, measurements, reader.qubits)


class _Reader:
    """Reads a tape from its beginning to its end."""

    def __init__(self, wires: Sequence[Any], leaves: Leaves) -> None:
        self._leaves, self._place = leaves, 0
        self.qubits: dict[Any, int] = {wire: number for number, wire in enumerate(wires)}
        self._qubits_of: dict[tuple[Any, ...], tuple[int, ...]] = {}
        self.parameters: list[Any] = []
        self.batch: int | None = None
        self.preparation: Any | None = None

    def first_operation(self, operation: Any) -> Operation:
        """Return what decides the circuit of the first operation, which may prepare a state."""
        if not isinstance(operation, StatePrepBase):
            return self.operation(operation)
        qubits = self._qubits(operation)
        if isinstance(operation, BasisState):
            return self._with_parameters(BASIS_STATE, operation, qubits, (1,))
        self.preparation = self._with_leaves(operation)
        self._note(operation.batch_size)
        return Operation(PREPARATION, ())

    def operation(self, operation: Any) -> Operation:
        """Return what of an operation decides the circuit."""
        name, qubits = operation.name, self._qubits(operation)
        if not operation.data:
            return Operation(name, qubits)
        template = TEMPLATES.get(name)
        if template is None:
            return self._with_parameters(name, operation, qubits, (0,) * len(operation.data))
        kind = (type(operation), operation._flatten()[1])
        return self._with_parameters(kind, operation, qubits, template.axes, template.multiplies)

    def measurement(self, measurement: Any) -> Any:
        """Return a measurement, with leaves in its observable."""
        self._qubits(measurement)
        if measurement.obs is None:
            return measurement
        observable = self._with_leaves(measurement.obs)
        return measurement if observable is measurement.obs else type(measurement)(obs=observable)

    def _qubits(self, item: Any) -> tuple[int, ...]:
        labels = item.wires.labels
        found = self._qubits_of.get(labels)
        if found is None:
            found = tuple([self.qubits.setdefault(wire, len(self.qubits)) for wire in labels])
            self._qubits_of[labels] = found
        return found

    def _with_parameters(
        self, kind: Hashable, operation: Any, qubits: tuple[int, ...], axes: tuple[int, ...], own: bool = False
    ) -> Operation:
        shapes, differs = [], []
        for data, count in zip(operation.data, axes, strict=True):
            leaf = self._leaves.get(self._place, data)
            self._place += 1
            value = leaf if isinstance(leaf, torch.Tensor) else np.asarray(leaf)
            shape = tuple(value.shape)
            is_batch = len(shape) > count
            if is_batch:
                self._note(shape[0])
            shapes.append(shape[1:] if is_batch else shape)
            differs.append(is_batch or own)
            self.parameters.append(value)
        return Operation(kind, qubits, tuple(shapes), tuple(differs))

    def _with_leaves(self, operator: Any) -> Any:
        places = range(self._place, self._place + len(operator.data))
        self._place = places.stop
        if not any(place in self._leaves for place in places):
            return operator
        data = [self._leaves.get(place, value) for place, value in zip(places, operator.data, strict=True)]
        if isinstance(operator, LinearCombination):  # which would make one array of its new coefficients
            operator = Sum(*operator.operands)
        return bind_new_parameters(operator, data)

    def _note(self, batch: int | None) -> None:
        if batch is not None and self.batch not in (None, batch):
            raise DeviceError(f"parameters are batches of {self.batch} and of {batch}; all must have one size")
        self.batch = self.batch if batch is None else batch
