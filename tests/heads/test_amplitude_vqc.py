"""The head of amplitudes against PennyLane written out by hand, its ablations, and the dense readout."""

from __future__ import annotations

import math
from typing import Any

import pennylane as qml
import pytest
import torch
from torch import nn

from qlab.backends.engine import EngineBackend
from qlab.errors import OptionError
from qlab.heads.amplitude_vqc import AmplitudeVQC
from qlab.heads.dense import Dense

DOUBLE = EngineBackend(precision="double")


def head(n_features: int = 16, n_classes: int = 3, seed: int = 0, **options: Any) -> AmplitudeVQC:
    generator = torch.Generator().manual_seed(seed)
    return AmplitudeVQC(n_features, n_classes, DOUBLE, generator, **options).double()


def features(count: int, width: int = 16) -> torch.Tensor:
    return 2 * torch.randn(count, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def by_pennylane(chosen: AmplitudeVQC, given: torch.Tensor, n_qubits: int, entanglers: bool = True) -> torch.Tensor:
    """The published quantum layer on softmax values, then the head's own readout."""
    assert chosen.weights is not None
    angles = chosen.weights.reshape(-1, n_qubits)
    device = qml.device("default.qubit", wires=n_qubits)

    @qml.qnode(device, interface="torch", diff_method="backprop")  # type: ignore[untyped-decorator]
    def layer(inputs: torch.Tensor) -> list[object]:
        qml.AmplitudeEmbedding(inputs, wires=range(n_qubits), normalize=True, pad_with=0.0)
        if entanglers:
            qml.BasicEntanglerLayers(angles, wires=range(n_qubits))
        else:
            for row in angles:
                for qubit in range(n_qubits):
                    qml.RX(row[qubit], wires=qubit)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range(n_qubits)]

    values: torch.Tensor = torch.stack(layer(torch.softmax(given, 1)), 1)
    logits: torch.Tensor = chosen.readout(values)
    return logits


@pytest.mark.parametrize(
    ("width", "options"),
    [(16, {}), (32, {"n_qubits": 5}), (11, {}), (16, {"entanglers": False}), (4, {"n_qubits": 2, "n_layers": 3})],
    ids=["published", "five qubits", "padded", "no entanglers", "two qubits"],
)
def test_logits_and_gradients_are_those_of_pennylane(width: int, options: dict[str, Any]) -> None:
    chosen, labels = head(width, **options).eval(), torch.arange(6) % 3
    n_qubits, entanglers = options.get("n_qubits", 4), options.get("entanglers", True)
    found = []
    for logits_of in (chosen, lambda given: by_pennylane(chosen, given, n_qubits, entanglers)):
        leaf = features(6, width).requires_grad_()
        chosen.zero_grad()
        logits = logits_of(leaf)
        nn.functional.cross_entropy(logits, labels).backward()
        assert leaf.grad is not None
        assert chosen.weights is not None
        assert chosen.weights.grad is not None
        found.append([logits.detach(), leaf.grad, chosen.weights.grad.clone()])
    for mine, right in zip(*found, strict=True):
        assert float(right.abs().max()) > 1e-4
        torch.testing.assert_close(mine, right, atol=1e-10, rtol=0)


def test_gradients_through_softmax_and_circuit_are_those_of_finite_differences() -> None:
    chosen = head().eval()
    assert torch.autograd.gradcheck(chosen, (features(3).requires_grad_(),), atol=1e-6)
    assert chosen.weights is not None
    given = features(3)

    def by_weights(weights: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = torch.func.functional_call(chosen, {"weights": weights}, (given,))
        return found

    assert torch.autograd.gradcheck(by_weights, (chosen.weights.detach().requires_grad_(),), atol=1e-6)


def test_first_angles_are_uniform_over_a_turn() -> None:
    [angles] = head(2**8, n_qubits=8, n_layers=500).quantum_parameters()
    weights = angles.detach()
    assert weights.shape == (4000,)
    assert 0 <= float(weights.min()) < 0.1
    assert 2 * math.pi - 0.1 < float(weights.max()) <= 2 * math.pi
    assert float(weights.mean()) == pytest.approx(math.pi, abs=5 * 2 * math.pi / math.sqrt(12 * 4000))


def test_the_published_head_has_eight_angles_and_the_published_readout() -> None:
    chosen = head(n_classes=10)
    assert [p.numel() for p in chosen.quantum_parameters()] == [8]
    kinds = [type(layer) for layer in chosen.readout.layers]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Dropout, nn.Linear]
    assert sum(p.numel() for p in chosen.parameters()) == 8 + (4 + 1) * 128 + 2 * 128 + 129 * 10


