"""Named channels: their closed forms, PennyLane's and Qiskit Aer's, and what holds for every channel."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import PTM
from qiskit_aer.noise import errors as aer

from qlab.errors import OptionError
from qlab.noise import Channel
from qlab.noise.channel import pauli_products
from qlab.noise.channels import (
    amplitude_damping,
    bit_flip,
    dephasing,
    depolarizing,
    generalized_amplitude_damping,
    pauli,
    phase_damping,
    thermal_relaxation,
)
from tests.noise.reference import random_channel, superoperator

PROBABILITY = st.floats(0, 1, allow_subnormal=False)
EPS = 2e-7  # PennyLane adds 1e-14 to the probabilities whose roots it takes
SEED = st.integers(0, 2**32 - 1)
NAMED = [
    depolarizing(0.3),
    depolarizing(0.3, 2),
    dephasing(0.2),
    bit_flip(0.2),
    pauli(0.1, 0.2, 0.3),
    amplitude_damping(0.3),
    generalized_amplitude_damping(0.3, 0.2),
    phase_damping(0.3),
    thermal_relaxation(50, 70, 20, 0.1),
]


@pytest.mark.parametrize("p", [0.0, 1e-3, 0.3, 0.75, 1.0])
def test_channels_are_those_of_pennylane(p: float) -> None:
    excited = 0.2
    pairs = [
        (depolarizing(p), qml.DepolarizingChannel(p, wires=0)),
        (dephasing(p), qml.PhaseFlip(p, wires=0)),
        (bit_flip(p), qml.BitFlip(p, wires=0)),
        (amplitude_damping(p), qml.AmplitudeDamping(p, wires=0)),
        (generalized_amplitude_damping(p, excited), qml.GeneralizedAmplitudeDamping(p, excited, wires=0)),
        (phase_damping(p), qml.PhaseDamping(p, wires=0)),
    ]
    for ours, theirs in pairs:
        matrices = np.array(theirs.kraus_matrices())
        np.testing.assert_allclose(superoperator(ours.kraus), superoperator(matrices), atol=EPS, err_msg=ours.name)


@pytest.mark.parametrize("probabilities", [(0.1, 0.0, 0.3), (0.0, 0.0, 0.0), (0.2, 0.3, 0.5)])
def test_pauli_noise_is_that_of_aer(probabilities: tuple[float, float, float]) -> None:
    named = zip("IXYZ", (1 - sum(probabilities), *probabilities), strict=True)
    theirs = PTM(aer.pauli_error(list(named)).to_quantumchannel()).data.real
    np.testing.assert_allclose(pauli(*probabilities).transfer, theirs, atol=1e-14)


@pytest.mark.parametrize(("t1", "t2"), [(50.0, 30.0), (50.0, 50.0), (50.0, 80.0), (50.0, 100.0), (math.inf, 20.0)])
@pytest.mark.parametrize("time", [0.0, 0.1, 40.0])
@pytest.mark.parametrize("excited", [0.0, 0.15])
def test_thermal_relaxation_is_that_of_aer_and_pennylane(t1: float, t2: float, time: float, excited: float) -> None:
    ours = thermal_relaxation(t1, t2, time, excited).transfer
    theirs = PTM(aer.thermal_relaxation_error(t1, t2, time, excited).to_quantumchannel()).data.real
    np.testing.assert_allclose(ours, theirs, atol=1e-14)
    if math.isfinite(t1):
        matrices = np.array(qml.ThermalRelaxationError(excited, t1, t2, time, wires=0).kraus_matrices())
        np.testing.assert_allclose(ours, Channel("theirs", matrices).transfer, atol=EPS)


@pytest.mark.parametrize("p", [0.0, 1e-3, 0.3, 0.75, 1.0])
def test_damping_is_that_of_aer(p: float) -> None:
    pairs = [
        (amplitude_damping(p), aer.amplitude_damping_error(p)),
        (generalized_amplitude_damping(p, 0.2), aer.amplitude_damping_error(p, excited_state_population=0.2)),
        (phase_damping(p), aer.phase_damping_error(p)),
    ]
    for ours, theirs in pairs:
        expected = PTM(theirs.to_quantumchannel()).data.real
        np.testing.assert_allclose(ours.transfer, expected, atol=1e-14, err_msg=ours.name)


@pytest.mark.parametrize("n_qubits", [1, 2])
def test_depolarizing_noise_is_that_of_aer_in_its_parameter(n_qubits: int) -> None:
    p = 0.1
    theirs = aer.depolarizing_error(p * 4**n_qubits / (4**n_qubits - 1), n_qubits)
    ours = depolarizing(p, n_qubits).transfer
    np.testing.assert_allclose(ours, PTM(theirs.to_quantumchannel()).data.real, atol=1e-14)


@given(p=PROBABILITY, excited=PROBABILITY)
def test_closed_forms(p: float, excited: float) -> None:
    """What each channel makes of <X>, <Y> and <Z>: the lower right of its transfer matrix, and its shift of <Z>."""
    coherence = math.sqrt(1 - p)
    expected = {
        depolarizing(p): (1 - 4 * p / 3, 1 - 4 * p / 3, 1 - 4 * p / 3, 0.0),
        dephasing(p): (1 - 2 * p, 1 - 2 * p, 1.0, 0.0),
        bit_flip(p): (1.0, 1 - 2 * p, 1 - 2 * p, 0.0),
        amplitude_damping(p): (coherence, coherence, 1 - p, p),
        generalized_amplitude_damping(p, excited): (coherence, coherence, 1 - p, p * (1 - 2 * excited)),
        phase_damping(p): (coherence, coherence, 1.0, 0.0),
    }
    for channel, (*shrinkage, shift) in expected.items():
        transfer = np.diag([1, *shrinkage]).astype(float)
        transfer[3, 0] = shift
        np.testing.assert_allclose(channel.transfer, transfer, atol=1e-12, err_msg=channel.name)


@given(t1=st.floats(1, 1e3), ratio=st.floats(0.01, 2), time=st.floats(0, 1e3), excited=PROBABILITY)
def test_relaxation_is_exponential(t1: float, ratio: float, time: float, excited: float) -> None:
    transfer = thermal_relaxation(t1, ratio * t1, time, excited).transfer
    coherence, left = math.exp(-time / (ratio * t1)), math.exp(-time / t1)
    expected = np.diag([1, coherence, coherence, left])
    expected[3, 0] = (1 - left) * (1 - 2 * excited)
    np.testing.assert_allclose(transfer, expected, atol=1e-9)


@pytest.mark.parametrize("channel", NAMED, ids=lambda channel: f"{channel.name} on {channel.n_qubits}")
def test_every_channel_is_completely_positive_and_keeps_the_trace(channel: Channel) -> None:
    """Read off the transfer matrix alone: the Choi matrix it stands for has no negative eigenvalue."""
    dimension = 2**channel.n_qubits
    paulis = pauli_products(channel.n_qubits)
    terms = np.einsum("ij,iab,jcd->acbd", channel.transfer, paulis, paulis.transpose(0, 2, 1)) / dimension
    choi = terms.reshape(dimension**2, dimension**2)
    assert np.linalg.eigvalsh(choi).min() > -1e-12
    np.testing.assert_allclose(np.trace(choi), dimension, atol=1e-12)
    np.testing.assert_allclose(channel.transfer[0], np.eye(dimension**2)[0], atol=1e-12)


@settings(max_examples=30)
@given(seed=SEED, n_qubits=st.integers(1, 2), rank=st.integers(1, 4))
def test_the_transfer_matrix_acts_on_states_as_the_channel(seed: int, n_qubits: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    channel = random_channel(rng, n_qubits, rank)
    dimension = 2**n_qubits
    root = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
    rho = root @ root.conj().T / np.trace(root @ root.conj().T)
    after = sum(k @ rho @ k.conj().T for k in channel.kraus)
    paulis = pauli_products(n_qubits)
    before = np.einsum("iab,ba->i", paulis, rho).real
    np.testing.assert_allclose(channel.transfer @ before, np.einsum("iab,ba->i", paulis, after).real, atol=1e-12)


@settings(max_examples=50)
@given(seed=SEED, n_qubits=st.integers(1, 2))
def test_probabilities_of_a_mixture_of_paulis_are_found_again(seed: int, n_qubits: int) -> None:
    """Also where its Kraus operators hide them: any unitary may mix those."""
    rng = np.random.default_rng(seed)
    drawn = rng.exponential(size=4**n_qubits) * (rng.random(4**n_qubits) < 0.5)
    drawn[0] += 1
    probabilities = drawn / drawn.sum()
    channel = Channel.pauli("mixture", probabilities)
    unitary, _ = np.linalg.qr(rng.normal(size=(4**n_qubits, 4**n_qubits)))
    hidden = Channel("hidden", np.einsum("ij,jab->iab", unitary, channel.kraus))
    for found in (channel.probabilities, hidden.probabilities):
        assert found is not None
        np.testing.assert_allclose(found, probabilities, atol=1e-12)


def test_phase_damping_is_a_mixture_of_paulis_and_relaxation_is_not() -> None:
    gamma = 0.3
    found = phase_damping(gamma).probabilities
    assert found is not None
    flip = (1 - math.sqrt(1 - gamma)) / 2
    np.testing.assert_allclose(found, [1 - flip, 0, 0, flip], atol=1e-14)
    assert amplitude_damping(gamma).probabilities is None
    assert thermal_relaxation(math.inf, 10, 3).probabilities is not None
    assert thermal_relaxation(10, 10, 3).probabilities is None


@settings(max_examples=30)
@given(seed=SEED, n_qubits=st.integers(1, 2), ranks=st.tuples(st.integers(1, 6), st.integers(1, 6)))
def test_one_channel_after_another(seed: int, n_qubits: int, ranks: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    first, second = (random_channel(rng, n_qubits, rank) for rank in ranks)
    both = first.then(second)
    np.testing.assert_allclose(both.transfer, second.transfer @ first.transfer, atol=1e-12)
    assert len(both.kraus) <= min(4**n_qubits, ranks[0] * ranks[1])


def test_a_channel_after_a_channel_needs_no_more_operators_than_it_must() -> None:
    assert len(depolarizing(0.1).then(depolarizing(0.1)).kraus) == 4
    assert len(dephasing(0.1).then(phase_damping(0.2)).kraus) == 2
    assert depolarizing(0.0).then(dephasing(0.0)).is_identity
    with pytest.raises(OptionError, match="on the same qubits only"):
        depolarizing(0.1).then(depolarizing(0.1, 2))


@pytest.mark.parametrize("channel", [depolarizing(0.0), depolarizing(0.0, 2), dephasing(0.0), phase_damping(0.0)])
def test_a_channel_without_strength_does_nothing(channel: Channel) -> None:
    assert channel.is_identity
    assert thermal_relaxation(10, 10, 0).is_identity
    assert not dephasing(1e-12).is_identity


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: depolarizing(1.1), r"p=1.1 is no probability: it must be from 0 to 1"),
        (lambda: depolarizing(0.1, 3), "acts on 1 or 2 qubits, not 3"),
        (lambda: dephasing(-0.1), r"p=-0.1 is no probability"),
        (lambda: pauli(0.5, 0.5, 0.5), r"px \+ py \+ pz = 1.5: probabilities are at most 1 together"),
        (lambda: amplitude_damping(float("nan")), "gamma=nan is no probability"),
        (lambda: thermal_relaxation(10, 21, 1), "t2=21 is longer than relaxation allows: it must be at most 2 t1 = 20"),
        (lambda: thermal_relaxation(0, 1, 1), "times must be positive: t1=0"),
        (lambda: thermal_relaxation(10, 10, -1), "time=-1"),
    ],
)
def test_numbers_out_of_range_are_refused(make: Callable[[], Channel], complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        make()
