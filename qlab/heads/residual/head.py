"""The hybrid quantum residual network (after arXiv:2604.15626; what its text leaves open is our construction)."""

from __future__ import annotations

import hashlib
from typing import Literal, cast

import numpy as np
import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.circuits import Circuit
from qlab.errors import OptionError
from qlab.heads.head import Staged
from qlab.heads.residual.activation import Activation, normalised
from qlab.heads.residual.contractions import Phases
from qlab.heads.residual.dilation import isometry
from qlab.heads.residual.outcomes import coherent_part, copies, depolarised, drawn, misread
from qlab.heads.residual.parameters import ResidualBlock, UnitaryBlock, WeightBlock
from qlab.heads.residual.readout import GroupReadout, LinearReadout, Readout
from qlab.heads.residual.states import Inputs, diagonal_and_coherences, dimension, random_features
from qlab.heads.residual.trotter import trotterised

Parametrisation = Literal["unitary", "weights"]
Training = Literal["joint", "greedy"]


class Residual(Staged):
    """Blocks of two unitaries and an ancilla whose outcomes are activated, normalised and mixed into the state.

    Of a block, z_j = Pr+(ancilla 0, data j) - Pr-(ancilla 0, data j), y the normalised z, and the next state is
    (1 - alpha) rho + alpha diag(y). Where gradients are recorded, these formulas are differentiated. Evaluation goes
    through the distributions of all outcomes of the unitaries, in double precision: Trotter steps, noise and shots act
    there and nowhere else, so that heads that differ in these alone have the same weights if the trainer keeps the
    last ones. For the same examples the same outcomes are drawn.

    Args:
        n_features: N^2 real and as many imaginary parts of a density matrix, or at most N probabilities.
        n_classes: of the task.
        backend: not used.
        generator: draws the first weights and the phases.
        blocks: how many; 0 leaves the readout of the input's diagonal.
        alpha: share of the measured distribution in the next state.
        activation: see ``normalised``.
        sharpness: multiplies the scores under softmax and sigmoid.
        parametrisation: free unitaries exp(iH), or real weights that are translated to unitaries.
        inputs: what the features are.
        diagonal: leave out the coherences of the input, which makes it the classical analog.
        phases: of the contractions of real weights.
        readout: a linear layer on the last diagonal, or sums of as many outcomes for each class.
        training: all blocks together, or one after the other, each with a readout of its own.
        restarts: trainings from different first weights, of which the one with the least training loss is kept.
        init_scale: deviation of the first entries of H, or sqrt(N) times that of the first weights.
        trotter_steps: of the first-order formula for every unitary; None: the unitary itself.
        depolarizing: probability that a unitary leaves its n + 1 qubits maximally mixed.
        flip: probability that a bit is read wrongly.
        shots: outcomes drawn for each sign of each block; None: their exact distribution.
        shots_seed: of what is drawn.

    Raises:
        OptionError: the features are no state, there are more groups than outcomes, or nothing would be trained.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        backend: Backend,
        generator: torch.Generator,
        *,
        blocks: int = 2,
        alpha: float = 0.5,
        activation: Activation = "softmax",
        sharpness: float = 8.0,
        parametrisation: Parametrisation = "unitary",
        inputs: Inputs = "density",
        diagonal: bool = False,
        phases: Phases = "random",
        readout: Readout = "linear",
        training: Training = "joint",
        restarts: int = 1,
        init_scale: float = 0.5,
        trotter_steps: int | None = None,
        depolarizing: float = 0.0,
        flip: float = 0.0,
        shots: int | None = None,
        shots_seed: int = 0,
    ) -> None:
        super().__init__()
        if blocks == 0 and readout == "groups":
            raise OptionError("head.blocks=0 leaves nothing to train with head.readout=groups: set head.readout=linear")
        self.size, self.n_classes = dimension(n_features, inputs), n_classes
        self.alpha, self.activation, self.sharpness = alpha, activation, sharpness
        self.parametrisation, self.inputs, self.diagonal, self.phases = parametrisation, inputs, diagonal, phases
        self.kind: Readout = readout
        self.init_scale, self.trotter_steps = init_scale, trotter_steps
        self.depolarizing, self.flip, self.shots, self.shots_seed = depolarizing, flip, shots, shots_seed
        self.n_starts, self.n_stages = restarts, blocks if training == "greedy" and blocks else 1
        self._first_seed = int(torch.randint(2**62, (), generator=generator))
        first = self._generator(0, 0)
        self.blocks = nn.ModuleList(self._new_block(first) for _ in range(blocks))
        self.readout = self._new_readout(first)
        self.depth = blocks
        self.copies = None if shots is None else copies(blocks, shots)

    def quantum_parameters(self) -> list[nn.Parameter]:
        """Return the entries of the exponents of free unitaries."""
        return [block.entries for block in self.blocks if isinstance(block, UnitaryBlock)]

    def trial_features(self, size: int, n_features: int, generator: torch.Generator) -> torch.Tensor:
        """Return random states as features (size, n_features)."""
        return random_features(size, n_features, self.inputs, generator)

    def begin(self, start: int, stage: int) -> None:
        """Draw weights anew: all of them, or in a later stage the readout's; train the last block alone if greedy."""
        generator = self._generator(start, stage)
        if stage == 0:
            for block in self.blocks:
                block.load_state_dict(self._new_block(generator).state_dict())
        self.readout.load_state_dict(self._new_readout(generator).state_dict())
        is_greedy = self.n_stages > 1
        self.depth = stage + 1 if is_greedy else len(self.blocks)
        for place, block in enumerate(self.blocks):
            block.requires_grad_(not is_greedy or place == stage)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        diagonal = self.last_diagonal(features).to(next(self.parameters()).dtype)
        logits: torch.Tensor = self.readout(diagonal)
        return logits

    def last_diagonal(self, features: torch.Tensor) -> torch.Tensor:
        """Return the diagonals (B, N) of the states after the last block."""
        vectors, coherences = diagonal_and_coherences(features, self.inputs, self.size)
        coherences = None if self.diagonal else coherences
        if self.training or torch.is_grad_enabled():
            return self._differentiated(vectors, coherences)
        return self._executed(vectors.double(), coherences, self._rng(features))

    def unitaries(self) -> torch.Tensor:
        """Return U+ and U- of every block (K, 2, 2N, 2N), complex128, as they are executed."""
        found = torch.stack([block.unitaries() for block in self._active()])
        return found if self.trotter_steps is None else trotterised(found, self.trotter_steps)

    def circuits(self) -> list[tuple[Circuit, Circuit]]:
        """Return the circuits of U+ and U- of every block; see ``block_circuit``."""
        from qlab.heads.residual.circuit import block_circuit

        return [(block_circuit(plus), block_circuit(minus)) for plus, minus in self.unitaries()]

    def _differentiated(self, diagonal: torch.Tensor, coherences: torch.Tensor | None) -> torch.Tensor:
        dtype = next(self.parameters()).dtype
        diagonal = diagonal.to(dtype)
        coherences = None if coherences is None else coherences.to(dtype.to_complex())
        for block in self._active():
            diagonal = self._mixed(diagonal, block.scores(diagonal, coherences))
            coherences = None if coherences is None else (1 - self.alpha) * coherences
        return diagonal

    def _executed(
        self, diagonal: torch.Tensor, coherences: torch.Tensor | None, rng: np.random.Generator
    ) -> torch.Tensor:
        coherences = None if coherences is None else coherences.to(torch.complex128)
        for block, unitaries in zip(self._active(), self.unitaries() if self.depth else (), strict=True):
            seen = isometry(unitaries)  # (2, 2N, N)
            outcomes = (diagonal @ (seen.abs() ** 2).mT).transpose(0, 1)  # (B, 2, 2N)
            if coherences is not None:
                outcomes = outcomes + coherent_part(coherences, seen)
                coherences = (1 - self.alpha) * coherences
            measured = self._measured(outcomes, rng)[..., : self.size]  # the ancilla in 0
            diagonal = self._mixed(diagonal, block.scale() * (measured[:, 0] - measured[:, 1]))
        return diagonal

    def _measured(self, outcomes: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """Return distributions of outcomes (..., 2N) as noise, errors of reading and a number of shots leave them."""
        if self.depolarizing:
            outcomes = depolarised(outcomes, self.depolarizing)
        if self.flip:
            outcomes = misread(outcomes, self.flip)
        return outcomes if self.shots is None else drawn(outcomes, self.shots, rng)

    def _mixed(self, diagonal: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return (1 - self.alpha) * diagonal + self.alpha * normalised(scores, self.activation, self.sharpness)

    def _active(self) -> list[ResidualBlock]:
        return [cast("ResidualBlock", block) for block in self.blocks][: self.depth]

    def _rng(self, features: torch.Tensor) -> np.random.Generator:
        """Return what shots are drawn by: it depends on the seed and on the examples."""
        if self.shots is None:
            return np.random.default_rng(self.shots_seed)
        digest = hashlib.sha256(features.detach().cpu().numpy().tobytes()).digest()
        return np.random.default_rng([self.shots_seed, *np.frombuffer(digest, np.uint32).tolist()])

    def _generator(self, start: int, stage: int) -> torch.Generator:
        seeds = np.random.SeedSequence([self._first_seed, start, stage]).generate_state(2)
        return torch.Generator().manual_seed(int(seeds[0]) << 31 | int(seeds[1]) >> 1)

    def _new_block(self, generator: torch.Generator) -> ResidualBlock:
        if self.parametrisation == "unitary":
            return UnitaryBlock(self.size, self.init_scale, generator)
        return WeightBlock(self.size, self.init_scale, self.phases, generator)

    def _new_readout(self, generator: torch.Generator) -> LinearReadout | GroupReadout:
        if self.kind == "linear":
            return LinearReadout(self.size, self.n_classes, generator)
        return GroupReadout(self.size, self.n_classes)
