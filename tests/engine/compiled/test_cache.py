"""Where machine code is kept, and that nothing which happens to that folder stops the work."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.caching import IndexDataCacheFile

from qlab.engine.compiled import cache, cache_folder
from qlab.engine.compiled.cache import KernelCache
from qlab.errors import QlabWarning

KERNEL = """
import sys

import numpy as np

from qlab.engine.compiled.jit import entry


@entry
def total(numbers):
    found = numbers[0]
    for number in numbers[1:]:
        found += number
    return found


if __name__ == "__main__":
    exec(sys.argv[2])
    print(total(np.arange(5, dtype=sys.argv[1])), sum(total.stats.cache_hits.values()))
"""
SLOW_DISK = """
import time
from numba.core.caching import IndexDataCacheFile
save = IndexDataCacheFile._save_index
IndexDataCacheFile._save_index = lambda self, overloads: (time.sleep(1.5), save(self, overloads))
"""
FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
Start = Callable[[], Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of our own, not there yet."""
    found = tmp_path / "kernels" / "0123456789abcdef"
    monkeypatch.setattr(cache, "cache_folder", lambda: found)
    monkeypatch.setattr(KernelCache, "keeps_all", True)
    return found


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return the kernel as a new process has it: not compiled yet."""
    file = tmp_path / "kernel.py"
    file.write_text(KERNEL)
    spec = importlib.util.spec_from_file_location("kernel", file)
    assert spec is not None
    assert spec.loader is not None
    module, loader = importlib.util.module_from_spec(spec), spec.loader

    def begin() -> Any:
        loader.exec_module(module)
        return module.total

    return begin


def hits(kernel: Any, dtype: str = "float64") -> int:
    """Return how many signatures came from disk when the kernel is called once."""
    assert kernel(np.arange(5, dtype=dtype)) == 10
    found: int = sum(kernel.stats.cache_hits.values())
    return found


def test_what_one_process_compiles_another_loads(folder: Path, start: Start) -> None:
    assert hits(start()) == 0
    assert hits(start()) == 1
    assert hits(start(), "float32") == 0
    assert hits(start(), "float32") == 1
    assert len(list(folder.glob("*.nbc"))) == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_folder_that_takes_nothing_costs_one_warning(
    number: int, folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, path: str) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", refuse)
    kernel = start()
    with pytest.warns(QlabWarning, match=rf"cannot be kept \(.*abcdef: {os.strerror(number)}\)") as said:
        assert hits(kernel) == 0
    assert "\n" not in str(said[0].message)
    assert hits(kernel, "float32") == hits(start()) == 0  # said once: a second warning would be an error here


def test_a_folder_that_can_only_be_read_is_read(folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    hits(start())

    def refuse(*arguments: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    for function in ("mkdir", "makedirs", "utime", "open", "unlink", "replace"):
        monkeypatch.setattr(os, function, refuse)
    assert hits(start()) == 1


def test_a_file_where_the_folder_should_be_is_no_obstacle(folder: Path, start: Start) -> None:
    folder.parent.write_text("")
    with pytest.warns(QlabWarning, match="cannot be kept"):
        assert hits(start()) == 0


def begin(place: Path, dtype: str, before: str) -> subprocess.Popen[str]:
    """Start a process that calls the kernel once, with a cache folder under ``place``."""
    return subprocess.Popen(
        [sys.executable, str(place / "kernel.py"), dtype, before],
        env={**os.environ, "XDG_CACHE_HOME": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder_of_processes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use what processes keep under ``tmp_path``."""
    real = cache_folder.cache_folder()
    assert real is not None
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "qlab" / "kernels" / real.name)


@pytest.mark.usefixtures("folder_of_processes")
def test_a_disk_that_fills_up(tmp_path: Path, start: Start) -> None:
    """For real, in a process that may only write small files."""
    out, err = begin(tmp_path, "float64", FULL_DISK).communicate()
    assert out.split() == ["10.0", "0"]
    assert [line for line in err.splitlines() if "QlabWarning" in line and "File too large" in line]
    assert [hits(start()) for _ in range(2)] == [0, 1]


@pytest.mark.slow
@pytest.mark.usefixtures("folder_of_processes")
def test_two_processes_that_compile_at_once_do_not_mix_up_their_files(tmp_path: Path, start: Start) -> None:
    """Numba reads an index, chooses the next free name, writes the index: here that takes both more than a second."""
    processes = [begin(tmp_path, dtype, SLOW_DISK) for dtype in ("float32", "float64")]
    assert [process.communicate()[0].split() for process in processes] == [["10.0", "0"]] * 2
    assert [hits(start(), dtype) for dtype in ("float32", "float64")] == [1, 1]


@pytest.mark.parametrize("suffix", ["nbc", "nbi"])
@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_file_is_replaced(suffix: str, kept: int, folder: Path, start: Start) -> None:
    hits(start())
    (file,) = folder.glob(f"*.{suffix}")
    file.write_bytes(file.read_bytes()[:kept])
    assert hits(start()) == 0
    assert hits(start()) == 1


def test_a_folder_that_is_deleted_under_a_process_is_made_again(folder: Path, start: Start) -> None:
    kernel = start()
    hits(kernel)
    for file in [*folder.iterdir()]:
        file.unlink()
    folder.rmdir()
    assert hits(kernel, "float32") == 0
    assert hits(start(), "float32") == 1


def test_users_without_a_home_compile_in_memory(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    monkeypatch.setattr(KernelCache, "keeps_all", True)
    with pytest.warns(QlabWarning, match="this user has no home folder"):
        assert hits(start()) == 0


def test_a_home_that_is_not_known_is_no_folder_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "user_cache_path", lambda *name, **more: Path("~/.cache/qlab"))
    cache_folder.cache_folder.cache_clear()
    assert cache_folder.cache_folder() is None
    cache_folder.cache_folder.cache_clear()


def test_the_folder_depends_on_every_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = set()
    for text in ("x = 1", "x = 2"):
        (tmp_path / "simd.py").write_text(text)
        monkeypatch.setattr(cache_folder, "__file__", str(tmp_path / "cache_folder.py"))
        cache_folder.cache_folder.cache_clear()
        names.add(cache_folder.cache_folder())
    cache_folder.cache_folder.cache_clear()
    assert len(names) == 2


def test_folders_of_other_versions_go_when_nobody_has_used_them_for_30_days(folder: Path, start: Start) -> None:
    def make(name: str, days: float) -> Path:
        place = folder.parent / name
        place.mkdir(parents=True)
        (place / "file").write_text("")
        os.utime(place, (time.time() - days * 86400,) * 2)
        return place

    old, recent = make("a" * 16, 31), make("b" * 16, 29)
    half_deleted, foreign, ours = make("c" * 16 + ".old", 31), make("notes", 400), make(folder.name, 400)
    hits(start())
    assert not old.exists()
    assert not half_deleted.exists()
    assert (recent / "file").exists()
    assert (foreign / "file").exists()
    assert (ours / "file").exists()
    assert time.time() - ours.stat().st_mtime < 60


def test_a_folder_that_cannot_be_deleted_stays(folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    old = folder.parent / ("a" * 16)
    old.mkdir(parents=True)
    os.utime(old, (0, 0))

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, "not yours")

    monkeypatch.setattr(Path, "rename", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hits(start()) == 0
    assert old.exists()


def test_other_users_of_numba_keep_their_folder() -> None:
    import numba

    @numba.njit(cache=True)  # type: ignore[untyped-decorator]
    def one() -> int:
        return 1

    assert "qlab/kernels" not in one._cache.cache_path
