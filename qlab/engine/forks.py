"""Forked processes compute in one thread of PyTorch, as the workers of its DataLoader do.

The threads of OpenMP do not live on in a forked process, yet its first large operation would wait for them forever.
Whoever knows that the parent never used them may ask for more again with ``torch.set_num_threads``.
"""

from __future__ import annotations

import os

import torch


def register() -> None:
    """Set the number of threads in every process that is forked from now on."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
