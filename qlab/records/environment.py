"""Where a result was made: versions, commit, processor. Never host names, user names or home folders."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("qlab", "torch", "numpy", "pennylane", "qiskit", "scikit-learn", "transformers", "hydra-core")
_PROCESS = Path("/proc/self")
_RESET_PEAK = "5"  # of proc(5): the peak of the resident memory begins anew at what it is now


def environment(threads: int) -> dict[str, Any]:
    """Return what the record says of the machine and of the software."""
    return {
        "python": platform.python_version(),
        "versions": {name: installed_version(name) for name in PACKAGES},
        **commit(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu_count": os.cpu_count(),
        "threads": threads,
    }


@cache
def commit() -> dict[str, Any]:
    """Return the commit that the code was run from and whether it was changed since; None outside a checkout.

    It is that of the first call: a process runs the code that it has loaded.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    head = _git(root, "rev-parse", "HEAD")
    return {"commit": head or None, "dirty": bool(_git(root, "status", "--porcelain")) if head else None}


def made_by_other_code(recorded: Mapping[str, Any]) -> str | None:
    """Return what made a result, if it was not this version and commit of qlab; None if it was.

    Args:
        recorded: the ``environment`` of a record.
    """
    then, now = recorded["versions"].get("qlab"), installed_version("qlab")
    here = commit()["commit"]
    if then == now and here in (None, recorded["commit"]):
        return None
    return f"qlab {then}" + (f", commit {recorded['commit'][:12]}" if recorded["commit"] else "")


def restart_peak_memory() -> None:
    """Forget how large this process was before; without effect where the system does not let it (Linux does)."""
    with suppress(OSError):
        (_PROCESS / "clear_refs").write_text(_RESET_PEAK)


def peak_memory_mib() -> float:
    """Return the largest resident memory of this process since ``restart_peak_memory``, in MiB.

    What was resident then counts too. Where the peak cannot be forgotten it is that since the process began.
    """
    with suppress(OSError):
        for line in (_PROCESS / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    # ru_maxrss never falls: it is that of the whole process
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


@cache
def installed_version(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
