"""A noisy circuit as operations on states, with as much as possible in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qlab.circuits.circuit import AMPLITUDE
from qlab.circuits.gate import Gate
from qlab.circuits.gates import Axis, Permutation, Phase, Rotation
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Slot
from qlab.engine.trajectories.jumps import merged
from qlab.noise.channel import Channel
from qlab.noise.noisy import Located, NoisyCircuit

_LARGEST_BLOCK = 4  # qubits that are turned together


@dataclass(frozen=True)
class Turn:
    """A rotation of one qubit."""

    axis: Axis
    slot: Slot


@dataclass(frozen=True, eq=False)
class Strike:
    """A channel, with its number."""

    channel: Channel
    number: int


@dataclass(frozen=True)
class Run:
    """What happens to one qubit between two gates on more, first executed first."""

    qubit: int
    items: tuple[Turn | Strike, ...]

    @property
    def strikes(self) -> tuple[Strike, ...]:
        """The channels among the items."""
        return tuple(item for item in self.items if isinstance(item, Strike))

    @property
    def differs(self) -> bool:
        """Whether it differs from sample to sample even where no jump happens."""
        return any(isinstance(item, Turn) and isinstance(item.slot, Input) for item in self.items)


@dataclass(frozen=True)
class Block:
    """Runs of neighbouring qubits; a run that differs from sample to sample is alone."""

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class PairStrike:
    """A channel on two qubits."""

    qubits: tuple[int, ...]
    strike: Strike


@dataclass(frozen=True, eq=False)
class Diagonal:
    """A diagonal part of a gate, with the slot of its angle."""

    part: Phase
    slot: Slot


Operation = Block | PairStrike | Diagonal | Permutation


def operations_of(noisy: NoisyCircuit, words: Sequence[PauliWord]) -> tuple[Operation, ...]:
    """Return the operations that execute a noisy circuit as far as some words depend on it, in order.

    Channels are numbered in the order of execution, and those that follow each other on a qubit are merged.
    """
    schedule = _Schedule(noisy.n_qubits)
    for step in _in_light_cone(noisy, words):
        if isinstance(step, Located):
            schedule.channel(step)
        elif step.name != AMPLITUDE:
            schedule.gate(step)
    schedule.flush(range(noisy.n_qubits))
    return tuple(schedule.operations)


def strikes_of(operation: Operation) -> tuple[Strike, ...]:
    """Return the channels of an operation."""
    if isinstance(operation, PairStrike):
        return (operation.strike,)
    return tuple(item for run in operation.runs for item in run.strikes) if isinstance(operation, Block) else ()


def _in_light_cone(noisy: NoisyCircuit, words: Sequence[PauliWord]) -> list[Gate | Located]:
    """Return the steps that words depend on: what acts behind them on other qubits keeps the trace, and no more."""
    seen = {qubit for word in words for qubit, _ in word.factors}
    kept = []
    for step in reversed(noisy.steps()):
        if not seen.isdisjoint(step.qubits):
            seen.update(step.qubits)
            kept.append(step)
    return kept[::-1]


class _Schedule:
    """Collects what happens to single qubits until a part on more comes."""

    def __init__(self, n_qubits: int) -> None:
        self._waiting: list[list[Turn | Channel]] = [[] for _ in range(n_qubits)]
        self._n_channels = 0
        self.operations: list[Operation] = []

    def gate(self, gate: Gate) -> None:
        """Add a gate."""
        for part, slot in gate.parts():
            if isinstance(part, Rotation):
                self._waiting[part.qubit].append(Turn(part.axis, slot))
                continue
            turned = any(isinstance(item, Turn) for qubit in part.qubits for item in self._waiting[qubit])
            # a layer of rotations is executed at once: in few operations
            self.flush(range(len(self._waiting)) if turned else part.qubits)
            self.operations.append(part if isinstance(part, Permutation) else Diagonal(part, slot))

    def channel(self, located: Located) -> None:
        """Add a channel."""
        if len(located.qubits) == 2:
            self.flush(located.qubits)
            self.operations.append(PairStrike(located.qubits, self._numbered(located.channel)))
            return
        waiting = self._waiting[located.qubits[0]]
        if waiting and isinstance(waiting[-1], Channel):
            waiting[-1] = merged(waiting[-1], located.channel)
        else:
            waiting.append(located.channel)

    def flush(self, qubits: Sequence[int]) -> None:
        """Add what waits on some qubits."""
        runs = []
        for qubit in sorted(qubits):
            items = [item if isinstance(item, Turn) else self._numbered(item) for item in self._waiting[qubit]]
            self._waiting[qubit] = []
            runs += [Run(qubit, tuple(items))] if items else []
        self.operations += [Block(tuple(group)) for group in _neighbours(runs)]

    def _numbered(self, channel: Channel) -> Strike:
        self._n_channels += 1
        return Strike(channel, self._n_channels - 1)


def _neighbours(runs: Sequence[Run]) -> list[list[Run]]:
    """Return runs in groups of neighbours, nearly equal in size."""
    stretches: list[list[Run]] = []
    for run in runs:
        last = stretches[-1][-1] if stretches else None
        if last is not None and last.qubit == run.qubit - 1 and not run.differs and not last.differs:
            stretches[-1].append(run)
        else:
            stretches.append([run])
    groups = []
    for stretch in stretches:
        parts = np.array_split(np.arange(len(stretch)), -(-len(stretch) // _LARGEST_BLOCK))
        groups += [[stretch[place] for place in part] for part in parts]
    return groups
