"""What the processes of the contestants are started with, and what the machine has left."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_LOOK_SECONDS = 0.5
_LEAST_LEFT = 0.05  # of the machine's memory: below, the system may choose whom to kill


def processors() -> list[int]:
    """Return the numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def quietest_processor() -> int:
    """Return the number of the one that has the least to do; takes a moment to look."""
    busy = psutil.cpu_percent(_LOOK_SECONDS, percpu=True)
    return min(processors(), key=lambda number: busy[number] if number < len(busy) else 0.0)


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a contestant: so many threads, no GPU, and memory that is kept between steps.

    Libraries that take large arrays anew in each step lose up to half of their time to page faults unless the GNU C
    library is told to keep memory.
    """
    one = " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" if threads == 1 else ""
    counts = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(counts, str(threads)),
        "TF_NUM_INTEROP_THREADS": "1",
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", "") + one,
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
        "MALLOC_MMAP_THRESHOLD_": "8000000000",
        "MALLOC_TRIM_THRESHOLD_": "16000000000",
        "OMP_WAIT_POLICY": "PASSIVE",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONSAFEPATH": "1",
        "PYTHONWARNINGS": "ignore",
    }


def memory_left() -> int:
    """Return the bytes that processes may still take."""
    return int(psutil.virtual_memory().available)


def memory_is_short() -> bool:
    """Return whether so little is left that a contestant should be stopped."""
    memory = psutil.virtual_memory()
    return bool(memory.available < _LEAST_LEFT * memory.total)


def load() -> float | None:
    """Return how many processes wanted a processor in the last minute, on average; None where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def processor_name() -> str | None:
    """Return what the processor calls itself, where Linux says so."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
