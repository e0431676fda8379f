"""What ``import qlab`` offers, pinned; and the Python of the README, executed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import qlab
from qlab.errors import OptionError

ROOT = Path(__file__).parents[1]


def test_the_public_names_are_these() -> None:
    assert qlab.__all__ == [
        "Circuit", "Input", "Weight", "attack", "compare", "evaluate", "expectations", "load", "results", "sweep",
        "train",
    ]  # fmt: skip
    assert all(callable(getattr(qlab, name)) for name in qlab.__all__)
    assert set(qlab.__all__) <= set(dir(qlab))
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        qlab.trian  # noqa: B018


def test_importing_qlab_imports_nothing_heavy() -> None:
    code = "import sys, qlab; print(sorted({'torch', 'numpy', 'hydra', 'pennylane'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_python_of_the_readme_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert "outputs/runs/digits-pca-vqc-" in capsys.readouterr().out


def test_a_run_from_python_and_back(workplace: Path) -> None:
    overrides = ("dataset=digits", "dataset.n_train=60", "dataset.n_val=30", "dataset.n_test=40", "trainer.epochs=1")
    run = qlab.train(*overrides, "head.n_qubits=4")
    assert qlab.train(*overrides, "head.n_qubits=4").found
    loaded = qlab.load(run.record.key)
    assert loaded.record == run.record
    predicted = loaded.predictions["test_logits"]
    assert predicted.shape == (40, 10)
    with torch.no_grad():
        assert loaded.head(torch.zeros(3, 4)).shape == (3, 10)
    record = qlab.evaluate(run, "backend=pennylane")
    assert record.changed_predictions == 0
    table = qlab.results()
    assert isinstance(table, pd.DataFrame)
    assert table["kind"].tolist() == ["train", "evaluation"]
    assert table["metrics.accuracy"].tolist() == [run.metrics["accuracy"], record.metrics["accuracy"]]
    assert table["config.head.n_qubits"].tolist() == [4, 4]


def test_a_sweep_from_python(workplace: Path) -> None:
    overrides = ("dataset=digits", "dataset.n_train=60", "dataset.n_val=30", "dataset.n_test=40", "trainer.epochs=1")
    table = qlab.sweep(*overrides, "head.n_qubits=3,4", "head.n_layers=1,2", paired=["head.n_qubits,head.n_layers"])
    assert table[["head.n_qubits", "head.n_layers"]].to_numpy().tolist() == [[3, 1], [4, 2]]
    assert table["status"].tolist() == ["done", "done"]
    same = qlab.sweep(*overrides, "head.n_qubits=3,4", "head.n_layers=1,2", paired="head.n_qubits,head.n_layers")
    assert same["train_key"].tolist() == table["train_key"].tolist()


@pytest.mark.parametrize("paired", ["seed", ["seed", "trainer.lr"], [("seed", "trainer.lr")]])
def test_keys_that_are_not_paired_are_one_line(paired: Any) -> None:
    with pytest.raises(OptionError, match="does not name keys that go together"):
        qlab.sweep("seed=0,1", "trainer.lr=0.1,0.2", paired=paired)


def test_a_circuit_by_hand_is_differentiable() -> None:
    circuit = qlab.Circuit(2, [("RY", 0, qlab.Input(0)), ("CNOT", (0, 1)), ("RX", 1, qlab.Weight(0))])
    inputs = torch.tensor([[0.3], [1.2]], dtype=torch.float64)
    weights = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    values = qlab.expectations(circuit, inputs, weights, ["Z1"], torch.complex128)
    torch.testing.assert_close(values[:, 0], inputs[:, 0].cos() * weights.cos())
    values.sum().backward()
    assert weights.grad is not None
    torch.testing.assert_close(weights.grad, -(inputs.cos().sum() * weights.detach().sin()).reshape(1))
