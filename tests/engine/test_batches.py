from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from qlab.circuits import Circuit, Weight, variational
from qlab.engine import expectations
from qlab.engine.choice import Method
from qlab.errors import CircuitError

CIRCUIT = variational(5, 2, "angle", "ring", reuploading=True)
GENERATOR = torch.Generator().manual_seed(3)
INPUTS = torch.randn(7, CIRCUIT.n_inputs, generator=GENERATOR, dtype=torch.float64)
WEIGHTS = torch.randn(CIRCUIT.n_weights, generator=GENERATOR, dtype=torch.float64)


def test_a_batch_is_its_samples_one_by_one(method: Method) -> None:
    def values(inputs: torch.Tensor) -> torch.Tensor:
        return expectations(CIRCUIT, inputs, WEIGHTS, dtype=torch.complex128, method=method)

    batch, single = values(INPUTS), [values(INPUTS[b : b + 1]) for b in range(len(INPUTS))]
    torch.testing.assert_close(batch, torch.cat(single), rtol=0, atol=1e-13)


@pytest.mark.parametrize("encoding", ["angle", "iqp", "amplitude"])
@pytest.mark.parametrize("samples", [1, 2, 3])
def test_chunks_do_not_change_values_or_gradients(encoding: str, samples: int) -> None:
    circuit = variational(4, 2, encoding, "ring_first")
    found = []
    for chunk_bytes in (samples * 16 * 2**4, None):
        inputs = torch.cos(torch.arange(5.0 * circuit.n_inputs, dtype=torch.float64)).view(5, -1).requires_grad_()
        weights = torch.sin(torch.arange(float(circuit.n_weights), dtype=torch.float64)).requires_grad_()
        values = expectations(
            circuit, inputs, weights, ["Z0", "X1"], torch.complex128, method="torch", chunk_bytes=chunk_bytes
        )
        found.append([values, *torch.autograd.grad(values.square().sum(), [inputs, weights])])
    for chunked, whole in zip(*found, strict=True):
        torch.testing.assert_close(chunked, whole, rtol=0, atol=1e-13)


def test_a_batch_may_be_empty(method: Method) -> None:
    weights = WEIGHTS.clone().requires_grad_()
    values = expectations(CIRCUIT, INPUTS[:0], weights, method=method)
    assert values.shape == (0, 5)
    values.sum().backward()
    assert not weights.grad.any()  # type: ignore[union-attr]


def test_a_circuit_without_inputs_repeats_its_values(method: Method) -> None:
    circuit = Circuit(2, [("RY", 0, Weight(0)), ("CNOT", (0, 1))])
    values = expectations(circuit, torch.zeros(3, 0), torch.tensor([0.4]), method=method)
    torch.testing.assert_close(values, torch.full((3, 2), 0.4).cos())


def test_an_unmeasured_circuit_has_constant_values(method: Method) -> None:
    circuit = Circuit(3, [("RY", 2, Weight(0)), ("CZ", (1, 2))])
    weights = torch.tensor([0.4], requires_grad=True)
    values = expectations(circuit, torch.zeros(2, 0), weights, ["Z0", "Z0 Z1"], method=method)
    assert values.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    values.sum().backward()
    assert weights.grad is not None
    assert not weights.grad.any()


def saved_states(n_layers: int, method: Method) -> int:
    """Return how many tensors as large as a state the graph of a batch keeps."""
    n_qubits, batch, found = 8, 64, []
    circuit = variational(n_qubits, n_layers, "angle", "ring")
    weights = torch.randn(circuit.n_weights, requires_grad=True)

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        found.append(tensor.numel() >= batch * 2**n_qubits)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        expectations(circuit, torch.rand(batch, n_qubits), weights, method=method)
    return sum(found)


def test_one_state_is_kept_whatever_the_number_of_layers(method: Method) -> None:
    assert saved_states(1, method) == saved_states(20, method) == 1


