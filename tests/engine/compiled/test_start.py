"""What is imported and compiled when, and where machine code is kept."""

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
values = expectations(circuit, torch.zeros(1, 2), torch.zeros(6), method=sys.argv[1])
assert ("numba" in sys.modules) == (sys.argv[1] == "compiled")
print(float(values.sum()))
"""


def run(method: str, **environment: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", ONE_STEP, method],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


def test_numba_is_imported_by_its_path_alone() -> None:
    assert run("torch") == "2.0"


def test_machine_code_is_kept_in_the_users_cache(tmp_path: Path) -> None:
    assert run("compiled", XDG_CACHE_HOME=str(tmp_path)) == "2.0"
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert {path.parents[2].name for path in kept} == {"kernels"}
    assert run("compiled", XDG_CACHE_HOME=str(tmp_path)) == "2.0"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    assert run("compiled", XDG_CACHE_HOME=str(occupied)) == "2.0"


def test_the_setting_of_other_users_of_numba_stays() -> None:
    import numba

    from qlab.engine.compiled import forward

    assert forward.forward is not None
    assert "qlab" not in str(numba.config.CACHE_DIR)


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


def test_warming_compiles_what_training_needs() -> None:
    from qlab.engine.compiled.backward import backward
    from qlab.engine.compiled.warm import warm

    warm()
    known = len(backward.signatures)  # type: ignore[attr-defined]
    for dtype in (torch.complex64, torch.complex128):
        for batch in (1, 32):
            weights = torch.ones(CIRCUIT.n_weights, requires_grad=True)
            expectations(CIRCUIT, torch.ones(batch, 3), weights, dtype=dtype, method="compiled").sum().backward()
    assert len(backward.signatures) == known  # type: ignore[attr-defined]
