"""Ground states of spin chains: against known energies, symmetries and limits."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp

from qlab.data.dataset import DataContext
from qlab.data.spin_chains import XXZ, SpinChain, TransverseFieldIsing, ground_state
from qlab.errors import OptionError


def test_the_ising_energy_is_that_of_qiskits_words() -> None:
    words = [("ZZI", -1.0), ("IZZ", -1.0), ("XII", -0.7), ("IXI", -0.7), ("IIX", -0.7)]
    expected = SparsePauliOp.from_list(words).to_matrix()
    assert np.abs(TransverseFieldIsing(n_qubits=3).hamiltonian(0.7) - expected).max() < 1e-12


def test_the_xxz_energy_is_that_of_qiskits_words() -> None:
    neighbours = ("{0}{0}II", "I{0}{0}I", "II{0}{0}")
    words = [(place.format(axis), size) for axis, size in (("X", 1.0), ("Y", 1.0), ("Z", 1.3)) for place in neighbours]
    expected = SparsePauliOp.from_list(words).to_matrix()
    assert np.abs(XXZ(n_qubits=4).hamiltonian(1.3) - expected).max() < 1e-12


@pytest.mark.parametrize("field", [0.3, 1.0, 1.7])
def test_the_ising_ground_energy_is_that_of_free_fermions(field: float) -> None:
    """The open chain's energy is minus the sum of a bidiagonal matrix's singular values (Lieb, Schultz, Mattis)."""
    n_qubits = 5
    energy = np.linalg.eigvalsh(TransverseFieldIsing(n_qubits=n_qubits).hamiltonian(field))[0]
    matrix = field * np.eye(n_qubits) + np.diag(np.ones(n_qubits - 1), 1)
    assert energy == pytest.approx(-np.linalg.svd(matrix, compute_uv=False).sum(), abs=1e-10)


def test_limits_of_the_field() -> None:
    chain = TransverseFieldIsing(n_qubits=4)
    strong, weak = ground_state(chain.hamiltonian(1e4)), ground_state(chain.hamiltonian(1e-2))
    assert np.abs(strong - np.ones((16, 16)) / 16).max() < 1e-3  # every spin along X
    assert weak[0, 0].real == pytest.approx(0.5, abs=1e-3)  # the even superposition of all up and all down
    assert weak[0, 15].real == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("kind", [TransverseFieldIsing, XXZ])
def test_loaded_states_are_pure_and_labelled_by_the_side_of_the_transition(kind: type[SpinChain]) -> None:
    dataset = kind(size=60).load(DataContext())
    states = dataset.images[:, 0] + 1j * dataset.images[:, 1]
    assert states.shape == (60, 16, 16)
    assert np.abs(np.einsum("bij,bji->b", states, states) - 1).max() < 1e-5
    correlation = states.diagonal(axis1=1, axis2=2).real @ np.diag(XXZ().hamiltonian(1.0) - XXZ().hamiltonian(0.0)).real
    ordered = abs(correlation)  # |sum of <Z Z>| grows with order
    more, less = (dataset.labels == 0, dataset.labels == 1)
    if kind is XXZ:
        more, less = less, more
    assert ordered[more].min() > ordered[less].max()


def test_what_makes_no_task_is_refused() -> None:
    with pytest.raises(OptionError, match="both sides of the transition"):
        TransverseFieldIsing(low=1.2)
    with pytest.raises(OptionError, match="unique"):
        XXZ(n_qubits=5)
