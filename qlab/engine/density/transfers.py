"""The matrices of blocks for a batch of inputs and a set of weights, differentiable, in few operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from qlab.circuits.slots import Input
from qlab.engine.density.elements import Element
from qlab.engine.density.layout import Block
from qlab.engine.slots import InputSlots, SharedSlots

Pair = tuple[int, int]


class Transfers:
    """Matrices of some blocks; one for all samples, or one for each if an input enters any of the blocks.

    A block on two qubits is a product of elements on both, and of Kronecker products of what acts on each.
    """

    def __init__(self, blocks: Sequence[Block], n_inputs: int, n_weights: int, device: torch.device) -> None:
        singles: list[Element] = []
        single_runs: list[list[int]] = []

        def single(elements: Sequence[Element]) -> int:
            singles.extend(elements)
            single_runs.append(list(range(len(singles) - len(elements), len(singles))))
            return len(single_runs) - 1

        factors = [_factors(block) for block in blocks if len(block.qubits) == 2]
        pairs = [factor for run in factors for factor in run if isinstance(factor, Element)]
        krons = [factor for run in factors for factor in run if not isinstance(factor, Element)]
        kron_places = [(single(left), single(right)) for left, right in krons]
        numbers = {id(factor): number for number, factor in enumerate([*pairs, *krons])}
        pair_runs = [[numbers[id(factor)] for factor in run] for run in factors]
        of_singles = iter([single(block.elements) for block in blocks if len(block.qubits) == 1])
        of_pairs = iter(range(len(pair_runs)))
        self._places = [next(of_pairs) if len(block.qubits) == 2 else next(of_singles) for block in blocks]
        self._widths = [len(block.qubits) for block in blocks]
        self._singles = _Elements(singles, 4, n_inputs, n_weights, device)
        self._pairs = _Elements(pairs, 16, n_inputs, n_weights, device)
        self._single_runs = _Runs(self._singles.numbered(single_runs), len(singles), device)
        self._pair_runs = _Runs(self._pairs.numbered(pair_runs), len(numbers), device)
        self._krons = torch.tensor(kron_places, dtype=torch.int64, device=device).reshape(-1, 2).T
        self._closings = [
            None if block.closing is None else torch.as_tensor(block.closing, device=device) for block in blocks
        ]

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor, dtype: torch.dtype) -> list[torch.Tensor]:
        """Return a matrix (1 or B, rows, columns) for each block, for float64 inputs (B, n_inputs) and weights."""
        singles = self._single_runs(self._singles(inputs, weights))  # (R, 1 or B, 4, 4)
        left, right = (singles.index_select(0, places) for places in self._krons)
        pairs = _cat(self._pairs(inputs, weights), _kron(left, right))
        matrices = {1: singles.to(dtype).unbind(), 2: self._pair_runs(pairs).to(dtype).unbind()}
        found = [matrices[width][place] for width, place in zip(self._widths, self._places, strict=True)]
        return [
            matrix if closing is None else closing.to(dtype) @ matrix
            for matrix, closing in zip(found, self._closings, strict=True)
        ]


Kron = tuple[list[Element], list[Element]]


def _factors(block: Block) -> list[Element | Kron]:
    """Return a block on two qubits as elements on both, and elements on each of them, first executed first."""
    first, second = block.qubits
    found: list[Element | Kron] = []
    alone: Kron = [], []
    for element in block.elements:
        if len(element.qubits) == 1:
            alone[element.qubits[0] == second].append(element)
            continue
        if any(alone):
            found.append(alone)
        found.append(Element((first, second), element.on(block.qubits), element.slot))
        alone = [], []
    return [*found, alone] if any(alone) or not found else found


class _Elements:
    """Elements of one size; those without inputs come first."""

    def __init__(
        self, elements: Sequence[Element], size: int, n_inputs: int, n_weights: int, device: torch.device
    ) -> None:
        order = sorted(range(len(elements)), key=lambda number: elements[number].has_input)
        self._number = {old: new for new, old in enumerate(order)}
        ordered = [elements[number] for number in order]
        terms = np.array([element.terms for element in ordered]).reshape(-1, 3, size * size)
        self._size = size
        self._terms = torch.as_tensor(terms, device=device)
        shared = [0.0 if e.slot is None else e.slot for e in ordered if not e.has_input]
        self._shared = SharedSlots(shared, n_weights, device)
        self._own = InputSlots([e.slot for e in ordered if isinstance(e.slot, Input)], n_inputs, device)

    def numbered(self, runs: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return numbers of elements, as given, as numbers of matrices; others stay."""
        return [[self._number.get(number, number) for number in run] for run in runs]

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return matrices (A, 1 or B, size, size)."""
        angles, own = self._shared(weights), self._own(inputs)  # (A, 1), (A, B)
        angles = _cat(angles, own) if len(own) else angles
        trigonometric = torch.stack([torch.ones_like(angles), angles.cos(), angles.sin()], dim=-1)
        matrices: torch.Tensor = trigonometric @ self._terms  # (A, C, size^2)
        return matrices.view(*angles.shape, self._size, self._size)


class _Runs:
    """Products of matrices that are given by their numbers, first executed first."""

    def __init__(self, runs: Sequence[Sequence[int]], identity: int, device: torch.device) -> None:
        by_length: dict[int, list[int]] = {}
        for place, run in enumerate(runs):
            by_length.setdefault(1 << (max(len(run), 1) - 1).bit_length(), []).append(place)
        self._runs = [
            torch.tensor([[*runs[p], *[identity] * (length - len(runs[p]))] for p in places], device=device)
            for length, places in by_length.items()
        ]
        order = np.argsort([place for places in by_length.values() for place in places])
        self._order = torch.as_tensor(order, dtype=torch.int64, device=device)

    def __call__(self, matrices: torch.Tensor) -> torch.Tensor:
        """Return the products (R, C, D, D) of matrices (A, C, D, D)."""
        identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
        pool = torch.cat([matrices, identity.expand(1, *matrices.shape[1:])])
        found = []
        for runs in self._runs:
            chosen = pool.index_select(0, runs.flatten()).view(*runs.shape, *pool.shape[1:])
            while chosen.shape[1] > 1:
                chosen = chosen[:, 1::2] @ chosen[:, 0::2]
            found.append(chosen[:, 0])
        return torch.cat(found).index_select(0, self._order) if found else pool[:0]


def _kron(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the Kronecker products (Q, C, 16, 16) of matrices (Q, C, 4, 4)."""
    return (left[..., :, None, :, None] * right[..., None, :, None, :]).flatten(-4, -3).flatten(-2, -1)


def _cat(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return both along the first axis, repeated along the second where one has a single column."""
    columns = max(first.shape[1], second.shape[1])
    return torch.cat([tensor.expand(-1, columns, *tensor.shape[2:]) for tensor in (first, second)])
