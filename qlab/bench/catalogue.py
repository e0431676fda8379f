"""Who takes part, and what each needs to be found and to fit into memory."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from qlab.bench.problem import Problem

EXTRA = "pip install --constraint constraints.txt --editable '.[bench]' in qlab's folder"
OWN_ENVIRONMENT = "an environment of its own, given with --python {name}=PATH: pip install {package}"
SINGLE, DOUBLE = "complex64", "complex128"


@dataclass(frozen=True)
class Entry:
    """A contestant, or a reference.

    Attributes:
        name: what it is called in tables and in ``--python``.
        factory: ``module:Class`` of the ``Contestant``; imported by its worker only.
        module: what must be importable for it to take part.
        packages: whose versions are told.
        family: whose it is; of several in a family the fastest counts.
        precision: of its states.
        bytes_per_gate: memory of a step per gate, sample and amplitude, as measured; 0 where it does not grow with
            the number of gates and hardly matters.
        most_qubits: of a circuit; with more it takes minutes to begin, or for a step.
        splits: whether it can work on a part of the batch after the other.
        install: how to get it.
    """

    name: str
    factory: str
    module: str
    packages: tuple[str, ...]
    family: str
    precision: str = SINGLE
    bytes_per_gate: float = 0.0
    most_qubits: int = 26
    splits: bool = False
    install: str = ""

    def is_importable(self) -> bool:
        """Return whether its library is there, in this environment; nothing is imported."""
        return find_spec(self.module) is not None

    def bytes_per_sample(self, problem: Problem) -> float:
        """Return the memory that a step takes for each sample."""
        return self.bytes_per_gate * len(problem.circuit().gates) * 2.0**problem.n_qubits


_HERE = "qlab.bench.contestants"
_OWN = ("qlab", "torch", "numba")
_DEFAULT_QUBIT = ("pennylane", "torch")
_LIGHTNING_QUBIT = ("pennylane", "pennylane-lightning", "torch")
QLAB = Entry("qlab", f"{_HERE}.qlab_engine:Engine", "qlab", _OWN, "qlab")
ENTRIES = (
    QLAB,
    Entry("qlab (method=torch)", f"{_HERE}.qlab_engine:TorchEngine", "qlab", _OWN, "qlab"),
    Entry(
        "default.qubit",
        f"{_HERE}.pennylane:DefaultQubit",
        "pennylane",
        _DEFAULT_QUBIT,
        "PennyLane",
        precision=DOUBLE,
        bytes_per_gate=32.0,
        splits=True,
    ),
    Entry(
        "default.qubit (jax.jit)",
        f"{_HERE}.pennylane_jax:DefaultQubitJax",
        "jax",
        ("pennylane", "jax"),
        "PennyLane on JAX",
        most_qubits=4,
        install=EXTRA,
    ),
    Entry("lightning.qubit", f"{_HERE}.pennylane:Lightning", "pennylane_lightning", _LIGHTNING_QUBIT, "PennyLane"),
    Entry(
        "lightning.qubit (device_vjp)",
        f"{_HERE}.pennylane:LightningVjp",
        "pennylane_lightning",
        _LIGHTNING_QUBIT,
        "PennyLane",
    ),
    Entry(
        "tensorcircuit-ng",
        f"{_HERE}.tensorcircuit:TensorCircuit",
        "tensorcircuit",
        ("tensorcircuit-ng", "jax"),
        "tensorcircuit-ng",
        bytes_per_gate=3.5,
        install=EXTRA,
    ),
    Entry(
        "tensorflow-quantum",
        f"{_HERE}.tensorflow_quantum:TensorFlowQuantum",
        "tensorflow_quantum",
        ("tensorflow-quantum", "tensorflow"),
        "tensorflow-quantum",
        install=OWN_ENVIRONMENT.format(name="tensorflow-quantum", package="tensorflow-quantum"),
    ),
    Entry(
        "torchquantum",
        f"{_HERE}.torchquantum:TorchQuantum",
        "torchquantum",
        ("torchquantum", "torch"),
        "torchquantum",
        bytes_per_gate=12.0,
        splits=True,
        install=OWN_ENVIRONMENT.format(name="torchquantum", package="torchquantum"),
    ),
)

_LAST_OF_DEFAULT = 12  # qubits; above, backpropagation in double precision takes gigabytes per sample
_DEFAULT = Entry(
    "default.qubit in complex128",
    f"{_HERE}.pennylane:DefaultQubit",
    "pennylane",
    _DEFAULT_QUBIT,
    "reference",
    precision=DOUBLE,
    bytes_per_gate=32.0,
    splits=True,
)
_LIGHTNING = Entry(
    "lightning.qubit in complex128",
    f"{_HERE}.pennylane:LightningReference",
    "pennylane_lightning",
    _LIGHTNING_QUBIT,
    "reference",
    precision=DOUBLE,
)


def reference_for(problem: Problem) -> Entry:
    """Return who says what is right where there is no noise: a simulator that is none of qlab's."""
    return _DEFAULT if problem.n_qubits <= _LAST_OF_DEFAULT else _LIGHTNING
