"""Small models to attack, and examples for them."""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from qlab.backends.engine import EngineBackend
from qlab.heads.vqc import VQC


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digits(n: int, n_classes: int = 10) -> tuple[Tensor, Tensor]:
    """Return pixels (n, 64) in [0, 1] and labels (n,)."""
    data = load_digits(n_class=n_classes)
    return torch.tensor(data.data[:n] / 16, dtype=torch.float32), torch.tensor(data.target[:n])


def trained(model: nn.Module, inputs: Tensor, labels: Tensor, steps: int, lr: float) -> nn.Module:
    """Return the model after some steps on all examples, ready to be attacked."""
    optimizer = torch.optim.Adam(model.parameters(), lr)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    return model.eval().requires_grad_(False)


def cnn(inputs: Tensor, labels: Tensor) -> nn.Module:
    """Return a small convolutional network of flat images of 8 x 8 pixels, with batch norm and dropout."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, 10),
        )  # fmt: skip
        return trained(model, inputs, labels, 60, 0.01)


def quantum(inputs: Tensor, labels: Tensor, n_classes: int) -> nn.Module:
    """Return a circuit of 6 qubits whose amplitudes are 64 pixels."""
    head = VQC(64, n_classes, EngineBackend(), seeded(), n_qubits=6, n_layers=2, encoding="amplitude")
    return trained(head, inputs, labels, 30, 0.05)
