"""Estimates from trajectories: right in the mean, with the right standard errors, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, variational
from qlab.engine import density, expectations
from qlab.engine.choice import Method
from qlab.engine.sampling import sample
from qlab.engine.trajectories import estimate
from qlab.errors import OptionError
from qlab.noise import Channel, Located, NoiseModel, NoisyCircuit, Rule, models
from qlab.noise.channels import amplitude_damping, bit_flip
from tests.engine.noisy_cases import LAYERS, MODELS, WORDS, NoisyCase, case_of, layers, lego, random_noisy, z_scores

DOUBLE = torch.complex128
PAULI = [name for name in MODELS if MODELS[name]().insert(LAYERS).is_pauli]


def scores(case: NoisyCase, n_estimates: int, trajectories: int, dtype: torch.dtype = DOUBLE) -> torch.Tensor:
    """Return z-scores (n_estimates, K)."""
    found = estimate(
        case.noisy, case.samples(n_estimates), case.weights, case.words, dtype, trajectories=trajectories, seed=11
    )
    return z_scores(case, found.values, found.standard_errors)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_right_and_so_are_their_standard_errors(name: str) -> None:
    found = scores(layers(name), 200, 400)
    assert found.abs().max() < 5
    assert ((found.std(0) > 0.8) & (found.std(0) < 1.2)).all()
    assert found.mean(0).abs().max() < 5 / 200**0.5


@pytest.mark.parametrize("name", ["depolarizing", "amplitude_damping"])
def test_no_bias_is_hidden_in_many_trajectories(name: str) -> None:
    assert scores(layers(name), 1, 200_000).abs().max() < 5


@pytest.mark.parametrize("pauli", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_random_circuits_with_random_channels(seed: int, pauli: bool) -> None:
    rng = np.random.default_rng([seed, pauli])
    for _ in range(4):
        case = random_noisy(rng, pauli)
        assert case.noisy.is_pauli == pauli or not any(case.noisy.channels)
        assert scores(case, 3, 2000).abs().max() < 5


@pytest.mark.parametrize("name", ["lego", "composed"])
def test_single_precision(name: str) -> None:
    assert scores(layers(name), 50, 400, torch.complex64).abs().max() < 5


def test_an_error_behind_one_rotation_is_known() -> None:
    circuit = Circuit(1, [("RY", 0, Input(0))])
    noisy = models.depolarizing(p=0.3, p2=None, gates=None).insert(circuit)
    angles = torch.linspace(-3, 3, 5, dtype=torch.float64)[:, None]
    found = estimate(noisy, angles, torch.zeros(0), None, DOUBLE, trajectories=10, seed=0)
    torch.testing.assert_close(found.noiseless, torch.full((5,), 0.8, dtype=torch.float64))  # Z is not seen
    # each of the two errors that are seen flips the sign of Z: what is left is that one more may have been missed
    torch.testing.assert_close(found.values, (1 - 4 * 0.3 / 3) * angles.cos(), rtol=0, atol=1e-12)
    torch.testing.assert_close(found.standard_errors, 0.2 * (1 + angles.cos().abs()) / 10, rtol=0, atol=1e-8)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_what_is_certain_is_exact(p: float) -> None:
    noisy = NoiseModel("flip", (Rule(Channel.pauli("flip", [1 - p, p, 0, 0])),))
    case = layers("bit_flip")
    circuit = NoisyCircuit(LAYERS, ((),) * len(LAYERS.gates)) if not p else noisy.insert(LAYERS)
    found = estimate(circuit, case.inputs, case.weights, WORDS, DOUBLE, trajectories=50, seed=0)
    exact = density.expectations(circuit, case.inputs, case.weights, WORDS, DOUBLE)
    torch.testing.assert_close(found.values, exact, rtol=0, atol=1e-12)
    ideal = expectations(LAYERS, case.inputs, case.weights, WORDS, DOUBLE)
    torch.testing.assert_close(found.standard_errors, p * (1 + ideal.abs()) / 50, rtol=0, atol=1e-7)
    assert found.trajectories.tolist() == [50 if p else 0]


@pytest.mark.parametrize("channel", [[1.0, 0.0, 0.0, 0.0], "damping"])
def test_strength_zero_is_ideal(channel: list[float] | str) -> None:
    nothing = amplitude_damping(0.0) if isinstance(channel, str) else Channel.pauli("nothing", channel)
    channels = tuple(tuple(Located(nothing, (qubit,)) for qubit in gate.qubits) for gate in LAYERS.gates)
    case = layers("bit_flip")
    found = estimate(NoisyCircuit(LAYERS, channels), case.inputs, case.weights, WORDS, DOUBLE, trajectories=9, seed=0)
    ideal = expectations(LAYERS, case.inputs, case.weights, WORDS, DOUBLE)
    torch.testing.assert_close(found.values, ideal, rtol=0, atol=1e-12)
    assert found.noiseless.tolist() == [1.0]
    assert found.trajectories.tolist() == [0]
    assert found.standard_errors.max() == 0


@pytest.mark.parametrize(("name", "wanted"), [("lego", 0.03), ("lego", 0.004), ("amplitude_damping", 0.02)])
def test_as_many_trajectories_as_a_standard_error_needs(name: str, wanted: float) -> None:
    case = layers(name)
    found = estimate(case.noisy, case.samples(200), case.weights, WORDS, DOUBLE, standard_error=wanted, seed=5)
    largest = found.standard_errors.amax(1)
    assert largest.max() <= wanted
    assert largest.mean() > 0.8 * wanted or found.trajectories.max() <= 64  # not many more than are needed
    spread = z_scores(case, found.values, found.standard_errors).std(0)
    assert ((spread > 0.8) & (spread < 1.2)).all()


@pytest.mark.parametrize("name", ["lego", "amplitude_damping"])
@pytest.mark.parametrize("wanted", [{"trajectories": 1500}, {"standard_error": 0.01}])
def test_a_sample_does_not_depend_on_its_batch(name: str, wanted: dict[str, float]) -> None:
    case = layers(name)
    inputs = torch.linspace(-1, 2, 18, dtype=torch.float64).view(6, 3)

    def found(part: slice, seed: int | tuple[int, int] = 3) -> list[torch.Tensor]:
        result = estimate(
            case.noisy, inputs[part], case.weights, WORDS, DOUBLE, seed=seed, samples=part.start,
            **wanted,  # type: ignore[arg-type]
        )  # fmt: skip
        return [result.values, result.standard_errors, result.trajectories.double(), result.noiseless]

    everything = found(slice(0, 6))
    for part in (slice(2, 4), slice(0, 1), slice(3, 6)):
        for mine, theirs in zip(found(part), everything, strict=True):
            torch.testing.assert_close(mine, theirs[part], rtol=0, atol=1e-11)
    assert not torch.equal(found(slice(0, 6), 4)[0], everything[0])
    assert not torch.equal(found(slice(0, 6), (3, 1))[0], everything[0])


def test_samples_have_errors_of_their_own() -> None:
    case = layers("lego")
    found = estimate(case.noisy, case.samples(20), case.weights, WORDS, DOUBLE, trajectories=100, seed=0)
    assert len(found.values[:, 0].unique()) == 20


def test_paths_of_the_simulator_execute_the_same_errors(method: Method) -> None:
    case = layers("lego")
    ours, theirs = (
        estimate(case.noisy, case.inputs, case.weights, WORDS, DOUBLE, trajectories=300, seed=1, method=path)
        for path in (method, "auto")
    )
    torch.testing.assert_close(ours.values, theirs.values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", [models.lego(p=0.02, dephasing=0.01, flip=0.02, gates=None), MODELS["composed"]()])
def test_amplitudes_can_be_embedded(model: NoiseModel) -> None:
    circuit = variational(3, 2, "amplitude", "ring")
    rng = np.random.default_rng(0)
    inputs, weights = torch.tensor(rng.normal(size=(2, 8))), torch.tensor(rng.normal(size=circuit.n_weights))
    noisy = model.insert(circuit)
    found = estimate(noisy, inputs, weights, None, DOUBLE, trajectories=3000, seed=0)
    exact = density.expectations(noisy, inputs, weights, None, DOUBLE)
    assert ((found.values - exact) / found.standard_errors).abs().max() < 5


def test_qubits_of_the_circuit_as_written() -> None:
    case = layers("lego")
    moved = NoisyCircuit(case.noisy.circuit, case.noisy.channels, qubit_of=(2, 0))
    straight = NoisyCircuit(case.noisy.circuit, case.noisy.channels)
    ours = estimate(moved, case.inputs, case.weights, ["X0", "Z1"], DOUBLE, trajectories=50, seed=0)
    theirs = estimate(straight, case.inputs, case.weights, ["X2", "Z0"], DOUBLE, trajectories=50, seed=0)
    torch.testing.assert_close(ours.values, theirs.values)


@pytest.mark.parametrize("name", ["lego", "amplitude_damping"])
@pytest.mark.parametrize("wanted", [{"trajectories": 5}, {"standard_error": 0.01}])
def test_an_empty_batch_has_no_values(name: str, wanted: dict[str, float]) -> None:
    case = layers(name)
    found = estimate(case.noisy, torch.zeros(0, 3), case.weights, WORDS, seed=0, **wanted)  # type: ignore[arg-type]
    assert found.values.shape == found.standard_errors.shape == (0, 4)
    assert found.trajectories.shape == found.noiseless.shape == (0,)


def test_twelve_qubits() -> None:
    circuit = lego(12, 2)
    noisy = models.depolarizing(p=0.01, p2=None, gates=None).insert(circuit)
    inputs, weights = torch.full((1, 12), 0.4), torch.linspace(-1, 1, circuit.n_weights)
    found = estimate(noisy, inputs, weights, ["Z0", "Z1 Z7"], trajectories=300, seed=0)
    ideal = expectations(circuit, inputs, weights, ["Z0", "Z1 Z7"])
    assert ((found.values - ideal).abs() > 5 * found.standard_errors).any()  # the noise is there


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({}, "one of the two"),
        ({"trajectories": 10, "standard_error": 0.1}, "one of the two"),
        ({"trajectories": 1}, "trajectories=1 have no standard error: it takes at least 2"),
        ({"standard_error": 0.0}, "standard_error=0 cannot be reached"),
    ],
)
def test_requests_that_make_no_sense(wanted: dict[str, float], complaint: str) -> None:
    case = layers("lego")
    with pytest.raises(OptionError, match=complaint):
        estimate(case.noisy, case.inputs, case.weights, seed=0, **wanted)  # type: ignore[arg-type]


def test_errors_that_were_not_drawn_are_not_ruled_out() -> None:
    circuit = Circuit(2, [("RY", 0, Input(0)), ("RY", 1, Input(0))])
    rare, common = (Channel.pauli("flip", [1 - p, p, 0, 0]) for p in (1e-3, 0.3))
    noisy = NoisyCircuit(circuit, ((Located(rare, (0,)),), (Located(common, (1,)),)))
    inputs = torch.full((200, 1), 0.3, dtype=torch.float64)
    found = estimate(noisy, inputs, torch.zeros(0), None, DOUBLE, trajectories=100, seed=0)
    exact = torch.tensor([1 - 2e-3, 1 - 0.6], dtype=torch.float64) * np.cos(0.3)
    scores = (found.values - exact) / found.standard_errors
    assert scores.abs().max() < 5  # most samples saw no error on the first qubit


def rare(kind: str) -> NoisyCase:
    """Return a case in which Z0 is 0 but for one error of about every hundredth trajectory that has any."""
    damped = kind == "damping"
    seldom, often = (amplitude_damping(0.01), amplitude_damping(0.1)) if damped else (bit_flip(0.01), bit_flip(0.1))
    nothing: tuple[Located, ...] = ()
    circuit = Circuit(
        2,
        [
            ("Hadamard", 0),
            ("RZ", 0, 0.0 if damped else 0.8),  # from there X turns back, and Hadamard sees by how much
            ("RZ", 0, 0.0 if damped else np.pi / 2 - 0.8),
            *([] if damped else [("Hadamard", 0)]),
            *[("RX", 1, 0.9)] * 10,
        ],
    )
    channels = (
        nothing,
        (Located(seldom, (0,)),),
        *[nothing] * (len(circuit.gates) - 12),
        *[(Located(often, (1,)),)] * 10,
    )
    return case_of(NoisyCircuit(circuit, channels), ["Z0", "Z1"], np.random.default_rng(0))


@pytest.mark.parametrize("wanted", [{"trajectories": 64}, {"trajectories": 200}, {"standard_error": 0.01}])
@pytest.mark.parametrize("kind", ["damping", "flips"])
def test_rare_errors_of_a_value_near_zero(kind: str, wanted: dict[str, float]) -> None:
    case = rare(kind)
    ideal = expectations(case.noisy.circuit, case.inputs, case.weights, ["Z0"], DOUBLE)
    assert abs(ideal) < 1e-12 < 0.004 < abs(case.exact[0])
    found = estimate(case.noisy, case.samples(200), case.weights, case.words, DOUBLE, seed=2, **wanted)  # type: ignore[arg-type]
    squares = z_scores(case, found.values, found.standard_errors)[:, 0].square()
    assert squares.max() < 25
    assert squares.mean() < 1.45 + 5 * squares.std() / 200**0.5  # 1.45 is the largest mean there is


def test_only_what_a_word_depends_on_is_drawn() -> None:
    case = rare("damping")
    found = estimate(case.noisy, case.inputs, case.weights, ["Z0"], DOUBLE, trajectories=9, seed=0)
    torch.testing.assert_close(found.noiseless, torch.tensor([1 - 0.01 / 2], dtype=torch.float64))
    torch.testing.assert_close(found.values[:, 0], case.exact[:1], rtol=0, atol=1e-12)
    assert found.standard_errors.item() == pytest.approx(0.005 / 9, rel=1e-2)


BELL = Circuit(2, [("PauliX", 0), ("Hadamard", 1), ("CNOT", (1, 0)), ("RY", 0, 0.4), ("CNOT", (0, 1))])
RESET = Channel("reset", np.array([[[0, 0], [1, 0]], [[0, 0], [0, 1]]]))  # to |1>
CERTAIN: dict[str, Callable[[], NoisyCircuit]] = {
    "decayed": lambda: models.amplitude_damping(gamma=1.0, gates=["CNOT"]).insert(BELL),
    "thermal": lambda: models.thermal_relaxation(t1=1, t2=1, time_1q=1e9, time_2q=1e9, excited=0.3, gates=None).insert(
        BELL
    ),
    "reset": lambda: NoiseModel("reset", (Rule(RESET),)).insert(BELL),
    "flipped and decayed": lambda: NoiseModel("both", (Rule(bit_flip(1.0)), Rule(amplitude_damping(0.5)))).insert(BELL),
}


@pytest.mark.parametrize("dtype", [torch.complex64, DOUBLE])
@pytest.mark.parametrize("name", CERTAIN)
def test_jumps_that_cannot_stay_out(name: str, dtype: torch.dtype) -> None:
    case = case_of(CERTAIN[name](), ["Z0", "X0", "Z0 Z1"], np.random.default_rng(0))
    found = estimate(case.noisy, case.samples(20), case.weights, case.words, dtype, trajectories=200, seed=1)
    assert z_scores(case, found.values, found.standard_errors).abs().max() < 5
    assert ((found.noiseless >= 0) & (found.noiseless <= 1)).all()
    drawn = sample(
        case.noisy, case.samples(3), case.weights, case.words, dtype, shots=300, states="trajectories", seed=1
    )
    assert z_scores(case, drawn.values, drawn.standard_errors).abs().max() < 5


@pytest.mark.parametrize("kind", ["depolarizing", "amplitude_damping"])
def test_no_standard_error_is_below_rounding(kind: str) -> None:
    model = {
        "depolarizing": models.depolarizing(p=1e-10, p2=None, gates=None),
        "amplitude_damping": models.amplitude_damping(gamma=1e-10, gates=None),
    }[kind]
    case = case_of(model.insert(lego(4)), ["Z0", "Z1", "X2 Y3"], np.random.default_rng(0))
    for dtype in (torch.complex64, DOUBLE):
        found = estimate(case.noisy, case.inputs, case.weights, case.words, dtype, standard_error=1e-9, seed=0)
        assert z_scores(case, found.values, found.standard_errors).abs().max() < 5
        assert found.standard_errors.min() >= torch.finfo(dtype).eps


@pytest.mark.parametrize("name", ["lego", "amplitude_damping"])
@pytest.mark.parametrize("wanted", [{"trajectories": 5}, {"standard_error": 0.01}])
def test_what_is_no_number_stays_none(name: str, wanted: dict[str, float]) -> None:
    case = layers(name)
    inputs = case.samples(3).clone()
    inputs[1, 0] = torch.nan
    found = estimate(case.noisy, inputs, case.weights, ["Z0", "Z2"], seed=0, **wanted)  # type: ignore[arg-type]
    assert found.values.isnan().all(1).tolist() == [False, True, False]
    assert found.standard_errors.isnan().all(1).tolist() == [False, True, False]
