"""Which wires a tape has, in which order, where neither the device nor a measurement says so."""

from __future__ import annotations

from typing import Any

import torch
from pennylane import map_wires
from pennylane.devices.default_qubit import ALL_DQ_GATES, no_mcms_stopping_condition
from pennylane.devices.preprocess import (
    decompose,
    device_resolve_dynamic_wires,
    null_postprocessing,
    validate_device_wires,
)
from pennylane.exceptions import DeviceError
from pennylane.measurements import StateMP
from pennylane.transforms import transform
from pennylane.wires import Wires


@transform  # type: ignore[untyped-decorator]
def name_wires(tape: Any, name: str) -> Any:
    """Give the wires of a tape to the measurements that name none, as PennyLane's own simulator would.

    That numbers them by their first use in its circuit, so the tape is decomposed as far as there: the engine's gates
    may use them in another order, and may use more of them.
    """
    if all(measurement.obs is not None or measurement.wires for measurement in tape.measurements):
        return (tape,), null_postprocessing
    (tape,), _ = decompose(tape, no_mcms_stopping_condition, target_gates=ALL_DQ_GATES, name=name)
    (tape,), _ = device_resolve_dynamic_wires(tape, wires=None, allow_resets=False)
    wire_of = dict(zip(tape.map_to_standard_wires().wires, tape.wires, strict=True))
    return validate_device_wires(tape, Wires([wire_of[number] for number in range(len(wire_of))]), name=name)


def numbered(tape: Any) -> Any:
    """Return a tape on the wires 0, 1, ...: where it measures a state on named wires, these come first."""
    named = state_wires(tape)
    if not named:
        return tape.map_to_standard_wires()
    order = Wires.all_wires([named, tape.wires]).tolist()
    if order == list(range(len(order))):
        return tape
    tapes, first = map_wires(tape, {wire: number for number, wire in enumerate(order)})
    return first(tapes)


def state_wires(tape: Any) -> Wires:
    """Return the wires of the first state that a tape measures, none where it measures or names none."""
    found = (measurement.wires for measurement in tape.measurements if type(measurement) is StateMP)
    return next(found, Wires([]))


def without_work_wires(states: torch.Tensor, n_wires: int) -> torch.Tensor:
    """Return states (R, 2^n) on their first wires alone, (R, 2^n_wires).

    Raises:
        DeviceError: another wire does not end in |0>.
    """
    parts = states.reshape(len(states), 2**n_wires, -1)  # (R, 2^n_wires, 2^others)
    if parts.shape[2] > 1 and parts[:, :, 1:].detach().abs().max() > 1e-5:
        raise DeviceError(f"a state of {n_wires} wires alone needs the others in |0>; measure a density matrix instead")
    return parts[:, :, 0]
