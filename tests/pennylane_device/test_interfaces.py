"""Gradients in every interface of PennyLane, and by every route that it has to a device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

from qlab.circuits import Circuit, Input, Weight
from qlab.engine import expectations
from tests.pennylane_device.comparison import directions

RNG = np.random.default_rng(12)
FEATURES, BATCH, WEIGHTS = RNG.normal(size=3), RNG.normal(size=(4, 3)), RNG.normal(size=(2, 3, 3))


def layers(x: Any, w: Any) -> None:
    qml.AngleEmbedding(x, wires=range(3))
    qml.StronglyEntanglingLayers(w, wires=range(3))


def rotations(x: Any, w: Any) -> None:
    for wire in range(3):
        qml.RX(x[..., wire], wires=wire)
        qml.Rot(*w[0, wire], wires=wire)
        qml.CRY(w[1, wire, 0], wires=[wire, (wire + 1) % 3])


def templates(x: Any, w: Any) -> Any:
    layers(x, w)
    return [qml.expval(qml.Z(0)), qml.expval(qml.X(1) @ qml.Z(2) + qml.Y(0))]


def gates(x: Any, w: Any) -> Any:
    rotations(x, w)
    return [qml.expval(qml.Z(0)), qml.expval(qml.X(1) @ qml.Z(2) + qml.Y(0))]


def mixed(x: Any, w: Any) -> Any:
    rotations(x, w)
    return [qml.expval(qml.Z(0)), qml.probs(wires=[2, 1])]


def state(x: Any, w: Any) -> Any:
    rotations(x, w)
    return [qml.state()]


FUNCTIONS = [templates, gates, mixed]


def by_pytorch(function: Callable[..., Any], x: Any, device: str, **options: Any) -> list[Any]:
    """Return gradients by x and weights of a sum that sees all results."""
    leaves = [torch.tensor(each, requires_grad=True) for each in (x, WEIGHTS)]
    results = qml.QNode(function, qml.device(device, wires=3), interface="torch", **options)(*leaves)
    total = sum((each * directions(each.shape)).real.sum() for each in results)
    return [gradient.numpy() for gradient in torch.autograd.grad(total, leaves)]


def by_autograd(function: Callable[..., Any], x: Any, device: str, **options: Any) -> list[Any]:
    node = qml.QNode(function, qml.device(device, wires=3), interface="autograd", **options)

    def total(x: Any, w: Any) -> Any:
        return sum(pnp.sum(pnp.real(each * directions(each.shape).numpy())) for each in node(x, w))

    leaves = [pnp.array(each, requires_grad=True) for each in (x, WEIGHTS)]
    return list(qml.grad(total)(*leaves))


@pytest.mark.parametrize("x", [FEATURES, BATCH], ids=["one", "batch"])
@pytest.mark.parametrize("function", [*FUNCTIONS, state])
@pytest.mark.parametrize("gradients", [by_pytorch, by_autograd])
@pytest.mark.parametrize("method", ["best", "adjoint", "device"])
def test_gradients_are_those_of_backpropagation(
    gradients: Callable[..., list[Any]], function: Callable[..., Any], x: Any, method: str
) -> None:
    expected = by_pytorch(function, x, "default.qubit", diff_method="backprop")
    for device_vjp in (False, True):
        found = gradients(function, x, "qlab.engine", diff_method=method, device_vjp=device_vjp)
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-10)


def test_autograd_differentiates_by_numbers_of_observables() -> None:
    bits = pnp.array([0, 1], requires_grad=True)  # as autograd makes every array; whole numbers have no derivative
    drawn = RNG.normal(size=(4, 4))

    def function(x: Any, c: Any, matrix: Any) -> Any:
        qml.AngleEmbedding(x, wires=range(2))
        qml.CNOT([0, 1])
        return (
            qml.expval(qml.Hamiltonian(c, [qml.Z(0), qml.X(0) @ qml.Y(1)])),
            qml.expval(qml.Hermitian(matrix, wires=[1, 0])),
            qml.var(qml.Projector(bits, wires=[0, 1])),
        )

    leaves = [pnp.array(each, requires_grad=True) for each in ([0.3, 0.8], [1.2, -0.4], drawn + drawn.T)]
    found = []
    for name in ("qlab.engine", "default.qubit"):
        node = qml.QNode(function, qml.device(name, wires=2), interface="autograd")
        found.append(qml.grad(lambda *each, node=node: sum((k + 1) * v for k, v in enumerate(node(*each))))(*leaves))
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-10)


def test_an_observable_that_cannot_be_differentiated_leaves_the_gradient_to_pennylane() -> None:
    def function(x: Any, projected: Any) -> Any:
        qml.RX(x, wires=0)
        return qml.expval(qml.Projector(projected, wires=[0]))

    node = qml.QNode(function, qml.device("qlab.engine", wires=1), interface="autograd")
    x = pnp.array(0.4, requires_grad=True)
    trainable, fixed = (pnp.array([0.6, 0.8], requires_grad=each) for each in (True, False))
    assert qml.workflow.get_best_diff_method(node)(x, trainable) == "parameter-shift"
    assert qml.workflow.get_best_diff_method(node)(x, fixed) == "adjoint"
    np.testing.assert_allclose(qml.grad(node)(x, fixed), 0.5 * (0.64 - 0.36) * np.sin(0.4), atol=1e-12)


@pytest.fixture
def jax() -> Iterator[Any]:
    """JAX in double precision."""
    module = pytest.importorskip("jax")
    before = module.config.jax_enable_x64
    module.config.update("jax_enable_x64", True)
    yield module
    module.config.update("jax_enable_x64", before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PennyLane's use of JAX
@pytest.mark.parametrize("x", [FEATURES, BATCH], ids=["one", "batch"])
@pytest.mark.parametrize("function", [*FUNCTIONS, state])
@pytest.mark.parametrize("device_vjp", [False, True])
@pytest.mark.parametrize("jit", [False, True])
def test_gradients_in_jax(jax: Any, function: Callable[..., Any], x: Any, device_vjp: bool, jit: bool) -> None:
    if jit and x is BATCH:
        pytest.skip("takes minutes to compile")
    device = qml.device("qlab.engine", wires=3)
    node = qml.QNode(function, device, interface="jax", device_vjp=device_vjp)

    def total(x: Any, w: Any) -> Any:
        return sum(jax.numpy.sum(jax.numpy.real(each * directions(each.shape).numpy())) for each in node(x, w))

    gradient = jax.grad(total, argnums=(0, 1))
    found = (jax.jit(gradient) if jit else gradient)(jax.numpy.array(x), jax.numpy.array(WEIGHTS))
    for mine, theirs in zip(found, by_pytorch(function, x, "default.qubit"), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("function", [*FUNCTIONS, state])
def test_jacobians_of_the_device(function: Callable[..., Any]) -> None:
    """As JAX in forward mode asks for them: results by parameters that are numbers."""
    device = qml.device("qlab.engine", wires=3)
    config = qml.devices.ExecutionConfig(gradient_method="adjoint", interface="jax", use_device_jacobian_product=False)
    program, config = device.preprocess(config)
    tape = qml.tape.make_qscript(function)(FEATURES, WEIGHTS)
    batch, _ = program([tape])
    results, jacobians = device.execute_and_compute_derivatives(batch, config)
    numbers = [torch.tensor(value, requires_grad=True) for value in batch[0].get_parameters()]
    bound = batch[0].bind_new_parameters(numbers, batch[0].trainable_params)
    reference = qml.device("default.qubit", wires=3).execute(bound, qml.devices.ExecutionConfig(interface="torch"))
    several = len(tape.measurements) > 1
    for place, expected in enumerate(reference if several else [reference]):
        found = results[0][place] if several else results[0]
        np.testing.assert_allclose(found, expected.detach(), atol=1e-12)
        by_parameter = jacobians[0][place] if several else jacobians[0]
        assert len(by_parameter) == len(numbers)
        real = torch.view_as_real(expected) if expected.is_complex() else expected
        for index in np.ndindex(tuple(real.shape)):
            slopes = torch.autograd.grad(real[index], numbers, retain_graph=True, allow_unused=True)
            for derivative, slope in zip(by_parameter, slopes, strict=True):
                mine = np.stack([derivative.real, derivative.imag], -1) if expected.is_complex() else derivative
                assert abs(mine[index] - (0 if slope is None else slope.item())) < 1e-12


def test_the_parameter_shift_rule_gives_second_derivatives() -> None:
    def function(x: Any) -> Any:
        qml.RX(x[0], 0)
        qml.RY(x[1], 0)
        return qml.expval(qml.Z(0))

    a, b = 0.3, 0.4
    options = {"diff_method": "parameter-shift", "max_diff": 2, "interface": "torch"}
    node = qml.QNode(function, qml.device("qlab.engine", wires=1), **options)
    hessian = torch.autograd.functional.hessian(node, torch.tensor([a, b], dtype=torch.float64))
    off = np.sin(a) * np.sin(b)
    expected = [[-np.cos(a) * np.cos(b), off], [off, -np.cos(a) * np.cos(b)]]
    np.testing.assert_allclose(hessian, expected, atol=1e-12)


def test_single_precision_parameters_get_gradients_of_their_own_type() -> None:
    x, w = torch.tensor(BATCH).float(), torch.tensor(WEIGHTS).float().requires_grad_()
    results = qml.QNode(templates, qml.device("qlab.engine", wires=3), interface="torch")(x, w)
    assert all(result.dtype == torch.float64 for result in results)
    sum(result.sum() for result in results).backward()
    assert w.grad is not None
    assert w.grad.dtype == torch.float32


def test_a_layer_of_pytorch_trains_as_the_engine_does() -> None:
    """The same loop with the same numbers: QNode in a torch layer, and qlab's own expectation values."""
    gates: list[tuple[Any, ...]] = [("RX", wire, Input(wire)) for wire in range(3)]
    for layer in range(2):
        gates += [("Rot", w, [Weight(9 * layer + 3 * w + k) for k in range(3)]) for w in range(3)]
        gates += [("CNOT", (w, (w + layer + 1) % 3)) for w in range(3)]
    circuit = Circuit(3, gates)
    inputs, targets = torch.tensor(BATCH), torch.tensor([0.5, -0.5, 0.1, 0.9], dtype=torch.float64)

    def function(inputs: Any, weights: Any) -> Any:
        layers(inputs, weights)
        return qml.expval(qml.Z(0))

    node = qml.QNode(function, qml.device("qlab.engine", wires=3), interface="torch")
    start = torch.tensor(WEIGHTS)
    layer_of_pennylane = qml.qnn.TorchLayer(node, {"weights": (2, 3, 3)}, init_method={"weights": start}).double()
    own = start.flatten().clone().requires_grad_()

    def train(values: Callable[[], torch.Tensor], parameters: list[torch.Tensor]) -> list[float]:
        optimiser = torch.optim.Adam(parameters, lr=0.1)
        losses = []
        for _ in range(15):
            optimiser.zero_grad()
            loss = (values() - targets).square().mean()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return losses

    theirs = train(lambda: layer_of_pennylane(inputs), list(layer_of_pennylane.parameters()))
    ours = train(lambda: expectations(circuit, inputs, own, ["Z0"], torch.complex128)[:, 0], [own])
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-12)
    assert ours[-1] < 0.7 * ours[0]
