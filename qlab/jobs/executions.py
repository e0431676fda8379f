"""How often a run executes its circuit."""

from __future__ import annotations

from collections.abc import Mapping

from qlab.config.conditions import evaluation_of
from qlab.config.schema import RunConfig
from qlab.heads.head import Head


def executions(config: RunConfig, model: Head, sizes: Mapping[str, int], epochs: int) -> dict[str, int]:
    """Return the circuit executions (one circuit for one example) of a run of ``epochs`` by what they are for.

    One gradient counts as one execution, or as what its parameter-shift rules take. A classical head has none. Of a
    head that measures copies of a state at evaluation alone, these are counted.

    Args:
        config: the run's config.
        model: its model.
        sizes: examples in each split.
        epochs: how many are run.
    """
    if model.copies is not None:
        copies = {"validation, copies": (epochs + 1) * sizes["val"], "test, copies": sizes["test"]}
        return {what: model.copies * examples for what, examples in copies.items()}
    if model.circuit is None:
        return {}
    gradient = 1
    if not any(angle.requires_grad for angle in model.quantum_parameters()) and not model.trains_inputs:
        gradient = 0
    elif config.trainer.gradient == "parameter_shift":
        gradient = model.circuit.shift_executions
        gradient += model.circuit.input_shift_executions if model.trains_inputs else 0
    elif config.trainer.gradient == "spsa":
        gradient = 2
    return {
        "training, forward": epochs * sizes["train"],
        "training, gradients": epochs * sizes["train"] * gradient,
        "validation": (epochs + 1) * sizes["val"],
        "test": sizes["test"],
        **({"test, with noise or shots": sizes["test"]} if evaluation_of(config) is not None else {}),
    }
