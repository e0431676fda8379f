"""How much memory a simulation takes, what it keeps for the backward pass, and whether there is enough.

Channels cannot be undone without loss, so the backward pass needs the vectors before every matrix. They are kept where
there is room; else only every so many stages, and the stages between are executed once more; and where even that is too
much, nothing is kept of a chunk of vectors but what it starts from.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import psutil
import torch
from torch.utils.checkpoint import checkpoint

from qlab.errors import CapabilityError

CHUNK_BYTES = {"cpu": 1 << 22, "cuda": 1 << 30}  # fits the cache of a CPU core, keeps a GPU busy
KEPT_BYTES = 1 << 30  # so much may be kept before anything is executed once more
_SMALL = 1 << 28  # so much is not asked for


def chunk_rows(row_bytes: int, device: torch.device) -> int:
    """Return how many vectors are worked on at once."""
    return max(1, CHUNK_BYTES.get(device.type, CHUNK_BYTES["cuda"]) // row_bytes)


def run_length(n_stages: int, all_bytes: int) -> int:
    """Return after how many stages vectors are kept that take ``all_bytes`` together."""
    return 1 if n_stages * all_bytes <= KEPT_BYTES else math.isqrt(n_stages - 1) + 1


def kept_bytes(n_stages: int, all_bytes: int) -> int:
    """Return what is kept of vectors that take ``all_bytes`` together, unless they are executed once more."""
    return -(-n_stages // run_length(n_stages, all_bytes)) * all_bytes if n_stages else all_bytes


def in_chunks(
    function: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor, row_bytes: int, n_stages: int
) -> torch.Tensor:
    """Return what ``function`` returns for all rows, some at a time; each is a vector of so many bytes in it."""
    size = chunk_rows(row_bytes, rows.device)
    if len(rows) <= size:
        return function(rows)
    again = torch.is_grad_enabled() and kept_bytes(n_stages, len(rows) * row_bytes) > 2 * KEPT_BYTES
    if again:
        return torch.cat([_forgotten(function, chunk) for chunk in rows.split(size)])
    return torch.cat([function(chunk) for chunk in rows.split(size)])


def working_bytes(n_rows: int, row_bytes: int, n_stages: int, gradient: bool, device: torch.device) -> int:
    """Return about what ``n_rows`` vectors take on their way through stages, chunk by chunk."""
    chunk = min(n_rows, chunk_rows(row_bytes, device)) * row_bytes
    if not gradient:
        return 3 * chunk
    all_bytes = n_rows * row_bytes
    kept = kept_bytes(n_stages, all_bytes)
    kept = kept if chunk == all_bytes or kept <= 2 * KEPT_BYTES else kept * chunk // all_bytes
    return kept + (run_length(n_stages, all_bytes) + 4) * chunk


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
