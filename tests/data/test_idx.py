"""The reader of idx files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from qlab.data.idx import read_idx, read_idx_pair
from qlab.errors import DataError
from tests.data.idx_files import idx_bytes, scans

PIXELS, LABELS = scans(7, seed=0)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", ["images.gz", "images"])
def test_plain_and_compressed_files_are_told_apart_by_content(name: str, compressed: bool, tmp_path: Path) -> None:
    content = idx_bytes(PIXELS)
    (tmp_path / name).write_bytes(gzip.compress(content) if compressed else content)
    np.testing.assert_array_equal(read_idx(tmp_path / name, 3), PIXELS)


def test_the_header_is_the_published_one() -> None:
    assert idx_bytes(PIXELS)[:8] == bytes([0, 0, 8, 3, 0, 0, 0, 7])
    assert int.from_bytes(idx_bytes(PIXELS)[:4], "big") == 2051
    assert int.from_bytes(idx_bytes(LABELS)[:4], "big") == 2049


def corrupted_gzip() -> bytes:
    content = bytearray(gzip.compress(idx_bytes(PIXELS)))
    content[len(content) // 2] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (idx_bytes(LABELS), "magic number 2049; .* starts with 2051"),
        (b"garbage that is long enough", "magic number"),
        (b"", "truncated: 0 bytes"),
        (b"\0\0\x08", "truncated: 3 bytes"),
        (idx_bytes(PIXELS)[:15], "truncated: 15 bytes"),
        (idx_bytes(PIXELS)[:-1], r"announces \(7, 5, 4\) = 140 bytes but holds 139"),
        (idx_bytes(PIXELS) + b"\0", "= 140 bytes but holds 141"),
        (gzip.compress(idx_bytes(PIXELS))[:-9], "cannot be read"),
        (gzip.compress(idx_bytes(PIXELS))[:12], "cannot be read"),
        (corrupted_gzip(), "cannot be read"),
    ],
)
def test_damaged_files_are_named(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError, match=complaint) as caught:
        read_idx(tmp_path / "images", 3)
    assert str(tmp_path / "images") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_images_and_labels_have_to_be_as_many(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx_bytes(PIXELS))
    (tmp_path / "labels").write_bytes(idx_bytes(LABELS[:-2]))
    with pytest.raises(DataError, match=r"holds 7 images but .* holds 5 labels"):
        read_idx_pair(tmp_path / "images", tmp_path / "labels")
