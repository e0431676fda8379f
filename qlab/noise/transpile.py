"""A circuit as a device executes it: its gates, its qubits, its connections."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import PassManager, generate_preset_pass_manager
from qiskit.transpiler.exceptions import TranspilerError

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.gates import GATES
from qlab.circuits.qiskit import QISKIT_GATES, to_qiskit
from qlab.circuits.slots import Input, Slot, Weight
from qlab.errors import CapabilityError
from qlab.noise.noisy import Resources

_LEVEL = 3  # of Qiskit's optimisation: chooses qubits by their calibrated errors
_NEAR = 1e-4  # radians

Step = tuple[str, float | int]
"""A gate of the vocabulary with a fixed angle, or with the angle of this number."""


def _steps() -> dict[str, tuple[Step, ...]]:
    """Return what Qiskit's gates are in the vocabulary, by Qiskit's names; sums of angles are gates in sequence."""
    kinds = {kind(*[0.0] * GATES[name].n_angles).name: ((name, 0),) for name, kind in QISKIT_GATES.items()}
    euler = (("RZ", 2), ("RY", 0), ("RZ", 1))
    return {**kinds, "u": euler, "u3": euler, "u2": (("RZ", 1), ("RY", math.pi / 2), ("RZ", 0)), "u1": (("RZ", 0),)}


_STEPS = _steps()


@dataclass(frozen=True, eq=False)
class TranspiledCircuit:
    """A circuit on those qubits of a device that it uses.

    Attributes:
        circuit: equal to the original one in every expectation value, on the same inputs and weights; qubit q of the
            original one is measured on its qubit q, and the qubits that routing adds come after.
        physical: for each qubit of ``circuit`` its number on the device.
        completes: for each gate of ``circuit`` the gate of the device, by its name there and the device's qubits, that
            it completes; None where the device's gate goes on.
        resources: depth and gates as the device counts them.
        executed: the same circuit for Qiskit, on all qubits of the device; its parameters are angles.
        slots: what a parameter of ``executed`` stands for, by its index.
    """

    circuit: Circuit
    physical: tuple[int, ...]
    completes: tuple[tuple[str, tuple[int, ...]] | None, ...]
    resources: Resources
    executed: QuantumCircuit
    slots: tuple[Slot, ...]


@lru_cache(maxsize=32)
def transpile(circuit: Circuit, device: BackendV2, seed: int) -> TranspiledCircuit:
    """Return ``circuit`` in the gates of ``device``, on qubits of it that are chosen once; angles stay symbolic.

    Qiskit leaves out gates of constant angles that together do nothing, up to an infidelity of 1e-12.

    Args:
        circuit: what to execute.
        device: anything with a target.
        seed: of the choice of qubits and of the routing.

    Raises:
        CapabilityError: the circuit does not fit the device.
    """
    if circuit.embeds_amplitudes:
        raise CapabilityError(
            f"{device.name} executes gates, and an amplitude embedding is none; use encoding angle or iqp"
        )
    if circuit.n_qubits > device.num_qubits:
        raise CapabilityError(f"{device.name} has {device.num_qubits} qubits, but the circuit has {circuit.n_qubits}")
    kept, constants = _hidden(circuit)
    by_angle, replaced = kept.by_angle  # one parameter per angle: products of inputs need no algebra
    slots = [constants.get(slot, slot) for slot in replaced]
    try:
        executed = _passes(device, seed).run(to_qiskit(by_angle))
    except TranspilerError as error:
        raise CapabilityError(f"the circuit does not fit {device.name}: {error}") from error
    physical = _qubits(executed, circuit.n_qubits)
    found = list(
        gates_of_device(executed, {qubit: number for number, qubit in enumerate(physical)}, slots, device.name)
    )
    translated = Circuit(len(physical), [gate for gate, _ in found])
    assert (translated.n_inputs, translated.n_weights) == (circuit.n_inputs, circuit.n_weights)
    two_qubit_gates = sum(len(instruction.qubits) == 2 for instruction in executed.data)
    resources = Resources(len(physical), executed.depth(), two_qubit_gates)
    ends = tuple(end for _, end in found)
    return TranspiledCircuit(translated, physical, ends, resources, executed, tuple(slots))


def _passes(device: BackendV2, seed: int) -> PassManager:
    """Return Qiskit's transpiler. A simulator without connections also executes matrices: it gets gates."""
    if device.coupling_map is None:
        gates = [name for name in device.operation_names if name in _STEPS]
        return generate_preset_pass_manager(optimization_level=_LEVEL, basis_gates=gates, seed_transpiler=seed)
    return generate_preset_pass_manager(optimization_level=_LEVEL, backend=device, seed_transpiler=seed)


