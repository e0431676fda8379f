"""Components that an installed package adds through entry points: found, shown, run, recorded; clashes are refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlab.config import registry
from qlab.errors import RequestError
from tests.conftest import Qlab

CODE = '''
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
import torch
from qlab.config.options.datasets import SplitOptions
from qlab.config.options.option import option
from qlab.data.dataset import Dataset
from qlab.errors import DataError
from qlab.heads.head import Head, linear

@dataclass
class BlobOptions(SplitOptions):
    """Two clouds of points."""
    FACTORY: ClassVar[str] = "extra_blobs:Blobs"
    distance: float = option(4.0, "between the centres", above=0)

class Blobs:
    def __init__(self, *, distance):
        self.distance = distance
    def load(self, context):
        labels = np.arange(200) % 2
        noise = np.random.default_rng(0).normal(size=(200, 1, 1, 2))
        images = (noise + self.distance * labels[:, None, None, None]).astype(np.float32)
        return Dataset("blobs", "synthetic", images, labels, ("near", "far"))
    def load_source(self, context, size):
        raise DataError("blobs has no source set")

@dataclass
class ScaledOptions:
    """A linear layer with a fixed scale."""
    FACTORY: ClassVar[str] = "extra_blobs:Scaled"
    scale: float = option(2.0, "of the logits", above=0)

class Scaled(Head):
    def __init__(self, n_features, n_classes, backend, generator, *, scale):
        super().__init__()
        self.scale, self.layer = scale, linear(n_features, n_classes, generator)
    def forward(self, features):
        return self.scale * self.layer(features)

def zigzag(builder, n_qubits, n_layers):
    for _ in range(n_layers):
        for qubit in range(n_qubits):
            builder.gate("RY", qubit, builder.weight())
'''
ENTRY_POINTS = """
[qlab.datasets]
blobs = extra_blobs:BlobOptions
[qlab.heads]
scaled = extra_blobs:ScaledOptions
[qlab.ansatze]
zigzag = extra_blobs:zigzag
"""


def install(folder: Path, entry_points: str) -> None:
    """Lay out a package as an installer would."""
    metadata = folder / "extra_blobs-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-blobs\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    (folder / "extra_blobs.py").write_text(CODE)


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages that Python looks into."""
    folder = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(str(folder))
    registry.plugins.cache_clear()
    yield folder
    registry.plugins.cache_clear()
    sys.modules.pop("extra_blobs", None)


def test_a_plugin_is_listed_shown_run_and_recorded(site: Path, qlab: Qlab) -> None:
    install(site, ENTRY_POINTS)
    listed = {(entry["group"], entry["name"]): entry for entry in json.loads(qlab("ls", "--json").out)}
    assert listed["head", "scaled"]["origin"] == "extra-blobs 1.2"
    assert listed["dataset", "blobs"]["summary"] == "Two clouds of points."
    assert qlab("cat", "head/scaled").out == "name: scaled\nscale: 2.0\n"
    answer = qlab(
        "train", "dataset=blobs", "dataset.distance=6", "encoder=identity", "head=scaled", "trainer.lr=0.1", "--json"
    )
    assert answer.code == 0, answer.err
    assert "head=scaled is added by extra-blobs 1.2" in answer.err
    record = json.loads(answer.out)["record"]
    assert record["environment"]["plugins"] == {"dataset=blobs": "extra-blobs 1.2", "head=scaled": "extra-blobs 1.2"}
    assert record["config"]["dataset"]["distance"] == 6
    assert record["metrics"]["accuracy"] > 0.9


def test_options_of_a_plugin_are_checked_like_any_other(site: Path, qlab: Qlab) -> None:
    install(site, ENTRY_POINTS)
    answer = qlab("train", "dataset=blobs", "head=scaled", "head.scale=-1")
    assert answer.code == 2
    assert "head.scale=-1.0 is out of range: it must be above 0" in answer.err
    assert "did you mean 'head.scale'" in qlab("train", "head=scaled", "head.scala=1").err


def test_an_ansatz_of_a_plugin_is_found_by_name(site: Path, qlab: Qlab) -> None:
    install(site, ENTRY_POINTS)
    overrides = ("dataset=digits", "head.ansatz=zigzag", "head.n_qubits=3", "head.n_layers=4", "--json")
    answer = qlab("plan", *overrides)
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["circuit"]["weights"] == 12


def test_a_plugin_cannot_take_the_name_of_a_built_in(site: Path) -> None:
    install(site, "[qlab.heads]\nvqc = extra_blobs:ScaledOptions\n")
    with pytest.raises(RequestError, match="head 'vqc' of extra_blobs:ScaledOptions is already taken"):
        registry.names("head")


@pytest.mark.parametrize(
    ("target", "complaint"),
    [("nowhere:Options", "cannot be imported"), ("extra_blobs:Scaled", "must be a dataclass with a FACTORY")],
)
def test_a_broken_plugin_is_one_line(target: str, complaint: str, site: Path, qlab: Qlab) -> None:
    install(site, f"[qlab.heads]\nbroken = {target}\n")
    answer = qlab("train", "dataset=digits", "head=broken")
    assert answer.code == 2
    assert complaint in answer.err
    assert len(answer.err.splitlines()) == 1
