"""What this installation has and finds."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from qlab.config import folders, registry
from qlab.engine.choice import has_numba
from qlab.records.environment import environment


def examine() -> dict[str, str]:
    """Return what matters for running qlab here, as text by topic."""
    found = environment(torch.get_num_threads())
    cuda = torch.cuda.is_available()
    return {
        "python": f"{found['python']} on {found['platform']}",
        "processor threads": f"{found['threads']} of {found['cpu_count']}",
        "GPU": f"{torch.cuda.get_device_name()}; this version trains on the processor"
        if cuda
        else "none found, none needed",
        **{f"version of {name}": version or "not installed" for name, version in found["versions"].items()},
        "compiled simulator": _compiled(),
        "commit": f"{found['commit']}{' (changed since)' if found['dirty'] else ''}"
        if found["commit"]
        else "no checkout",
        "configs": _listed(folders.own_conf(), folders.shipped_conf()),
        "experiments": _listed(folders.own_experiments(), folders.shipped_experiments()),
        "plugins": _plugins(),
        "QLAB_DATA_DIR": _data(),
        "./outputs": "writable" if _writable(Path("outputs")) else "not writable: set output_dir=",
    }


def _compiled() -> str:
    if not has_numba():
        return "not possible without Numba"
    from qlab.engine.compiled import cache_folder as kept  # its libraries need not be there

    folder = kept.cache_folder()
    if folder is None:
        return "not kept, for this user has no home folder: every process compiles it anew"
    state = "all of it" if kept.is_complete(folder) else "not all of it yet; qlab doctor --warm completes it"
    if not _writable(folder):
        state += "; cannot be written"
    return f"{kept.size(folder) / 2**20:.1f} MiB in {folder}: {state}"


def _listed(*places: Path | None) -> str:
    return ", then ".join(str(place) for place in places if place is not None)


def _plugins() -> str:
    points = [point for group in registry.ENTRY_POINT_GROUPS for point in registry.plugins(group).values()]
    return ", ".join(f"{point.group}: {point.name} ({point.value})" for point in points) or "none"


def _data() -> str:
    root = os.environ.get("QLAB_DATA_DIR")
    if not root:
        return "not set; data files are given by dataset.path= or data_dir="
    if not Path(root).is_dir():
        return f"{root} is not a folder"
    return f"{root}: {', '.join(sorted(entry.name for entry in Path(root).iterdir() if entry.is_dir())) or 'empty'}"


def _writable(folder: Path) -> bool:
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)
