"""``qlab plan``."""

from __future__ import annotations

from typing import Any

from qlab.cli.arguments import Experiment, Json, Overrides, with_experiment


def command(overrides: Overrides = None, experiment: Experiment = None, json: Json = False) -> None:
    """Say what a run would take before it takes it: sizes, parameters, circuit executions, memory.

    Example: qlab plan experiment=lego_quantum_dot head.n_qubits=16
    """
    from dataclasses import asdict

    from qlab.cli.output import print_facts, print_json
    from qlab.cli.progress import for_standard_error
    from qlab.config.compose import compose
    from qlab.config.validate import run_config
    from qlab.jobs.plan import plan
    from qlab.reports.values import component

    found = plan(run_config(compose("train", with_experiment(overrides, experiment))), for_standard_error())
    if json:
        print_json(asdict(found))
        return
    facts = {
        "state": found.state,
        "examples": ", ".join(f"{part} {size}" for part, size in found.sizes.items()),
        "trainable parameters": str(found.trainable),
    }
    if found.circuit is not None:
        circuit = found.circuit
        facts["circuit"] = (
            f"{circuit.n_qubits} qubits, depth {circuit.depth}, {circuit.two_qubit_gates} two-qubit gates"
        )
        facts["backend"] = component(found.backend)
        facts |= _conditions(found.conditions)
        facts |= {f"executions: {what}": f"{count:,}" for what, count in found.executions.items()}
        facts["states of one batch"] = f"{found.state_memory_mib:.1f} MiB"
    print_facts(found.path, facts)


def _conditions(conditions: dict[str, Any] | None) -> dict[str, str]:
    """Return what is to be said of noise and shots."""
    if conditions is None:
        return {}
    executed = conditions["executed"]
    inserted = ", ".join(f"{name} {count}" for name, count in conditions["insertions"].items())
    return {
        "with noise or shots": f"{executed['n_qubits']} qubits, depth {executed['depth']}, "
        f"{executed['two_qubit_gates']} two-qubit gates, shots {conditions['shots'] or 'none'}",
        "noise insertions": inserted or "none",
    }
