"""Random inputs and weights for the circuit of a head, as the head itself makes them and as nobody does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from qlab.backends.base import Observables
from qlab.backends.engine import EngineBackend
from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import pauli_words
from qlab.config.options.diagnostics import Diagnostics
from qlab.config.schema import Component, RunConfig
from qlab.errors import OptionError
from qlab.heads.head import Head
from qlab.jobs.model import FEWEST_CLASSES, build_head
from qlab.progress import Progress
from qlab.training.seeds import torch_generator

_WIDTH = 8  # features of a head that does not say how many it wants


@dataclass(frozen=True)
class Draws:
    """What a circuit is executed with, one row per draw, float64.

    Attributes:
        inputs: (S, n_inputs), angles in radians or amplitudes.
        own: (S, n_weights), the first weights of as many heads, in radians.
        uniform: (S, n_weights), uniform between -pi and pi.
        partners: (S, n_weights), the same again.
    """

    inputs: torch.Tensor
    own: torch.Tensor
    uniform: torch.Tensor
    partners: torch.Tensor


class _Recorder(EngineBackend):
    """Keeps what a head would execute its circuit with, and executes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[tuple[torch.Tensor, torch.Tensor]] = []

    def expectations(
        self,
        circuit: Circuit,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        observables: Observables | None = None,
    ) -> torch.Tensor:
        """Return zeros (B, K)."""
        self.recorded.append((inputs.detach().double(), weights.detach().double()))
        return torch.zeros(len(inputs), len(pauli_words(circuit.n_qubits, observables)))


def quantum_head(config: RunConfig) -> Head:
    """Return the head of ``config``, with its first weights.

    Raises:
        OptionError: it has no circuit, or one without weights.
    """
    generator = torch_generator(config.seed, "weights")
    head = build_head(config.head, width(config.head), FEWEST_CLASSES, _Recorder(), generator)
    if head.circuit is None:
        raise OptionError(f"head={config.head.name} has no circuit: diagnostics are of quantum heads, e.g. head=vqc")
    if not head.circuit.n_weights:
        raise OptionError(f"head={config.head.name}: the circuit has no weights, so there is nothing to draw")
    return head


def circuit_of(head: Head) -> Circuit:
    """Return the circuit of a head that ``quantum_head`` returned."""
    assert head.circuit is not None
    return head.circuit


def width(head: Component) -> int:
    """Return how many features a head takes, by what its options say."""
    n_qubits: int = getattr(head.options, "n_qubits", _WIDTH)
    return 2**n_qubits if getattr(head.options, "encoding", None) == "amplitude" else n_qubits


def draw(config: RunConfig, circuit: Circuit, options: Diagnostics, progress: Progress) -> Draws:
    """Return what to execute the circuit of the head of ``config`` with.

    Raises:
        OptionError: amplitudes are all to be zero.
    """
    samples, random = options.samples, torch_generator(config.seed, "diagnostics")
    features = torch.randn(samples, width(config.head), generator=random)
    inputs, own = _of_heads(config, progress.track(features.split(1), "drawing first weights", samples))
    if options.inputs == "zero":
        if circuit.embeds_amplitudes:
            raise OptionError("inputs=zero: amplitudes that are all zero are no state; set inputs=random")
        inputs = torch.zeros_like(inputs)
    uniform, partners = (
        (2 * torch.rand(samples, circuit.n_weights, dtype=torch.float64, generator=random) - 1) * math.pi
        for _ in range(2)
    )
    return Draws(inputs, own, uniform, partners)


def _of_heads(config: RunConfig, features: Iterable[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the inputs (S, n_inputs) and weights (S, n_weights) of a new head for every row of features."""
    generator, recorder = torch_generator(config.seed, "weights"), _Recorder()
    with torch.no_grad():
        for row in features:
            build_head(config.head, row.shape[1], FEWEST_CLASSES, recorder, generator).eval()(row)
    inputs, weights = zip(*recorder.recorded, strict=True)
    return torch.cat(inputs), torch.stack(weights)