def _hidden(circuit: Circuit) -> tuple[Circuit, dict[Slot, float]]:
    """Return the circuit with inputs for constant angles near multiples of pi/4, and what those inputs stand for.

    Qiskit takes gates for the identity that are so up to an infidelity of 1e-12, which is an angle of 1e-6: it must
    not see the number.
    """
    inputs: dict[float, Slot] = {}
    for slot in circuit.slots:
        if isinstance(slot, float) and 0 < abs(math.remainder(slot, math.pi / 4)) < _NEAR:
            inputs.setdefault(slot, Input(circuit.n_inputs + len(inputs)))
    gates = [
        Gate(gate.name, gate.qubits, tuple(inputs.get(a, a) if isinstance(a, float) else a for a in gate.angles))
        for gate in circuit.gates
    ]
    return Circuit(circuit.n_qubits, gates), {slot: value for value, slot in inputs.items()}


def _qubits(executed: QuantumCircuit, n_measured: int) -> tuple[int, ...]:
    """Return the device's qubits that are used, those first that hold the original qubits in the end.

    A simulator has no places for qubits to be laid out on.
    """
    measured = range(n_measured) if executed.layout is None else executed.layout.final_index_layout()[:n_measured]
    used: set[int] = {executed.find_bit(qubit).index for instruction in executed.data for qubit in instruction.qubits}
    return (*measured, *sorted(used - set(measured)))


def gates_of_device(
    executed: QuantumCircuit, number_of: dict[int, int], slots: Sequence[Slot], device: str
) -> Iterator[tuple[Gate, tuple[str, tuple[int, ...]] | None]]:
    """Yield gates, and with the last of each gate of the device what that one is.

    Args:
        executed: gates of the device on its qubits.
        number_of: what a qubit of the device is called among the gates.
        slots: what the parameters stand for, by their index.
        device: its name.

    Raises:
        CapabilityError: there is a gate that qlab does not know.
    """
    for instruction in executed.data:
        name = instruction.operation.name
        if name == "barrier":
            continue
        if name not in _STEPS:
            raise CapabilityError(f"{device} executes {name}, which qlab does not know; known: {', '.join(_STEPS)}")
        on_device = tuple(executed.find_bit(qubit).index for qubit in instruction.qubits)
        qubits = tuple(number_of[qubit] for qubit in on_device)
        angles = [angle_terms(parameter, slots) for parameter in instruction.operation.params]
        written = list(_gates_of(_STEPS[name], qubits, angles))
        gates = [gate for gate in written if gate.angles != (0.0,)] or written[-1:]
        yield from ((gate, None) for gate in gates[:-1])
        yield gates[-1], (name, on_device)


def _gates_of(steps: Sequence[Step], qubits: tuple[int, ...], angles: Sequence[Sequence[Slot]]) -> Iterator[Gate]:
    for name, angle in steps:
        if not GATES[name].n_angles:
            yield Gate(name, qubits)
        else:
            terms = [angle] if isinstance(angle, float) else angles[angle]
            yield from (Gate(name, qubits, (term,)) for term in terms)


def angle_terms(expression: Any, slots: Sequence[Slot]) -> list[Slot]:
    """Return the slots that add up to an angle: multiples of the angles of the original circuit, and a constant.

    Args:
        expression: a number, or Qiskit's expression, linear in parameters that stand for the slots.
        slots: what the parameters stand for, by their index.
    """
    parameters = sorted(getattr(expression, "parameters", ()), key=lambda parameter: parameter.index)
    if not parameters:
        return [float(expression)]
    constant = float(expression.bind(dict.fromkeys(parameters, 0.0)))
    factors = [expression.gradient(parameter) for parameter in parameters]
    assert all(isinstance(factor, float | int) for factor in factors), f"{expression} is not linear"
    totals: dict[Input | Weight, float] = {}
    for parameter, factor in zip(parameters, factors, strict=True):
        slot = slots[parameter.index]
        if isinstance(slot, float):
            constant += slot * factor
            continue
        unit = Input(*slot.indices) if isinstance(slot, Input) else Weight(slot.index)
        totals[unit] = totals.get(unit, 0.0) + slot.scale * float(factor)
    terms: list[Slot] = [unit * total for unit, total in totals.items()]
    return [*terms, constant] if constant or not terms else terms