@pytest.mark.parametrize(
    ("layer", "n_values", "own"), [("linear", 4, 16 * 4 + 4), ("tanh", 4, 16 * 4 + 4), ("identity", 16, 0)]
)
def test_a_map_in_the_place_of_the_circuit_sees_the_same_amplitudes(layer: str, n_values: int, own: int) -> None:
    chosen = head(layer=layer).eval()
    assert chosen.circuit is None
    assert chosen.quantum_parameters() == []
    assert sum(p.numel() for p in chosen.parameters()) == own + (n_values + 1) * 128 + 2 * 128 + 129 * 3
    given = features(5)
    amplitudes = given.exp() / given.exp().norm(dim=1, keepdim=True)
    values = amplitudes
    if layer != "identity":
        mapping = next(part for part in chosen.map.modules() if isinstance(part, nn.Linear))  # type: ignore[union-attr]
        values = amplitudes @ mapping.weight.T + mapping.bias
        values = values.tanh() if layer == "tanh" else values
    torch.testing.assert_close(chosen(given), chosen.readout(values))


def test_a_frozen_circuit_hands_gradients_on() -> None:
    frozen, trained = head(layer="frozen").eval(), head().eval()
    torch.testing.assert_close(frozen(features(2)), trained(features(2)))
    assert frozen.weights is not None
    leaf = features(4).requires_grad_()
    frozen(leaf).square().sum().backward()
    assert frozen.weights.grad is None
    assert leaf.grad is not None
    assert float(leaf.grad.abs().max()) > 1e-4


def test_ablations_begin_with_the_same_readout() -> None:
    first = head().readout.state_dict()
    for layer in ("frozen", "linear", "tanh"):
        other = head(layer=layer).readout.state_dict()
        assert all(torch.equal(other[name], first[name]) for name in first)


def test_what_does_not_fit_says_what_would() -> None:
    with pytest.raises(OptionError, match=r"puts 17 features on 5 qubits, not 4; set head\.n_qubits=5 or .*=16"):
        head(17)
    with pytest.raises(OptionError, match=r"puts 8 features on 3 qubits, not 4; set head\.n_qubits=3 or .*=16"):
        head(8)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_dense_head_is_the_published_one(dropout: float) -> None:
    generator = torch.Generator().manual_seed(0)
    chosen = Dense(6, 3, DOUBLE, generator, hidden=2000, dropout=dropout).double()
    given = features(9, 6)
    one, norm, _, _, two = chosen.layers
    assert isinstance(norm, nn.BatchNorm1d)
    assert isinstance(one, nn.Linear)
    assert isinstance(two, nn.Linear)
    with torch.no_grad():
        hidden = given @ one.weight.T + one.bias
        normalised = (hidden - hidden.mean(0)) / (hidden.var(0, correction=0) + norm.eps).sqrt()
        expected = normalised.relu() @ two.weight.T + two.bias
        torch.manual_seed(0)
        trained = chosen.train()(given)
    assert torch.allclose(trained, expected) is (dropout == 0)
    # A value that is dropped is missing, and the others are larger by as much: the mean stays.
    spread = (normalised.relu().square() @ two.weight.square().T).sqrt() * math.sqrt(dropout / (1 - dropout))
    assert bool(((trained - expected).abs() <= 5 * spread + 1e-9).all())


def test_one_example_cannot_be_trained_on() -> None:
    for chosen in (head(), head(layer="linear")):
        with pytest.raises(OptionError, match=r"batch of one example: choose trainer\.batch_size"):
            chosen.train()(features(1))
        assert chosen.eval()(features(1)).shape == (1, 3)
