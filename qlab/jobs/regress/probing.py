"""The circuit of a recipe at fixed angles: values against stored ones, and against PennyLane.

Training hides a flipped sign, for weights learn to do without it. So the circuit is executed as in training and as in
evaluation on a probe that is the same everywhere. PennyLane's simulators, which share no code with qlab's, execute the
same circuit in the same process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

from qlab.backends.base import Backend
from qlab.backends.conditions import Conditions
from qlab.backends.estimate import Estimate
from qlab.backends.pennylane import MIXED, PennyLaneBackend
from qlab.config.conditions import has_conditions
from qlab.config.schema import RunConfig
from qlab.jobs.model import build_backend, build_model, conditions_of, training_backend
from qlab.jobs.regress.comparison import Difference, difference_of
from qlab.jobs.regress.probe import Probe
from qlab.jobs.regress.quantity import STANDARD_ERRORS, Measured, measured

VALUES = 1e-5  # of an expectation value in single precision: rounding stays below 1e-6
GRADIENTS = 1e-4  # of a derivative of a sum of values, which is some ten times as large; SPSA divides by 0.2
_IDEAL = "default.qubit"
_MOST_QUBITS = {_IDEAL: 14, MIXED: 6}  # that PennyLane executes in about a second

Found = tuple[dict[str, Measured], list[Difference]]


def probe_circuit(config: RunConfig, shape: tuple[int, ...], n_classes: int) -> Found:
    """Return what the circuit of a config gives, and how it differs from PennyLane's; nothing where it has none."""
    backend = training_backend(config)
    circuit = build_model(config, backend, shape, n_classes).circuit
    if circuit is None:
        return {}, []
    probe, trained_under = Probe.of(circuit), conditions_of(backend)
    is_true = config.trainer.gradient != "spsa"  # whose estimate of a gradient has no reference
    if trained_under is not None:
        return _aware(probe, backend, trained_under, gradient_is_true=is_true)
    found, differences = _differentiated(probe, backend, None, gradient_is_true=is_true)
    if has_conditions(config.noise, config.backend):
        evaluated_under = conditions_of(build_backend(config.backend, config.noise))
        assert evaluated_under is not None
        under, more = _estimated("noisy_probe", probe, evaluated_under)
        return found | under, differences + more
    return found, differences


def _aware(probe: Probe, backend: Backend, conditions: Conditions, *, gradient_is_true: bool) -> Found:
    """Return what training gets that is aware of noise or shots: the gradient, too, where it is not drawn."""
    if _estimate(probe, conditions).standard_errors is not None:
        return _estimated("probe", probe, conditions)
    return _differentiated(probe, backend, conditions, gradient_is_true=gradient_is_true)


def _differentiated(probe: Probe, backend: Backend, conditions: Conditions | None, *, gradient_is_true: bool) -> Found:
    """Return exact values and gradients, of which those by PennyLane are compared where they are the same thing."""
    values, gradients = probe.differentiated(backend)
    found = _by_word("probe", probe, values)
    slopes = {f"probe.{name}": measured(g.tolist(), "absolute", GRADIENTS) for name, g in gradients.items()}
    device = _device(probe, conditions)
    if device is None:
        return found | slopes, []
    right, right_gradients = probe.differentiated(_reference(device, conditions))
    differences = _against(device, found, right.T)
    if gradient_is_true:
        differences += _against(device, slopes, [right_gradients[name] for name in gradients])
    return found | slopes, differences


def _estimated(name: str, probe: Probe, conditions: Conditions) -> Found:
    """Return values under noise or from shots."""
    estimate, device = _estimate(probe, conditions), _device(probe, conditions)
    found = _by_word(name, probe, estimate.values, estimate.standard_errors)
    if device is None:
        return found, []
    reference = _reference(device, conditions)
    assert isinstance(reference, Conditions)
    return found, _against(device, found, _estimate(probe, reference).values.T)


def _device(probe: Probe, conditions: Conditions | None) -> str | None:
    """Return the device of PennyLane that executes the probe, too; None where that would take long."""
    device = _IDEAL if conditions is None else MIXED
    n_qubits = (probe.circuit if conditions is None else conditions.inserted(probe.circuit)).n_qubits
    return device if n_qubits <= _MOST_QUBITS[device] else None


def _reference(device: str, conditions: Conditions | None) -> Backend:
    backend = PennyLaneBackend(device=device)
    return backend if conditions is None else Conditions(device, backend, conditions.noise, None, 0)


def _estimate(probe: Probe, conditions: Conditions) -> Estimate:
    with torch.no_grad():
        return conditions.estimate(
            conditions.inserted(probe.circuit), probe.inputs, probe.weights, probe.words, shots=conditions.shots, seed=0
        )


def _by_word(name: str, probe: Probe, values: torch.Tensor, errors: torch.Tensor | None = None) -> dict[str, Measured]:
    """Return values (B, K) as one quantity for each word, with their standard errors (B, K) where they have any."""
    columns = [column.tolist() for column in values.double().T]
    if errors is None:
        return {f"{name}.{w}": measured(c, "absolute", VALUES) for w, c in zip(probe.words, columns, strict=True)}
    each = zip(probe.words, columns, errors.double().T, strict=True)
    return {f"{name}.{word}": measured(column, "standard_error", error.tolist()) for word, column, error in each}


def _against(device: str, found: Mapping[str, Measured], right: Iterable[torch.Tensor]) -> list[Difference]:
    """Return how quantities differ from what PennyLane's ``device`` gives, one tensor for each.

    Values that are drawn may be off by five of their standard errors: here one side alone has them.
    """
    differences = []
    for (name, quantity), numbers in zip(found.items(), right, strict=True):
        tolerance = quantity.tolerance
        if quantity.kind == "standard_error":
            tolerance = tuple(STANDARD_ERRORS * error + VALUES for error in tolerance)
        expected = Measured(tuple(numbers.double().tolist()), "absolute", tolerance)
        differences.append(difference_of(f"{name} against {device}", expected, quantity))
    return [difference for difference in differences if difference is not None]
