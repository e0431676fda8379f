"""Ground states of short spin chains, labelled by the phase that an infinite chain would be in."""

from __future__ import annotations

import numpy as np

from qlab.data.dataset import DataContext, Dataset
from qlab.data.entanglement import as_images
from qlab.data.two_qubits import PAULIS, Complex
from qlab.errors import OptionError

CRITICAL = 1.0
VERSION = 1


class SpinChain:
    """Loader of ground states as images (N, 2, D, D), D = 2^n: the real and imaginary part of the density matrix.

    Args:
        seed: of the generator; state i depends on it and on i alone.
        size: number of states.
        n_qubits: sites of the open chain.
        low: smallest value of the parameter that drives the transition at 1.
        high: largest value.
    """

    name: str
    parameter: str
    classes: tuple[str, str]

    def __init__(
        self, *, seed: int = 0, size: int = 1200, n_qubits: int = 4, low: float = 0.2, high: float = 1.8
    ) -> None:
        if not low < CRITICAL < high:
            raise OptionError(f"dataset.low={low:g} and high={high:g} must lie on both sides of the transition at 1")
        self._seed, self._size, self._n_qubits, self._low, self._high = seed, size, n_qubits, low, high

    def hamiltonian(self, value: float) -> Complex:
        """Return the energy (D, D) at a value of the parameter."""
        raise NotImplementedError

    def load(self, context: DataContext) -> Dataset:
        """Return all states."""
        return self._generated(self.name, 0, self._size, context)

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Return ``size`` states at values of the parameter that are drawn independently of ``load``'s."""
        return self._generated(f"{self.name}-source", 1, size, context)

    def _generated(self, name: str, stream: int, size: int, context: DataContext) -> Dataset:
        values = np.array(
            [np.random.default_rng([self._seed, stream, i]).uniform(self._low, self._high) for i in range(size)]
        )
        tracked = context.progress.track(values.tolist(), "ground states", size)
        return Dataset(
            name=name,
            source="synthetic",
            images=as_images(np.stack([ground_state(self.hamiltonian(value)) for value in tracked])),
            labels=(values > CRITICAL).astype(np.int64),
            classes=self.classes,
            provenance={
                "origin": "generated",
                "version": VERSION,
                "seed": self._seed,
                "n_qubits": self._n_qubits,
                self.parameter: [self._low, self._high],
            },
        )


class TransverseFieldIsing(SpinChain):
    """H = -sum Z_i Z_i+1 - h sum X_i; ordered below h = 1, paramagnetic above."""

    name = "tfim"
    parameter = "h"
    classes = ("ordered", "paramagnetic")

    def hamiltonian(self, value: float) -> Complex:
        """Return the energy (D, D) at a field h."""
        coupling = _bonds(self._n_qubits, [(3, -1.0)])
        fields = sum(_word({site: 1}, self._n_qubits) for site in range(self._n_qubits))
        found: Complex = coupling - value * fields
        return found


class XXZ(SpinChain):
    """H = sum X_i X_i+1 + Y_i Y_i+1 + D Z_i Z_i+1; critical below D = 1, antiferromagnetic above.

    Raises:
        OptionError: the number of sites is odd, where the ground state is not unique.
    """

    name = "xxz"
    parameter = "D"
    classes = ("critical", "antiferromagnetic")

    def __init__(
        self, *, seed: int = 0, size: int = 1200, n_qubits: int = 4, low: float = 0.2, high: float = 1.8
    ) -> None:
        super().__init__(seed=seed, size=size, n_qubits=n_qubits, low=low, high=high)
        if n_qubits % 2 or n_qubits < 4:
            raise OptionError(
                f"dataset.n_qubits={n_qubits}: the xxz chain has ground states that are unique and differ for 4 or 6"
            )

    def hamiltonian(self, value: float) -> Complex:
        """Return the energy (D, D) at an anisotropy D."""
        return _bonds(self._n_qubits, [(1, 1.0), (2, 1.0), (3, value)])


def ground_state(hamiltonian: Complex) -> Complex:
    """Return the density matrix (D, D) of the eigenvector of the smallest eigenvalue."""
    vector = np.linalg.eigh(hamiltonian)[1][:, 0]
    found: Complex = np.outer(vector, vector.conj())
    return found


def _bonds(n_qubits: int, terms: list[tuple[int, float]]) -> Complex:
    """Return the sum over neighbours of products of the same Pauli matrix with a strength."""
    found = np.zeros((2**n_qubits,) * 2, np.complex128)
    for site in range(n_qubits - 1):
        for axis, strength in terms:
            found += strength * _word({site: axis, site + 1: axis}, n_qubits)
    return found


def _word(axes: dict[int, int], n_qubits: int) -> Complex:
    found = np.eye(1, dtype=np.complex128)
    for site in range(n_qubits):
        found = np.kron(found, PAULIS[axes.get(site, 0)])
    return found
