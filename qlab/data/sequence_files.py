"""Labelled windows of DNA from a user's CSV or FASTA file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qlab.data.dataset import IntArray
from qlab.data.sequences import Sequence, from_text
from qlab.data.text_files import read_text
from qlab.errors import DataError

_REGION = re.compile(r"([\w.*|-]{1,80}):(\d{1,12})-(\d{1,12})")
_LABEL = re.compile(r"label=(\S*)")


@dataclass(frozen=True)
class Region:
    """A half-open interval of a chromosome, in bases."""

    chromosome: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class LabelledSequences:
    """What a file holds: sequences (N, length), labels (N,) of 0 and 1, and N regions, or None where it has none."""

    sequences: Sequence
    labels: IntArray
    regions: list[Region] | None


@dataclass(frozen=True)
class _Row:
    place: str
    sequence: str
    label: str
    region: str | None


def read_sequences(path: Path) -> LabelledSequences:
    """Read windows of equal length with labels 0 and 1; letters A, C, G, T, N in upper or lower case.

    A CSV file has a header with the columns ``sequence`` and ``label``, perhaps ``region`` (``chr22:100-201``,
    half-open), and others that are not read. In a FASTA file each header holds ``label=0`` or ``label=1`` as a word,
    perhaps a region as another. Both may be compressed with gzip.

    Raises:
        DataError: the file cannot be read, or holds anything else; the message names the line.
    """
    text = read_text(path)
    rows = list(_fasta(text, path) if text.lstrip().startswith(">") else _csv(text, path))
    if not rows:
        raise DataError(f"{path} holds no sequence")
    sequences, labels = _sequences(rows, path), _labels(rows, path)
    given = [row for row in rows if row.region]
    if given and len(given) < len(rows):
        lacking = next(row for row in rows if not row.region)
        raise DataError(f"{path}, {lacking.place} has no region, but {given[0].place} has one: give all or none")
    return LabelledSequences(sequences, labels, [_region(row, path) for row in given] or None)


def _csv(text: str, path: Path) -> Iterator[_Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = list(reader.fieldnames or [])
        if missing := [name for name in ("sequence", "label") if name not in header]:
            raise DataError(
                f"{path} has no column {' and no column '.join(missing)}: its first line should be the header "
                "'sequence,label' or 'region,sequence,label' (or a FASTA header, which starts with '>')"
            )
        for row in reader:
            place = f"line {reader.line_num}"
            if None in row or None in row.values():
                raise DataError(f"{path}, {place} should have the {len(header)} fields of the header")
            yield _Row(place, row["sequence"].strip(), row["label"].strip(), (row.get("region") or "").strip())
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num} is no CSV: {error}") from error


def _fasta(text: str, path: Path) -> Iterator[_Row]:
    for number, entry in enumerate(text.lstrip().removeprefix(">").split("\n>"), 1):
        header, *lines = entry.splitlines() or [""]
        place = f"entry {number} (>{header[:40]})"
        labels = [found[1] for word in header.split() if (found := _LABEL.fullmatch(word))]
        if len(labels) != 1:
            raise DataError(f"{path}, {place} should hold one word label=0 or label=1 in its header")
        region = next((word for word in header.split() if _REGION.fullmatch(word)), None)
        yield _Row(place, "".join("".join(lines).split()), labels[0], region)


def _sequences(rows: list[_Row], path: Path) -> Sequence:
    length = len(rows[0].sequence)
    found = []
    for row in rows:
        if not row.sequence or len(row.sequence) != length:
            raise DataError(
                f"{path}, {row.place} has {len(row.sequence)} bases, {rows[0].place} has {length}: "
                "all windows should have the same length, at least 1"
            )
        try:
            found.append(from_text(row.sequence))
        except ValueError as error:
            raise DataError(f"{path}, {row.place} holds {error}; a sequence is written with A, C, G, T, N") from error
    return np.stack(found)


def _labels(rows: list[_Row], path: Path) -> IntArray:
    for row in rows:
        if row.label not in ("0", "1"):
            raise DataError(f"{path}, {row.place} has the label '{row.label[:20]}'; labels are 0 and 1")
    labels = np.array([int(row.label) for row in rows], np.int64)
    if labels.min() == labels.max():
        raise DataError(f"{path} holds the label {labels[0]} alone; a classifier needs examples of 0 and of 1")
    return labels


def _region(row: _Row, path: Path) -> Region:
    found = _REGION.fullmatch(row.region or "")
    if found is None or int(found[2]) >= int(found[3]):
        raise DataError(f"{path}, {row.place} has the region '{(row.region or '')[:60]}'; it should be chr:start-end")
    return Region(found[1], int(found[2]), int(found[3]))
