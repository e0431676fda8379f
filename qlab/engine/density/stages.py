"""The steps of a layout on a device: on C vectors at once, and their transposes for the backward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from qlab.engine.density.layout import Layout, Multiply, Reorder
from qlab.engine.density.networks import table

_NARROW = 4  # so many numbers behind a matrix's index are too few for a product of their own


class Stage(Protocol):
    """One linear map of vectors (C, N)."""

    @property
    def place(self) -> int | None:
        """The number of its matrix; None where it has none."""
        ...

    def size(self, old: int) -> int:
        """Return how long a vector of ``old`` numbers becomes."""
        ...

    def apply(self, old: torch.Tensor, matrix: torch.Tensor | None, new: torch.Tensor) -> None:
        """Write the vectors behind it to ``new``; a matrix has shape (1 or C, rows, columns)."""
        ...

    def transpose(self, new: torch.Tensor, matrix: torch.Tensor | None, old: torch.Tensor) -> None:
        """Write the gradient by the vectors before it to ``old``; may spoil the gradient ``new`` by those behind."""
        ...


@dataclass(frozen=True)
class MatrixStage:
    """A matrix on the middle index of vectors seen as (before, columns, after)."""

    place: int
    before: int
    rows: int
    columns: int
    after: int

    def size(self, old: int) -> int:
        """Return the new length."""
        return self.before * self.rows * self.after

    def apply(self, old: torch.Tensor, matrix: torch.Tensor | None, new: torch.Tensor) -> None:
        """Write matrix times vectors."""
        assert matrix is not None
        self._multiply(matrix, old, new, self.columns, self.rows)

    def transpose(self, new: torch.Tensor, matrix: torch.Tensor | None, old: torch.Tensor) -> None:
        """Write transposed matrix times gradients."""
        assert matrix is not None
        self._multiply(matrix.mT, new, old, self.rows, self.columns)

    def by_matrix(self, old: torch.Tensor, new: torch.Tensor, shared: bool) -> torch.Tensor:
        """Return the gradient (1 or C, rows, columns) by the matrix from vectors before and gradients behind it."""
        count, after = 1 if shared else len(old), self.after
        if after > _NARROW:
            products = torch.bmm(new.view(-1, self.rows, after), old.view(-1, self.columns, after).mT)
            return products.view(count, -1, self.rows, self.columns).sum(1)
        wide = new.view(count, -1, self.rows * after).mT @ old.view(count, -1, self.columns * after)
        return wide.view(count, self.rows, after, self.columns, after).diagonal(dim1=2, dim2=4).sum(-1)

    def _multiply(self, matrix: torch.Tensor, old: torch.Tensor, new: torch.Tensor, inner: int, outer: int) -> None:
        count, after = len(matrix), self.after
        if after <= _NARROW:  # one large product, even with zeros in it, beats many small ones
            wide = matrix
            if after > 1:
                unit = torch.eye(after, dtype=matrix.dtype, device=matrix.device)
                wide = (matrix[:, :, None, :, None] * unit[:, None, :]).reshape(count, outer * after, inner * after)
            torch.bmm(old.view(count, -1, inner * after), wide.mT, out=new.view(count, -1, outer * after))
            return
        view = old.view(-1, inner, after)
        repeated = matrix[:, None].expand(count, len(view) // count, outer, inner)
        flat = repeated[0] if count == 1 else repeated.reshape(-1, outer, inner)
        torch.bmm(flat, view, out=new.view(-1, outer, after))


@dataclass(frozen=True, eq=False)
class TableStage:
    """new[i] = factor[i] * old[source[i]]."""

    source: torch.Tensor
    factor: torch.Tensor
    place: None = None

    def size(self, old: int) -> int:
        """Return the same length."""
        return old

    def apply(self, old: torch.Tensor, matrix: torch.Tensor | None, new: torch.Tensor) -> None:
        """Write the multiples of other entries."""
        for before, behind in zip(old, new, strict=True):  # one by one is up to four times as fast
            torch.index_select(before, 0, self.source, out=behind)
        new.mul_(self.factor)

    def transpose(self, new: torch.Tensor, matrix: torch.Tensor | None, old: torch.Tensor) -> None:
        """Write gradients back to where their values came from."""
        new.mul_(self.factor)
        for before, behind in zip(old, new, strict=True):
            before.index_copy_(0, self.source, behind)


@dataclass(frozen=True, eq=False)
class OrderStage:
    """Another order of digits of base 4."""

    axes: tuple[int, ...]  # of the new digits among the old ones, behind the axis of vectors
    place: None = None

    def size(self, old: int) -> int:
        """Return the same length."""
        return old

    def apply(self, old: torch.Tensor, matrix: torch.Tensor | None, new: torch.Tensor) -> None:
        """Write the vectors in the new order."""
        shape = (len(old), *[4] * len(self.axes))
        new.view(shape).copy_(old.view(shape).permute(0, *self.axes))

    def transpose(self, new: torch.Tensor, matrix: torch.Tensor | None, old: torch.Tensor) -> None:
        """Write the gradients in the old order."""
        shape = (len(old), *[4] * len(self.axes))
        old.view(shape).permute(0, *self.axes).copy_(new.view(shape))


def stages_of(layout: Layout, dtype: torch.dtype, device: torch.device) -> list[Stage]:
    """Return the stages of a layout; its matrices are numbered in order, and equal tables are one."""
    tables: dict[tuple[object, ...], TableStage] = {}
    found: list[Stage] = []
    n_matrices = 0
    for step in layout.steps:
        if isinstance(step, Multiply):
            columns = 4 ** len(step.block.qubits)
            found.append(MatrixStage(n_matrices, step.before, step.block.n_rows, columns, step.after))
            n_matrices += 1
        elif isinstance(step, Reorder):
            found.append(OrderStage(tuple(1 + step.before.index(qubit) for qubit in step.after)))
        else:
            if step.key not in tables:
                source, factor = table(step.elements, step.before, step.after)
                tables[step.key] = TableStage(
                    torch.as_tensor(source, device=device), torch.as_tensor(factor, dtype=dtype, device=device)
                )
            found.append(tables[step.key])
    return found
