"""Noise and shots around a backend: what is drawn, what is reported."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.backends.conditions import Conditions
from qlab.backends.engine import EngineBackend
from qlab.circuits import variational
from qlab.errors import NoiseError
from qlab.noise import Channel, NoiseModel, Readout, Rule

CIRCUIT = variational(3, 2, "angle", "ring")
RNG = np.random.default_rng(4)
INPUTS = torch.tensor(RNG.normal(size=(6, 3)))
WEIGHTS = torch.tensor(RNG.normal(size=CIRCUIT.n_weights))
FLIPS = Rule(Channel.pauli("bit_flip", [0.97, 0.03, 0, 0]))
NOISE = NoiseModel("flips", (FLIPS,), readout=Readout.symmetric(0.02))


def conditions(shots: int | None = None, seed: int = 0, compare: bool = False, simulation: str = "auto") -> Conditions:
    backend = EngineBackend(precision="double", simulation=simulation, trajectories=8)  # type: ignore[arg-type]
    return Conditions("engine", backend, NOISE, shots, seed, compare=compare)


def values(under: Conditions, *batches: slice) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([under.expectations(CIRCUIT, INPUTS[part], WEIGHTS) for part in batches])


@pytest.mark.parametrize("simulation", ["density", "trajectories"])
@pytest.mark.parametrize("shots", [None, 50])
def test_what_a_sample_suffers_does_not_depend_on_its_batch(simulation: str, shots: int | None) -> None:
    whole = values(conditions(shots, simulation=simulation), slice(0, 6))
    parts = values(conditions(shots, simulation=simulation), slice(0, 1), slice(1, 4), slice(4, 6))
    torch.testing.assert_close(whole, parts, rtol=0, atol=1e-12)
    other = values(conditions(shots, seed=1, simulation=simulation), slice(0, 6))
    assert (other == whole).all() == (simulation == "density" and shots is None)


def test_what_is_drawn_follows_from_the_call_alone() -> None:
    under = conditions(shots=50)
    first = under.expectations(CIRCUIT, INPUTS, WEIGHTS)
    other = under.expectations(CIRCUIT, INPUTS, WEIGHTS + 1e-3)
    assert torch.equal(first, under.expectations(CIRCUIT, INPUTS, WEIGHTS))
    assert not torch.equal(first, other)
    moved = under.expectations(CIRCUIT, INPUTS + 1e-3, WEIGHTS)
    assert not torch.equal(first, moved)


def test_the_report_says_what_was_done() -> None:
    under = conditions(compare=True)
    found = under.expectations(CIRCUIT, INPUTS, WEIGHTS)
    report = under.report(CIRCUIT)
    gates = sum(len(gate.qubits) for gate in CIRCUIT.gates)
    assert report["insertions"] == {"bit_flip": gates, "readout": 3}
    assert report["executed"] == {
        "n_qubits": 3, "depth": CIRCUIT.depth, "two_qubit_gates": CIRCUIT.two_qubit_gates
    }  # fmt: skip
    assert (report["simulation"], report["shots"], report["standard_error_mean"]) == ("density", None, None)
    ideal = EngineBackend(precision="double").expectations(CIRCUIT, INPUTS, WEIGHTS)
    assert report["shift_mean"] == pytest.approx((found - ideal).mean().item(), abs=1e-6)
    assert report["shift_rms"] == pytest.approx((found - ideal).square().mean().sqrt().item(), abs=1e-6)
    sampled = conditions(shots=50)
    sampled.expectations(CIRCUIT, INPUTS, WEIGHTS)
    assert 0.05 < sampled.report(CIRCUIT)["standard_error_max"] <= 1 / 7**0.5 / 2 + 0.05


def test_a_model_that_inserts_nothing_is_an_error() -> None:
    nowhere = NoiseModel("nowhere", (Rule(FLIPS.channel, frozenset({"CZ"})),))
    under = Conditions("engine", EngineBackend(), nowhere, None, 0)
    with pytest.raises(NoiseError, match="CZ, which the circuit does not have: its gates are CNOT, RX, RY, RZ"):
        under.expectations(CIRCUIT, INPUTS, WEIGHTS)


@pytest.mark.parametrize("simulation", ["density", "trajectories"])
def test_the_size_of_a_shift_has_no_sampling_error_in_it(simulation: str) -> None:
    weak = NoiseModel("flips", (Rule(Channel.pauli("bit_flip", [0.997, 0.003, 0, 0])),))
    inputs = torch.tensor(np.random.default_rng(0).normal(size=(400, 3)))

    def size(simulation: str, shots: int | None) -> tuple[float, float | None]:
        backend = EngineBackend(simulation=simulation)  # type: ignore[arg-type]
        under = Conditions("engine", backend, weak, shots, 0, compare=True)
        under.expectations(CIRCUIT, inputs, WEIGHTS)
        report = under.report(CIRCUIT)
        return report["shift_rms"], report["standard_error_mean"]

    exact, _ = size("density", None)
    drawn, error = size(simulation, 200)
    assert error is not None
    # A squared value of variance s^2 around d has the variance 4 d^2 s^2 + 2 s^4; those of a sample go together.
    spread = ((4 * exact**2 * error**2 + 2 * error**4) / 400) ** 0.5
    assert abs(drawn**2 - exact**2) < 5 * spread < error**2  # which it would be off by


def test_a_shift_that_is_not_there_has_no_size() -> None:
    under = Conditions("engine", EngineBackend(), NoiseModel("none"), 50, 1, compare=True)
    under.expectations(CIRCUIT, INPUTS, WEIGHTS)
    assert under.report(CIRCUIT)["shift_rms"] < 0.05 < under.report(CIRCUIT)["standard_error_mean"]
