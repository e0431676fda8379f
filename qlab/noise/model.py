"""A noise model: which channel follows which gate, and how qubits are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from qlab.circuits.circuit import AMPLITUDE, Circuit
from qlab.circuits.gate import Gate
from qlab.errors import NoiseError
from qlab.noise.channel import Channel
from qlab.noise.noisy import Located, NoisyCircuit
from qlab.noise.readout import Readout


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
        places = range(len(gate.qubits)) if self.at is None else self.at
        return [Located(self.channel, (gate.qubits[place],)) for place in places]


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
    """

    name: str
    rules: tuple[Rule, ...] = ()
    over_rotations: tuple[OverRotation, ...] = ()
    readout: Readout | None = None

    @staticmethod
    def composed(name: str, models: Iterable[NoiseModel]) -> NoiseModel:
        """Return the models one after the other; readout errors are applied one after the other too."""
        parts = list(models)
        readouts = [part.readout for part in parts if part.readout is not None]
        readout = readouts[0] if readouts else None
        for later in readouts[1:]:
            assert readout is not None
            readout = Readout(later.matrices @ readout.matrices)
        return NoiseModel(
            name,
            tuple(rule for part in parts for rule in part.rules),
            tuple(error for part in parts for error in part.over_rotations),
            readout,
        )

    @property
    def is_identity(self) -> bool:
        """Whether it is without effect on any circuit: all strengths are zero."""
        return (
            all(rule.channel.is_identity for rule in self.rules)
            and all(error.fraction == 0 for error in self.over_rotations)
            and (self.readout is None or self.readout.is_identity)
        )

    def insert(self, circuit: Circuit) -> NoisyCircuit:
        """Return ``circuit`` with the noise in it, and with the count of what was inserted.

        Channels that do nothing are not inserted. An amplitude embedding is a preparation, not a gate: nothing follows
        it.

        Raises:
            NoiseError: a rule names gates that do not occur, or the model is not zero but inserts nothing.
        """
        self._check_names(circuit)
        gates: list[Gate] = []
        channels: list[tuple[Located, ...]] = []
        counts: Counter[str] = Counter()
        for gate in circuit.gates:
            turned = gate
            for error in self.over_rotations:
                found = error.on(turned) if error.fraction else None
                if found is not None:
                    turned, counts["over_rotation"] = found, counts["over_rotation"] + 1
            after = [item for rule in self.rules if not rule.channel.is_identity for item in rule.after(gate)]
            counts.update(item.channel.name for item in after)
            gates.append(turned)
            channels.append(tuple(after))
        readout = None if self.readout is None or self.readout.is_identity else self.readout
        if readout is not None:
            counts["readout"] += circuit.n_qubits
        if not counts and not self.is_identity:
            raise NoiseError(f"the noise model {self.name} inserts nothing into this circuit: {_occurring(circuit)}")
        noisy = Circuit(circuit.n_qubits, gates)
        return NoisyCircuit(noisy, tuple(channels), readout, dict(sorted(counts.items())))

    def _check_names(self, circuit: Circuit) -> None:
        named = [rule.gates for rule in self.rules] + [error.gates for error in self.over_rotations]
        for names in named:
            if names and not names & set(circuit.counts):
                raise NoiseError(
                    f"the noise model {self.name} follows {', '.join(sorted(names))}, which the circuit does not "
                    f"have: {_occurring(circuit)}"
                )


def _occurring(circuit: Circuit) -> str:
    return f"its gates are {', '.join(sorted(circuit.counts))}"
