"""The quantum head against PennyLane written out by hand from the paper, and its options."""

from __future__ import annotations

import math

import pennylane as qml
import pytest
import torch

from qlab.backends.engine import EngineBackend
from qlab.circuits.ansatz import ANSATZE
from qlab.circuits.encodings import ENCODINGS
from qlab.errors import OptionError, QlabError
from qlab.heads.vqc import VQC


def vqc(n_features: int = 4, n_classes: int = 2, seed: int = 0, **options: object) -> VQC:
    generator = torch.Generator().manual_seed(seed)
    arguments = {"n_qubits": n_features, "n_layers": 2} | options
    return VQC(n_features, n_classes, EngineBackend(precision="double"), generator, **arguments)  # type: ignore[arg-type]


def test_the_default_is_the_circuit_of_the_paper() -> None:
    head = vqc(n_classes=3, init="uniform", init_scale=math.pi, logit_scale=1.0).double()
    device = qml.device("default.qubit", wires=4)

    @qml.qnode(device, interface="torch")  # type: ignore[untyped-decorator]
    def paper(z: torch.Tensor, theta: torch.Tensor) -> list[object]:
        for u in range(4):
            qml.RY(math.pi / 2 * torch.sigmoid(z[u]), wires=u)
        for layer in range(2):
            for u in range(4):
                qml.RX(theta[layer, u, 0], wires=u)
                qml.RY(theta[layer, u, 1], wires=u)
                qml.RZ(theta[layer, u, 2], wires=u)
            for u in range(4):
                qml.CNOT(wires=[u, (u + 1) % 4])
        return [qml.expval(qml.PauliZ(c)) for c in range(3)]

    features = torch.randn(5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert head.weights is not None
    theta = head.weights.detach().reshape(2, 4, 3)
    expected = torch.stack([torch.stack(paper(z, theta)) for z in features])
    torch.testing.assert_close(head(features).detach(), expected, atol=1e-10, rtol=0)


def test_bounded_logits_bound_the_loss() -> None:
    """With two logits in [-1, 1] the cross entropy of two classes cannot fall below ln(1 + e^-2)."""
    logits = vqc(logit_scale=1.0, init="uniform", init_scale=math.pi)(torch.randn(50, 4))
    assert float(logits.detach().abs().max()) <= 1
    best = torch.nn.functional.cross_entropy(torch.tensor([[1.0, -1.0]]), torch.tensor([0]))
    assert float(best) == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-6)


def test_quantum_parameters_are_three_per_qubit_and_layer() -> None:
    head = vqc(n_features=8, n_layers=6, n_qubits=8)
    assert sum(p.numel() for p in head.quantum_parameters()) == 3 * 8 * 6
    assert sum(p.numel() for p in head.parameters()) == 3 * 8 * 6


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
@pytest.mark.parametrize("ansatz", sorted(ANSATZE))
def test_every_encoding_and_ansatz_trains(encoding: str, ansatz: str) -> None:
    n_features = 16 if encoding == "amplitude" else 4
    head = vqc(n_features, n_qubits=4, encoding=encoding, ansatz=ansatz, init="uniform", init_scale=1.0)
    features = torch.rand(3, n_features) + 0.1
    head(features).sum().backward()
    assert head.weights is not None
    assert head.weights.grad is not None
    assert float(head.weights.grad.abs().max()) > 1e-6


def test_reuploading_encodes_before_every_layer() -> None:
    once, again = vqc(), vqc(reuploading=True)
    assert once.circuit is not None
    assert again.circuit is not None
    assert len(again.circuit.gates) - len(once.circuit.gates) == 4


@pytest.mark.parametrize(
    ("readout", "n_classes", "has_layer"), [("auto", 4, False), ("auto", 5, True), ("linear", 2, True)]
)
def test_the_readout_follows_the_number_of_classes(readout: str, n_classes: int, has_layer: bool) -> None:
    head = vqc(n_classes=n_classes, readout=readout)
    assert (head.readout is not None) is has_layer
    assert head(torch.zeros(2, 4)).shape == (2, n_classes)


def test_what_does_not_fit_says_what_would() -> None:
    with pytest.raises(OptionError, match=r"5 features and 4 qubits; set encoder\.n_features=4 or head\.n_qubits=5"):
        vqc(n_features=5, n_qubits=4)
    with pytest.raises(OptionError, match=r"there are 5 classes and 4 qubits"):
        vqc(n_classes=5, readout="expectations")
    with pytest.raises(OptionError, match=r"set head\.n_qubits=5 or encoder\.n_features=16"):
        vqc(n_features=17, n_qubits=4, encoding="amplitude")
    with pytest.raises(OptionError, match=r"puts 4 features on 2 qubits, not 4"):
        vqc(n_features=4, n_qubits=4, encoding="amplitude")
    with pytest.raises(QlabError, match="did you mean 'ring'"):
        vqc(ansatz="rng")


def test_fewer_features_than_amplitudes_are_padded_with_zeros() -> None:
    head = vqc(n_features=5, n_qubits=3, encoding="amplitude").double()
    features = torch.rand(2, 5, dtype=torch.float64)
    assert head.inputs(features).shape == (2, 8)
    wide = vqc(n_features=8, n_qubits=3, encoding="amplitude").double()
    padded = torch.cat([features, torch.zeros(2, 3, dtype=torch.float64)], 1)
    torch.testing.assert_close(head(features), wide(padded))


def test_without_entanglers_a_logit_depends_on_one_feature_alone() -> None:
    features = torch.randn(4, generator=torch.Generator().manual_seed(0))
    for encoding in ("angle", "iqp"):
        head = vqc(n_classes=4, entanglers=False, encoding=encoding, init="uniform", init_scale=math.pi)
        assert head.circuit is not None
        assert head.circuit.two_qubit_gates == 0
        assert head.circuit.n_weights == 24
        slopes = torch.autograd.functional.jacobian(lambda z, head=head: head(z[None])[0], features)
        off_diagonal = slopes - torch.diag(slopes.diagonal())
        assert float(off_diagonal.abs().max()) < 1e-6
        assert float(slopes.diagonal().abs().max()) > 1e-3


def test_a_frozen_circuit_trains_its_readout_alone() -> None:
    head = vqc(layer="frozen")
    assert head.readout is not None
    head(torch.randn(3, 4)).sum().backward()
    assert head.weights is not None
    assert head.weights.grad is None
    assert head.readout.weight.grad is not None
    assert sum(p.numel() for p in head.parameters() if p.requires_grad) == 4 * 2 + 2
    torch.testing.assert_close(head.weights.detach(), vqc().weights)
    with pytest.raises(OptionError, match=r"head\.layer=frozen trains its readout alone"):
        vqc(layer="frozen", readout="expectations")


def test_a_linear_map_stands_where_the_circuit_was() -> None:
    head = vqc(layer="linear", logit_scale=2.0)
    assert head.circuit is None
    assert head.map is not None
    assert head.quantum_parameters() == []
    features = torch.randn(3, 4)
    angles = math.pi / 2 * torch.sigmoid(features)
    torch.testing.assert_close(head(features), 2 * (angles @ head.map.weight.T + head.map.bias))
    amplitudes = vqc(n_features=16, n_qubits=4, encoding="amplitude", layer="linear")
    once, twice = torch.rand(2, 16), amplitudes.map
    assert twice is not None
    torch.testing.assert_close(amplitudes(3 * once), amplitudes(once))
