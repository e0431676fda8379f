"""How much memory a simulation takes, what it keeps for the backward pass, and whether there is enough.

Channels cannot be undone without loss, so the backward pass needs the vectors before every matrix. They are kept where
there is room; else only every so many stages, and the stages between are executed once more; and where even that is too
much, nothing is kept of a chunk of vectors but what it starts from.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import torch
from torch.utils.checkpoint import checkpoint

from qlab.errors import CapabilityError

CHUNK_BYTES = {"cpu": 1 << 22, "cuda": 1 << 30}  # fits the cache of a CPU core, keeps a GPU busy
KEPT_BYTES = 1 << 30  # so much may be kept before anything is executed once more
_SMALL = 1 << 28  # so much is not asked for


def run_length(n_stages: int, all_bytes: int) -> int:
    """Return after how many stages vectors are kept that take ``all_bytes`` together."""
    return 1 if n_stages * all_bytes <= KEPT_BYTES else math.isqrt(n_stages - 1) + 1


@dataclass(frozen=True)
class Rows:
    """Vectors that are worked on some at a time.

    Attributes:
        count: how many.
        vector_bytes: of one vector.
        own_bytes: of what each has besides, such as matrices.
        n_stages: how many stages vectors go through.
    """

    count: int
    vector_bytes: int
    own_bytes: int
    n_stages: int

    def chunk(self, device: torch.device) -> int:
        """Return how many are worked on at once."""
        wanted = CHUNK_BYTES.get(device.type, CHUNK_BYTES["cuda"])
        return max(1, min(self.count, wanted // (self.vector_bytes + self.own_bytes)))

    @property
    def kept_bytes(self) -> int:
        """What is kept of all for the backward pass, unless nothing is."""
        all_bytes = self.count * self.vector_bytes
        times = -(-self.n_stages // run_length(self.n_stages, all_bytes)) if self.n_stages else 1
        return times * all_bytes + self.count * self.own_bytes

    @property
    def too_many(self) -> bool:
        """Whether nothing is kept of a chunk but what it starts from."""
        return self.kept_bytes > 2 * KEPT_BYTES

    def working_bytes(self, gradient: bool, device: torch.device) -> int:
        """Return about what they take, with a backward pass or without."""
        chunk = self.chunk(device)
        chunk_bytes = chunk * (self.vector_bytes + self.own_bytes)
        if not gradient:
            return 3 * chunk_bytes
        kept = self.kept_bytes * chunk // self.count if self.too_many else self.kept_bytes
        return kept + (run_length(self.n_stages, self.count * self.vector_bytes) + 4) * chunk_bytes


def in_chunks(function: Callable[[torch.Tensor], torch.Tensor], of: torch.Tensor, rows: Rows) -> torch.Tensor:
    """Return what ``function`` returns for all rows ``of`` a tensor, some at a time."""
    size = rows.chunk(of.device)
    if len(of) <= size:
        return function(of)
    if torch.is_grad_enabled() and rows.too_many:
        return torch.cat([_forgotten(function, chunk) for chunk in of.split(size)])
    return torch.cat([function(chunk) for chunk in of.split(size)])


def require(needed: int, n_qubits: int, device: torch.device) -> None:
    """Raise ``CapabilityError`` where ``needed`` bytes are more than are available."""
    if needed <= _SMALL:
        return
    available = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    if needed > available:
        raise CapabilityError(
            f"an exact simulation of {n_qubits} qubits with noise needs {_readable(needed)} of memory, and "
            f"{_readable(available)} are available; trajectories take no more than a few state vectors"
        )


def _forgotten(function: Callable[[torch.Tensor], torch.Tensor], chunk: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = checkpoint(function, chunk, use_reentrant=False, preserve_rng_state=False)
    return found


def _readable(n_bytes: int) -> str:
    exponent = min(max(n_bytes.bit_length() - 1, 0) // 10, 6)
    return f"{n_bytes / 1024**exponent:.1f} {('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB')[exponent]}"
