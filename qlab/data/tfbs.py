"""Transcription-factor binding sites: windows of DNA that are bound or not, generated or read from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qlab.data.binding_sites import BindingSiteRequest, generate
from qlab.data.dataset import DataContext, Dataset, IntArray
from qlab.data.motif import AP1
from qlab.data.motif_file import read_motif
from qlab.data.sequence_files import Region, read_sequences
from qlab.data.sequences import UNKNOWN, one_hot
from qlab.errors import DataError, OptionError
from qlab.files import sha256_file

CLASSES = ("background", "site")
_SUFFIXES = (".csv", ".fasta", ".fa", ".csv.gz", ".fasta.gz", ".fa.gz")
_KNOWN = {
    "e5254524085c4adfc88626e48fa4b28324b674050af21c9833c0b972150de372": (
        "jund-chr22-subset",
        "1,606 windows of human chromosome 22 with JUND labels, from the set of deepchem/DeepLearningLifeSciences, "
        "chapter 6 (ENCODE is said to be its source)",
        "1,460 negatives were sampled to 146 positives, 10 to 1; in the whole set 0.42 % of the windows are positive",
    )
}
"""SHA-256 of a file -> its name, its origin, and how its negatives were chosen."""


class Tfbs:
    """Loader of windows of DNA as one-hot images (N, 4, 1, length), channels A, C, G, T; class 1 holds a site.

    Generated negatives are dinucleotide shuffles of the positives, so that no composition tells them apart. A pair
    stands on one side of every split.

    Args:
        seed: of the generator.
        size: number of windows, every second one positive.
        length: bases of a window.
        motif: a JASPAR or MEME file of what is planted; None: AP-1, with probabilities of qlab's own.
        strength: power of the motif's probabilities: 0 plants nothing to be found, 1 the motif itself.
        planted: probability that a positive carries the motif, which lies on either strand.
        position: mean of the motif's centre, in bases; None: the middle of the window.
        position_sd: its standard deviation.
        path: a CSV or FASTA file of real windows (see ``read_sequences``), or a folder with one; the options of the
            generator then do not matter.
        block: real windows that have regions are divided by position: those in the same block of so many bases stand
            on one side of every split, and those that cross the border of a block are left out. None: at random.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        size: int = 2800,
        length: int = 101,
        motif: str | None = None,
        strength: float = 1.0,
        planted: float = 1.0,
        position: float | None = None,
        position_sd: float = 15.0,
        path: str | None = None,
        block: int | None = 1_000_000,
    ) -> None:
        if position is not None and position > length:
            raise OptionError(f"dataset.position={position:g} lies outside a window of dataset.length={length} bases")
        self._seed, self._size, self._length, self._strength = seed, size, length, strength
        self._motif = None if motif is None else Path(motif)
        self._planted, self._position, self._position_sd = planted, position, position_sd
        self._path = None if path is None else Path(path)
        self._block = block

    def load(self, context: DataContext) -> Dataset:
        """Return all windows.

        Raises:
            DataError: a file is missing or cannot be used.
            OptionError: the motif does not fit the window, or biopython is needed and not installed.
        """
        if self._path is not None:
            return self._read(_the_file(self._path))
        return self._generated(self._request(), context)

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Return ``size`` windows of the same kind that are drawn independently of ``load``'s.

        Raises:
            DataError: the windows are read from a file.
        """
        if self._path is not None:
            raise DataError(
                "the windows of dataset.path have no disjoint set to pre-train on: use encoder.source=train, or an "
                "encoder that needs no pre-training (kmer, pwm, pca)"
            )
        return self._generated(self._request().of_source(size), context)

    def _request(self) -> BindingSiteRequest:
        motif = AP1 if self._motif is None else read_motif(self._motif)
        if motif.width > self._length:
            raise OptionError(
                f"the motif covers {motif.width} bases, more than dataset.length={self._length}; raise dataset.length"
            )
        position = self._length / 2 if self._position is None else self._position
        return BindingSiteRequest(
            self._seed,
            self._size,
            self._length,
            motif,
            self._strength,
            self._planted,
            position,
            self._position_sd,
        )

    def _generated(self, request: BindingSiteRequest, context: DataContext) -> Dataset:
        sequences, labels = generate(request, context.progress)
        negatives = "dinucleotide shuffles of the positives, one of each"
        return Dataset(
            name="tfbs" if request.stream == "main" else "tfbs-source",
            source="synthetic",
            images=one_hot(sequences),
            labels=labels,
            classes=CLASSES,
            groups=np.arange(len(labels), dtype=np.int64) // 2,
            provenance={"origin": "generated", **request.facts(), "negatives": negatives},
        )

    def _read(self, path: Path) -> Dataset:
        found, sha256 = read_sequences(path), sha256_file(path)
        unknown = ("tfbs-custom", "unknown: no registered checksum", "how they were chosen is not known")
        name, origin, negatives = _KNOWN.get(sha256, unknown)
        whole, division = Dataset(name, "real", one_hot(found.sequences), found.labels, CLASSES), "at random"
        if found.regions is not None and self._block is not None:
            division = f"by position: blocks of {self._block} bases on one side, without windows that cross a border"
            whole = _of_blocks(whole, _blocks(found.regions, self._block), path)
        provenance: dict[str, Any] = {
            "files": {path.name: sha256},
            "origin": origin,
            "negatives": negatives,
            "windows": len(found.labels),
            "positives": int(found.labels.sum()),
            "unknown_bases": int((found.sequences == UNKNOWN).sum()),
            "split": division,
        }
        return replace(whole, provenance=provenance)


def _the_file(path: Path) -> Path:
    """Return a file, or the one sequence file of a folder."""
    if not path.is_dir():
        return path
    files = sorted(file for file in path.iterdir() if file.name.lower().endswith(_SUFFIXES))
    if len(files) != 1:
        found = ", ".join(file.name for file in files[:5]) or "none"
        raise DataError(f"{path} should hold one file of sequences ({', '.join(_SUFFIXES)}); there is: {found}")
    return files[0]


def _blocks(regions: list[Region], block: int) -> IntArray:
    """Return the number (N,) of the block that each window lies in; -1 where it reaches into the next one.

    Of two windows that overlap but start in different blocks, one does.
    """
    names = sorted({(region.chromosome, region.start // block) for region in regions})
    number = {name: index for index, name in enumerate(names)}
    crosses = [(region.end - 1) // block != region.start // block for region in regions]
    numbers = [number[region.chromosome, region.start // block] for region in regions]
    return np.where(crosses, -1, numbers).astype(np.int64)


def _of_blocks(dataset: Dataset, blocks: IntArray, path: Path) -> Dataset:
    """Return the examples that lie in a block, grouped by it; raises ``DataError`` where these are of one class."""
    kept = blocks >= 0
    if len(np.unique(dataset.labels[kept])) < len(CLASSES):
        raise DataError(
            f"{path}: too few windows lie inside one block of dataset.block bases; raise it, or set dataset.block=null"
        )
    return replace(dataset, images=dataset.images[kept], labels=dataset.labels[kept], groups=blocks[kept])
