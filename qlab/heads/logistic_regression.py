"""Logistic regression, solved to the end."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.heads.head import Solved


class LogisticRegression(Solved):
    """Logits = W z + b at the minimum of the cross entropy with an L2 penalty, by scikit-learn.

    Args:
        n_features: of an example.
        n_classes: of the task.
        backend: not used.
        generator: not used.
        C: inverse strength of the penalty; larger fits closer.
    """

    def __init__(
        self, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator, *, C: float = 1.0
    ) -> None:
        super().__init__()
        self.C = C
        self.layer = nn.utils.skip_init(nn.Linear, n_features, n_classes)
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def solve(self, features: torch.Tensor, labels: torch.Tensor, class_weights: torch.Tensor | None) -> None:
        """Minimise the penalised cross entropy on features (N, n_features) and labels (N,)."""
        from sklearn.linear_model import LogisticRegression as Solver

        weights = None if class_weights is None else dict(enumerate(class_weights.tolist()))
        solver = Solver(C=self.C, class_weight=weights, max_iter=10_000).fit(features.double().numpy(), labels.numpy())
        matrix, bias = solver.coef_, solver.intercept_  # (C, n_features), or one row for two classes
        if len(matrix) == 1:
            matrix, bias = np.concatenate([-matrix, matrix]) / 2, np.concatenate([-bias, bias]) / 2
        with torch.no_grad():
            self.layer.weight.copy_(torch.from_numpy(matrix))
            self.layer.bias.copy_(torch.from_numpy(bias))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, n_classes) of features (B, n_features)."""
        logits: torch.Tensor = self.layer(features)
        return logits
