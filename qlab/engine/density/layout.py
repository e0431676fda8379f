"""Layers as steps on a vector, and the order of the qubits' digits between the steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import torch

from qlab.engine.density.elements import Element, Matrix, kron
from qlab.engine.density.layers import Blocks, Group, Layer, Network, layers_of
from qlab.engine.density.memory import Rows

Order = tuple[int, ...]

_FEW_TABLES, _TABLE_ENTRIES = 3, 1 << 22  # tables may have so many entries as few vectors, or so many all together
_LOOK_UP, _REORDER = 3.0, 0.7  # time of a table and of a change of order in that of a matrix on two qubits, measured


@dataclass(frozen=True, eq=False)
class Block:
    """A matrix on one qubit or on two.

    Attributes:
        qubits: in the order of their digits in the vector.
        elements: first executed first.
        closing: (d, 4^m), a constant matrix behind them; None where there is none.
    """

    qubits: Order
    elements: tuple[Element, ...]
    closing: Matrix | None = None

    @property
    def has_input(self) -> bool:
        """Whether it differs from sample to sample."""
        return any(element.has_input for element in self.elements)

    @property
    def n_rows(self) -> int:
        """How many numbers it leaves of 4^m."""
        return int(4 ** len(self.qubits) if self.closing is None else len(self.closing))


@dataclass(frozen=True, eq=False)
class Multiply:
    """The vector as (before, 4^m, after) numbers becomes block times vector."""

    block: Block
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class LookUp:
    """A network, as a table."""

    elements: tuple[Element, ...]
    before: Order
    after: Order

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal tables."""
        matrices = tuple((element.qubits, element.terms[0].tobytes()) for element in self.elements)
        return self.before, self.after, matrices


@dataclass(frozen=True)
class Reorder:
    """The digits change their order."""

    before: Order
    after: Order


Step = Multiply | LookUp | Reorder


@dataclass
class Layout:
    """Steps that do the same as elements.

    Attributes:
        starts: what acts on each qubit's start; qubits without are left out.
        first: the order of the vector at the start.
        steps: executed in order.
        order: the order of the vector behind the steps.
        sizes: of each qubit, how many numbers are left: 4, or what ``closings`` leave.
    """

    starts: dict[int, Block]
    first: Order
    order: Order
    sizes: dict[int, int]
    steps: list[Step] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """Return what it takes, in units of one matrix on two qubits."""
        costs = {Multiply: 1.0, LookUp: _LOOK_UP, Reorder: _REORDER}
        return sum(costs[type(step)] for step in self.steps)

    def rows(self, count: int, dtype: torch.dtype) -> Rows:
        """Return what so many vectors take; each has matrices of its own, and what they are made of."""
        blocks = [*self.starts.values(), *(step.block for step in self.steps if isinstance(step, Multiply))]
        own = [(1 + len(block.elements)) * 16 ** len(block.qubits) for block in blocks if block.has_input]
        return Rows(count, dtype.itemsize * 4 ** len(self.first), dtype.itemsize * int(sum(own)), len(self.steps))

    @property
    def n_table_entries(self) -> int:
        """How many entries all its tables have."""
        return int(4 ** len(self.first) * len({step.key for step in self.steps if isinstance(step, LookUp)}))


def lay_out(
    elements: Sequence[Element],
    qubits: Sequence[int],
    closings: Mapping[int, Matrix] | None = None,
    first: Order | None = None,
    last: Order | None = None,
    networks: bool = True,
) -> Layout:
    """Return steps for elements on ``qubits``.

    Args:
        elements: first executed first.
        qubits: all qubits that the vector has, rising.
        closings: for each qubit a matrix (s, 4) to end with; None where there are none.
        first: the order of the vector at the start; None where it is a product of vectors of one qubit each.
        last: the order to end in; None for any.
        networks: whether tables may be used.
    """
    start, layers = layers_of(elements, max(qubits) + 1, networks)
    if first is not None:
        start, layers = Blocks(), [start, *layers] if start.groups else layers
    closings = closings or {}
    closed = _closed(start, layers, closings)
    of_starts = closings if closed is start else {}
    starts = {group.qubits[0]: _block(group.qubits, [group], of_starts) for group in start.distinct()}
    line = _line(qubits, layers)
    if first is None:
        first = _arranged(line, layers[0]) if layers else tuple(last or qubits)
    sizes = {qubit: starts[qubit].n_rows if closed is start else 4 for qubit in qubits}
    found = Layout(starts, first, first, sizes)
    for place, layer in enumerate(layers):
        if isinstance(layer, Network):
            following = layers[place + 1] if place + 1 < len(layers) else None
            after = _arranged(line, following) if following or not last else last
            found.steps.append(LookUp(tuple(layer.elements), found.order, after))
            found.order = after
        else:
            _multiply(found, layer, line, closings if layer is closed else {})
    if last and found.order != last:
        found.steps.append(Reorder(found.order, last))
        found.order = last
    return found


