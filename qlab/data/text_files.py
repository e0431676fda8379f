"""Text files of a user, plain or compressed with gzip, that may be anything."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from qlab.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
LARGEST = 2**26
"""Bytes, uncompressed: half a million windows of 101 bases, which are a gibibyte of images."""


def read_text(path: Path) -> str:
    """Return a file as text; raises ``DataError`` where it is missing, no plain file, too large, or no text."""
    if not path.is_file():
        raise DataError(f"{path} is no file")
    try:
        with path.open("rb") as file:
            compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        with gzip.open(path) if compressed else path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if len(content) > LARGEST:
        raise DataError(f"{path} is longer than {LARGEST // 2**20} MiB uncompressed; give a part of it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text: byte {error.start + 1} is not UTF-8") from error
    if "\0" in text:
        raise DataError(f"{path} is no text: it holds a NUL")
    return text
