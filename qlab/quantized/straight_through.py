"""The same network trained by gradients that pass straight through its roundings (Bengio et al., arXiv:1308.3432)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from qlab.errors import OptionError
from qlab.quantized.intervals import Integers
from qlab.quantized.network import Bits, Encoding, Layer, QuantizedNetwork
from qlab.quantized.problem import Outcome, Problem, Recorder

_TINY = 1e-9  # below zero


def straight_through(
    problem: Problem, generator: np.random.Generator, *, epochs: int = 200, lr: float = 0.05, starts: int = 1
) -> Outcome:
    """Train by Adam on real weights whose rounded values are those of the network.

    The forward pass is exact. Backward, a rounded weight passes its gradient on where the real one is within range,
    and an activation as a line through its range. The loss is the logistic one of the outputs, in units of their
    largest value by half. An epoch is one step on all samples; it counts as one call.

    Args:
        problem: to be learned; of bits that are fixed there only the highest of a weight can be, which is its sign.
        generator: draws the first weights.
        epochs: of every start.
        lr: step size.
        starts: trainings from other first weights.

    Raises:
        OptionError: another bit is fixed.
    """
    recorder = Recorder(problem)
    network = problem.network
    seed = torch.Generator().manual_seed(int(generator.integers(1 << 31)))
    inputs = torch.from_numpy(network.checked(problem.inputs)).double()  # (M, n_inputs)
    targets = torch.from_numpy(np.asarray(problem.targets)).double()  # (M, n_outputs)
    ranges = _ranges(problem)
    for _ in range(starts):
        flat = [_drawn(low, high, seed).requires_grad_() for low, high in ranges]
        parameters = list(zip(flat[::2], flat[1::2], strict=True))
        optimizer = torch.optim.Adam(flat, lr=lr)
        for _ in range(epochs):
            outputs = _forward(network, parameters, inputs)
            loss = functional.softplus(-targets * outputs).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            _keep(flat, ranges)
            recorder.calls += 1
            recorder.consider(_bits(network, parameters)[None, list(problem.free)])
            recorder.step(0.0, loss.item())
    return recorder.outcome(0)


Parameters = list[tuple[torch.Tensor, torch.Tensor]]
Range = tuple[torch.Tensor, torch.Tensor]


def _ranges(problem: Problem) -> list[Range]:
    """Return the lowest and highest values of weights and biases in turn, so that fixed signs are kept."""
    network, ranges, done = problem.network, list[Range](), set[int]()
    size = network.weights.n_bits
    for layer in network.layers:
        low, high = -torch.ones(layer.n_neurons, layer.n_inputs), torch.ones(layer.n_neurons, layer.n_inputs)
        for neuron in range(layer.n_neurons):
            first = layer.first_bit + neuron * (layer.n_inputs * size + network.biases.n_bits)
            for k in range(layer.n_inputs):
                bit = first + (k + 1) * size - 1
                if size and bit in problem.fixed:
                    done.add(bit)
                    (low if problem.fixed[bit] else high)[neuron, k] = 0.0 if problem.fixed[bit] else -_TINY
        ranges += [(low, high), (-torch.ones(layer.n_neurons), torch.ones(layer.n_neurons))]
    if unkept := sorted(set(problem.fixed) - done):
        raise OptionError(f"straight-through training can fix the sign of a weight only, not bit {unkept[0]}")
    return ranges


def _keep(tensors: list[torch.Tensor], ranges: list[Range]) -> None:
    """Put real weights back into their ranges."""
    with torch.no_grad():
        for tensor, (low, high) in zip(tensors, ranges, strict=True):
            tensor.clamp_(low, high)


def _drawn(low: torch.Tensor, high: torch.Tensor, seed: torch.Generator) -> torch.Tensor:
    """Return real weights, uniform between ``low`` and ``high``."""
    return low + (high - low) * torch.rand(low.shape, generator=seed, dtype=torch.float64)


def _forward(network: QuantizedNetwork, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
    """Return outputs (M, n_outputs), scaled to about -2 to 2."""
    a = inputs
    for layer, (weights, biases) in zip(network.layers, parameters, strict=True):
        rounded = _through(weights, lambda x: _rounded(network.weights, x))
        bias = _through(biases, lambda x: _rounded(network.biases, x))
        z = a @ rounded.T + layer.bias_scale * bias
        a = _activated(network, layer, z)
    last = network.layers[-1].digits
    return a * (2 / max(abs(int(last.firsts[0])), abs(int(last.lasts[-1]))))


def _activated(network: QuantizedNetwork, layer: Layer, z: torch.Tensor) -> torch.Tensor:
    if layer is network.layers[-1]:
        return z
    table = network.activation.table(layer.digits, layer.unit)

    def exact(value: torch.Tensor) -> torch.Tensor:
        place = layer.digits.split(np.rint(value.numpy()).astype(np.int64))
        return torch.from_numpy(table.at(*place))

    low, high = table.at(*layer.digits.split(np.array([layer.digits.firsts[0], layer.digits.lasts[-1]])))
    spread = layer.n_inputs**0.5 / layer.unit  # of the pre-activation for weights by chance
    slope = (high - low) / (2 * spread)
    return _through(z, exact, (high + low) / 2 + slope * z.clamp(-spread, spread))


def _through(x: torch.Tensor, exact: Callable[[torch.Tensor], torch.Tensor], smooth: Any = None) -> torch.Tensor:
    """Return ``exact`` of x, with the gradient of ``smooth`` in its place; that of x by default."""
    soft: torch.Tensor = x if smooth is None else smooth
    return soft + (exact(x.detach()) - soft).detach()


def _steps(encoding: Encoding, real: torch.Tensor) -> torch.Tensor:
    """Return the number 0, 1, ... of the encoding's value next to real numbers from -1 to 1."""
    most = (1 << encoding.n_bits) - 1
    return ((real + 1) / 2 * (most + 1)).floor().clamp(0, most)


def _rounded(encoding: Encoding, real: torch.Tensor) -> torch.Tensor:
    return encoding.low + encoding.step * _steps(encoding, real)


def _bits(network: QuantizedNetwork, parameters: Parameters) -> Bits:
    """Return the bits (n_bits,) of the rounded weights."""
    rows: list[Integers] = []
    for weights, biases in parameters:
        for neuron, bias in zip(weights.detach(), biases.detach(), strict=True):
            rows += [_binary(network.weights, neuron), _binary(network.biases, bias[None])]
    return np.concatenate(rows).astype(np.uint8)


def _binary(encoding: Encoding, real: torch.Tensor) -> Integers:
    numbers = _steps(encoding, real).numpy().astype(np.int64)
    return np.asarray((numbers[:, None] >> np.arange(encoding.n_bits) & 1).ravel())
