"""What is said of the compiled simulator's folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qlab.engine.compiled import cache_folder
from qlab.jobs.doctor import examine


def test_the_folder_of_machine_code_its_size_and_whether_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kernels" / "0123456789abcdef"
    monkeypatch.setattr(cache_folder, "cache_folder", lambda: folder)
    begun = f"in {folder}: not all of it yet; qlab doctor --warm completes it"
    assert examine()["compiled simulator"] == f"0.0 MiB {begun}"
    folder.mkdir(parents=True)
    (folder / "kernel.nbc").write_bytes(bytes(3 << 20))
    assert examine()["compiled simulator"] == f"3.0 MiB {begun}"
    cache_folder.mark_complete(folder)
    assert examine()["compiled simulator"] == f"3.0 MiB in {folder}: all of it"
    monkeypatch.setattr("qlab.jobs.doctor._writable", lambda place: place != folder)
    assert examine()["compiled simulator"] == f"3.0 MiB in {folder}: all of it; cannot be written"


def test_without_a_folder_and_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "cache_folder", lambda: None)
    assert "every process compiles it anew" in examine()["compiled simulator"]
    monkeypatch.setattr("qlab.jobs.doctor.has_numba", lambda: False)
    assert examine()["compiled simulator"] == "not possible without Numba"


def test_the_command_line_shows_our_warnings_in_one_line_and_no_others() -> None:
    code = """
import sys, warnings
from qlab.cli import main
from qlab.errors import QlabWarning
def run(arguments):
    warnings.warn("of a library", UserWarning)
    warnings.warn("slower than it could be", QlabWarning)
    return 0
main.run = run
main.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "warning: slower than it could be\n"
