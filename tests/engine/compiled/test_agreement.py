from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.gates import GATES
from qlab.engine import expectations
from tests.circuits.random_circuits import Case, gradients, random_case, reference
from tests.engine.compiled.paths import assert_close, found

ODD_SHAPES = [(3, 1, 2, 6), (5, 7, 5, 6), (7, 33, 2, 1), (9, 3, 6, 2), (10, 17, 10, 5), (11, 2, 3, 6), (12, 9, 12, 2)]


def check(case: Case) -> None:
    """Compare both precisions with PyTorch's path in double precision."""
    expected = found(case, "torch")
    assert_close(found(case, "compiled"), expected, values=1e-12, slopes=1e-10)
    assert_close(found(case, "compiled", torch.complex64), expected, values=1e-5, slopes=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_random_circuits_agree_with_default_qubit(seed: int) -> None:
    rng = np.random.default_rng([31, seed])
    for number in range(12):
        case = random_case(rng, max_qubits=10 if number % 2 else 6)
        leaves = case.leaves()
        values = reference(case, *leaves)
        expected = (values.detach(), *gradients(values, leaves, case.direction()))
        assert_close(found(case, "compiled"), expected, values=1e-12, slopes=1e-10)
        assert_close(found(case, "compiled", torch.complex64), expected, values=1e-5, slopes=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_random_circuits_agree_with_pytorch(seed: int) -> None:
    rng = np.random.default_rng([32, seed])
    for number in range(30):
        check(random_case(rng, max_qubits=11 if number % 3 else 4))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_many_random_circuits_agree_with_pytorch(seed: int) -> None:
    rng = np.random.default_rng([33, seed])
    for _ in range(50):
        check(random_case(rng, max_qubits=12, max_gates=80))


@pytest.mark.parametrize("name", [name for name in GATES if name != "AmplitudeEmbedding"])
def test_each_gate_with_weights_and_with_inputs(name: str) -> None:
    spec = GATES[name]
    rng = np.random.default_rng(5)
    for slot in (Weight, Input):
        gates: list[tuple[object, ...]] = [("RY", q, 0.3 + q) for q in range(3)]
        gates += [("RX", q, Input(0)) for q in range(3)]
        gates.append((name, (2, 0, 1)[: spec.n_qubits], [slot(k) for k in range(spec.n_angles)]))
        gates += [("Rot", q, [0.4, Weight(0), -0.2]) for q in range(3)]
        circuit = Circuit(3, gates)
        inputs, weights = rng.normal(size=(3, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
        check(Case(circuit, ["Z0", "X1", "Y2 Z0"], torch.tensor(inputs), torch.tensor(weights)))


@pytest.mark.parametrize(("n_qubits", "batch", "n_observables", "n_layers"), ODD_SHAPES)
@pytest.mark.parametrize("ansatz", ["ring", "ring_first"])
def test_odd_shapes(n_qubits: int, batch: int, n_observables: int, n_layers: int, ansatz: str) -> None:
    circuit = variational(n_qubits, n_layers, "angle", ansatz)
    rng = np.random.default_rng(n_qubits)
    inputs = torch.tensor(rng.uniform(-np.pi / 2, np.pi / 2, (batch, n_qubits)))
    weights = torch.tensor(rng.uniform(-np.pi, np.pi, circuit.n_weights))
    check(Case(circuit, [f"Z{qubit}" for qubit in range(n_observables)], inputs, weights))


@pytest.mark.parametrize("encoding", ["angle", "iqp"])
@pytest.mark.parametrize("ansatz", ["ring", "chain", "tree", "basic_entangler", "strongly_entangling", "none"])
def test_re_uploading_in_every_ansatz(encoding: str, ansatz: str) -> None:
    circuit = variational(5, 3, encoding, ansatz, reuploading=True)
    rng = np.random.default_rng(5)
    check(Case(circuit, None, torch.tensor(rng.normal(size=(3, 5))), torch.tensor(rng.normal(size=circuit.n_weights))))


@pytest.mark.parametrize("n_qubits", [1, 2, 3, 4])
def test_every_word(n_qubits: int) -> None:
    words = [
        " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(letters) if letter != "I")
        for letters in itertools.product("IXYZ", repeat=n_qubits)
        if set(letters) != {"I"}
    ]
    circuit = variational(n_qubits, 2, "angle", "ring_first")
    rng = np.random.default_rng(n_qubits)
    inputs, weights = rng.normal(size=(2, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
    check(Case(circuit, words, torch.tensor(inputs), torch.tensor(weights)))


def test_words_on_states_stored_by_tiles() -> None:
    circuit = variational(12, 2, "iqp", "ring_first")
    rng = np.random.default_rng(12)
    words = ["Z0", "Z11 Z3", "X1 Y10", "Y0 Z1 X11", "X0 X1 X2 X3 X4 X5"]
    inputs, weights = rng.normal(size=(2, 12)), rng.normal(size=circuit.n_weights)
    check(Case(circuit, words, torch.tensor(inputs), torch.tensor(weights)))


@pytest.mark.parametrize("angle", [0.0, 1e-5, np.pi / 2, np.pi, -np.pi, 2 * np.pi, 30.0])
def test_singular_and_large_angles(angle: float) -> None:
    circuit = variational(4, 3, "iqp", "strongly_entangling", reuploading=True)
    inputs, weights = torch.full((3, 4), 0.7 * angle), torch.full((circuit.n_weights,), angle)
    check(Case(circuit, ["Z0", "X3", "Y1 Y2"], inputs.double(), weights.double()))


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_the_size_of_tiles_does_not_matter(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tiles make three and more of them out of few qubits, as 20 qubits do with large ones."""
    from qlab.engine.compiled import execution

    rng = np.random.default_rng(bits)
    cases = [random_case(rng, max_qubits=11, max_gates=60) for _ in range(12)]
    expected = [found(case, "torch") for case in cases]
    monkeypatch.setattr(execution.Executor, "_tile_bits", lambda self, lanes: bits)
    execution.executor.cache_clear()
    for case, theirs in zip(cases, expected, strict=True):
        assert_close(found(case, "compiled"), theirs, values=1e-12, slopes=1e-10)
    execution.executor.cache_clear()


def test_sixteen_qubits() -> None:
    circuit = variational(16, 1, "angle", "ring")
    rng = np.random.default_rng(16)
    inputs, weights = rng.normal(size=(3, 16)), rng.normal(size=circuit.n_weights)
    check(Case(circuit, [f"Z{k}" for k in range(10)], torch.tensor(inputs), torch.tensor(weights)))


def test_frozen_leaves_do_not_change_the_other_gradient() -> None:
    for encoding in ("angle", "iqp", "amplitude"):
        circuit = variational(4, 2, encoding, "ring_first")
        rng = np.random.default_rng(2)
        inputs = rng.normal(size=(3, circuit.n_inputs))
        case = Case(circuit, None, torch.tensor(inputs), torch.tensor(rng.normal(size=24)))
        _, by_inputs, by_weights = found(case, "compiled")
        for which, expected in enumerate((by_inputs, by_weights)):
            leaves = list(case.leaves())
            leaves[1 - which] = leaves[1 - which].detach()
            values = expectations(circuit, leaves[0], leaves[1], dtype=torch.complex128, method="compiled")
            (alone,) = torch.autograd.grad((values * case.direction()).sum(), leaves[which])
            torch.testing.assert_close(alone, expected, rtol=0, atol=1e-13)


def test_not_a_number_passes_through() -> None:
    circuit = variational(5, 2, "angle", "ring")
    inputs = torch.zeros(3, 5)
    inputs[1, 2] = torch.nan
    values = expectations(circuit, inputs, torch.ones(30), method="compiled")
    assert values[1].isnan().all()
    assert not values[[0, 2]].isnan().any()
