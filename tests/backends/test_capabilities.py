from __future__ import annotations

import pytest
import torch

from qlab.backends.base import Backend, Capabilities, refuse
from qlab.backends.conditions import Conditions
from qlab.backends.engine import EngineBackend
from qlab.backends.pennylane import PennyLaneBackend
from qlab.backends.shift import ParameterShift
from qlab.circuits import variational
from qlab.errors import CapabilityError
from qlab.noise import NoiseModel, Readout

CIRCUIT = variational(2, 1, "angle", "ring")
INPUTS, WEIGHTS = torch.zeros(1, 2), torch.zeros(6)
READOUT = NoiseModel("readout", readout=Readout.symmetric(0.1))


@pytest.mark.parametrize("backend", [PennyLaneBackend(), ParameterShift(PennyLaneBackend())])
def test_noise_and_shots_are_never_ignored(backend: Backend) -> None:
    assert not backend.capabilities().noise
    with pytest.raises(CapabilityError, match="cannot execute a noise model"):
        backend.estimate(READOUT.insert(CIRCUIT), INPUTS, WEIGHTS, shots=None, seed=0)
    with pytest.raises(CapabilityError, match="the backend mine cannot execute a noise model"):
        Conditions("mine", backend, READOUT, None, 0)
    assert not backend.capabilities().shots
    with pytest.raises(CapabilityError, match="mine cannot estimate from 100 shots"):
        Conditions("mine", backend, NoiseModel("none"), 100, 0)


def test_a_backend_without_exact_values_needs_shots() -> None:
    sampling = Capabilities(exact=False, shots=True, noise=True, gradients=frozenset())
    refuse("sampler", sampling, True, 100)
    with pytest.raises(CapabilityError, match="sampler has no exact expectation values; give a number of shots"):
        refuse("sampler", sampling, False, None)


@pytest.mark.parametrize(("precision", "dtype"), [("single", torch.float32), ("double", torch.float64)])
def test_the_engine_answers_in_its_precision(precision: str, dtype: torch.dtype) -> None:
    backend = EngineBackend(precision=precision)  # type: ignore[arg-type]
    assert backend.expectations(CIRCUIT, INPUTS, WEIGHTS).dtype == dtype
