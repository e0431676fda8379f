"""Expectation values estimated from shots, as on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from qlab.circuits.observables import PauliWord
from qlab.engine.sampling.outcomes import means, read, standard_errors
from qlab.engine.sampling.settings import masks, settings, turned
from qlab.engine.sampling.sources import FromDensity, FromTrajectories, Source
from qlab.engine.statevector import check_tensors
from qlab.engine.trajectories.streams import Samples, Seed, streams
from qlab.errors import OptionError
from qlab.noise.noisy import NoisyCircuit

States = Literal["density", "trajectories"]


@dataclass(frozen=True, eq=False)
class Sampled:
    """Expectation values, estimated from shots.

    Attributes:
        values: (B, K), means of products of what was read; NaN where inputs or weights are.
        standard_errors: (B, K), of the values; words that were measured together are correlated.
        settings: how often the circuit was measured differently, each time with all shots.
        trajectories: (B,), how many states with errors were needed.
    """

    values: torch.Tensor
    standard_errors: torch.Tensor
    settings: int
    trajectories: torch.Tensor


def sample(
    noisy: NoisyCircuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    observables: Sequence[PauliWord | str] | None = None,
    dtype: torch.dtype = torch.complex64,
    *,
    shots: int,
    states: States,
    seed: Seed,
    samples: Samples = 0,
) -> Sampled:
    """Return what ``shots`` measurements of each sample give for each group of words that are measured together.

    Words go together that agree on the letter of every qubit they share. Not differentiable: see the parameter-shift
    rule.

    Args:
        noisy: gates, channels and readout error; without channels and readout error the ideal circuit.
        inputs: (B, n_inputs) real, one row per sample: angles in radians, or amplitudes.
        weights: (n_weights,) real, in radians, on the same device.
        observables: K Pauli words on the qubits of the circuit as written; Z on every qubit where none are given.
        dtype: complex64 or complex128, of the states.
        shots: how often each group is measured, at least once.
        states: outcomes come from "density", the exact distribution of the density matrix, or from "trajectories", pure
            states in which errors happen by chance. Both have the same distribution.
        seed: of the random numbers.
        samples: a number for each sample, or that of the first one. Seed and number decide a sample's outcomes, not the
            batch that it is in.

    Raises:
        OptionError: ``shots`` is less than 1.
        CapabilityError: the density matrix does not fit into memory.
        CircuitError: an observable that does not fit, or amplitudes that are all zero.
        ValueError: wrong shape, dtype or device of a tensor.
    """
    if shots < 1:
        raise OptionError(f"shots={shots} measure nothing: it takes at least 1")
    check_tensors(noisy.circuit, inputs, weights, dtype)
    words, generators = noisy.words(observables), streams(seed, samples, len(inputs))
    values, trajectories = np.empty((len(inputs), len(words))), np.zeros(len(inputs), np.int64)
    groups = settings(words)
    for group in groups:
        circuit = turned(noisy, group.letters)
        kind = FromDensity if states == "density" else FromTrajectories
        source: Source = kind(circuit, group.qubits, inputs.detach(), weights.detach(), dtype)
        outcomes, needed = source.outcomes(shots, generators)
        trajectories += needed
        chosen = masks([words[place] for place in group.words], source.bits)
        for row, drawn, generator in zip(values, outcomes, generators, strict=True):
            row[list(group.words)] = means(read(drawn, noisy.readout, source.bits, generator), None, chosen)
    real, device = dtype.to_real(), inputs.device
    return Sampled(
        torch.from_numpy(values).to(device, real),
        torch.from_numpy(standard_errors(values, shots)).to(device, real),
        len(groups),
        torch.from_numpy(trajectories).to(device),
    )
