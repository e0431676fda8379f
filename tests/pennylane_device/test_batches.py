"""Few calls of the engine, and few programs: what makes the device fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

from qlab.engine import expectations
from qlab.engine.compiled.execution import executor
from qlab.engine.states import final_states
from qlab.pennylane_device import execution
from qlab.pennylane_device.translation import translate

RNG = np.random.default_rng(21)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each call of the engine."""
    rows: list[int] = []

    def counted(circuit: Any, inputs: torch.Tensor, *others: Any, **options: Any) -> torch.Tensor:
        rows.append(len(inputs))
        return expectations(circuit, inputs, *others, **options)

    monkeypatch.setattr(execution, "expectations", counted)
    return rows


def circuit(x: Any, w: Any) -> Any:
    qml.AngleEmbedding(x, wires=range(3))
    for wire in range(3):
        qml.RX(w[wire], wires=wire)
        qml.CNOT([wire, (wire + 1) % 3])
        qml.RY(np.pi / 3, wires=wire)
    return [qml.expval(qml.Z(0)), qml.expval(qml.X(1))]


def node(**options: Any) -> Any:
    return qml.QNode(circuit, qml.device("qlab.engine", wires=3), **options)


def test_a_batch_is_one_call(calls: list[int]) -> None:
    x, w = torch.tensor(RNG.normal(size=(7, 3))), torch.tensor(RNG.normal(size=3), requires_grad=True)
    sum(each.sum() for each in node(interface="torch")(x, w)).backward()
    assert calls == [7]


def test_the_backward_pass_of_autograd_does_not_simulate_again(calls: list[int]) -> None:
    function = node(interface="autograd")
    x, w = pnp.array(RNG.normal(size=(5, 3)), requires_grad=False), pnp.array(RNG.normal(size=3), requires_grad=True)
    first = qml.grad(lambda w: pnp.sum(pnp.stack(function(x, w))))(w)
    assert calls == [5]
    again = qml.grad(lambda w: pnp.sum(pnp.stack(function(x, w))))(w)
    np.testing.assert_array_equal(first, again)


def test_another_execution_in_between_is_not_mistaken_for_the_first() -> None:
    function = node(interface="autograd")
    x = pnp.array(RNG.normal(size=(5, 3)), requires_grad=False)
    weights = [pnp.array(RNG.normal(size=3), requires_grad=True) for _ in range(2)]

    def together(*each: Any) -> Any:
        return sum(scale * pnp.sum(pnp.stack(function(x, w))) for scale, w in zip((1, 10), each, strict=True))

    found = qml.grad(together)(*weights)
    for scale, w, mine in zip((1, 10), weights, found, strict=True):
        alone = qml.grad(lambda w: pnp.sum(pnp.stack(function(x, w))))(w)
        np.testing.assert_allclose(mine, scale * alone, atol=1e-12)


def test_tapes_with_the_same_operations_are_one_call(calls: list[int]) -> None:
    x, w = torch.tensor(RNG.normal(size=(6, 3))), torch.tensor(RNG.normal(size=3), requires_grad=True)
    together, apart = node(interface="torch"), qml.transforms.broadcast_expand(node(interface="torch"))
    results = []
    for function in (together, apart):
        values = torch.stack(function(x, w))
        results.append((values, torch.autograd.grad(values.square().sum(), w)[0]))
    assert calls == [6, 6]
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


def test_the_parameter_shift_rule_is_one_call(calls: list[int]) -> None:
    x, w = pnp.array(RNG.normal(size=3), requires_grad=False), pnp.array(RNG.normal(size=3), requires_grad=True)
    shifted, adjoint = node(diff_method="parameter-shift"), node()
    found, expected = (qml.jacobian(lambda w, f=f: pnp.stack(f(x, w)))(w) for f in (shifted, adjoint))
    assert calls[:2] == [1, 6]  # forward, then two shifts for each of three weights
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_tapes_that_differ_keep_their_order() -> None:
    tapes = []
    for number in range(6):
        operations = [qml.RX(0.1 * number, 0), *([qml.RY(0.3, 0)] if number % 2 else [])]
        measurements = [qml.expval(qml.Z(0))] if number % 3 else [qml.probs(wires=0)]
        tapes.append(qml.tape.QuantumScript(operations, measurements))
    ours, theirs = (qml.execute(tapes, qml.device(name, wires=1)) for name in ("qlab.engine", "default.qubit"))
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-12)


def test_no_step_compiles_anything() -> None:
    function, x = node(interface="torch"), torch.tensor(RNG.normal(size=(2, 3)))
    function(x, torch.zeros(3))
    before = translate.cache_info().misses, executor.cache_info().misses
    for _ in range(5):
        function(x + 0.1, torch.tensor(RNG.normal(size=3), requires_grad=True))
    assert (translate.cache_info().misses, executor.cache_info().misses) == before


def test_final_states_of_many_tapes_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counted(circuit: Any, inputs: torch.Tensor, *others: Any) -> torch.Tensor:
        sizes.append(len(inputs))
        return final_states(circuit, inputs, *others)

    monkeypatch.setattr(execution, "final_states", counted)
    monkeypatch.setattr(execution, "_STATE_BYTES", 4 * 16 * 2**2)
    angles = RNG.normal(size=10)
    tapes = [qml.tape.QuantumScript([qml.RX(a, 0), qml.CNOT([0, 1])], [qml.probs(wires=[0, 1])]) for a in angles]
    results = qml.execute(tapes, qml.device("qlab.engine", wires=2))
    assert sizes == [4, 4, 2]
    for angle, result in zip(angles, results, strict=True):
        np.testing.assert_allclose(result, [np.cos(angle / 2) ** 2, 0, 0, np.sin(angle / 2) ** 2], atol=1e-12)
