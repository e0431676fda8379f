"""A network of whole-numbered weights, trained by quadratic binary optimization or by what it is compared with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from qlab.backends.base import Backend
from qlab.errors import OptionError
from qlab.heads.head import Solved
from qlab.quantized.activation import Activation, error, hinge, relu, sign, tanh
from qlab.quantized.counts import count
from qlab.quantized.intervals import Integers
from qlab.quantized.methods import Settings, check, learn
from qlab.quantized.network import Encoding, QuantizedNetwork
from qlab.quantized.problem import Outcome, Problem
from qlab.quantized.symmetry import fixed_bits


class Quantized(Solved):
    """Logits (0, output) of a quantized network on the signs of the features, 0 taken for positive.

    Two classes only. The class weights of a trainer have no say: a quadratic model weighs samples alike.

    Args:
        n_features: of an example.
        n_classes: 2.
        backend: not used.
        generator: seed of everything that the method draws.
        hidden: widths of the hidden layers.
        weight_bits: of a weight; its values are odd numbers of both signs.
        bias_bits: of a bias.
        activation: "sign", "relu" or "tanh".
        intervals: of tanh.
        resolution: of tanh: 1 is this many units.
        gain: of tanh: what its argument is multiplied by.
        loss: "error" or "hinge".
        margin: of hinge.
        break_symmetry: fix one bit of each hidden neuron where the change of its sign changes nothing.
        method: how it is trained; this and what follows is explained at ``qlab.quantized.methods.Settings``.
        solver: the oracle.
        calls: of the oracle, at most.
        reads: of each call.
        group_size: samples of a group.
        rho: of hedging.
        penalty: of hedging.
        beta: of conditional gradients.
        dual: of conditional gradients.
        eigenvector: of conditional gradients.
        energy_noise: of the oracle.
        coefficient_noise: of the oracle.
        coefficient_bits: of the oracle.
        memory_mib: what building a model may take.

    Raises:
        OptionError: there are more than two classes.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        hidden: list[int],
        weight_bits: int = 1,
        bias_bits: int = 2,
        activation: str = "sign",
        intervals: int = 4,
        resolution: int = 4,
        gain: float = 1.0,
        loss: str = "error",
        margin: float = 1.0,
        break_symmetry: bool = True,
        method: str = "hedging",
        solver: str = "simulated_annealing",
        calls: int = 1000,
        reads: int = 24,
        group_size: int = 10,
        rho: float = 0.5,
        penalty: float = 0.3,
        beta: float = 1.0,
        dual: bool = True,
        eigenvector: bool = False,
        energy_noise: float = 0.0,
        coefficient_noise: float = 0.0,
        coefficient_bits: int | None = None,
        memory_mib: int = 2048,
    ) -> None:
        super().__init__()
        if n_classes != 2:
            raise OptionError(f"head=quantized tells two classes apart, not {n_classes}: choose two by dataset.classes")
        self.network = QuantizedNetwork(
            (n_features, *hidden, 1),
            _activation(activation, intervals, resolution, gain),
            {"error": error(), "hinge": hinge(margin=margin)}[loss],
            Encoding.symmetric(weight_bits),
            Encoding.symmetric(bias_bits),
        )
        self._fixed = fixed_bits(self.network) if break_symmetry else {}
        self._settings = Settings(
            method=method,
            solver=solver,
            calls=calls,
            reads=reads,
            group_size=group_size,
            rho=rho,
            penalty=penalty,
            beta=beta,
            dual=dual,
            eigenvector=eigenvector,
            energy_noise=energy_noise,
            coefficient_noise=coefficient_noise,
            coefficient_bits=coefficient_bits,
            memory=memory_mib << 20,
        )
        self._seed = int(torch.randint(1 << 31, (1,), generator=generator))
        self._outcome: Outcome | None = None
        numbers = self.network.numbers(np.zeros((1, self.network.n_bits), dtype=np.uint8))[0]
        self.numbers = torch.nn.Parameter(torch.from_numpy(numbers).float())  # weights and biases, neuron by neuron

    def check(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Raise what ``solve`` would raise of the settings, and of the memory that its models take.

        Raises:
            CapabilityError: a model is too large for the memory.
            OptionError: settings that do not fit each other.
        """
        check(self.network, self._fixed, len(labels), self._settings)

    def solve(self, features: torch.Tensor, labels: torch.Tensor, class_weights: torch.Tensor | None) -> None:
        """Train on the signs of features (N, n_features) and labels (N,) of 0 and 1.

        Raises:
            CapabilityError: a model is too large for the memory or the solver.
            OptionError: settings that do not fit each other.
        """
        targets = 2 * labels.numpy().astype(np.int64)[:, None] - 1
        problem = Problem(self.network, _signs(features), targets, self._fixed)
        self._outcome = learn(problem, self._settings, np.random.default_rng(self._seed))
        numbers = self.network.numbers(problem.whole(self._outcome.bits[None]))[0]
        with torch.no_grad():
            self.numbers.copy_(torch.from_numpy(numbers))

    def facts(self) -> dict[str, Any]:
        """Return what the training has found, and how large its models were."""
        if self._outcome is None:
            return {}
        counts, last = count(self.network, self._fixed), self._outcome.steps[-1]
        return {
            **{key: value for key, value in asdict(last).items() if key != "seconds"},
            "weight_bits": counts.weight_bits,
            "bits_per_sample": counts.sample_bits,
            "model_bits": self._outcome.model_bits,
            "consensus": self._outcome.consensus,
            "calls_to_best": self._outcome.calls_to(self._outcome.loss),
        }

    def trace(self) -> list[dict[str, Any]]:
        """Return a row for each step of the training."""
        return [asdict(step) for step in self._outcome.steps] if self._outcome else []

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 2) of features (B, n_features)."""
        bits = self.network.encode(self.numbers.detach().numpy().astype(np.int64)[None])
        last = self.network.layers[-1]
        outputs = self.network.outputs(bits, _signs(features))[0, :, 0]  # (B,)
        second = torch.from_numpy((outputs + 0.25) * last.unit).to(torch.float32)  # 0 is positive
        return torch.stack([torch.zeros_like(second), second], dim=1)


def _signs(features: torch.Tensor) -> Integers:
    return np.where(features.numpy() >= 0, 1, -1)


def _activation(name: str, intervals: int, resolution: int, gain: float) -> Activation:
    """Return the activation of that name; a tanh of so many intervals, each of ``resolution`` steps."""
    functions = {"sign": sign(), "relu": relu(), "tanh": tanh(intervals, resolution=resolution, gain=gain)}
    return functions[name]
