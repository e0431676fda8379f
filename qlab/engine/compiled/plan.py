"""A circuit's program as stages: an entangler, then merged rotations.

Networks of CNOT and SWAP and the diagonal gates around them are one entangler: a phase in front of such a network is
one behind it with other masks. Diagonal gates in front of a Toffoli gate need an entangler of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike, NDArray

from qlab.circuits.circuit import Circuit
from qlab.circuits.gates import CNOT_TABLE, SWAP_TABLE, Permutation
from qlab.circuits.observables import PauliWord
from qlab.circuits.slots import Input, Slot, Weight
from qlab.engine.angles import Register
from qlab.engine.bits import destinations, mask_of, signs
from qlab.engine.compiled.tables import Angles, Stages, Steps, Words
from qlab.engine.program import PermutationLayer, PhaseLayer, Program, RotationLayer, Run, compile_program
from qlab.engine.pruning import Word

BLOCK_ROWS = 64  # that many are measured in the state's precision before the sum goes on in double precision


@dataclass
class Stage:
    """An entangler and the rotations behind it.

    Attributes:
        network: permutations, first executed first.
        phases: (mask, slot) pairs behind the network.
        shared: for each bit the run of its rotation, where samples share it.
        own: for each bit the number of its rotation, where samples differ.
    """

    network: list[Permutation] = field(default_factory=list)
    phases: list[tuple[int, Slot]] = field(default_factory=list)
    shared: dict[int, int] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)

    @property
    def rotates(self) -> bool:
        """Whether it has rotations."""
        return bool(self.shared or self.own)


class Plan:
    """What the kernels need to know about a circuit and its observables, in one precision.

    Attributes:
        n_qubits: of the state.
        embeds_amplitudes: whether the first inputs are the amplitudes of the first state.
        stages: in order.
        start_has_weights: whether a weight turns the product state at the start.
        angles: tables, as ``stage_tables``.
    """

    def __init__(self, circuit: Circuit, observables: tuple[PauliWord, ...], dtype: DTypeLike) -> None:
        program = compile_program(circuit, observables)
        self.n_qubits, self.n_words = circuit.n_qubits, len(observables)
        self.embeds_amplitudes = program.start is None
        register = Register()
        start = [] if program.start is None else _start(program.start, self.n_qubits, register)
        self.start_has_weights = any(isinstance(slot, Weight) for run in start for _, slot in run)
        self.stages = _stages(program, register)
        if self.stages and self.stages[-1].shared and any(word.x for word in program.words):
            self.stages.append(Stage())  # for the RZ that are left over: Z words do not see them, others do
        self.angles = _angles(register)
        self.stage_tables = _stage_tables(self.stages, self.n_qubits, len(register.own_rotations), dtype)
        self._words, self._dtype = program.words, dtype

    def floor(self, by_inputs: bool, by_weights: bool) -> tuple[int, int, int, int]:
        """Return how far back a gradient by inputs, by weights or by both needs the states.

        Returns:
            The first stage to visit, the first whose rotations are undone, the first whose entangler is, and the first
            of the merged rotations that differ from sample to sample whose gradient is wanted. That the third is 0
            means that the gradient by the first state is wanted.
        """
        own = 0 if self.embeds_amplitudes else self.n_qubits
        if by_inputs or self.start_has_weights:
            return 0, 0, 0, 0
        for s, stage in enumerate(self.stages):
            if any(isinstance(slot, Weight) for _, slot in stage.phases):
                return s, s, s + 1, own
            if stage.rotates:
                return s, s + 1, s + 1, own
        return len(self.stages), len(self.stages), max(1, len(self.stages)), own

    def steps(self, tile_bits: int) -> tuple[Steps, Words]:
        """Return how the stages are cut into tiles of at most 2^tile_bits rows, and what is measured behind them."""
        bounds = np.linspace(0, self.n_qubits, -(-self.n_qubits // tile_bits) + 1).round().astype(int).tolist()
        segments: list[list[int]] = []
        operations: list[list[int]] = []
        places = [list(range(self.n_qubits))]
        numbers = _numbering(self.stages)
        for s, stage in enumerate(self.stages):
            entangle = 1
            for low, high in reversed(list(pairwise(bounds))):
                marks = [len(operations)]
                for size in (3, 2):
                    operations += _operations(stage, numbers[s], len(self.stage_tables.rotations), low, high, size)
                    marks.append(len(operations))
                if len(operations) > marks[0] or (entangle and low == 0):
                    segments.append([s, entangle, low, high - low, *marks, 0])
                    entangle = 0
            # behind the last stage there are only Z words: lambda is psi times a real number, and <Z> vanishes
            segments[-1][-1] = int(bool(stage.shared) and s < len(self.stages) - 1)
            places.append(_stored_bits(self.n_qubits, segments[-1][2], segments[-1][3]))
        steps = Steps(_integers(segments, 8), _integers(operations, 5), _integers(places[1:], self.n_qubits))
        return steps, _words([_stored(word, places[-1]) for word in self._words], self.n_qubits, self._dtype)


def _start(layer: RotationLayer, n_qubits: int, register: Register) -> list[Run]:
    """Register the rotations of |0...0> as the first n of those that differ from sample to sample, by rising bit."""
    runs = [layer.runs.get(n_qubits - 1 - bit, []) for bit in range(n_qubits)]
    for run in runs:
        register.own_run(run)
    return runs


def _stages(program: Program, register: Register) -> list[Stage]:
    stages: list[Stage] = []
    for layer in program.layers:
        if not stages or stages[-1].rotates or _is_closed(stages[-1], layer):
            stages.append(Stage())
        stage = stages[-1]
        if isinstance(layer, PermutationLayer):
            for part in layer.parts:
                stage.network.append(part)
                stage.phases = [(_behind(part, mask, program.n_qubits), slot) for mask, slot in stage.phases]
        elif isinstance(layer, PhaseLayer):
            stage.phases += [*layer.shared, *layer.per_sample]
        else:
            for qubit, run in layer.runs.items():
                bit = program.n_qubits - 1 - qubit
                if any(isinstance(slot, Input) for _, slot in run):
                    stage.own[bit] = register.own_run(run)
                else:
                    stage.shared[bit] = register.shared_run(run)
    for stage in stages:
        stage.phases.sort(key=lambda item: item[0])
        register.own_phase_slice([slot for _, slot in stage.phases if isinstance(slot, Input)])
    return stages


def _is_closed(stage: Stage, layer: object) -> bool:
    """Return whether the stage's phases cannot be moved behind a layer's permutations."""
    moves = layer.parts if isinstance(layer, PermutationLayer) else []
    return bool(stage.phases) and any(part.table not in (CNOT_TABLE, SWAP_TABLE) for part in moves)


def _behind(part: Permutation, mask: int, n_qubits: int) -> int:
    """Return the mask of a product of Z behind a CNOT or SWAP that is ``mask`` in front of it."""
    if part.table not in (CNOT_TABLE, SWAP_TABLE):
        return mask
    first, second = (mask_of([qubit], n_qubits) for qubit in part.qubits)
    if part.table == CNOT_TABLE:
        return mask ^ first if mask & second else mask
    return mask ^ (first | second) if bool(mask & first) != bool(mask & second) else mask


def _numbering(stages: Sequence[Stage]) -> list[dict[int, int]]:
    """Return for each stage and bit the number of the shared rotation."""
    numbers: list[dict[int, int]] = []
    count = 0
    for stage in stages:
        numbers.append({bit: count + place for place, bit in enumerate(sorted(stage.shared))})
        count += len(stage.shared)
    return numbers


def _operations(
    stage: Stage, numbers: dict[int, int], identity: int, low: int, high: int, size: int
) -> list[list[int]]:
    """Return the operations on a tile with bits ``low`` to ``high`` - 1, up to ``size`` shared rotations at once."""
    found = []
    for first in range(low, high, size):
        count = min(size, high - first)
        group = [numbers.get(bit, identity) for bit in range(first, first + count)]
        if any(number != identity for number in group):
            found.append([count, first - low, *group, *[identity] * (3 - count)])
    found += [[0, bit - low, number, 0, 0] for bit, number in sorted(stage.own.items()) if low <= bit < high]
    return found


def _angles(register: Register) -> Angles:
    slots: list[Input] = [*(slot for _, slot in register.own_rotations), *register.own_phases]
    runs = [(run[0], run[-1] + 1) if run else (0, 0) for run in register.runs]
    return Angles(
        axes=_floats([axis for axis, _ in register.rotations], 3),
        weights=_flat([slot.index if isinstance(slot, Weight) else -1 for _, slot in register.rotations]),
        scales=_flat_floats([_scale(slot) for _, slot in register.rotations]),
        runs=_integers(runs, 2),
        own_axes=_floats([axis for axis, _ in register.own_rotations], 3),
        slot_scales=_flat_floats([slot.scale for slot in slots]),
        slot_starts=_starts([len(slot.indices) for slot in slots]),
        slot_inputs=_flat([index for slot in slots for index in slot.indices]),
        lane_starts=_starts([len(pieces) for pieces in register.own_runs]),
        pieces=_integers([(int(shared), number) for pieces in register.own_runs for shared, number in pieces], 2),
    )


def _scale(slot: Slot) -> float:
    return slot if isinstance(slot, float) else slot.scale


def _stage_tables(stages: Sequence[Stage], n_qubits: int, first_phase: int, dtype: DTypeLike) -> Stages:
    rotations = [(s, bit, stage.shared[bit]) for s, stage in enumerate(stages) for bit in sorted(stage.shared)]
    terms = [
        (s, mask, slot.index, slot.scale)
        for s, stage in enumerate(stages)
        for mask, slot in stage.phases
        if isinstance(slot, Weight)
    ]
    own = [[mask for mask, slot in stage.phases if isinstance(slot, Input)] for stage in stages]
    masks = [mask for part in own for mask in part]
    networks = dict.fromkeys(tuple(stage.network) for stage in stages)
    places = {network: place for place, network in enumerate(networks)}
    targets = [destinations(network, n_qubits) for network in networks]
    fixed = [tuple((mask, slot) for mask, slot in stage.phases if isinstance(slot, float)) for stage in stages]
    constants = {key: place for place, key in enumerate(dict.fromkeys(key for key in fixed if key))}
    return Stages(
        rotations=_integers(rotations, 3),
        terms=_integers([term[:3] for term in terms], 3),
        term_scales=_flat_floats([term[3] for term in terms]),
        network_of=_flat([places[tuple(stage.network)] for stage in stages]),
        sources=_stacked([np.argsort(target) for target in targets], (1 << n_qubits,), np.uint32),
        targets=_stacked(targets, (1 << n_qubits,), np.uint32),
        constant_of=_flat([constants.get(key, -1) for key in fixed]),
        constants=_stacked([_phase_table(key, n_qubits) for key in constants], (1 << n_qubits, 2), dtype),
        own_starts=_starts([len(part) for part in own]),
        own_terms=_integers([(mask, first_phase + place) for place, mask in enumerate(masks)], 2),
    )


def _phase_table(terms: tuple[tuple[int, float], ...], n_qubits: int) -> NDArray[np.float64]:
    angles = np.zeros(1 << n_qubits)
    for mask, angle in terms:
        odd = np.bitwise_count(np.arange(1 << n_qubits, dtype=np.uint64) & np.uint64(mask)) & 1
        angles += np.where(odd, -angle, angle)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _stored_bits(n_bits: int, low: int, bits: int) -> list[int]:
    """Return where ``moves.stored_row`` puts each bit of a basis state."""
    return [bit - low if low <= bit < low + bits else bit + bits if bit < low else bit for bit in range(n_bits)]


def _stored(word: Word, places: Sequence[int]) -> Word:
    """Return a word on stored rows."""
    x, z = (sum(1 << place for bit, place in enumerate(places) if mask >> bit & 1) for mask in (word.x, word.z))
    return Word(x, z, word.sign)


def _words(words: Sequence[Word], n_qubits: int, dtype: DTypeLike) -> Words:
    """Sort words by what they flip and whether they have an odd number of Y factors."""
    keys = [(word.x, (word.x & word.z).bit_count() % 2) for word in words]
    order = sorted(range(len(words)), key=lambda k: keys[k])
    distinct = sorted(set(keys))
    ends = np.cumsum([keys.count(key) for key in distinct]).tolist()
    # i^y is 1, i, -1, -i; the real part of i c is minus the imaginary part of c
    left = [(1, -1, -1, 1)[(word.x & word.z).bit_count() % 4] * word.sign for word in words]
    bits = min(n_qubits, BLOCK_ROWS.bit_length() - 1)
    return Words(
        groups=_integers([(*key, end - keys.count(key), end) for key, end in zip(distinct, ends, strict=True)], 4),
        words=_integers([(words[k].z, left[k], k) for k in order], 3),
        signs=signs([words[k].z & ((1 << bits) - 1) for k in order], bits).astype(dtype),
    )


def _integers(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, width)


def _flat(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def _floats(rows: Sequence[Sequence[float]], width: int) -> NDArray[np.float64]:
    return np.array(rows, np.float64).reshape(-1, width)


def _flat_floats(numbers: Sequence[float]) -> NDArray[np.float64]:
    return np.array(numbers, np.float64)


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _stacked(tables: Sequence[NDArray[np.generic]], shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[np.generic]:
    return np.array(tables, dtype).reshape(-1, *shape)
