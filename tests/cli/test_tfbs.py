"""Binding sites from the command line: trained on, and what is wrong with a request as one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qlab.config.compose import compose
from qlab.config.validate import run_config
from tests.conftest import Qlab

SMALL = ("dataset=tfbs", "dataset.size=120", "dataset.length=40", "dataset.n_test=40", "trainer.epochs=1")
KMER = ("encoder=kmer", "encoder.k=3", "encoder.n_features=null", "head=linear")


def windows(folder: Path, n_positive: int = 20, n_negative: int = 200) -> Path:
    """Windows of one chromosome, the positives somewhat rich in A."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], [n_negative, n_positive]))
    lines = ["region,sequence,label"]
    for i, label in enumerate(labels.tolist()):
        bases = rng.choice(list("ACGT"), 30, p=[0.31, 0.23, 0.23, 0.23] if label else [0.25] * 4)
        lines.append(f"chr1:{5000 * i}-{5000 * i + 30},{''.join(bases)},{label}")
    path = folder / "windows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_all_counts_reach_a_linear_head(qlab: Qlab) -> None:
    answer = qlab("train", "--json", *SMALL, *KMER)
    assert answer.code == 0, answer.err
    record = json.loads(answer.out)["record"]
    assert record["encoder"]["n_features"] == 32
    assert record["dataset"]["source"] == "synthetic"
    assert 0 <= record["metrics"]["average_precision"] <= 1
    shown = qlab("train", *SMALL, *KMER)
    assert "average precision" in shown.out


def test_the_matrix_follows_what_is_planted(workplace: Path) -> None:
    (workplace / "motif").write_text("MEME version 4")
    config = run_config(
        compose("train", ["dataset=tfbs", "dataset.strength=0.5", "dataset.motif=motif", "encoder=pwm"])
    )
    assert (config.encoder.options.strength, config.encoder.options.motif) == (0.5, "motif")
    assert run_config(compose("train", ["dataset=digits", "encoder=pwm"])).encoder.options.strength == 1.0


def test_class_weights_lift_what_is_rare(qlab: Qlab, workplace: Path) -> None:
    """One in eleven is positive: unweighted, a weak classifier always answers no; weighted, it must choose."""
    path = windows(workplace, 60, 600)
    request = ("train", "--json", "dataset=tfbs", f"dataset.path={path}", "dataset.block=100000", *KMER)
    found = {}
    for weighted in ("false", "true"):
        answer = qlab(*request, "encoder.k=1", "trainer.epochs=20", f"trainer.class_weights={weighted}")
        assert answer.code == 0, answer.err
        record = json.loads(answer.out)["record"]
        assert (record["dataset"]["name"], record["dataset"]["source"]) == ("tfbs-custom", "real")
        (_, false_positives), (_, true_positives) = record["metrics"]["confusion"]
        found[weighted] = (false_positives + true_positives) / record["metrics"]["n"]
    assert found["false"] == 0
    assert 0.25 < found["true"] < 0.75


def test_a_table_from_before_average_precision_is_read(qlab: Qlab, workplace: Path) -> None:
    assert qlab("sweep", *SMALL, *KMER, "seed=0,1").code == 0
    (folder,) = (workplace / "outputs" / "sweeps").iterdir()
    table = folder / "results.csv"
    lines = [line.split(",") for line in table.read_text().splitlines()]
    place = lines[0].index("average_precision")
    table.write_text("".join(",".join(cells[:place] + cells[place + 1 :]) + "\n" for cells in lines))
    answer = qlab("report", str(folder))
    assert answer.code == 0, answer.err


WRONG = {
    "another encoder's images": (("dataset=digits", *KMER), "encoder kmer reads one-hot sequences"),
    "no words": (("encoder=kmer", "encoder.k=0"), "encoder.k=0 is out of range"),
    "a strength below zero": (("dataset.strength=-1",), "dataset.strength=-1"),
    "a probability above one": (("dataset.planted=1.5",), "dataset.planted=1.5 is out of range"),
    "no such file": (("dataset.path=../nothing.csv",), "dataset.path=../nothing.csv does not exist"),
    "no source set": (
        ("encoder=sequence_cnn", "dataset.path=windows.csv", "dataset.block=50000"),
        "use encoder.source=train",
    ),
    "one block": (("dataset.path=windows.csv", *KMER), "or make its 2 groups smaller (dataset.block)"),
    "no sequences": (("dataset.path=note.txt", *KMER), "note.txt has no column sequence"),
    "no motif": (("dataset.motif=note.txt",), "note.txt is no motif"),
    "no motif for the encoder": (("encoder=pwm", "encoder.motif=note.txt"), "note.txt is no motif"),
    "a device": (("dataset.path=/dev/null", *KMER), "dataset.path=/dev/null is neither a file nor a folder"),
    "too long a motif": (("encoder=pwm", "dataset.length=20", "head=linear", "encoder.n_features=30"), "has 20 places"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_one_line(case: str, qlab: Qlab, workplace: Path) -> None:
    words, complaint = WRONG[case]
    windows(workplace)
    (workplace / "note.txt").write_text("this is a note\n")
    small = () if "dataset=digits" in words else SMALL
    answer = qlab("train", *small, *words)
    assert answer.code == 2, answer.err
    lines = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert complaint in lines[0]
    assert "Traceback" not in answer.err
    assert not list((workplace / "outputs").glob("runs/*/result.json"))
