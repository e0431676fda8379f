"""Elements collected into layers, first come first served.

    Blocks   matrices on one qubit or on two, on different qubits
    Network  a table of Pauli products

Elements of one qubit at the beginning are in neither: they act on what the vector starts as, qubit by qubit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qlab.engine.density.elements import Element
from qlab.engine.density.networks import Monomial


@dataclass
class Group:
    """Elements on one qubit, or on two, first executed first; neighbours that are one matrix are merged."""

    qubits: tuple[int, ...]
    elements: list[Element] = field(default_factory=list)

    def add(self, element: Element) -> None:
        """Append an element."""
        _append(self.elements, element)


@dataclass
class Blocks:
    """Groups on different qubits."""

    groups: dict[int, Group] = field(default_factory=dict)  # by each of their qubits

    def takes(self, pair: tuple[int, ...]) -> bool:
        """Return whether two qubits are in one group, or can be: each alone or not in the layer."""
        return all(set(self.groups[qubit].qubits) <= set(pair) for qubit in pair if qubit in self.groups)

    def together(self, pair: tuple[int, ...]) -> bool:
        """Return whether two qubits are in one group."""
        return pair[0] in self.groups and set(pair) <= set(self.groups[pair[0]].qubits)

    def add(self, element: Element) -> None:
        """Append an element on qubits that it takes."""
        known = self.groups.get(element.qubits[0])
        if known is None or not set(element.qubits) <= set(known.qubits):
            joined = Group(element.qubits)
            for group in [self.groups[qubit] for qubit in element.qubits if qubit in self.groups]:
                for earlier in group.elements:
                    joined.add(earlier)
            self.groups |= dict.fromkeys(element.qubits, joined)
        self.groups[element.qubits[0]].add(element)

    def distinct(self) -> list[Group]:
        """Return the groups."""
        return list({id(group): group for group in self.groups.values()}.values())


@dataclass
class Network:
    """Elements whose matrices are monomial, first executed first; neighbours that are one matrix are merged."""

    elements: list[Element] = field(default_factory=list)

    def add(self, element: Element) -> None:
        """Append an element."""
        _append(self.elements, element)


Layer = Blocks | Network


def layers_of(elements: Sequence[Element], n_qubits: int, networks: bool) -> tuple[Blocks, list[Layer]]:
    """Return what acts on each qubit's start, and the layers behind it.

    Where ``networks`` are not wanted, all layers are blocks.
    """
    layers: list[Layer] = [Blocks()]
    last = [0] * n_qubits  # the layer that touched each qubit last
    waiting: list[list[Element]] = [[] for _ in range(n_qubits)]  # elements on one qubit since then

    def put(members: Sequence[Element], in_network: bool) -> None:
        qubits = members[0].qubits
        place = _place(layers, qubits, max(last[qubit] for qubit in qubits), in_network)
        if place == len(layers):
            layers.append(Network() if in_network else Blocks())
        for element in members:
            layers[place].add(element)
        for qubit in qubits:
            last[qubit] = place

    def put_waiting(qubit: int) -> None:
        if waiting[qubit]:
            put(waiting[qubit], all(Monomial.of(element) is not None for element in waiting[qubit]))
            waiting[qubit] = []

    for element in elements:
        if len(element.qubits) == 1:
            waiting[element.qubits[0]].append(element)
            continue
        for qubit in element.qubits:
            put_waiting(qubit)
        put([element], networks and Monomial.of(element) is not None)
    for qubit in range(n_qubits):
        put_waiting(qubit)
    assert isinstance(layers[0], Blocks)
    return layers[0], layers[1:]


def _place(layers: Sequence[Layer], qubits: tuple[int, ...], earliest: int, in_network: bool) -> int:
    """Return the number of the layer for elements on these qubits, one more than there are for a new one.

    What can be in a network goes to the nearest one, or to a group that it costs nothing in.
    """
    for place in range(earliest, len(layers)):
        layer = layers[place]
        if isinstance(layer, Network):
            if in_network and (len(qubits) == 2 or place == earliest):
                return place
        elif len(qubits) == 1:
            return place
        elif in_network:
            if layer.together(qubits):
                return place
        elif place > 0 and layer.takes(qubits):
            return place
    return len(layers)


def _append(elements: list[Element], element: Element) -> None:
    """Append an element, as one with what is before it where both are one matrix."""
    merged = elements[-1].then(element) if elements else None
    if merged is None:
        elements.append(element)
    else:
        elements.pop()
        _append(elements, merged)  # which may be one matrix with what is before it
