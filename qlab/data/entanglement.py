"""Two-qubit states that are separable or entangled."""

from __future__ import annotations

import numpy as np

from qlab.data.dataset import DataContext, Dataset, FloatArray
from qlab.data.two_qubits import PRESETS, Complex, is_entangled, rotated

CLASSES = ("separable", "entangled")
VERSION = 1
_STREAMS = {"entanglement": 0, "entanglement-source": 1}


class Entanglement:
    """Loader of density matrices as images (N, 2, 4, 4), channels the real and imaginary part.

    The label is that of the partial transpose. Families are kept with the states, so that accuracy can be told for
    each: a class of separable states that look entangled to whoever measures in one basis is among them.

    Args:
        seed: of the generator; state i depends on it and on i alone.
        size: number of states.
        preset: the families; ``bell`` is half entangled and two thirds of the rest are no adversarial ones, ``wide``
            has seven families in equal numbers.
        local: rotate every state by a Haar unitary on each qubit, adversarial ones, too.
    """

    def __init__(self, *, seed: int = 0, size: int = 6800, preset: str = "bell", local: bool = True) -> None:
        self._seed, self._size, self._preset, self._local = seed, size, preset, local

    def load(self, context: DataContext) -> Dataset:
        """Return all states."""
        return self._generated("entanglement", self._size, context)

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Return ``size`` states of the same kind that are drawn independently of ``load``'s."""
        return self._generated("entanglement-source", size, context)

    def _generated(self, name: str, size: int, context: DataContext) -> Dataset:
        families, shares = PRESETS[self._preset]
        makers = list(families.values())
        states = np.empty((size, 4, 4), np.complex128)
        family = np.empty(size, np.int64)
        for i in context.progress.track(range(size), "states", size):
            rng = np.random.default_rng([self._seed, _STREAMS[name], i])
            family[i] = rng.choice(len(makers), p=shares)
            states[i] = makers[family[i]](rng)
            if self._local:
                states[i] = rotated(states[i], rng)
        return Dataset(
            name=name,
            source="synthetic",
            images=as_images(states),
            labels=is_entangled(states).astype(np.int64),
            classes=CLASSES,
            provenance={
                "origin": "generated",
                "version": VERSION,
                "seed": self._seed,
                "preset": self._preset,
                "local": self._local,
            },
            families=family,
            family_names=tuple(families),
        )


def as_images(states: Complex) -> FloatArray:
    """Return density matrices (N, D, D) as images (N, 2, D, D) of their real and imaginary parts."""
    return np.stack([states.real, states.imag], axis=1).astype(np.float32)
