"""What PennyLane does to a tape before the device sees it, and what the device refuses."""

from __future__ import annotations

from typing import Any

from pennylane import CompilePipeline, GlobalPhase, PauliRot, QubitUnitary, math
from pennylane.devices.default_qubit import accepted_analytic_measurement, accepted_sample_measurement
from pennylane.devices.preprocess import (
    decompose,
    device_resolve_dynamic_wires,
    no_sampling,
    null_postprocessing,
    validate_device_wires,
    validate_measurements,
)
from pennylane.exceptions import DeviceError
from pennylane.measurements import ClassicalShadowMP, ShadowExpvalMP
from pennylane.ops import Exp
from pennylane.transforms import broadcast_expand, defer_measurements, transform

from qlab.pennylane_device.vocabulary import GATE_SET, TEMPLATES, is_gate, is_native
from qlab.pennylane_device.wires import name_wires


def pipeline(name: str, wires: Any, *, differentiates: bool, jacobian: bool) -> CompilePipeline:
    """Return the transforms that make tapes fit the device.

    Args:
        name: of the device, for messages.
        wires: of the device; None where it takes those of each tape.
        differentiates: whether the device itself is to differentiate, which it cannot do for estimates.
        jacobian: whether whole Jacobians are wanted, for which PennyLane knows neither batches nor parameters that
            are arrays.
    """
    program = CompilePipeline()
    program.add_transform(defer_measurements, allow_postselect=False)
    if not wires:
        program.add_transform(name_wires, name=name)
    program.add_transform(
        _decompose,
        stopping_condition=is_gate if jacobian else is_native,
        device_wires=wires,
        target_gates=set(GATE_SET if jacobian else GATE_SET | TEMPLATES.keys()),
        name=name,
    )
    program.add_transform(device_resolve_dynamic_wires, wires=wires, allow_resets=False)
    program.add_transform(validate_device_wires, wires, name=name)
    program.add_transform(
        validate_measurements,
        analytic_measurements=accepted_analytic_measurement,
        sample_measurements=accepted_sample_measurement,
        name=name,
    )
    program.add_transform(_expand_shadows)
    if differentiates:
        program.add_transform(no_sampling, name=f"derivatives of {name}")
    if jacobian:
        program.add_transform(broadcast_expand)
    return program


@transform  # type: ignore[untyped-decorator]
def _decompose(tape: Any, **options: Any) -> Any:
    """Decompose a tape, row by row if it is a batch that PennyLane cannot decompose as one, as batches of matrices."""
    try:
        return decompose(tape, decomposer=_gates, **options)
    except (DeviceError, IndexError, RuntimeError, TypeError, ValueError):
        if tape.batch_size is None:
            raise
    tapes, together = broadcast_expand(tape.copy(operations=[_without_exponential(each) for each in tape.operations]))
    decomposed = [decompose(each, decomposer=_gates, **options)[0][0] for each in tapes]
    return decomposed, together


def _gates(operation: Any) -> Any:
    """Return simpler operations for one: those of its matrix where PennyLane knows none.

    Raises:
        DeviceError: a matrix would have to be taken apart differentiably, which PennyLane can do for one qubit alone.
    """
    if isinstance(operation, Exp) and (rotation := _rotation(operation)) is not None:
        return [rotation]
    by_matrix = isinstance(operation, QubitUnitary) or (operation.has_matrix and not operation.has_decomposition)
    if by_matrix and len(operation.wires) > 1 and any(map(math.requires_grad, operation.data)):
        raise DeviceError(f"qlab.engine cannot differentiate {operation.name} on {len(operation.wires)} wires")
    if by_matrix and not operation.has_decomposition:
        return [QubitUnitary(operation.matrix(), wires=operation.wires)]
    return operation.decomposition()


def _without_exponential(operation: Any) -> Any:
    """Return an operation that PennyLane can split into the rows of a batch, as it cannot an exponential."""
    if not isinstance(operation, Exp):
        return operation
    rotation = _rotation(operation)
    return QubitUnitary(operation.matrix(), operation.wires) if rotation is None else rotation


def _rotation(exponential: Any) -> Any | None:
    """Return exp(-i angle / 2 P) of a Pauli word P as a gate; PennyLane does so for neither batches nor PyTorch."""
    terms = exponential.base.pauli_rep
    if terms is None or len(terms) != 1:
        return None
    [(word, factor)] = terms.items()
    angle = 2j * factor * exponential.coeff
    if not math.is_abstract(angle) and math.any(math.imag(angle)):
        return None  # no unitary
    if not word:
        return GlobalPhase(math.real(angle) / 2)
    return PauliRot(math.real(angle), "".join(word.values()), wires=list(word))


@transform  # type: ignore[untyped-decorator]
def _expand_shadows(tape: Any) -> Any:
    """Split a batch whose classical shadows are wanted, which PennyLane takes of single states only."""
    if any(isinstance(measurement, ClassicalShadowMP | ShadowExpvalMP) for measurement in tape.measurements):
        return broadcast_expand(tape)
    return (tape,), null_postprocessing
