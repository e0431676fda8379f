"""What a device executes, one circuit with many rows of parameter values, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, qasm3

from qlab.circuits.observables import PauliWord

REGISTER = "meas"  # the classical register that a program's circuit is measured into

Counts = NDArray[np.uint8]
"""What was measured, ``(n_executions, shots, n_bytes)``: the bits of each shot, packed with the highest bit first.

Bit q, counted from the least significant one of the last byte, is the classical bit q of the register; that is how
Qiskit's ``BitArray`` holds them.
"""

Estimates = NDArray[np.float64]
"""What an estimator answers, ``(n_executions, n_words, 2)``: expectation values and their standard errors."""

Outcome = NDArray[Any]
"""``Counts`` of a sampler's program, ``Estimates`` of an estimator's."""


@dataclass(frozen=True)
class Form:
    """What the outcome of a program looks like.

    Attributes:
        n_executions: rows of values; each is executed ``shots`` times.
        shots: of each row.
        n_bits: bits that one shot gives.
        n_words: expectation values of each row that an estimator gives; 0 for a sampler, which gives counts.
    """

    n_executions: int
    shots: int
    n_bits: int
    n_words: int = 0

    @property
    def counts_shape(self) -> tuple[int, int, int]:
        """Shape of the counts: executions, shots, bytes per shot."""
        return self.n_executions, self.shots, -(-self.n_bits // 8)


@dataclass(frozen=True, eq=False)
class Program:
    """One primitive unified bloc: a circuit of the device, executed once per row of values.

    Attributes:
        circuit: in the device's gates and on its qubits, measured into one classical register ``meas``; classical bit
            q is qubit q of the circuit that was transpiled.
        values: ``(n_executions, n_parameters)``, radians; columns in the order of ``circuit.parameters``. Without
            parameters ``(n_executions, 0)``.
        shots: how often each row is executed.
        words: none for the sampler. The estimator's are K words on the classical bits that agree on every letter, so
            that one setting measures them all; it executes what is in front of the measurement, and answers with
            standard errors of about 1 / sqrt(shots).
    """

    circuit: QuantumCircuit
    values: NDArray[np.float64]
    shots: int
    words: tuple[PauliWord, ...] = ()

    def __post_init__(self) -> None:
        registers = [(register.name, register.size) for register in self.circuit.cregs]
        assert [name for name, _ in registers] == [REGISTER], f"registers {registers} instead of one, {REGISTER}"
        assert self.values.shape == (len(self.values), self.circuit.num_parameters), self.values.shape
        assert self.shots > 0, self.shots
        read = self.reads
        assert all(bit in read for word in self.words for bit, _ in word.factors), f"{self.words} on bits {list(read)}"

    @property
    def n_executions(self) -> int:
        """Rows of values; each is executed ``shots`` times."""
        return int(self.values.shape[0])

    @property
    def n_bits(self) -> int:
        """Bits that one shot gives."""
        return int(self.circuit.cregs[0].size)

    @property
    def reads(self) -> dict[int, int]:
        """The qubit that each classical bit is read from, of those that are."""
        return {
            self.circuit.find_bit(instruction.clbits[0]).index: self.circuit.find_bit(instruction.qubits[0]).index
            for instruction in self.circuit.data
            if instruction.operation.name == "measure"
        }

    @property
    def unmeasured(self) -> QuantumCircuit:
        """What is in front of the measurement, on the same qubits and without classical bits."""
        circuit = QuantumCircuit(self.circuit.num_qubits)
        for instruction in self.circuit.data:
            if instruction.operation.name != "measure":
                circuit.append(
                    instruction.operation, [self.circuit.find_bit(qubit).index for qubit in instruction.qubits]
                )
        return circuit

    @property
    def form(self) -> Form:
        """What its outcome looks like."""
        return Form(self.n_executions, self.shots, self.n_bits, len(self.words))

    @property
    def counts_shape(self) -> tuple[int, int, int]:
        """Shape of the counts: executions, shots, bytes per shot."""
        return self.form.counts_shape


def alike(some: Sequence[Program], others: Sequence[Program]) -> bool:
    """Return whether programs execute the same, gate by gate and value by value."""
    return _executed(some) == _executed(others)


def _executed(programs: Sequence[Program]) -> list[tuple[str, bytes, Form, tuple[PauliWord, ...]]]:
    return [(qasm3.dumps(one.circuit), one.values.tobytes(), one.form, one.words) for one in programs]


def misfit(forms: Sequence[Form], outcomes: Sequence[Outcome], *, more_shots: bool = False) -> str:
    """Return what is wrong with the outcomes of programs; empty where nothing is.

    Args:
        forms: of the programs that were executed.
        outcomes: of each.
        more_shots: whether there may be more shots than were asked for, as there are where twirling rounds them up.
    """
    if len(outcomes) != len(forms):
        return f"{len(outcomes)} results for {len(forms)} circuits"
    faults = (
        _estimates_misfit(form, found) if form.n_words else _counts_misfit(form, found, more_shots)
        for form, found in zip(forms, outcomes, strict=True)
    )
    return next((fault for fault in faults if fault), "")


def _counts_misfit(form: Form, found: Outcome, more_shots: bool) -> str:
    wanted = form.counts_shape
    if more_shots and found.ndim == 3 and found.shape[1] > form.shots:
        wanted = (wanted[0], found.shape[1], wanted[2])
    if found.dtype != np.uint8 or found.shape != wanted:
        return f"shape {found.shape} instead of {wanted} (executions, shots, bytes)"
    unused = -form.n_bits % 8
    if unused and (found[..., 0] >> (8 - unused)).any():
        return f"bits beyond the {form.n_bits} that were measured"
    return ""


def _estimates_misfit(form: Form, found: Outcome) -> str:
    wanted = (form.n_executions, form.n_words, 2)
    if found.dtype != np.float64 or found.shape != wanted:
        return f"shape {found.shape} instead of {wanted} (executions, observables, value and error)"
    if not np.isfinite(found).all() or (found[..., 1] < 0).any():
        return "values that are no numbers, or errors below 0"
    return ""
