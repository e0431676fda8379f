"""What a benchmark is asked to do."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from qlab.bench.contests import entries_for
from qlab.bench.noise_catalogue import LAST_EXACT
from qlab.bench.problem import ANSATZE, Problem
from qlab.errors import OptionError, UnknownNameError

MOST_QUBITS = 26
_BATCH, _SMALL_BATCH, _SMALL_FROM = 32, 4, 17  # qubits


@dataclass(frozen=True)
class Request:
    """Which problems, and how long each contestant may take on each.

    Attributes:
        qubits: one problem for each, ring permitting: from 2 on.
        batch: samples of a step; None: 32, and 4 above 16 qubits.
        n_layers: layers of the ansatz.
        orders: of the gates in a layer, ``rotate`` or ``entangle`` first.
        input_gradients: whether steps have gradients by inputs, too.
        error: probability of an error after each gate; not 0: noise is simulated, exactly up to 8 qubits and by
            trajectories, without gradients.
        threads: numbers of processor threads.
        seconds: for the steps of a contestant on one problem.
        patience: seconds to wait for one answer of a contestant.
        pythons: interpreters of contestants that are not installed beside qlab, by name.

    Raises:
        OptionError: a number out of range, or an interpreter that is none.
        UnknownNameError: an order or a contestant that does not exist.
    """

    qubits: tuple[int, ...]
    batch: int | None = None
    n_layers: int = 6
    orders: tuple[str, ...] = ("rotate",)
    input_gradients: bool = False
    error: float = 0.0
    threads: tuple[int, ...] = (1,)
    seconds: float = 3.0
    patience: float = 300.0
    pythons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for n_qubits in self.qubits:
            _check("--qubits", n_qubits, 2, MOST_QUBITS)
        if self.batch is not None:
            _check("--batch", self.batch, 1, 1 << 16)
        _check("--error", self.error, 0, 0.5)
        _check("--layers", self.n_layers, 1, 1000)
        _check("--seconds", self.seconds, 0.01, 3600)
        _check("--patience", self.patience, 1, 86400)
        for order in self.orders:
            if order not in ANSATZE:
                raise UnknownNameError("order", order, ANSATZE)
        known = {entry.name for problem in self.problems() for entry in entries_for(problem)}
        for name, python in self.pythons.items():
            if name not in known:
                raise UnknownNameError("contestant", name, known)
            if shutil.which(python) is None:
                raise OptionError(f"--python {name}={python}: there is no such program")

    def problems(self) -> list[Problem]:
        """Return every problem, the orders one after the other."""
        if self.error:
            return [problem for order in self.orders for n in self.qubits for problem in self._noisy(n, order)]
        return [
            Problem(n, self.batch or (_BATCH if n < _SMALL_FROM else _SMALL_BATCH), self.n_layers, order,
                    self.input_gradients)
            for order in self.orders
            for n in self.qubits
        ]  # fmt: skip

    def _noisy(self, n_qubits: int, order: str) -> list[Problem]:
        """Return the exact problem, where that ends soon, and the sampled one."""
        exact = Problem(n_qubits, self.batch or _BATCH, self.n_layers, order, error=self.error)
        sampled = Problem(n_qubits, self.batch or _SMALL_BATCH, self.n_layers, order, error=self.error, sampled=True)
        return [exact, sampled] if n_qubits <= LAST_EXACT else [sampled]


def _check(option: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise OptionError(f"{option} {value:g} is out of range: it must be from {low:g} to {high:g}")
