"""What a worker does with a task, and what its process is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from qlab.launchers.worker import Call, environment, lent
from tests.launchers.work import runs, work


def test_a_call_imports_its_work_and_runs_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # to be put back
    monkeypatch.setattr(os, "dup2", lambda *descriptors: None)  # this process goes on to use its standard output
    monkeypatch.chdir(tmp_path)
    call = Call.of(work)
    assert call == Call("tests.launchers.work:work", str(tmp_path))
    monkeypatch.chdir("/")
    with warnings.catch_warnings(record=True) as warned:
        answer = json.loads(call(json.dumps({"folder": "", "name": "a", "do": "surroundings"})))["answer"]
    assert [str(warning.message) for warning in warned] == ["of qlab"]
    assert answer["folder"] == str(tmp_path)
    assert runs(str(tmp_path), "a") == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "this must not get to standard output\n")


def test_what_a_library_in_c_prints_goes_to_standard_error(tmp_path: Path) -> None:
    call = f"Call('tests.launchers.work:work', {str(Path.cwd())!r})"
    task = json.dumps({"folder": str(tmp_path), "name": "a", "do": "print_from_c"})
    script = f"from qlab.launchers.worker import Call\n{call}({task!r})"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    assert "at once, " in ended.stderr
    assert "when the process ends" in ended.stderr


def test_lent_variables_are_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with lent(environment(3)):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "3"
    assert dict(os.environ) == before
