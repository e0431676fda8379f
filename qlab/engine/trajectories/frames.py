"""Pauli errors as inputs of a circuit.

An error moves through Clifford gates to the end, where it flips signs of what is measured, or to a gate that is none.
There it is executed: RX(pi b), RZ(pi b) with a bit b that is an input. So one circuit executes all trajectories, its
gates merge with the rotations that they stand in front of, and gradients need nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import product
from math import pi
from operator import or_, xor

from qlab.circuits.circuit import AMPLITUDE, Circuit
from qlab.circuits.gate import Gate
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input
from qlab.engine.pruning import prune
from qlab.engine.trajectories.conjugation import images
from qlab.engine.trajectories.events import Events
from qlab.engine.trajectories.merging import PauliError, merged_steps
from qlab.noise.noisy import NoisyCircuit

_NEGLIGIBLE = 1e-15  # probability that rounding alone has made
Executed = tuple[int, int, int]  # qubit, bit of its X and bit of its Z


@dataclass(frozen=True, eq=False)
class Frames:
    """A noisy circuit for trajectories, and for the words to be measured.

    Attributes:
        circuit: the gates, and those that execute errors; its first inputs are those of the noisy circuit.
        events: the errors. The first of their bits flip the signs of the words, the others are the further inputs.
    """

    circuit: Circuit
    events: Events


@lru_cache(maxsize=32)
def frames(noisy: NoisyCircuit, words: tuple[PauliWord, ...]) -> Frames:
    """Return the frames of a circuit whose channels all are mixtures of Paulis."""
    backward = _Backward(noisy.n_qubits, words)
    for step in reversed(merged_steps(noisy)):
        backward.error(step) if isinstance(step, PauliError) else backward.gate(step)
    flipped = reduce(or_, (event for place in backward.places for event in place), 0)
    circuit, inputs = backward.circuit(noisy.circuit, flipped)
    seen = flipped & (_seen(circuit, inputs, words) | (1 << len(words)) - 1)
    circuit, inputs = backward.circuit(noisy.circuit, seen)
    places = [_masked(place, seen) for place in backward.places]
    numbers = {1 << word: 1 << word for word in range(len(words))}
    numbers |= {1 << bit: 1 << len(words) + place for place, bit in enumerate(inputs)}
    renumbered = [{_renumbered(event, numbers): p for event, p in place.items()} for place in places if place]
    return Frames(circuit, Events(renumbered, len(words) + len(inputs)))


class _Backward:
    """Goes from the end of a circuit to its beginning, and knows for X and Z of each qubit which bits they flip.

    Sets of bits are numbers. The first bits are the words.
    """

    def __init__(self, n_qubits: int, words: tuple[PauliWord, ...]) -> None:
        self._n_qubits, self._n_bits = n_qubits, len(words)
        self._flips = [[0, 0] for _ in range(n_qubits)]  # by X, by Z
        for place, word in enumerate(words):
            for qubit, letter in word.factors:
                self._flips[qubit][0] |= (letter != "X") << place
                self._flips[qubit][1] |= (letter != "Z") << place
        self._gates: list[tuple[list[Executed], Gate]] = []  # last executed first; what is executed before a gate
        self.places: list[dict[int, float]] = []

    def error(self, error: PauliError) -> None:
        """Note what the Paulis of an error flip."""
        place: dict[int, float] = {}
        letters = product(range(4), repeat=len(error.qubits))
        for word, probability in zip(letters, error.probabilities.tolist(), strict=True):
            if probability > _NEGLIGIBLE:
                event = reduce(xor, (self._flipped(q, k) for q, k in zip(error.qubits, word, strict=True)))
                place[event] = place.get(event, 0.0) + probability
        self.places.append(place)

    def _flipped(self, qubit: int, letter: int) -> int:
        by_x, by_z = self._flips[qubit]
        return (0, by_x, by_x ^ by_z, by_z)[letter]

    def gate(self, gate: Gate) -> None:
        """Go to the front of a gate; errors that do not pass it as Paulis are executed in front of it."""
        if gate.name == AMPLITUDE:
            self._gates.append(([], gate))
            return
        new = []
        executed = []
        for image in images(gate):
            if image is None:
                new.append(1 << self._n_bits)
                executed.append(new[-1])
                self._n_bits += 1
                continue
            xs, zs = image
            parts = [self._flips[gate.qubits[place]][0] for place in xs]
            parts += [self._flips[gate.qubits[place]][1] for place in zs]
            new.append(reduce(xor, parts))
            executed.append(0)
        pairs = zip(gate.qubits, executed[::2], executed[1::2], strict=True)
        self._gates.append(([(qubit, x, z) for qubit, x, z in pairs if x or z], gate))
        for place, qubit in enumerate(gate.qubits):
            self._flips[qubit] = new[2 * place : 2 * place + 2]

    def circuit(self, circuit: Circuit, bits: int) -> tuple[Circuit, list[int]]:
        """Return the circuit that executes these bits as its inputs, and the numbers of the bits in their order."""
        inputs: list[int] = []
        gates: list[Gate] = []

        def bit(number: int) -> Input:
            inputs.append(number.bit_length() - 1)
            return Input(circuit.n_inputs + len(inputs) - 1, scale=pi)

        for executed, gate in reversed(self._gates):
            for qubit, x, z in executed:
                if x & bits:
                    gates.append(Gate("RX", (qubit,), (bit(x),)))
                if z & bits:
                    turn = bit(z)
                    # next to a diagonal gate RZ would become one, different for each trajectory: twice X does not
                    names = ("RZ",) if x & bits else ("RX", "RY")
                    gates += [Gate(name, (qubit,), (turn,)) for name in names]
            gates.append(gate)
        return Circuit(circuit.n_qubits, gates), inputs


def _seen(circuit: Circuit, inputs: list[int], words: tuple[PauliWord, ...]) -> int:
    """Return the bits whose gates some word depends on."""
    parts, _ = prune(circuit, words)
    used = {index for _, slot in parts if isinstance(slot, Input) for index in slot.indices}
    first = circuit.n_inputs - len(inputs)
    return reduce(or_, (1 << bit for place, bit in enumerate(inputs) if first + place in used), 0)


def _masked(place: Mapping[int, float], seen: int) -> dict[int, float]:
    """Return the events of a place that flip anything that is seen."""
    found: dict[int, float] = {}
    for event, probability in place.items():
        if event & seen:
            found[event & seen] = found.get(event & seen, 0.0) + probability
    return found


def _renumbered(event: int, numbers: Mapping[int, int]) -> int:
    return reduce(or_, (numbers[bit] for bit in _bits(event)), 0)


def _bits(number: int) -> Iterator[int]:
    while number:
        yield number & -number
        number &= number - 1
