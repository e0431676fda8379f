"""Small networks with all their samples."""

from __future__ import annotations

import itertools

import numpy as np

from qlab.quantized.activation import Activation, Loss, error, hinge, relu, sign, tanh
from qlab.quantized.network import Encoding, QuantizedNetwork
from qlab.quantized.problem import Problem
from qlab.quantized.qcbo import Qcbo, build

ACTIVATIONS = {"sign": sign(), "relu": relu(), "tanh": tanh(gain=0.7), "lines": tanh(3, 1, resolution=3, gain=0.4)}
LOSSES = {"error": error(), "hinge": hinge(3, 2.0)}


def xor(
    activation: Activation | None = None,
    loss: Loss | None = None,
    biases: int = 1,
    fixed: dict[int, int] | None = None,
) -> Problem:
    """The parity of two signs, for a network with two hidden neurons."""
    inputs = np.array(list(itertools.product([-1, 1], repeat=2)))
    network = QuantizedNetwork((2, 2, 1), activation or sign(), loss or error(), biases=Encoding.symmetric(biases))
    return Problem(network, inputs, -inputs[:, :1] * inputs[:, 1:], fixed or {})


def model(problem: Problem) -> Qcbo:
    return build(problem.network, problem.inputs, problem.targets, problem.fixed)
