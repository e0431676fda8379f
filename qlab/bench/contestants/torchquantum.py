"""torchquantum: backpropagation through a batch of states in complex64."""

from __future__ import annotations

from typing import Any

import torch
import torchquantum
from torchquantum import functional
from torchquantum.measurement import expval

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.torch_step import TorchStep
from qlab.circuits.slots import Input

_GATES = {"RX": functional.rx, "RY": functional.ry, "RZ": functional.rz, "CNOT": functional.cnot}


class TorchQuantum(TorchStep):
    """Its functional gates and its own expectation values."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._problem = task.problem
        self._gates = task.problem.circuit().gates
        self._measured = [torchquantum.PauliZ() for _ in range(task.problem.n_measured)]

    def values(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return values (B, K)."""
        device = torchquantum.QuantumDevice(n_wires=self._problem.n_qubits, bsz=len(inputs))
        columns, angles = inputs.unbind(-1), weights.unbind()
        for gate in self._gates:
            slot: Any = gate.angles[0] if gate.angles else None
            if slot is None:
                _GATES[gate.name](device, wires=list(gate.qubits))
            else:
                angle = columns[slot.indices[0]] if isinstance(slot, Input) else angles[slot.index]
                _GATES[gate.name](device, wires=gate.qubits[0], params=angle)
        found: torch.Tensor = expval(device, list(range(self._problem.n_measured)), self._measured)
        return found
