"""States that have nothing to do with circuits."""

from __future__ import annotations

import torch


def haar_states(samples: int, n_qubits: int, seed: int) -> torch.Tensor:
    """Return Haar-random states (S, 2^n): normal amplitudes, normalised."""
    generator = torch.Generator().manual_seed(seed)
    amplitudes = torch.randn(samples, 2**n_qubits, dtype=torch.complex128, generator=generator)
    return torch.nn.functional.normalize(amplitudes, dim=1)
