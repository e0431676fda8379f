"""Everything that matters for running qlab here."""

from __future__ import annotations

from dataclasses import dataclass
from platform import python_version

from qlab.jobs.doctor.account import account_origin
from qlab.jobs.doctor.machine import Machine, machine
from qlab.jobs.doctor.parts import Part, get_command, parts
from qlab.jobs.doctor.places import Places, places
from qlab.jobs.doctor.plugins import Plugin, plugins
from qlab.records.environment import commit, installed_version

PACKAGES = (
    "qlab",
    "torch",
    "pennylane",
    "pennylane-lightning",
    "qiskit",
    "qiskit-aer",
    "qiskit-ibm-runtime",
    "numba",
    "numpy",
    "scikit-learn",
    "transformers",
    "hydra-core",
)


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        python: version of Python.
        versions: of the packages that results depend on; None where one is not installed.
        commit: of the checkout that qlab is run from; None outside one.
        dirty: whether the checkout was changed since.
        machine: processor, memory, GPU, compiled simulator.
        parts: what is needed always, and for each extra.
        get_missing: the command that installs what lacks of it; None where nothing does.
        account: where an IBM account comes from; None without one. Never a token.
        places: folders that are read and written.
        plugins: components that other packages add.
    """

    python: str
    versions: dict[str, str | None]
    commit: str | None
    dirty: bool | None
    machine: Machine
    parts: list[Part]
    get_missing: str | None
    account: str | None
    places: Places
    plugins: list[Plugin]


def examine() -> Examination:
    """Look at everything; nothing is written, compiled or asked of the network."""
    found = parts()
    return Examination(
        python=python_version(),
        versions={name: installed_version(name) for name in PACKAGES},
        **commit(),
        machine=machine(),
        parts=found,
        get_missing=get_command(found),
        account=account_origin(),
        places=places(),
        plugins=plugins(),
    )
