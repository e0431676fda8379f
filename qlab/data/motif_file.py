"""Motifs from files in the text formats of JASPAR and MEME."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from qlab.data.motif import Motif
from qlab.data.sequences import BASES
from qlab.data.text_files import read_text
from qlab.errors import DataError, OptionError

_WIDEST = 200


def read_motif(path: Path) -> Motif:
    """Return the one motif of a file: JASPAR (a line with ``>``, then a row for each base) or minimal MEME.

    The probabilities of a MEME file come as multiples of 1 / nsites, or of 1/20 where it does not say ``nsites``:
    biopython makes counts of them.

    Raises:
        OptionError: biopython, which reads these formats, is not installed.
        DataError: the file is no motif, or holds several.
    """
    text = read_text(path)
    parsed = _parse(text, path)
    if len(parsed) != 1:
        raise DataError(f"{path} holds {len(parsed)} motifs; it should hold one")
    (found,) = parsed
    counts = np.array([found.counts[base] for base in BASES], np.float64).T  # (width, 4)
    totals = counts.sum(axis=1, keepdims=True)
    if not (0 < len(counts) <= _WIDEST and np.isfinite(counts).all() and (counts >= 0).all() and totals.all()):
        raise DataError(f"{path} should hold counts or probabilities, none negative, for 1 to {_WIDEST} positions")
    words = (getattr(found, "matrix_id", None), found.name)  # the format of MEME has no identifier
    name = " ".join(" ".join(word for word in words if word).split())
    return Motif(name[:80] or path.name, counts / totals)


def _parse(text: str, path: Path) -> Any:
    layout = "jaspar" if text.lstrip().startswith(">") else "minimal"
    if layout == "minimal" and not text.lstrip().startswith("MEME version"):
        raise DataError(f"{path} is no motif: the format of JASPAR starts with '>', that of MEME with 'MEME version'")
    try:
        from Bio import motifs
    except ImportError as error:
        raise OptionError(
            f"{path}: motif files are read by biopython, which is not installed: pip install 'qlab[sequences]'"
        ) from error
    try:
        return motifs.parse(io.StringIO(text), layout)
    except Exception as error:  # its parsers raise whatever a line that they do not expect leads to
        reason = " ".join(str(error).split())
        raise DataError(f"{path} cannot be read as a motif: {type(error).__name__} {reason}") from error
