"""The backend of Qiskit Aer: density matrices, and state vectors with shots."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoise
from qiskit_aer.noise import ReadoutError

from qlab.backends.base import Capabilities, Observables
from qlab.backends.estimate import Estimate
from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.circuits.qiskit import to_sparse_pauli
from qlab.engine.readings import readings
from qlab.engine.sampling.outcomes import means, standard_errors
from qlab.engine.sampling.settings import masks, settings, turned
from qlab.engine.statevector import check_tensors
from qlab.engine.trajectories.rare import squared_error, squared_miss
from qlab.engine.trajectories.streams import Samples, Seed, sequences
from qlab.errors import CapabilityError
from qlab.noise.aer_log import aer_silent
from qlab.noise.noisy import NoisyCircuit
from qlab.noise.qiskit import to_qiskit

Doubles = NDArray[np.float64]
_MEMORY = re.compile(r"Required memory: (\d+)M, max memory: (\d+)M")
_DEEPEST = 16  # definitions of gates by gates by gates ...


class AerBackend:
    """Executes circuits, noise and shots on Aer's simulator. Values are float64, without gradients.

    ``method`` is ``density_matrix``, which has exact values under noise, or ``statevector``: under noise a pure state
    for each shot, or for each of ``trajectories`` where no shots are asked for. ``precision`` is that of the states.
    """

    def __init__(
        self,
        *,
        method: Literal["density_matrix", "statevector"] = "density_matrix",
        precision: Literal["single", "double"] = "double",
        trajectories: int = 1000,
    ) -> None:
        self._method, self._precision, self._trajectories = method, precision, trajectories

    def capabilities(self) -> Capabilities:
        """Return that it executes noise and shots, and has no gradients."""
        return Capabilities(exact=True, shots=True, noise=True, gradients=frozenset(), batched=False)

    def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
        """Return the method and the precision; nothing is left open."""
        return {"method": self._method, "precision": self._precision}

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return expectation values (B, K); see ``Backend``."""
        return self.estimate(_without_noise(circuit), inputs, weights, observables, shots=None, seed=0).values

    def estimate(
        self,
        noisy: NoisyCircuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
        *,
        shots: int | None,
        seed: Seed,
        samples: Samples = 0,
    ) -> Estimate:
        """Return expectation values under noise, or from shots; see ``Backend``.

        Words that agree on the letters of the qubits that they share are measured together.
        """
        check_tensors(noisy.circuit, inputs, weights, torch.complex128)
        words, w = noisy.words(observables), weights.detach().cpu().tolist()
        values, errors = np.empty((len(inputs), len(words))), np.empty((len(inputs), len(words)))
        seeds = sequences(seed, samples, len(inputs))
        for place, (row, stream) in enumerate(zip(inputs.detach().cpu().tolist(), seeds, strict=True)):
            sample = _Sample(noisy, words, row, w, stream)
            if not np.isfinite([*row, *w]).all():  # Aer would count outcomes all the same
                values[place] = errors[place] = np.nan
                continue
            values[place], errors[place] = self._values(sample) if shots is None else self._counted(sample, shots)
        exact = shots is None and (self._method == "density_matrix" or not any(noisy.channels))
        found, uncertain = (torch.from_numpy(array).to(inputs.device) for array in (values, errors))
        return Estimate(
            found,
            None if exact else uncertain,
            self._states(noisy, len(inputs), shots, words),
            {"simulation": f"aer {self._method}"},
        )

    def _states(
        self, noisy: NoisyCircuit, count: int, shots: int | None, words: tuple[PauliWord, ...]
    ) -> torch.Tensor | None:
        """Return how many states (B,) are drawn for each of ``count`` samples; None where none is."""
        if self._method != "statevector" or not any(noisy.channels):
            return None
        return torch.full((count,), self._trajectories if shots is None else shots * len(settings(words)))

    def _values(self, sample: _Sample) -> tuple[Doubles, Doubles]:
        """Return expectation values (K,) as read, and their standard errors; zeros where they are exact."""
        noisy, read = sample.noisy, readings(sample.noisy, sample.words)
        shots = self._trajectories if self._method == "statevector" and any(noisy.channels) else 1
        circuit = self._translated(noisy, sample)
        for place, word in enumerate(read.words):
            operator = to_sparse_pauli(word, noisy.n_qubits)
            circuit.save_expectation_value(operator, circuit.qubits, label=str(place), pershot=True)
        data = self._run(circuit, None, sample, shots)
        saved = np.array([data[str(place)] for place in range(len(read.words))], dtype=np.float64)  # (M, shots)
        each = read(torch.from_numpy(saved.T.reshape(shots, -1)))
        if shots == 1:
            return each[0].numpy(), np.zeros(len(sample.words))
        squares, number = (each - each.mean(0)).square(), torch.tensor(float(shots))
        missed = squared_miss(read.farthest(each.mean(0)), number, squares.sum(0), squares.square().sum(0))
        return each.mean(0).numpy(), squared_error(each.var(0) / shots, missed).sqrt().numpy()

    def _counted(self, sample: _Sample, shots: int) -> tuple[Doubles, Doubles]:
        """Return means (K,) of what is read, and their standard errors."""
        found = np.empty(len(sample.words))
        for setting in settings(sample.words):
            circuit = self._translated(turned(sample.noisy, setting.letters), sample)
            circuit.add_register(ClassicalRegister(len(setting.qubits)))
            circuit.measure(setting.qubits, range(len(setting.qubits)))
            counts = self._run(circuit, _readout_errors(sample.noisy, setting.qubits), sample, shots)["counts"]
            bits = {qubit: bit for bit, qubit in enumerate(setting.qubits)}
            chosen = masks([sample.words[place] for place in setting.words], bits)
            outcomes = np.array([int(outcome, 16) for outcome in counts])
            found[list(setting.words)] = means(outcomes, np.array(list(counts.values())), chosen)
        return found, standard_errors(found, shots)

    def _translated(self, noisy: NoisyCircuit, sample: _Sample) -> QuantumCircuit:
        """Return the circuit of one sample in gates that Aer executes; its errors stay where they are."""
        circuit = to_qiskit(noisy, sample.inputs, sample.weights)
        for _ in range(_DEEPEST):
            unknown = {instruction.operation.name for instruction in circuit.data} - _executed(self._method)
            if not unknown:
                break
            circuit = circuit.decompose(gates_to_decompose=sorted(unknown))
        return circuit

    def _run(self, circuit: QuantumCircuit, errors: AerNoise | None, sample: _Sample, shots: int) -> dict[str, Any]:
        simulator = AerSimulator(
            method=self._method,
            precision=self._precision,
            noise_model=errors,
            max_parallel_threads=torch.get_num_threads(),
        )
        with aer_silent():
            result = simulator.run(circuit, shots=shots, seed_simulator=sample.next_seed()).result()
        if not result.success:
            raise CapabilityError(f"the backend aer with method={self._method}: {_complaint(result)}")
        data: dict[str, Any] = result.data(0)
        return data


