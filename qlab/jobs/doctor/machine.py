"""The processor, the memory, the GPU, and the machine code that the simulator keeps."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

import psutil
import torch

from qlab.engine.choice import has_numba
from qlab.jobs.doctor.places import writable

_INSTRUCTION_SETS = ("neon", "sve", "avx", "avx2", "fma", "avx512f")


@dataclass(frozen=True)
class Machine:
    """What calculates.

    Attributes:
        system: operating system and architecture.
        cores: logical processors of the machine.
        usable: those that this process may run on.
        threads: those that PyTorch uses in this process.
        processor: model that the simulator is compiled for; None without Numba.
        instruction_sets: those for vectors that it is compiled with.
        compiled: where its machine code is kept, and whether that works.
        memory_gib: of the machine.
        memory_free_gib: that can be had without swapping.
        gpu: its name; None without one.
    """

    system: str
    cores: int | None
    usable: int | None
    threads: int
    processor: str | None
    instruction_sets: list[str]
    compiled: str
    memory_gib: float
    memory_free_gib: float
    gpu: str | None


def machine() -> Machine:
    """Look at the machine."""
    memory = psutil.virtual_memory()
    processor, sets = _compiled_for()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count(),
        usable=usable,
        threads=torch.get_num_threads(),
        processor=processor,
        instruction_sets=sets,
        compiled=_compiled(),
        memory_gib=round(memory.total / 2**30, 1),
        memory_free_gib=round(memory.available / 2**30, 1),
        gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    )


def _compiled_for() -> tuple[str | None, list[str]]:
    if not has_numba():
        return None, []
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return binding.get_host_cpu_name(), [name for name in _INSTRUCTION_SETS if features.get(name)]


def _compiled() -> str:
    if not has_numba():
        return "not possible without Numba"
    from qlab.engine.compiled import cache_folder as kept  # its libraries need not be there

    folder = kept.cache_folder()
    if folder is None:
        return "not kept, for this user has no home folder: every process compiles it anew"
    state = "all of it" if kept.is_complete(folder) else "not all of it yet; qlab doctor --warm completes it"
    if not writable(folder):
        state += "; cannot be written"
    return f"{kept.size(folder) / 2**20:.1f} MiB in {folder}: {state}"
