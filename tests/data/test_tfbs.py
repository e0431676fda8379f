"""The loader of binding sites: generated windows, and real ones divided by position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlab.data.dataset import DataContext
from qlab.data.sequences import from_one_hot, to_text
from qlab.data.splits import split
from qlab.data.tfbs import Tfbs
from qlab.errors import DataError, OptionError
from qlab.testing.datasets import check_dataset

CONTEXT = DataContext()
ROWS = [(f"chr{1 + i % 2}", 700 * i, i // 2 % 2) for i in range(40)]


def csv_file(folder: Path, rows: list[tuple[str, int, int]] = ROWS, name: str = "windows.csv") -> Path:
    rng = np.random.default_rng(0)
    lines = ["region,sequence,label"]
    for chromosome, start, label in rows:
        sequence = "".join("ACGT"[base] for base in rng.integers(0, 4, 20))
        lines.append(f"{chromosome}:{start}-{start + 20},{sequence},{label}")
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_what_is_generated() -> None:
    dataset = Tfbs(size=41, length=50, strength=0.8).load(CONTEXT)
    assert (dataset.name, dataset.source, dataset.classes) == ("tfbs", "synthetic", ("background", "site"))
    assert dataset.images.shape == (41, 4, 1, 50)
    assert dataset.images.dtype == np.float32
    np.testing.assert_array_equal(dataset.images.sum(axis=1), 1)
    facts = dataset.provenance
    assert facts["generator_version"] == "1"
    assert facts["negatives"].startswith("dinucleotide shuffles of the positives")
    assert (facts["strength"], facts["position"], facts["stream"]) == (0.8, 25.0, "main")
    assert "qlab's own" in facts["motif"]
    assert np.shape(facts["motif_probabilities"]) == (11, 4)


def test_a_positive_and_its_shuffle_stand_on_one_side() -> None:
    dataset = Tfbs(size=100, length=50).load(CONTEXT)
    assert dataset.groups is not None
    found = split(dataset, n_train=None, n_val=None, n_test=None, seed=0)
    for part in (found.train, found.val, found.test):
        assert (np.bincount(dataset.groups[part])[np.unique(dataset.groups[part])] == 2).all()


def test_the_source_set_is_drawn_independently() -> None:
    ours, source = Tfbs(size=60, length=30).load(CONTEXT), Tfbs(size=60, length=30).load_source(CONTEXT, 90)
    assert (source.name, source.provenance["stream"], len(source.labels)) == ("tfbs-source", "source", 90)
    assert not {image.tobytes() for image in ours.images} & {image.tobytes() for image in source.images}


def test_a_motif_file_is_what_is_planted(tmp_path: Path) -> None:
    pytest.importorskip("Bio", reason="biopython is not installed: pip install 'qlab[sequences]'")
    path = tmp_path / "motif.jaspar"
    path.write_text(">M1 certain\nA [0 0 9 0]\nC [0 0 0 0]\nG [9 9 0 0]\nT [0 0 0 9]\n")
    dataset = Tfbs(size=40, length=30, motif=str(path)).load(CONTEXT)
    assert dataset.provenance["motif"] == "M1 certain"
    texts = [to_text(sequence) for sequence in from_one_hot(dataset.images[1::2])]
    assert all("GGAT" in text or "ATCC" in text for text in texts)
    with pytest.raises(OptionError, match=r"the motif covers 4 bases, more than dataset\.length=3"):
        Tfbs(length=3, motif=str(path)).load(CONTEXT)


def test_a_position_outside_the_window_is_an_error() -> None:
    with pytest.raises(OptionError, match=r"dataset\.position=102 lies outside a window of dataset\.length=101 bases"):
        Tfbs(position=102)


def test_real_windows_are_named_by_their_checksum(tmp_path: Path) -> None:
    path = csv_file(tmp_path)
    dataset = Tfbs(path=str(path), block=None).load(CONTEXT)
    assert (dataset.name, dataset.source, dataset.groups) == ("tfbs-custom", "real", None)
    facts = dataset.provenance
    assert set(facts["files"]) == {"windows.csv"}
    assert (facts["windows"], facts["positives"], facts["unknown_bases"]) == (40, 20, 0)
    assert (facts["negatives"], facts["split"]) == ("how they were chosen is not known", "at random")
    with pytest.raises(DataError, match=r"no disjoint set to pre-train on: use encoder\.source=train"):
        Tfbs(path=str(path)).load_source(CONTEXT, 10)


def test_neighbours_stand_on_one_side_of_every_split(tmp_path: Path) -> None:
    rows = [("chr1", start, start // 30 % 2) for start in range(0, 30_000, 30)]
    dataset = Tfbs(path=str(csv_file(tmp_path, rows)), block=1000).load(CONTEXT)
    assert "blocks of 1000 bases" in dataset.provenance["split"]
    starts = np.array([start for _, start, _ in rows if start % 1000 <= 980])  # the others cross a border
    assert len(starts) == len(dataset.labels) < len(rows)
    tests = set()
    for seed in range(3):
        found = split(dataset, n_train=None, n_val=None, n_test=None, seed=seed)
        blocks = [set((starts[part] // 1000).tolist()) for part in (found.train, found.val, found.test)]
        assert len(set.union(*blocks)) == sum(map(len, blocks))
        tests.add(frozenset(blocks[2]))
    assert len(tests) == 3


def test_overlapping_windows_are_never_divided(tmp_path: Path) -> None:
    rows = [("chr1", start, start // 7 % 2) for start in range(0, 20_000, 7)]
    dataset = Tfbs(path=str(csv_file(tmp_path, rows)), block=1000).load(CONTEXT)
    assert dataset.groups is not None
    kept = np.array([start for _, start, _ in rows if start % 1000 <= 980])
    gaps = np.diff(kept)[np.diff(dataset.groups) != 0]
    assert gaps.min() >= 20  # windows of different groups share no base


def test_chromosomes_are_different_places(tmp_path: Path) -> None:
    dataset = Tfbs(path=str(csv_file(tmp_path)), block=1_000_000).load(CONTEXT)
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [i % 2 for i in range(40)]


def test_blocks_that_are_too_small_are_an_error(tmp_path: Path) -> None:
    rows = [("chr1", 990 + 1000 * i, 1) for i in range(9)] + [("chr1", 50 + 1000 * i, 0) for i in range(9)]
    with pytest.raises(DataError, match=r"too few windows lie inside one block of dataset\.block bases"):
        Tfbs(path=str(csv_file(tmp_path, rows)), block=1000).load(CONTEXT)


def test_a_folder_with_one_file_is_that_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"should hold one file of sequences .* there is: none"):
        Tfbs(path=str(tmp_path)).load(CONTEXT)
    one = csv_file(tmp_path)
    (tmp_path / "README.md").write_text("about it")
    found = Tfbs(path=str(tmp_path)).load(CONTEXT)
    np.testing.assert_array_equal(found.images, Tfbs(path=str(one)).load(CONTEXT).images)
    csv_file(tmp_path, name="more.csv")
    with pytest.raises(DataError, match=r"there is: more\.csv, windows\.csv"):
        Tfbs(path=str(tmp_path)).load(CONTEXT)


@pytest.fixture
def jund(data_dir: Path) -> str:
    path = data_dir / "jund" / "jund_chr22.csv.gz"
    if not path.is_file():
        pytest.skip(f"no real binding sites: {path} is not there")
    return str(path)


@pytest.mark.parametrize("block", [None, 1_000_000])
def test_the_contract_on_real_windows(block: Any, jund: str) -> None:
    check_dataset(lambda: Tfbs(path=jund, block=block), CONTEXT)


def test_the_jund_windows_are_known(jund: str) -> None:
    dataset = Tfbs(path=jund).load(CONTEXT)
    assert (dataset.name, dataset.source) == ("jund-chr22-subset", "real")
    assert dataset.images.shape == (1605, 4, 1, 101)  # one window crosses the border of a block
    facts = dataset.provenance
    assert (facts["windows"], facts["positives"], facts["unknown_bases"]) == (1606, 146, 3)
    assert "1,460 negatives were sampled" in facts["negatives"]
    for seed in range(5):
        found = split(dataset, n_train=None, n_val=None, n_test=None, seed=seed)
        for part in (found.train, found.val, found.test):
            assert dataset.labels[part].mean() == pytest.approx(1 / 11, abs=0.03)
