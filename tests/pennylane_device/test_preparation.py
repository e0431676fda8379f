"""First states: basis states, real and complex amplitudes, on some wires, before and among gates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import scipy.sparse

from tests.pennylane_device.comparison import close


def behind(w: Any) -> Any:
    qml.StronglyEntanglingLayers(w, wires=range(3))
    return qml.expval(qml.Z(0)), qml.expval(qml.X(1) @ qml.Y(2))


def embedding(x: Any, w: Any) -> Any:
    qml.AmplitudeEmbedding(x, wires=range(2), normalize=True, pad_with=0.0)
    return behind(w)


def some_wires(x: Any, w: Any) -> Any:
    qml.StatePrep(x, wires=[2, 0])
    return behind(w)


def state(x: Any, w: Any) -> Any:
    qml.StatePrep(x, wires=[2, 0])
    qml.StronglyEntanglingLayers(w, wires=range(3))
    return qml.state(), qml.probs(wires=[1])


def complex_amplitudes(x: Any, w: Any) -> Any:
    qml.StatePrep(x * (0.6 + 0.8j), wires=[2, 0])
    return behind(w)


def complex_by_type(x: Any, w: Any) -> Any:
    qml.StatePrep(qml.math.cast(x, complex), wires=[0, 1])
    return behind(w)


def among_gates(x: Any, w: Any) -> Any:
    qml.Hadamard(0)
    qml.StatePrep(np.array([0.5, 0.5j, -0.5, 0.5]), wires=[1, 2])
    qml.RX(x[..., 0], wires=0)
    return behind(w)


def basis_state(x: Any, w: Any) -> Any:
    qml.BasisState([1, 0, 1], wires=[2, 0, 1])
    qml.RX(x[..., 0], wires=0)
    qml.StronglyEntanglingLayers(w, wires=range(3))
    return qml.expval(qml.Z(0)), qml.state()


def basis_state_among_gates(x: Any, w: Any) -> Any:
    qml.RX(x[..., 0], wires=0)
    qml.BasisEmbedding([1, 1], wires=[2, 1])
    qml.StronglyEntanglingLayers(w, wires=range(3))
    return qml.expval(qml.Z(0)), qml.state()


def window(x: Any, w: Any) -> Any:
    qml.CosineWindow(wires=[1, 2])
    qml.RX(x[..., 0], wires=0)
    return behind(w)


def sparse(x: Any, w: Any) -> Any:
    qml.StatePrep(scipy.sparse.csr_matrix([[0, 0.6, 0.8, 0]]), wires=[0, 2])
    qml.RX(x[..., 0], wires=0)
    return behind(w)


FUNCTIONS = [
    embedding,
    some_wires,
    state,
    complex_amplitudes,
    complex_by_type,
    among_gates,
    basis_state,
    basis_state_among_gates,
    window,
    sparse,
]


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_first_states(function: Callable[[Any, Any], Any], batch: int | None) -> None:
    rng = np.random.default_rng(4)
    amplitudes = rng.normal(size=4 if batch is None else (batch, 4))
    if function is embedding:
        amplitudes = amplitudes[..., :3]
    else:
        amplitudes /= np.linalg.norm(amplitudes, axis=-1, keepdims=True)
    close(function, [amplitudes, rng.normal(size=(2, 3, 3))], 3)


def test_amplitudes_of_any_norm_are_taken_as_they_are() -> None:
    close(some_wires, [np.array([1.0, -2.0, 0.5, 0.3]), np.ones((1, 3, 3))], 3)
