"""What a device executes: one circuit, many rows of parameter values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

REGISTER = "meas"  # the classical register that a program's circuit is measured into

Counts = NDArray[np.uint8]
"""What was measured, ``(n_executions, shots, n_bytes)``: the bits of each shot, packed with the highest bit first.

Bit q, counted from the least significant one of the last byte, is the classical bit q of the register; that is how
Qiskit's ``BitArray`` holds them.
"""


@dataclass(frozen=True, eq=False)
class Program:
    """One primitive unified bloc of the sampler: a circuit of the device, executed once per row of values.

    Attributes:
        circuit: in the device's gates and on its qubits, measured into one classical register ``meas``; classical bit
            q is qubit q of the circuit that was transpiled.
        values: ``(n_executions, n_parameters)``, radians; columns in the order of ``circuit.parameters``. Without
            parameters ``(n_executions, 0)``.
        shots: how often each row is executed.
    """

    circuit: QuantumCircuit
    values: NDArray[np.float64]
    shots: int

    def __post_init__(self) -> None:
        registers = [(register.name, register.size) for register in self.circuit.cregs]
        assert [name for name, _ in registers] == [REGISTER], f"registers {registers} instead of one, {REGISTER}"
        assert self.values.shape == (len(self.values), self.circuit.num_parameters), self.values.shape
        assert self.shots > 0, self.shots

    @property
    def n_executions(self) -> int:
        """Rows of values; each is executed ``shots`` times."""
        return int(self.values.shape[0])

    @property
    def n_bits(self) -> int:
        """Bits that one shot gives."""
        return int(self.circuit.cregs[0].size)

    @property
    def counts_shape(self) -> tuple[int, int, int]:
        """Shape of the program's counts: executions, shots, bytes per shot."""
        return self.n_executions, self.shots, -(-self.n_bits // 8)
