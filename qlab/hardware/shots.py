"""Shots of a program as a device with its calibrated noise would give them, by qlab's own simulator."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2

from qlab.circuits.circuit import Circuit
from qlab.circuits.slots import Input, Slot, Weight
from qlab.engine.sampling.outcomes import read
from qlab.engine.sampling.sources import FromDensity, FromTrajectories
from qlab.engine.trajectories.streams import Seed, streams
from qlab.hardware.program import Counts, Program
from qlab.noise.device import DeviceNoise
from qlab.noise.noisy import NoisyCircuit, Resources
from qlab.noise.transpile import TranspiledCircuit, gates_of_device

_DENSITY_TO = 12  # qubits; above, trajectories take less time and memory


def simulated(program: Program, device: BackendV2, seed: Seed) -> Counts:
    """Return what a device counts whose noise is that of its calibration; see ``DeviceNoise``.

    One density matrix gives all shots of a sample, up to 12 qubits; above, every shot with an error is a trajectory.

    Args:
        program: for the device.
        device: a stored one, or any other with a calibration.
        seed: of the random numbers.

    Raises:
        CapabilityError: it uses a gate that does not work, or the memory does not suffice.
        NoiseError: the calibration knows no error of anything that is used.
    """
    noisy = with_noise(program, device)
    reads = program.reads
    kind = FromDensity if noisy.n_qubits <= _DENSITY_TO else FromTrajectories
    generators = streams(seed, 0, program.n_executions)
    with torch.no_grad():
        source = kind(noisy, tuple(range(len(reads))), *given(program, noisy.circuit), torch.complex64)
        drawn, _ = source.outcomes(program.shots, generators)
    counts = np.zeros(program.counts_shape, np.uint8)
    places = {bit: source.bits[number] for number, bit in enumerate(sorted(reads))}
    for row, outcomes, generator in zip(counts, drawn, generators, strict=True):
        _pack(row, read(outcomes, noisy.readout, source.bits, generator), places)
    return counts


def with_noise(program: Program, device: BackendV2) -> NoisyCircuit:
    """Return a program as a circuit with the noise of the device in it, measured on its first qubits.

    Parameters that are the same in all rows are its weights, which are evolved once for all of them; the others are its
    inputs, both in the order of the columns.
    """
    bare, reads = _without_barriers(program.unmeasured), program.reads
    measured = [reads[bit] for bit in sorted(reads)]
    used = {bare.find_bit(qubit).index for instruction in bare.data for qubit in instruction.qubits}
    physical = (*measured, *sorted(used - set(measured)))
    slots: list[Slot] = [0.0] * (1 + max((parameter.index for parameter in program.circuit.parameters), default=-1))
    alike = _alike(program)
    for column, parameter in enumerate(program.circuit.parameters):
        number = int((alike[:column] == alike[column]).sum())
        slots[parameter.index] = Weight(number) if alike[column] else Input(number)
    numbers = {qubit: number for number, qubit in enumerate(physical)}
    found = list(gates_of_device(bare, numbers, slots, device.name))
    circuit = Circuit(len(physical), [gate for gate, _ in found])
    two_qubit_gates = sum(len(instruction.qubits) == 2 for instruction in bare.data)
    executed = TranspiledCircuit(
        circuit,
        physical,
        tuple(end for _, end in found),
        Resources(len(physical), bare.depth(), two_qubit_gates),
        program.circuit,
        tuple(slots),
    )
    return DeviceNoise(device=device).insert_into(executed, len(measured))


def given(program: Program, circuit: Circuit) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the inputs (N, n_inputs) and the weights (n_weights,) of the circuit that ``with_noise`` makes."""
    alike = _alike(program)
    inputs, weights = (torch.from_numpy(values) for values in (program.values[:, ~alike], program.values[0, alike]))
    return inputs[:, : circuit.n_inputs], weights[: circuit.n_weights]


def _alike(program: Program) -> NDArray[np.bool_]:
    """Return which parameters (P,) are the same in all of several rows."""
    same: NDArray[np.bool_] = (program.values == program.values[:1]).all(0) & (program.n_executions > 1)
    return same


def _without_barriers(circuit: QuantumCircuit) -> QuantumCircuit:
    bare = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name != "barrier":
            bare.append(instruction)
    return bare


def _pack(row: Counts, outcomes: NDArray[np.int64], place: dict[int, int]) -> None:
    """Write outcomes (S,), in which ``place`` gives where each classical bit is, into bytes (S, n_bytes)."""
    for number, bit in place.items():
        row[:, row.shape[1] - 1 - number // 8] |= ((outcomes >> bit & 1) << number % 8).astype(np.uint8)
