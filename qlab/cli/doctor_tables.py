"""What a person reads of an installation: one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlab.cli.output import print_facts
from qlab.jobs.doctor.parts import REQUIRED

if TYPE_CHECKING:
    from qlab.jobs.doctor.examination import Examination
    from qlab.jobs.doctor.machine import Machine
    from qlab.jobs.doctor.places import Places

SIMULATORS = ("pennylane", "pennylane-lightning", "qiskit", "qiskit-aer", "qiskit-ibm-runtime")


def print_examination(found: Examination) -> None:
    """Print the table, and below it the command that gets what lacks, in one line so that it can be copied."""
    required = next(part for part in found.parts if part.name == REQUIRED)
    numeric = [name for name in found.versions if name != "qlab" and name not in SIMULATORS]
    facts = {
        "qlab": f"{found.versions['qlab']}, {_commit(found)}; Python {found.python}, {found.machine.system}",
        "quantum": _versions(found, SIMULATORS),
        "numerics": _versions(found, numeric),
        **_machine(found.machine),
        **_places(found.places),
        "IBM account": found.account or "none: qlab hw-run login, for hw-run and noise of real devices only",
        "plugins": _plugins(found),
        "extras": _extras(found),
        **({"MISSING": ", ".join(required.missing)} if required.missing else {}),
    }
    print_facts("qlab doctor", facts)
    if found.get_missing is not None:
        print(f"What is missing comes with:\n{found.get_missing}")


def _commit(found: Examination) -> str:
    if not found.commit:
        return "no checkout"
    return f"commit {found.commit[:12]}{' (changed since)' if found.dirty else ''}"


def _versions(found: Examination, names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"{name} {found.versions[name] or 'not installed'}" for name in names)


def _machine(machine: Machine) -> dict[str, str]:
    sets = ", ".join(machine.instruction_sets) or "no vectors"
    compiled_for = f"; compiled for {machine.processor} ({sets})" if machine.processor else ""
    return {
        "processor": f"{machine.threads} threads, {machine.usable} of {machine.cores} cores{compiled_for}",
        "compiled simulator": machine.compiled,
        "memory": f"{machine.memory_free_gib:.1f} GiB free of {machine.memory_gib:.1f}",
        "GPU": f"{machine.gpu}; this version trains on the processor" if machine.gpu else "none found, none needed",
    }


def _places(places: Places) -> dict[str, str]:
    free = "" if places.outputs_free_gib is None else f", {places.outputs_free_gib:.1f} GiB free"
    return {
        "results": f"{places.outputs}{free}" if places.outputs_writable else _not_writable(places),
        "QLAB_DATA_DIR": places.data,
        "configs": ", then ".join(places.configs),
        "experiments": ", then ".join(places.experiments),
    }


def _not_writable(places: Places) -> str:
    return f"{places.outputs} is not writable: set output_dir="


def _plugins(found: Examination) -> str:
    lines = [
        f"{plugin.group}={plugin.name} of {plugin.package}"
        + (f" is broken: {plugin.broken}" if plugin.broken is not None else "")
        for plugin in found.plugins
    ]
    return "\n".join(lines) or "none"


def _extras(found: Examination) -> str:
    extras = [part for part in found.parts if part.name != REQUIRED]
    there = ", ".join(extra.name for extra in extras if not extra.missing)
    lacking = ", ".join(extra.name for extra in extras if extra.missing)
    return f"{there or 'none'}; missing: {lacking or 'none'}"
