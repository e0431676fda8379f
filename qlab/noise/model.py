"""A noise model: which channel follows which gate, and how qubits are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

from qlab.circuits.circuit import AMPLITUDE, Circuit
from qlab.circuits.gate import Gate
from qlab.errors import NoiseError, OptionError
from qlab.noise.channel import Channel
from qlab.noise.noisy import Located, NoisyCircuit, count_insertions
from qlab.noise.readout import Readout


class Noise(Protocol):
    """What every noise model is: it puts noise into circuits."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def is_identity(self) -> bool:
        """Whether it is without effect on any circuit."""
        ...

    def insert(self, circuit: Circuit) -> NoisyCircuit:
        """Return ``circuit`` with the noise in it; raises ``NoiseError`` where a model that is not zero adds none."""
        ...


@dataclass(frozen=True)
class Rule:
    """A channel that follows gates.

    A channel of one qubit follows a gate on each of its qubits. A channel of two qubits follows gates of two qubits.

    Attributes:
        channel: what follows.
        gates: names of the gates it follows; empty for all gates that it fits.
        n_qubits: follows gates on so many qubits only; None: any number.
        on: follows gates on exactly these qubits only; None: any.
        at: of a gate's qubits, the places a channel of one qubit acts on; None: all.
    """

    channel: Channel
    gates: frozenset[str] = frozenset()
    n_qubits: int | None = None
    on: tuple[int, ...] | None = None
    at: tuple[int, ...] | None = None

    def after(self, gate: Gate) -> list[Located]:
        """Return what follows ``gate``."""
        if gate.name == AMPLITUDE or (self.gates and gate.name not in self.gates):
            return []
        if self.n_qubits not in (None, len(gate.qubits)) or self.on not in (None, gate.qubits):
            return []
        if self.channel.n_qubits == 2:
            return [Located(self.channel, gate.qubits)] if len(gate.qubits) == 2 else []
        chosen = [qubit for place, qubit in enumerate(gate.qubits) if self.at is None or place in self.at]
        return [Located(self.channel, (qubit,)) for qubit in chosen]


@dataclass(frozen=True)
class OverRotation:
    """A coherent error: gates turn by (1 + fraction) of their angle.

    Attributes:
        fraction: of the angle that is added; negative for gates that turn too little.
        gates: names of the gates; empty for all that have an angle.
    """

    fraction: float
    gates: frozenset[str] = frozenset()

    def on(self, gate: Gate) -> Gate | None:
        """Return the gate as it turns, or None where it is not concerned."""
        if not gate.angles or (self.gates and gate.name not in self.gates):
            return None
        return Gate(gate.name, gate.qubits, tuple(angle * (1 + self.fraction) for angle in gate.angles))


@dataclass(frozen=True)
class NoiseModel:
    """Rules in order, coherent errors, and readout error.

    Attributes:
        name: what reports call it.
        rules: what follows a gate, in this order.
        over_rotations: coherent errors.
        readout: how qubits are read; None: as they are.
        parts: the models that it is composed of; each must change a circuit.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    over_rotations: tuple[OverRotation, ...] = ()
    readout: Readout | None = None
    parts: tuple[NoiseModel, ...] = ()

    @staticmethod
    def composed(name: str, models: Iterable[NoiseModel]) -> NoiseModel:
        """Return the models one after the other; readout errors are applied one after the other too."""
        parts = tuple(models)
        readouts = [part.readout for part in parts if part.readout is not None]
        return NoiseModel(
            name,
            tuple(rule for part in parts for rule in part.rules),
            tuple(error for part in parts for error in part.over_rotations),
            reduce(Readout.then, readouts) if readouts else None,
            parts,
        )

    @property
    def is_identity(self) -> bool:
        """Whether it is without effect on any circuit: all strengths are zero."""
        return not self._active_rules and not self._active_over_rotations and self._active_readout is None

    def insert(self, circuit: Circuit) -> NoisyCircuit:
        """Return ``circuit`` with the noise in it, and with the count of what was inserted.

        What does nothing is not inserted. An amplitude embedding is a preparation, not a gate: nothing follows it.

        Raises:
            NoiseError: a rule names a gate that does not occur, or the model, or a part of it, is not zero but inserts
                nothing.
            OptionError: the readout error is that of another number of qubits.
        """
        self._check(circuit)
        rules, gates, turned = self._active_rules, list(circuit.gates), 0
        channels = tuple(tuple(item for rule in rules for item in rule.after(gate)) for gate in gates)
        for error in self._active_over_rotations:
            found = [error.on(gate) for gate in gates]
            gates = [new or old for new, old in zip(found, gates, strict=True)]
            turned += sum(new is not None for new in found)
        insertions = count_insertions(channels, self._active_readout, circuit.n_qubits, turned)
        return NoisyCircuit(Circuit(circuit.n_qubits, gates), channels, self._active_readout, insertions)

    @property
    def _active_rules(self) -> list[Rule]:
        return [rule for rule in self.rules if not rule.channel.is_identity]

    @property
    def _active_over_rotations(self) -> list[OverRotation]:
        return [error for error in self.over_rotations if error.fraction]

    @property
    def _active_readout(self) -> Readout | None:
        return None if self.readout is None or self.readout.is_identity else self.readout

    def _check(self, circuit: Circuit) -> None:
        for part in self.parts:
            part._check(circuit)
        occurring = f"its gates are {', '.join(sorted(circuit.counts))}"
        for names in [rule.gates for rule in self.rules] + [error.gates for error in self.over_rotations]:
            if missing := sorted(names - set(circuit.counts)):
                raise NoiseError(
                    f"the noise model {self.name} follows {', '.join(missing)}, which the circuit does not have: "
                    f"{occurring}"
                )
        if not self.is_identity and not self._changes(circuit):
            raise NoiseError(f"the noise model {self.name} inserts nothing into this circuit: {occurring}")
        readout = self._active_readout
        if readout is not None and len(readout.matrices) not in (1, circuit.n_qubits):
            raise OptionError(
                f"the readout error has matrices for {len(readout.matrices)} qubits, but the circuit has "
                f"{circuit.n_qubits}"
            )

    def _changes(self, circuit: Circuit) -> bool:
        rules, errors = self._active_rules, self._active_over_rotations
        return (
            self._active_readout is not None
            or any(rule.after(gate) for rule in rules for gate in circuit.gates)
            or any(error.on(gate) for error in errors for gate in circuit.gates)
        )
