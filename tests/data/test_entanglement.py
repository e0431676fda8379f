"""Two-qubit states: labels against independent measures, families against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, concurrence, negativity

from qlab.data.dataset import DataContext, Dataset
from qlab.data.entanglement import Entanglement
from qlab.data.two_qubits import (
    BELL,
    PAULIS,
    PRESETS,
    Complex,
    haar_unitary,
    is_entangled,
    rotated,
    smallest_transposed_eigenvalue,
)

ALONG = {axis: np.kron(PAULIS[axis], PAULIS[axis]) for axis in (1, 2, 3)}


def states_of(dataset: Dataset) -> Complex:
    found: Complex = dataset.images[:, 0].astype(np.complex128) + 1j * dataset.images[:, 1]
    return found


def drawn(preset: str, family: str, count: int = 200) -> Complex:
    maker = PRESETS[preset][0][family]
    return np.array([maker(np.random.default_rng([1, i])) for i in range(count)])


@pytest.mark.parametrize(("preset", "family"), [(preset, name) for preset in PRESETS for name in PRESETS[preset][0]])
def test_labels_are_those_of_negativity_and_of_concurrence(preset: str, family: str) -> None:
    states = drawn(preset, family, 100)
    for state, label in zip(states, is_entangled(states), strict=True):
        assert (negativity(DensityMatrix(state), [0]) > 1e-9) == label
        assert (concurrence(DensityMatrix(state)) > 1e-6) == label


def test_loaded_labels_are_those_of_the_images() -> None:
    for preset in PRESETS:
        dataset = Entanglement(size=300, preset=preset, seed=3).load(DataContext())
        values = smallest_transposed_eigenvalue(states_of(dataset))
        is_clear = abs(values) > 1e-6  # single precision
        assert is_clear.mean() > 0.7
        assert ((values < 0) == dataset.labels.astype(bool))[is_clear].all()


def test_entanglement_begins_at_a_third_of_a_bell_state() -> None:
    """The smallest eigenvalue of the partial transpose of a Werner state is (1 - 3p)/4."""
    shares = np.array([0.2, 1 / 3 - 1e-6, 1 / 3 + 1e-6, 0.4, 1.0])
    for bell in BELL:
        in_noise = shares[:, None, None] * np.outer(bell, bell) + (1 - shares[:, None, None]) * np.eye(4) / 4
        states = in_noise.astype(np.complex128)
        assert np.abs(smallest_transposed_eigenvalue(states) - (1 - 3 * shares) / 4).max() < 1e-12
        assert (is_entangled(states) == (shares > 1 / 3)).all()


@pytest.mark.parametrize("preset", ["bell", "wide"])
def test_every_family_holds_states(preset: str) -> None:
    for family in PRESETS[preset][0]:
        states = drawn(preset, family)
        assert np.abs(np.trace(states, axis1=1, axis2=2) - 1).max() < 1e-12
        assert np.abs(states - states.conj().transpose(0, 2, 1)).max() < 1e-12
        assert np.linalg.eigvalsh(states).min() > -1e-12


def test_families_of_the_bell_preset_are_what_their_names_say() -> None:
    assert is_entangled(drawn("bell", "entangled")).all()
    for family in ("separable noise", "product mixtures", "adversarial"):
        assert not is_entangled(drawn("bell", family)).any()


def test_shares_of_entangled_states_are_the_known_ones() -> None:
    """Werner states 2/3 exactly; Hilbert-Schmidt 0.7576, the separable share being 8/33; 5 standard errors of 2,000."""
    for family, share in (("Werner", 2 / 3), ("Hilbert-Schmidt", 25 / 33)):
        found = is_entangled(drawn("wide", family, 2000)).mean()
        assert abs(found - share) < 5 * (share * (1 - share) / 2000) ** 0.5


def test_adversarial_states_keep_one_correlation_and_the_marginals() -> None:
    kept = dict.fromkeys(ALONG, 0)
    for state in drawn("bell", "adversarial", 300):
        correlations = {axis: abs(np.trace(word @ state).real) for axis, word in ALONG.items()}
        strong = [axis for axis, size in correlations.items() if size > 1e-9]
        assert len(strong) == 1
        assert correlations[strong[0]] >= 0.353
        kept[strong[0]] += 1
        halves = state.reshape(2, 2, 2, 2)
        for marginal in (np.einsum("ijkj->ik", halves), np.einsum("ijil->jl", halves)):
            assert np.abs(marginal - np.eye(2) / 2).max() < 1e-12
    assert all(70 < count < 130 for count in kept.values())  # a third each, within 4 standard errors


def test_dephased_along_z_the_diagonal_is_that_of_an_entangled_state() -> None:
    adversarial = [s for s in drawn("bell", "adversarial") if abs(np.trace(ALONG[3] @ s).real) > 0.3]
    for state in adversarial:
        share = abs(np.trace(ALONG[3] @ state).real)
        parity = 0 if np.trace(ALONG[3] @ state).real > 0 else 2
        twin = share * np.outer(BELL[parity], BELL[parity]) + (1 - share) * np.eye(4) / 4
        assert np.abs(np.diag(twin - state)).max() < 1e-12
        assert is_entangled(twin[None].astype(np.complex128))[0]


def test_rotations_are_local_and_reach_every_family() -> None:
    plain = Entanglement(size=200, local=False).load(DataContext())
    turned = Entanglement(size=200, local=True).load(DataContext())
    assert (plain.labels == turned.labels).all()
    assert plain.families is not None
    assert turned.families is not None
    assert (plain.families == turned.families).all()
    before, after = states_of(plain), states_of(turned)
    assert np.abs(np.linalg.eigvalsh(before) - np.linalg.eigvalsh(after)).max() < 1e-6
    for number, name in enumerate(plain.family_names):
        moved = np.abs(before - after)[plain.families == number].max(axis=(1, 2))
        assert len(moved) > 10, name
        assert (moved > 1e-3).mean() > 0.9, name  # all but a Bell state in nearly nothing but noise
    rng = np.random.default_rng(0)
    marginal = np.einsum("ijkj->ik", rotated(np.diag([1, 0, 0, 0]).astype(np.complex128), rng).reshape(2, 2, 2, 2))
    assert np.trace(marginal @ marginal).real == pytest.approx(1)  # a product state stays one


def test_haar_unitaries_have_the_moments_of_the_haar_measure() -> None:
    """E |U_00|^2 = 1/2, E |U_00|^4 = 1/3, E U_00^2 = 0."""
    corner = np.array([haar_unitary(2, np.random.default_rng([2, i]))[0, 0] for i in range(4000)])
    assert abs((abs(corner) ** 2).mean() - 1 / 2) < 5 * (1 / 12 / 4000) ** 0.5
    assert abs((abs(corner) ** 4).mean() - 1 / 3) < 5 * (4 / 45 / 4000) ** 0.5
    assert abs((corner**2).mean()) < 5 * (1 / 3 / 4000) ** 0.5


def test_a_state_depends_on_the_seed_and_its_number_alone() -> None:
    few, many = (Entanglement(size=size).load(DataContext()) for size in (20, 40))
    assert (few.images == many.images[:20]).all()
    assert (Entanglement(size=20, seed=1).load(DataContext()).images != few.images).any()
