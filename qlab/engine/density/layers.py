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
        merged = self.elements[-1].then(element) if self.elements else None
        if merged is not None:
            self.elements.pop()
            self.add(merged)  # which may be one matrix with what is before it
        else:
            self.elements.append(element)


@dataclass
class Blocks:
    """Groups on different qubits."""

    groups: dict[int, Group] = field(default_factory=dict)  # by each of their qubits

    def takes(self, pair: tuple[int, ...]) -> bool:
        """Return whether two qubits are in one group, or can be: each alone or not in the layer."""
        return all(set(self.groups[qubit].qubits) <= set(pair) for qubit in pair if qubit in self.groups)

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
    """Elements whose matrices are monomial, first executed first."""

    elements: list[Element] = field(default_factory=list)

    def add(self, element: Element) -> None:
        """Append an element."""
        self.elements.append(element)


Layer = Blocks | Network


def layers_of(elements: Sequence[Element], n_qubits: int, networks: bool) -> tuple[Blocks, list[Layer]]:
    """Return what acts on each qubit's start, and the layers behind it.

    Where ``networks`` are not wanted, all layers are blocks.
    """
    layers: list[Layer] = [Blocks()]
    last = [0] * n_qubits  # the layer that touched each qubit last
    for element in elements:
        earliest = max(last[qubit] for qubit in element.qubits)
        place = _place(layers, element, earliest, networks)
        if place == len(layers):
            layers.append(Network() if _in_network(element, networks) else Blocks())
        layers[place].add(element)
        for qubit in element.qubits:
            last[qubit] = place
    assert isinstance(layers[0], Blocks)
    return layers[0], layers[1:]


def _place(layers: Sequence[Layer], element: Element, earliest: int, networks: bool) -> int:
    """Return the number of the layer for an element, one more than there are for a new one."""
    pair = len(element.qubits) == 2
    in_network = _in_network(element, networks)
    for place in range(earliest, len(layers)):
        layer = layers[place]
        if isinstance(layer, Network):
            if in_network or (not pair and place == earliest and Monomial.of(element) is not None):
                return place
        elif pair and (place == 0 or not layer.takes(element.qubits)):
            continue
        elif not in_network or _together(layer, element):
            return place
    return len(layers)


def _in_network(element: Element, networks: bool) -> bool:
    return networks and len(element.qubits) == 2 and Monomial.of(element) is not None


def _together(layer: Blocks, element: Element) -> bool:
    """Return whether the qubits of an element are in one group already, which it can join at no cost."""
    group = layer.groups.get(element.qubits[0])
    return group is not None and set(element.qubits) <= set(group.qubits)