class _Sample:
    """One sample with its random numbers."""

    def __init__(
        self,
        noisy: NoisyCircuit,
        words: tuple[PauliWord, ...],
        inputs: list[float],
        weights: list[float],
        stream: np.random.SeedSequence,
    ) -> None:
        self.noisy, self.words, self.inputs, self.weights = noisy, words, inputs, weights
        self._stream = stream

    def next_seed(self) -> int:
        """Return a seed for Aer, which takes 31 bits of it."""
        return int(self._stream.spawn(1)[0].generate_state(1)[0] >> 1)


def _readout_errors(noisy: NoisyCircuit, qubits: tuple[int, ...]) -> AerNoise | None:
    if noisy.readout is None:
        return None
    errors = AerNoise()
    for qubit in qubits:
        errors.add_readout_error(ReadoutError(noisy.readout.of(qubit).T), [qubit])  # rows are what was prepared
    return errors


def _complaint(result: Any) -> str:
    status = " ".join([str(result.status), *(str(item.status) for item in result.results)])
    memory = _MEMORY.search(status)
    if memory is None:
        return " ".join(status.split())
    return f"one sample needs {memory[1]} MiB of memory, and there are {memory[2]}; use method=statevector"


@lru_cache(maxsize=2)
def _executed(method: str) -> frozenset[str]:
    """Return the names of what Aer executes as it is."""
    return frozenset(AerSimulator(method=method).configuration().basis_gates)


@lru_cache(maxsize=32)
def _without_noise(circuit: Circuit) -> NoisyCircuit:
    return NoisyCircuit(circuit, ((),) * len(circuit.gates))
