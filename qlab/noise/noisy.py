"""A circuit with noise in it: what every execution of a noise model executes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qlab.circuits.circuit import Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord, pauli_words
from qlab.noise.channel import Channel
from qlab.noise.readout import Readout


@dataclass(frozen=True)
class Located:
    """A channel on the qubits it acts on."""

    channel: Channel
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class Resources:
    """What a circuit takes as it is executed.

    Attributes:
        n_qubits: qubits it acts on.
        depth: gates on its longest path.
        two_qubit_gates: gates on two qubits.
    """

    n_qubits: int
    depth: int
    two_qubit_gates: int


@dataclass(frozen=True, eq=False)
class NoisyCircuit:
    """Gates and channels in the order of execution, and how qubits are read.

    A device executes another circuit than the one that was written: ``circuit`` is the executed one, and what is
    measured on the written one's qubits is measured on ``measured``. Observables go through ``words``.

    Attributes:
        circuit: the gates alone, coherent errors among them; same inputs and weights as the circuit without noise.
        channels: for each gate of ``circuit`` the channels that follow it, first executed first.
        readout: of the qubits of ``circuit``; None where values are read as they are.
        insertions: how many channels, coherent errors and readout errors there are, by name.
        qubit_of: for each qubit of the circuit as written its qubit in ``circuit``; None: the same.
        on_device: what a device takes for it, where one of its gates is several of ``circuit``; None: what ``circuit``
            takes.
        provenance: what a record keeps of where the noise is from: values that JSON has.
    """

    circuit: Circuit
    channels: tuple[tuple[Located, ...], ...]
    readout: Readout | None = None
    insertions: Mapping[str, int] = field(default_factory=dict)
    qubit_of: tuple[int, ...] | None = None
    on_device: Resources | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_qubits(self) -> int:
        """Its number of qubits."""
        return self.circuit.n_qubits

    @property
    def measured(self) -> tuple[int, ...]:
        """The qubits of ``circuit`` that hold the qubits 0, 1, ... of the circuit as written."""
        return tuple(range(self.n_qubits)) if self.qubit_of is None else self.qubit_of

    @property
    def resources(self) -> Resources:
        """What it takes as it is executed."""
        counted = Resources(self.n_qubits, self.circuit.depth, self.circuit.two_qubit_gates)
        return self.on_device or counted

    @property
    def is_pauli(self) -> bool:
        """Whether every channel is a mixture of Paulis."""
        return all(item.channel.probabilities is not None for after in self.channels for item in after)

    def words(self, observables: Sequence[PauliWord | str] | None = None) -> tuple[PauliWord, ...]:
        """Return Pauli words of the circuit as written as words on the qubits of ``circuit``.

        Z on every qubit of the circuit as written where nothing is said.

        Raises:
            CircuitError: a text that is no Pauli word, a qubit out of range, or an empty list.
        """
        measured = self.measured
        words = pauli_words(len(measured), observables)
        if self.qubit_of is None:
            return words
        return tuple(PauliWord(tuple((measured[qubit], letter) for qubit, letter in word.factors)) for word in words)

    def steps(self) -> list[Gate | Located]:
        """Return gates and channels, first executed first."""
        found: list[Gate | Located] = []
        for gate, after in zip(self.circuit.gates, self.channels, strict=True):
            found += [gate, *after]
        return found


def count_insertions(
    channels: Iterable[Sequence[Located]], readout: Readout | None, n_measured: int, over_rotations: int = 0
) -> dict[str, int]:
    """Return how many channels, coherent errors and readout errors (one per measured qubit) there are, by name."""
    counts = Counter(item.channel.name for after in channels for item in after)
    counts["over_rotation"] += over_rotations
    counts["readout"] += 0 if readout is None else n_measured
    return {name: count for name, count in sorted(counts.items()) if count}
