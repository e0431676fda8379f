from __future__ import annotations

import pytest
import torch

from qlab.backends.base import Backend, Capabilities, refuse
from qlab.backends.engine import EngineBackend
from qlab.backends.pennylane import PennyLaneBackend
from qlab.backends.shift import ParameterShift
from qlab.circuits import variational
from qlab.errors import CapabilityError

CIRCUIT = variational(2, 1, "angle", "ring")
INPUTS, WEIGHTS = torch.zeros(1, 2), torch.zeros(6)


@pytest.mark.parametrize("backend", [EngineBackend(), PennyLaneBackend(), ParameterShift(EngineBackend())])
def test_noise_and_shots_are_never_ignored(backend: Backend) -> None:
    assert not backend.capabilities().noise
    with pytest.raises(CapabilityError, match="cannot execute a noise model"):
        backend.expectations(CIRCUIT, INPUTS, WEIGHTS, noise=object())
    assert not backend.capabilities().shots
    with pytest.raises(CapabilityError, match="cannot estimate from 100 shots"):
        backend.expectations(CIRCUIT, INPUTS, WEIGHTS, shots=100)


def test_a_backend_without_exact_values_needs_shots() -> None:
    sampling = Capabilities(exact=False, shots=True, noise=True, gradients=frozenset())
    refuse("sampler", sampling, object(), 100)
    with pytest.raises(CapabilityError, match="sampler has no exact expectation values; give a number of shots"):
        refuse("sampler", sampling, None, None)


@pytest.mark.parametrize(("precision", "dtype"), [("single", torch.float32), ("double", torch.float64)])
def test_the_engine_answers_in_its_precision(precision: str, dtype: torch.dtype) -> None:
    backend = EngineBackend(precision=precision)  # type: ignore[arg-type]
    assert backend.expectations(CIRCUIT, INPUTS, WEIGHTS).dtype == dtype
