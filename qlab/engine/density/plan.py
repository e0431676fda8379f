"""How expectation values of a noisy circuit are computed: what is done once for all samples, and what for each.

Everything behind the last gate that an input enters is executed backwards, on the observables: K vectors, whatever the
batch is. What is before it is a product state, or embedded amplitudes, or else is executed on the states of all
samples. Where there are more observables than samples, states are executed to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from qlab.circuits.observables import PauliWord
from qlab.engine.density.elements import Element, Matrix, elements_of
from qlab.engine.density.layout import Block, Layout, Order, cheapest
from qlab.engine.density.products import Products, light_cones
from qlab.engine.readings import readings_of
from qlab.noise.noisy import NoisyCircuit
from qlab.noise.readout import Readout

_BUILDING = 40  # bytes that an entry of a table takes while it is made
_SMALL = 6  # up to so many qubits, words that depend on different ones are executed together


@dataclass(frozen=True, eq=False)
class Prefix:
    """What acts on one qubit of a product state.

    Attributes:
        block: the elements.
        support: which of the qubit's four coefficients are not zero behind them whatever the angles are.
    """

    block: Block
    support: tuple[int, ...]

    @staticmethod
    def of(qubit: int, elements: Sequence[Element]) -> Prefix:
        """Return the prefix of a qubit that starts in |0>."""
        present = {0, 3}  # I and Z
        for element in elements:
            rows = np.abs(element.terms[:, :, sorted(present)]).max((0, 2))
            present = set(np.flatnonzero(rows).tolist())
        return Prefix(Block((qubit,), tuple(elements)), tuple(sorted(present)))

    @property
    def closing(self) -> Matrix:
        """The matrix (s, 4) from an observable's coefficients to those that the qubit's state can see."""
        found: Matrix = np.eye(4)[list(self.support)]
        return found


_ZERO = np.array([[1.0, 0.0, 0.0, 1.0]])  # the closing of a qubit in |0>


@dataclass(frozen=True, eq=False)
class Plan:
    """How some words are computed.

    Attributes:
        words: their places among all words.
        products: what is measured behind all layouts, with a column for each of ``qubits``.
        qubits: those that matter, rising.
        has_inputs: whether samples differ.
        amplitudes: whether states begin as amplitudes that are inputs.
        prefix: what begins product states, by qubit; those without inputs are left out.
        states: what is executed on states; None: nothing.
        observables: what is executed on observables; None: nothing, states are measured.
    """

    words: tuple[int, ...]
    products: Products
    qubits: Order
    has_inputs: bool
    amplitudes: bool
    prefix: dict[int, Prefix]
    states: Layout | None
    observables: Layout | None

    def needed_bytes(self, batch: int, dtype: torch.dtype, gradient: bool, device: torch.device) -> int:
        """Return about how much memory it takes, with a backward pass or without."""
        n_qubits, n_words = len(self.qubits), len(self.words)
        needed = 0
        for layout, rows in ((self.states, batch if self.has_inputs else 1), (self.observables, n_words)):
            if layout is not None:
                needed += layout.n_table_entries * (8 + dtype.itemsize)
                needed += max(
                    layout.rows(rows, dtype).working_bytes(gradient, device),
                    _BUILDING * (layout.n_table_entries > 0) * 4**n_qubits,
                )
        if self.observables is not None:
            needed += (1 + gradient) * n_words * dtype.itemsize * prod(self.observables.sizes.values())
        return needed


def plans_of(noisy: NoisyCircuit, words: Sequence[PauliWord], readout: Readout | None, batch: int) -> list[Plan]:
    """Return plans for words on the qubits of ``noisy.circuit``; together they have every word once.

    Words that depend on different qubits have different plans where there are many qubits: those that depend on few
    are quick then.
    """
    elements = elements_of(noisy)
    of_qubits = light_cones(elements, noisy.n_qubits)
    cones = [frozenset[int]().union(*(of_qubits[qubit] for qubit, _ in word.factors)) for word in words]
    everything = frozenset[int]().union(*cones)
    apart = len(everything) > _SMALL and not noisy.circuit.embeds_amplitudes
    groups: dict[frozenset[int], list[int]] = {}
    for place, cone in enumerate(cones):
        groups.setdefault(cone if apart else everything, []).append(place)
    return [_plan(noisy, elements, words, readout, tuple(places), batch) for places in groups.values()]


def _plan(
    noisy: NoisyCircuit,
    elements: Sequence[Element],
    words: Sequence[PauliWord],
    readout: Readout | None,
    places: tuple[int, ...],
    batch: int,
) -> Plan:
    chosen = tuple(words[place] for place in places)
    if readout is None:
        measured = Products.of(chosen, noisy.n_qubits)
    else:
        measured = Products.as_read(readings_of(readout, chosen), noisy.n_qubits)
    products, kept = measured.before(elements)
    amplitudes = noisy.circuit.embeds_amplitudes
    used = range(noisy.n_qubits) if amplitudes else products.qubits.union(*(element.qubits for element in kept))
    qubits = tuple(sorted(used)) or (0,)  # readings that tell nothing depend on no qubit
    early, late = _split(kept)
    has_inputs = amplitudes or bool(early)
    first = qubits if amplitudes else None
    prefix: dict[int, Prefix] = {}
    states = observables = None
    if len(places) > (batch if has_inputs else 1):
        states = cheapest(kept, qubits, first=first)
    else:
        closings, last = None, None
        if amplitudes and not early:
            last = qubits
        elif not amplitudes and all(len(element.qubits) == 1 for element in early):
            alone = {qubit: [e for e in early if e.qubits == (qubit,)] for qubit in qubits}
            prefix = {qubit: Prefix.of(qubit, chosen) for qubit, chosen in alone.items() if chosen}
            closings = {qubit: prefix[qubit].closing if qubit in prefix else _ZERO for qubit in qubits}
        else:
            states = cheapest(early, qubits, first=first)
            last = states.order
        observables = cheapest([element.transposed() for element in reversed(late)], qubits, closings, last=last)
    return Plan(places, products.on(qubits), qubits, has_inputs, amplitudes, prefix, states, observables)


def _split(elements: Sequence[Element]) -> tuple[list[Element], list[Element]]:
    """Return the elements that an input enters and those that must be executed before one of them, and the others."""
    early: list[Element] = []
    late: list[Element] = []
    waiting: set[int] = set()  # qubits on which an early one follows
    for element in reversed(elements):
        if element.has_input or not waiting.isdisjoint(element.qubits):
            early.append(element)
            waiting.update(element.qubits)
        else:
            late.append(element)
    return early[::-1], late[::-1]
