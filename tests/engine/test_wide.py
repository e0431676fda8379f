"""Both paths at 16 and 20 qubits against lightning.qubit, in complex128 with its adjoint method."""

from __future__ import annotations

from functools import cache

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

from qlab.circuits import variational
from qlab.circuits.gates import GATES
from qlab.engine.choice import Method
from tests.circuits.random_circuits import Case, random_case
from tests.engine.paths import Found, check


def lightning(case: Case) -> Found:
    """Return values, and gradients by inputs and weights, sample by sample.

    By way of NumPy: with PyTorch's tensors PennyLane hands the values over in single precision.
    """
    device = qml.device("lightning.qubit", wires=case.circuit.n_qubits, c_dtype=np.complex128)
    qnode = qml.QNode(case.circuit.to_pennylane(case.observables), device, diff_method="adjoint")
    values, by_inputs, by_weights = [], [], np.zeros(len(case.weights))
    for sample, direction in zip(case.inputs.numpy(), case.direction().numpy(), strict=True):

        def loss(x: object, w: object, direction: np.ndarray = direction) -> object:
            return pnp.sum(pnp.stack(qnode(x, w)) * direction)

        leaves = [pnp.array(sample, requires_grad=True), pnp.array(case.weights.numpy(), requires_grad=True)]
        values.append(np.array(qnode(*leaves)))
        by_sample, more = qml.grad(loss)(*leaves)
        by_inputs.append(np.array(by_sample))
        by_weights += np.array(more)
    return torch.tensor(np.array(values)), torch.tensor(np.array(by_inputs)), torch.tensor(by_weights)


@cache
def layered(n_qubits: int, batch: int, n_layers: int, ansatz: str) -> tuple[Case, Found]:
    circuit = variational(n_qubits, n_layers, "angle", ansatz)
    rng = np.random.default_rng(n_qubits)
    inputs, weights = rng.normal(size=(batch, n_qubits)), rng.normal(size=circuit.n_weights)
    case = Case(circuit, ["Z0", "Z3", "X1 Y2", "Z15 Z7"], torch.tensor(inputs), torch.tensor(weights))
    return case, lightning(case)


@cache
def numbered(n_qubits: int, number: int) -> tuple[Case, Found]:
    names = tuple(name for name in GATES if name != "AmplitudeEmbedding")
    case = random_case(np.random.default_rng([16, n_qubits, number]), n_qubits, max_gates=80, names=names)
    return case, lightning(case)


@pytest.mark.parametrize("shape", [(16, 2, 1), pytest.param((20, 1, 6), marks=pytest.mark.slow)], ids=["16", "20"])
@pytest.mark.parametrize("ansatz", ["ring", "ring_first"])
def test_layered_circuits(shape: tuple[int, int, int], ansatz: str, method: Method) -> None:
    case, expected = layered(*shape, ansatz)
    check(case, method, expected)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("n_qubits", [16, 20])
def test_random_circuits(n_qubits: int, number: int, method: Method) -> None:
    case, expected = numbered(n_qubits, number)
    check(case, method, expected)
