"""The vote of the nearest training examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from qlab.backends.base import Backend
from qlab.errors import OptionError
from qlab.heads.head import Solved


class NearestNeighbours(Solved):
    """Logits are the logarithms of each class's share among the nearest training examples, one pseudo-vote added.

    Args:
        n_features: of an example.
        n_classes: of the task.
        backend: not used.
        generator: not used.
        n_neighbours: how many vote, by Euclidean distance.
    """

    def __init__(
        self, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator, *, n_neighbours: int = 5
    ) -> None:
        super().__init__()
        self.n_neighbours, self.n_classes = n_neighbours, n_classes
        self.known: torch.Tensor
        self.votes: torch.Tensor
        self.register_buffer("known", torch.zeros(0, n_features))
        self.register_buffer("votes", torch.zeros(0, n_classes))

    def check(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Raise ``OptionError`` where there are fewer examples than are to vote."""
        if len(labels) < self.n_neighbours:
            raise OptionError(f"head.n_neighbours={self.n_neighbours}, but there are {len(labels)} training examples")

    def solve(self, features: torch.Tensor, labels: torch.Tensor, class_weights: torch.Tensor | None) -> None:
        """Remember features (N, n_features) and labels (N,); the vote of each counts by its class's weight.

        Raises:
            OptionError: there are fewer examples than are to vote.
        """
        self.check(features, labels)
        votes = torch.nn.functional.one_hot(labels, self.n_classes).to(features.dtype)
        self.known = features.clone()
        self.votes = votes if class_weights is None else votes * class_weights.to(features.dtype)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        distances = torch.cdist(features, self.known, compute_mode="donot_use_mm_for_euclid_dist")  # (B, N)
        nearest = distances.topk(min(self.n_neighbours, len(self.known)), dim=1, largest=False).indices
        counts = self.votes[nearest].sum(1)  # (B, n_classes)
        return torch.log((counts + 1 / self.n_classes) / (counts.sum(1, keepdim=True) + 1))

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        """Take over as many examples as the state has."""
        for name in ("known", "votes"):
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *rest)
