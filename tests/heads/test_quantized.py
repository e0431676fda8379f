"""The head of whole-numbered weights: a head like any other, refused where it cannot be, with a trace in its run."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

import qlab
from qlab.backends.engine import EngineBackend
from qlab.errors import CapabilityError, OptionError
from qlab.heads.quantized import Quantized
from qlab.testing.heads import check_head


def made(generator: torch.Generator, **options: Any) -> Quantized:
    chosen: dict[str, Any] = {"hidden": [2], "method": "descent", "calls": 10} | options
    return Quantized(4, 2, EngineBackend(), generator, **chosen)


@pytest.mark.parametrize(
    "options", [{}, {"method": "hedging", "solver": "search"}, {"activation": "tanh", "loss": "hinge"}]
)
def test_it_is_a_head(options: dict[str, Any]) -> None:
    check_head(lambda generator: made(generator, **options), 4, 2)


def test_logits_are_those_of_the_network_and_zero_is_positive() -> None:
    head = made(torch.Generator().manual_seed(0), weight_bits=2, bias_bits=0, activation="relu")
    with torch.no_grad():
        head.numbers.copy_(torch.tensor([1, 1, 1, 1, 0, 3, -1, 1, 1, 0, 1, -1, 0]))
        logits = head(torch.tensor([[0.3, 2.0, 0.1, 0.0], [1.0, -1.0, 1.0, 1.0]]))
    # the hidden neurons give 4 and 4 for the first example, 2 and 6 for the second
    assert logits[:, 0].tolist() == [0, 0]
    assert logits[:, 1].tolist() == pytest.approx([0.25, -3.75])


def test_more_classes_are_refused() -> None:
    with pytest.raises(OptionError, match="two classes apart, not 3"):
        Quantized(4, 3, EngineBackend(), torch.Generator(), hidden=[2])


def test_a_model_too_large_is_refused_with_its_bits() -> None:
    head = made(torch.Generator().manual_seed(0), method="penalty", memory_mib=1)
    features = torch.ones(500, 4)
    with pytest.raises(CapabilityError, match=r"model of 500 samples has \d+ bits .* decomposed by samples"):
        head.solve(features, torch.arange(500) % 2, None)


OF_DIGITS = (
    *("dataset=digits", "dataset.classes=[3,8]", "dataset.n_train=100", "encoder=pooled_signs", "encoder.grid=2"),
    *("head=quantized", "head.calls=5"),
)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["head.method=penalty", "head.memory_mib=1"], "model of 100 samples has"),
        (["head.method=copositive", "head.group_size=90", "head.memory_mib=1"], "model of 90 samples has"),
        (["head.method=hedging", "head.solver=search", "head.energy_noise=1"], "solver=search knows no noise"),
        (["head.method=qcgd", "head.solver=enumeration"], "for method=hedging only"),
    ],
)
def test_what_cannot_be_trained_is_said_before_a_run_is_there(words: list[str], message: str, tmp_path: Path) -> None:
    config = [*OF_DIGITS, *words, f"output_dir={tmp_path}"]
    with pytest.raises((CapabilityError, OptionError), match=message):
        qlab.train(*config)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_groups_that_fit_are_not_refused(tmp_path: Path) -> None:
    words = ["head.method=copositive", "head.group_size=5", "head.memory_mib=1", "dataset.n_train=10"]
    assert qlab.train(*OF_DIGITS, *words, f"output_dir={tmp_path}").record.training["solving"]["calls"] > 0


def test_its_trace_stands_beside_the_record(tmp_path: Path) -> None:
    words = ["dataset=digits", "dataset.classes=[3,8]", "dataset.n_train=30", "encoder=pooled_signs", "head=quantized"]
    run = qlab.train(*words, "head.method=qcgd", "head.calls=5", "encoder.grid=2", f"output_dir={tmp_path}")
    with (run.path / "trace.csv").open() as file:
        rows = list(csv.DictReader(file))
    said = run.record.training["solving"]
    assert [int(row["calls"]) for row in rows] == [1, 2, 3, 4, 5]
    assert float(rows[-1]["residual"]) == said["residual"] > 0
    assert said["model_bits"] == said["weight_bits"] + 30 * said["bits_per_sample"]
    assert said["calls"] == 5
    assert run.record.parameters["trainable"] == 2 * 5 + 3
