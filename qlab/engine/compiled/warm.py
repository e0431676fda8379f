"""Compiles the kernels ahead of their first use."""

from __future__ import annotations

import torch

from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import pauli_words
from qlab.circuits.slots import Input, Weight
from qlab.engine.compiled.cache import KernelCache
from qlab.engine.compiled.cache_folder import cache_folder, mark_complete
from qlab.engine.compiled.function import compiled_expectations


def warm() -> None:
    """Compile every kernel, for both precisions and for small and large batches, or load it from the user's cache.

    Takes about a minute the first time on a machine, and less than a second later.
    """
    circuit = Circuit(2, [("RY", 0, Input(0)), ("CNOT", (0, 1)), ("RX", 0, Weight(0))])
    words = pauli_words(2, ["Z0", "Z1"])
    for dtype in (torch.complex64, torch.complex128):
        for batch in (1, 64):
            weights = torch.zeros(1, requires_grad=True)
            compiled_expectations(circuit, torch.zeros(batch, 1), weights, words, dtype).sum().backward()
    folder = cache_folder()
    if folder is not None and KernelCache.keeps_all:
        mark_complete(folder)
