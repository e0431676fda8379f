from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.engine import expectations
from qlab.engine.choice import Method
from tests.circuits.random_circuits import Case, random_case
from tests.engine.paths import found


@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_the_slopes_of_the_values(seed: int, method: Method) -> None:
    case = random_case(np.random.default_rng([4, seed]), 2 + seed % 4, max_gates=25)
    direction = case.direction()

    def loss(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        values = expectations(case.circuit, inputs, weights, case.observables, torch.complex128, method=method)
        return (values * direction).sum()

    step = 1e-5
    for which, gradient in enumerate(found(case, method)[1:]):
        for place in np.ndindex(tuple(gradient.shape)):
            ends = []
            for sign in (1, -1):
                moved = [case.inputs.clone(), case.weights.clone()]
                moved[which][place] += sign * step
                ends.append(loss(moved[0], moved[1]))
            slope = (ends[0] - ends[1]) / (2 * step)
            torch.testing.assert_close(gradient[place], slope, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    "circuit",
    [
        variational(3, 2, "angle", "ring"),
        variational(2, 2, "iqp", "strongly_entangling", reuploading=True),
        variational(2, 1, "amplitude", "basic_entangler"),
        Circuit(2, [("CRot", (0, 1), (Weight(0), Input(0), Weight(0))), ("IsingYY", (1, 0), Input(0, 1))]),
    ],
    ids=["ring", "re-uploading", "amplitudes", "shared slots"],
)
def test_pytorch_agrees_with_the_gradients(circuit: Circuit, method: Method) -> None:
    rng = np.random.default_rng(1)
    inputs = torch.tensor(rng.normal(size=(2, circuit.n_inputs)), requires_grad=True)
    weights = torch.tensor(rng.normal(size=circuit.n_weights), requires_grad=True)

    def values(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return expectations(circuit, inputs, weights, ["Z0", "X0 Y1"], torch.complex128, method=method)

    assert torch.autograd.gradcheck(values, (inputs, weights))


@pytest.mark.parametrize("encoding", ["angle", "iqp", "amplitude"])
@pytest.mark.parametrize(("ansatz", "reuploading"), [("ring", True), ("ring_first", False)])
def test_frozen_leaves_do_not_change_the_other_gradient(
    encoding: str, ansatz: str, reuploading: bool, method: Method
) -> None:
    circuit = variational(4, 2, encoding, ansatz, reuploading=reuploading and encoding != "amplitude")
    rng = np.random.default_rng(2)
    inputs, weights = rng.normal(size=(3, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
    case = Case(circuit, None, torch.tensor(inputs), torch.tensor(weights))
    _, by_inputs, by_weights = found(case, method)
    for which, expected in enumerate((by_inputs, by_weights)):
        leaves = list(case.leaves())
        leaves[1 - which] = leaves[1 - which].detach()
        values = expectations(circuit, leaves[0], leaves[1], dtype=torch.complex128, method=method)
        (alone,) = torch.autograd.grad((values * case.direction()).sum(), leaves[which])
        torch.testing.assert_close(alone, expected, rtol=0, atol=1e-13)
