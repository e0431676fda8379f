"""The Fourier surrogate: its frequencies, and that it can be what a circuit is."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qlab.backends.engine import EngineBackend
from qlab.heads.fourier import Fourier, integer_frequencies
from qlab.heads.vqc import VQC


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 80), st.integers(1, 3), st.integers(0, 5))
def test_frequencies_are_different_and_none_is_zero_or_a_negative(n: int, count: int, degree: int, seed: int) -> None:
    found = integer_frequencies(n, count, degree, torch.Generator().manual_seed(seed))
    assert found.shape == (min(count, ((2 * degree + 1) ** n - 1) // 2), n)
    vectors = {tuple(vector) for vector in found.tolist()}
    both = vectors | {tuple(-value for value in vector) for vector in vectors}
    assert len(both) == 2 * len(found)
    assert (0.0,) * n not in both
    assert float(found.abs().max()) <= degree


@pytest.mark.parametrize("reuploading", [False, True])
def test_with_every_frequency_it_is_the_circuit(reuploading: bool) -> None:
    """Any circuit with angles encoded by rotations is a Fourier sum of known degree (arXiv:2008.08605)."""
    degree = 2 if reuploading else 1
    generator = torch.Generator().manual_seed(0)
    options = {"n_qubits": 3, "n_layers": 2, "reuploading": reuploading, "squash": "none", "angle_scale": 1.0}
    circuit = VQC(3, 2, EngineBackend(precision="double"), generator, **options, init="uniform", init_scale=math.pi)  # type: ignore[arg-type]
    features = math.pi * (2 * torch.rand(600, 3, generator=generator, dtype=torch.float64) - 1)
    surrogate = Fourier(
        3, 2, EngineBackend(), generator, n_frequencies=10_000, degree=degree, squash="none", angle_scale=1.0
    ).double()
    phases = features @ surrogate.frequencies.T
    basis = torch.cat([phases.cos(), phases.sin(), torch.ones(600, 1, dtype=torch.float64)], dim=1)
    target = circuit.double()(features).detach()
    solution = torch.linalg.lstsq(basis, target).solution
    with torch.no_grad():
        surrogate.readout.weight.copy_(solution[:-1].T)
        surrogate.readout.bias.copy_(solution[-1])
        new = math.pi * (2 * torch.rand(50, 3, generator=generator, dtype=torch.float64) - 1)
        torch.testing.assert_close(surrogate(new), circuit(new), atol=1e-8, rtol=0)


def test_gaussian_frequencies_approximate_a_radial_kernel() -> None:
    head = Fourier(
        4, 2, EngineBackend(), torch.Generator().manual_seed(0), n_frequencies=20_000, spectrum="gaussian",
        squash="none", angle_scale=1.0,
    )  # fmt: skip
    first, second = torch.tensor([0.3, -0.2, 0.5, 0.1]), torch.tensor([-0.4, 0.6, 0.2, 0.9])
    found = (head.frequencies @ (first - second)).cos().mean()
    # the mean of cos(w d) over N(0, 1) is exp(-d^2 / 2), and its variance over draws is at most 1/2
    assert float(found) == pytest.approx(math.exp(-float((first - second).square().sum()) / 2), abs=5 * 0.5**0.5 / 141)
