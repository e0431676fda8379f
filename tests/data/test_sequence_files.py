"""Sequences and motifs from files of a user, whatever these hold."""

from __future__ import annotations

import builtins
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlab.data import text_files
from qlab.data.motif_file import read_motif
from qlab.data.sequence_files import Region, read_sequences
from qlab.data.sequences import to_text
from qlab.errors import DataError, OptionError

CSV = "region,sequence,label\nchr1:100-105,ACGTN,1\nchrX:7-12,acgta,0\n"
FASTA = ">first chr1:100-105 label=1\nACG\nTN\n\n>second label=0 chrX:7-12 note\nacgta"
JASPAR = ">MA0000.1 made-up\nA [ 8 0 0 ]\nC [ 0 8 2 ]\nG [ 0 0 2 ]\nT [ 0 0 4 ]\n"
MEME = (
    "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n\n"
    "MOTIF made-up\nletter-probability matrix: alength= 4 w= 3 nsites= 8 E= 0\n"
    "1.0 0.0 0.0 0.0\n0.0 1.0 0.0 0.0\n0.0 0.25 0.25 0.5\n"
)


def written(folder: Path, content: str | bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("text", [CSV, CSV.replace("\n", "\r\n"), "\ufeff" + CSV, FASTA, "\n" + FASTA])
@pytest.mark.parametrize("compressed", [False, True])
def test_windows_of_a_file(text: str, compressed: bool, tmp_path: Path) -> None:
    content = text.encode()
    found = read_sequences(written(tmp_path, gzip.compress(content) if compressed else content))
    assert [to_text(sequence) for sequence in found.sequences] == ["ACGTN", "ACGTA"]
    assert found.labels.tolist() == [1, 0]
    assert found.labels.dtype == np.int64
    assert found.regions == [Region("chr1", 100, 105), Region("chrX", 7, 12)]


def test_other_columns_are_not_read_and_regions_not_needed(tmp_path: Path) -> None:
    found = read_sequences(written(tmp_path, 'note,label,sequence\n"a, b",1,AC\n,0,GT\n'))
    assert found.labels.tolist() == [1, 0]
    assert found.regions is None


HEADER = "sequence,label\n"
WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "has no column sequence and no column label: its first line should be the header"),
    "header alone": (HEADER, "holds no sequence"),
    "no label column": ("sequence,class\nAC,1\n", "has no column label"),
    "another letter": (HEADER + "AC,1\nAX,0\n", "line 3 holds 'X' at position 2"),
    "a gap": (HEADER + "AC,1\nA-,0\n", "line 3 holds '-' at position 2; a sequence is written with A, C, G, T, N"),
    "uneven": (HEADER + "AC,1\nACG,0\n", "line 3 has 3 bases, line 2 has 2: all windows should have the same length"),
    "no bases": (HEADER + ",1\n,0\n", "line 2 has 0 bases"),
    "another label": (HEADER + "AC,1\nGT,bound\n", "line 3 has the label 'bound'; labels are 0 and 1"),
    "one class": (HEADER + "AC,1\nGT,1\n", "holds the label 1 alone"),
    "too few fields": (HEADER + "AC,1\nGT\n", "line 3 should have the 2 fields"),
    "too many fields": (HEADER + "AC,1\nGT,0,5\n", "line 3 should have the 2 fields"),
    "open quote": (HEADER + 'AC,1\n"GT,0\n', "is no CSV"),
    "NUL": (HEADER + "AC,1\nG\0,0\n", "is no text: it holds a NUL"),
    "no UTF-8": (HEADER.encode() + b"AC,1\n\xff\xfe,0\n", "is no text: byte 21 is not UTF-8"),
    "truncated gzip": (gzip.compress(CSV.encode())[:-9], "cannot be read"),
    "damaged gzip": (b"\x1f\x8b" + b"garbage" * 9, "cannot be read"),
    "one region": ("sequence,label,region\nAC,1,chr1:1-3\nGT,0,\n", "line 3 has no region, but line 2 has one"),
    "no region": (
        "sequence,label,region\nAC,1,chr1:1-3\nGT,0,here\n",
        "has the region 'here'; it should be chr:start-end",
    ),
    "backwards": ("sequence,label,region\nAC,1,chr1:3-1\nGT,0,chr1:5-7\n", "has the region 'chr1:3-1'"),
    "header without label": (
        ">one label=1\nAC\n>two\nGT\n",
        r"entry 2 \(>two\) should hold one word label=0 or label=1",
    ),
    "two labels": (">one label=1 label=0\nAC\n", "entry 1 .* should hold one word"),
    "bare header": (">", "entry 1 .* should hold one word"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_file_is_one_line(case: str, tmp_path: Path) -> None:
    content, complaint = WRONG[case]
    with pytest.raises(DataError, match=complaint) as caught:
        read_sequences(written(tmp_path, content))
    assert str(tmp_path / "file") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_and_nothing_are_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(DataError, match="is no file"):
            read_sequences(path)


def test_a_file_that_grows_when_it_is_unpacked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "LARGEST", 2**20)
    path = written(tmp_path, gzip.compress(b"A" * 2**24))
    assert path.stat().st_size < 2**20
    with pytest.raises(DataError, match="longer than 1 MiB uncompressed"):
        read_sequences(path)


@pytest.mark.parametrize("text", [JASPAR, MEME])
def test_a_motif_of_a_file(text: str, tmp_path: Path) -> None:
    pytest.importorskip("Bio", reason="biopython is not installed: pip install 'qlab[sequences]'")
    motif = read_motif(written(tmp_path, text))
    expected = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.25, 0.25, 0.5]])
    np.testing.assert_allclose(motif.probabilities, expected)
    assert motif.name.endswith("made-up")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (JASPAR + JASPAR, "holds 2 motifs; it should hold one"),
        (JASPAR.replace("8 0 0", "x y z"), "cannot be read as a motif|holds 0 motifs"),
        (JASPAR.replace("4 ]", "4 5 ]"), "cannot be read as a motif"),
        (JASPAR.replace("8", "0"), "should hold counts or probabilities"),
        (JASPAR.replace("8", "-8"), "cannot be read|should hold counts"),
        (">", "cannot be read as a motif|holds 0 motifs"),
        ("MEME version 4\n", "cannot be read as a motif"),
        (MEME[:-40], "cannot be read as a motif|should hold counts"),
    ],
)
def test_a_file_that_is_no_motif_is_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    pytest.importorskip("Bio", reason="biopython is not installed: pip install 'qlab[sequences]'")
    with pytest.raises(DataError, match=complaint) as caught:
        read_motif(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_another_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no motif: the format of JASPAR starts with '>'"):
        read_motif(written(tmp_path, "<xml/>"))


def test_without_biopython_the_way_to_get_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_as_ever = builtins.__import__

    def without(name: str, *arguments: Any, **others: Any) -> Any:
        if name == "Bio":
            raise ImportError(name)
        return import_as_ever(name, *arguments, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OptionError, match=r"is not installed: pip install 'qlab\[sequences\]'"):
        read_motif(written(tmp_path, JASPAR))