def cheapest(
    elements: Sequence[Element],
    qubits: Sequence[int],
    closings: Mapping[int, Matrix] | None = None,
    first: Order | None = None,
    last: Order | None = None,
) -> Layout:
    """Return the layout that costs less, with networks or without; see ``lay_out``."""
    with_tables = lay_out(elements, qubits, closings, first, last)
    without = lay_out(elements, qubits, closings, first, last, networks=False)
    few = with_tables.n_table_entries <= max(_FEW_TABLES * 4 ** len(qubits), _TABLE_ENTRIES)
    return with_tables if few and with_tables.cost <= without.cost else without


def _closed(start: Blocks, layers: list[Layer], closings: Mapping[int, Matrix]) -> Blocks | None:
    """Return the layer that closings end, with a group on each of their qubits; None where there are no closings."""
    if not closings:
        return None
    if layers and not isinstance(layers[-1], Blocks):
        layers.append(Blocks())
    ending = layers[-1] if layers else start
    assert isinstance(ending, Blocks)
    for qubit in closings:
        ending.groups.setdefault(qubit, Group((qubit,)))
    return ending


def _multiply(found: Layout, layer: Blocks, line: Order, closings: Mapping[int, Matrix]) -> None:
    """Append the steps of a layer of blocks."""
    groups = layer.distinct()
    place = {qubit: at for at, qubit in enumerate(found.order)}
    if any(abs(place[group.qubits[0]] - place[group.qubits[-1]]) > 1 for group in groups):
        arranged = _arranged(line, layer)
        found.steps.append(Reorder(found.order, arranged))
        found.order = arranged
    for qubits, members in reversed(_units(found.order, layer)):
        block = _block(qubits, members, closings)
        left, right = found.order.index(qubits[0]), found.order.index(qubits[-1])
        before = prod(found.sizes[qubit] for qubit in found.order[:left])
        after = prod(found.sizes[qubit] for qubit in found.order[right + 1 :])
        found.steps.append(Multiply(block, before, after))
        found.sizes |= {qubit: len(closings[qubit]) for qubit in qubits if qubit in closings}


def _units(order: Order, layer: Blocks) -> list[tuple[Order, list[Group]]]:
    """Return what is multiplied at once, from the left: pairs, neighbours that are alone two by two, single ones."""
    units: list[tuple[Order, list[Group]]] = []
    rest = list(order)
    while rest:
        right = rest.pop()
        group = layer.groups.get(right)
        if group is None:
            continue
        left = layer.groups.get(rest[-1]) if rest else None
        if left is group:
            units.append(((rest.pop(), right), [group]))
        elif left is not None and len(left.qubits) == len(group.qubits) == 1:
            units.append(((rest.pop(), right), [left, group]))
        else:
            units.append(((right,), [group]))
    return units[::-1]


def _line(qubits: Iterable[int], layers: Iterable[Layer]) -> Order:
    """Return an order in which as many pairs as possible are neighbours, those first that occur most."""
    counts = Counter(
        group.qubits
        for layer in layers
        if isinstance(layer, Blocks)
        for group in layer.distinct()
        if len(group.qubits) == 2
    )
    piece = {qubit: [qubit] for qubit in qubits}  # the part of the line that a qubit is in
    for (one, other), _ in counts.most_common():
        left, right = piece[one], piece[other]
        if left is right or one not in (left[0], left[-1]) or other not in (right[0], right[-1]):
            continue
        joined = (left if left[-1] == one else left[::-1]) + (right if right[0] == other else right[::-1])
        piece |= dict.fromkeys(joined, joined)
    return tuple(qubit for part in {id(part): part for part in piece.values()}.values() for qubit in part)


def _arranged(line: Iterable[int], layer: Layer | None) -> Order:
    """Return the order of a line, but with the second of each pair of a layer next to the first."""
    order: list[int] = []
    for qubit in line:
        group = layer.groups.get(qubit) if isinstance(layer, Blocks) else None
        partner = [q for q in group.qubits if q != qubit] if group else []
        order += [q for q in (qubit, *partner) if q not in order]
    return tuple(order)


def _block(qubits: Order, groups: Sequence[Group], closings: Mapping[int, Matrix]) -> Block:
    elements = tuple(element for group in groups for element in group.elements)
    if not any(qubit in closings for qubit in qubits):
        return Block(qubits, elements)
    closing = closings[qubits[0]]
    for qubit in qubits[1:]:
        closing = kron(closing, closings[qubit])
    return Block(qubits, elements, closing)
