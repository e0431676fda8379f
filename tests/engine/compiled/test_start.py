"""What is imported and compiled when, and which path is taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from qlab.circuits import variational
from qlab.engine import choose, expectations
from qlab.engine.choice import Method
from qlab.errors import OptionError

CIRCUIT = variational(3, 1, "angle", "ring")
ONE_STEP = """
import sys, torch
from qlab.circuits import variational
from qlab.engine import expectations
assert "numba" not in sys.modules
circuit = variational(2, 1, "angle", "ring")
weights = torch.zeros(6, requires_grad=True)
values = expectations(circuit, torch.zeros(1, 2), weights, method=sys.argv[1])
values.sum().backward()
assert ("numba" in sys.modules) == (sys.argv[1] == "compiled")
print(float(values.detach().sum()))
"""


def begin(method: str, **environment: str | None) -> subprocess.Popen[str]:
    """Start one step in a process with these variables, or without those that are None."""
    changed = {**os.environ, **environment}
    return subprocess.Popen(
        [sys.executable, "-c", ONE_STEP, method],
        env={name: value for name, value in changed.items() if value is not None},
        stdout=subprocess.PIPE,
        text=True,
    )


def run(method: str, **environment: str | None) -> str:
    return begin(method, **environment).communicate()[0].strip()


def test_numba_is_imported_by_its_path_alone() -> None:
    assert run("torch") == "2.0"


def test_no_home_is_needed() -> None:
    assert run("compiled", HOME=None) == "2.0"


@pytest.mark.slow
def test_two_processes_begin_on_a_machine_without_a_cache(tmp_path: Path) -> None:
    processes = [begin("compiled", XDG_CACHE_HOME=str(tmp_path)) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in processes] == ["2.0", "2.0"]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert {path.parents[1].name for path in kept} == {"kernels"}
    assert run("compiled", XDG_CACHE_HOME=str(tmp_path)) == "2.0"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept


def test_auto_is_compiled_on_the_cpu_and_pytorch_elsewhere() -> None:
    assert choose(CIRCUIT, 32, torch.device("cpu")) == "compiled"
    assert choose(CIRCUIT, 32, torch.device("cuda")) == "torch"
    assert choose(CIRCUIT, 32, torch.device("cpu"), "torch") == "torch"


def test_without_numba_pytorch_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlab.engine.choice.has_numba", lambda: False)
    assert choose(CIRCUIT, 32, torch.device("cpu")) == "torch"
    with pytest.raises(OptionError, match="Numba is not installed"):
        choose(CIRCUIT, 32, torch.device("cpu"), "compiled")


@pytest.mark.parametrize(("method", "device"), [("compiled", "cuda"), ("fastest", "cpu")])
def test_a_method_that_cannot_be_had(method: Method, device: str) -> None:
    with pytest.raises(OptionError, match=r"method(=| must)"):
        choose(CIRCUIT, 32, torch.device(device), method)


def test_warming_compiles_what_training_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qlab.engine.compiled import warm
    from qlab.engine.compiled.backward import backward
    from qlab.engine.compiled.cache import KernelCache
    from qlab.engine.compiled.cache_folder import is_complete

    monkeypatch.setattr(warm, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(KernelCache, "keeps_all", False)
    warm.warm()
    assert not is_complete(tmp_path)
    monkeypatch.setattr(KernelCache, "keeps_all", True)
    warm.warm()
    assert is_complete(tmp_path)
    known = len(backward.signatures)  # type: ignore[attr-defined]
    for dtype in (torch.complex64, torch.complex128):
        for batch in (1, 32):
            weights = torch.ones(CIRCUIT.n_weights, requires_grad=True)
            expectations(CIRCUIT, torch.ones(batch, 3), weights, dtype=dtype, method="compiled").sum().backward()
    assert len(backward.signatures) == known  # type: ignore[attr-defined]