def test_evaluation_keeps_nothing(method: Method) -> None:
    weights = WEIGHTS.clone().requires_grad_()

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        raise AssertionError("a tensor was saved")

    with torch.no_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        values = expectations(CIRCUIT, INPUTS, weights, method=method)
    assert not values.requires_grad


PEAKS = """
import json, resource, sys, torch
from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.choice import Method
torch.set_num_threads(1)
peaks = []
for n_layers in (2, 2, 24):
    circuit = variational(14, n_layers, "angle", "ring")
    weights = torch.randn(circuit.n_weights, requires_grad=True)
    values = expectations(circuit, torch.rand(32, 14), weights, method=sys.argv[1], chunk_bytes=1 << 30)
    values.sum().backward()
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(json.dumps(peaks))
"""


def test_peak_memory_does_not_grow_with_the_number_of_layers(method: Method) -> None:
    answer = subprocess.run([sys.executable, "-c", PEAKS, method], capture_output=True, text=True, check=True)
    _, shallow, deep = (kibibytes / 1024 for kibibytes in json.loads(answer.stdout))
    state = 32 * 2**14 * 8 / 2**20  # 4 MiB; 22 more layers have 220 more blocks
    assert deep - shallow < 3 * state


WRONG = [
    (INPUTS[:, :4], WEIGHTS, r"inputs must have shape \(batch, 5\) for this circuit, not \(7, 4\)"),
    (INPUTS[0], WEIGHTS, r"inputs must have shape \(batch, 5\) for this circuit, not \(5,\)"),
    (INPUTS, WEIGHTS[:-1], r"weights must have shape \(30,\) for this circuit, not \(29,\)"),
    (INPUTS, WEIGHTS[None], r"weights must have shape \(30,\) for this circuit, not \(1, 30\)"),
    (INPUTS.long(), WEIGHTS, "inputs must be real floating-point numbers, not torch.int64"),
    (INPUTS, WEIGHTS + 0j, "weights must be real floating-point numbers, not torch.complex128"),
    (INPUTS, WEIGHTS.to("meta"), "inputs are on cpu but weights on meta"),
]


@pytest.mark.parametrize(("inputs", "weights", "message"), WRONG)
def test_wrong_tensors_are_refused(inputs: torch.Tensor, weights: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expectations(CIRCUIT, inputs, weights)


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dtype must be torch\.complex64 or torch\.complex128, not torch\.float32"):
        expectations(CIRCUIT, INPUTS, WEIGHTS, dtype=torch.float32)
    with pytest.raises(CircuitError, match="needs qubit 5"):
        expectations(CIRCUIT, INPUTS, WEIGHTS, ["Z5"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("encoding", ["angle", "iqp", "amplitude"])
def test_a_gpu_gives_the_same_as_a_cpu(encoding: str) -> None:
    circuit = variational(6, 2, encoding, "ring")
    found = []
    for device in ("cpu", "cuda"):
        inputs = torch.cos(torch.arange(3.0 * circuit.n_inputs)).view(3, -1).to(device).requires_grad_()
        weights = torch.sin(torch.arange(float(circuit.n_weights))).to(device).requires_grad_()
        values = expectations(circuit, inputs, weights, ["Z0", "X1 Y2"], torch.complex128)
        gradients = torch.autograd.grad(values.square().sum(), [inputs, weights])
        found.append([tensor.cpu() for tensor in (values, *gradients)])
    for on_cpu, on_gpu in zip(*found, strict=True):
        torch.testing.assert_close(on_cpu, on_gpu)


def test_arrays_of_numpy_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"inputs must be a torch.Tensor, not ndarray"):
        expectations(CIRCUIT, INPUTS.numpy(), WEIGHTS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"weights must be a torch.Tensor, not list"):
        expectations(CIRCUIT, INPUTS, WEIGHTS.tolist())  # type: ignore[arg-type]
