"""Expectation values of noisy circuits from trajectories, with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from qlab.circuits.observables import PauliWord
from qlab.engine.choice import Method
from qlab.engine.readings import readings
from qlab.engine.statevector import check_tensors
from qlab.engine.trajectories.streams import Samples, Seed, streams
from qlab.engine.trajectories.tally import Tally
from qlab.engine.trajectories.unravelling import unravel
from qlab.errors import OptionError
from qlab.noise.noisy import NoisyCircuit

_PILOT = 64  # trajectories from which the number that is needed is found


@dataclass(frozen=True, eq=False)
class Estimate:
    """Expectation values of a noisy circuit, estimated.

    Attributes:
        values: (B, K); differentiable as the mean of the same trajectories.
        standard_errors: (B, K), of the values.
        trajectories: (B,), how many states with errors each sample's values come from.
        noiseless: (B,), the probability that nothing happens that the values depend on; its share of them is exact.
    """

    values: torch.Tensor
    standard_errors: torch.Tensor
    trajectories: torch.Tensor
    noiseless: torch.Tensor


def estimate(
    noisy: NoisyCircuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    observables: Sequence[PauliWord | str] | None = None,
    dtype: torch.dtype = torch.complex64,
    *,
    trajectories: int | None = None,
    standard_error: float | None = None,
    seed: Seed,
    samples: Samples = 0,
    method: Method = "auto",
) -> Estimate:
    """Return an estimate that is right in the mean, for noise of any kind and any number of qubits.

    The state without errors is computed once for each sample and counts with its exact probability. What trajectories
    are drawn for is the rest: each has at least one error.

    Args:
        noisy: the circuit; compiled at its first use.
        inputs: (B, n_inputs) real, one row per sample: angles in radians, or amplitudes.
        weights: (n_weights,) real, in radians, on the same device.
        observables: K Pauli words on the qubits of the circuit as written; Z on every qubit where none are given.
        dtype: complex64 or complex128, of the states; the result is float32 or float64.
        trajectories: how many are drawn for each sample, at least 2; or
        standard_error: as many are drawn for each sample as the standard errors of its values need to be at most this.
        seed: of the random numbers.
        samples: a number for each sample, or that of the first one. Seed and number decide which errors a sample
            suffers, not the batch that it is in.
        method: which path of the simulator executes the states, see ``expectations``; channels that are no mixtures of
            Paulis have one path only.

    Raises:
        OptionError: not exactly one of ``trajectories`` and ``standard_error``, or one out of range.
        CapabilityError: a gradient by way of channels that are no mixtures of Paulis.
        CircuitError: an observable that does not fit, or amplitudes that are all zero.
        ValueError: wrong shape, dtype or device of a tensor.
    """
    _check(trajectories, standard_error)
    check_tensors(noisy.circuit, inputs, weights, dtype)
    read = readings(noisy, noisy.words(observables))
    unravelling = unravel(noisy, read.words, inputs, weights, dtype, method)
    noiseless = unravelling.noiseless()
    tally = Tally(unravelling, read, noiseless, streams(seed, samples, len(inputs)))
    tally.add(np.full(len(inputs), trajectories or _PILOT))
    while standard_error is not None and (missing := tally.missing(standard_error)).any():
        tally.add(missing)
    real = dtype.to_real()
    counts = torch.from_numpy(tally.counts).to(inputs.device)
    return Estimate(tally.values.to(real), tally.standard_errors.to(real), counts, noiseless)


def _check(trajectories: int | None, standard_error: float | None) -> None:
    if (trajectories is None) == (standard_error is None):
        raise OptionError("give a number of trajectories or a standard error to reach, one of the two")
    if trajectories is not None and trajectories < 2:
        raise OptionError(f"trajectories={trajectories} have no standard error: it takes at least 2")
    if standard_error is not None and not standard_error > 0:
        raise OptionError(f"standard_error={standard_error:g} cannot be reached: it must be above 0")
