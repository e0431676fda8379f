"""Small files of CIFAR-100 and STL-10 for the tests, in the layout of the official archives."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlab.data.published import Published

CIFAR, STL = "cifar-100-binary", "stl10_binary"


def photographs(n: int, size: int, seed: int) -> NDArray[np.uint8]:
    """Return (n, 3, size, size)."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3, size, size), dtype=np.uint8)


def cifar_records(pixels: NDArray[np.uint8], fine: NDArray[np.uint8], coarse: NDArray[np.uint8]) -> bytes:
    return b"".join(bytes([c, f]) + image.tobytes() for image, f, c in zip(pixels, fine, coarse, strict=True))


def cifar_members(n_train: int = 100, n_test: int = 100) -> dict[str, bytes]:
    """Return path in the archive -> bytes; the fine label of image i is i modulo 100, the coarse one modulo 20."""
    files = {}
    for seed, (name, n) in enumerate((("train.bin", n_train), ("test.bin", n_test))):
        index = np.arange(n)
        records = cifar_records(photographs(n, 32, seed), (index % 100).astype(np.uint8), (index % 20).astype(np.uint8))
        files[f"{CIFAR}/{name}"] = records
    return files


def stl_members(n_train: int = 40, n_test: int = 20) -> dict[str, bytes]:
    """Return path in the archive -> bytes, in the official order; the label of image i is 1 + i modulo 10."""
    files = {}
    for seed, (part, n) in enumerate((("test", n_test), ("train", n_train))):
        columns = photographs(n, 96, seed).transpose(0, 1, 3, 2)
        files[f"{STL}/{part}_X.bin"] = columns.tobytes()
        files[f"{STL}/{part}_y.bin"] = (1 + np.arange(n) % 10).astype(np.uint8).tobytes()
    return files


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    """Return an archive as its publishers pack it: a folder, then the files in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        folder = tarfile.TarInfo(next(iter(members)).partition("/")[0])
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def unpack(folder: Path, members: Mapping[str, bytes]) -> Path:
    """Write the files directly into ``folder``, as after unpacking the archive and renaming its folder."""
    folder.mkdir(parents=True)
    for name, content in members.items():
        (folder / name.rpartition("/")[2]).write_bytes(content)
    return folder


def archive_release(family: str, members: Mapping[str, bytes], archive: bytes, *mirrors: str) -> Published:
    """Return what would be known of these files if they had been published as ``FAMILY-subset``."""
    stem = {"cifar100": "cifar-100-binary.tar", "stl10": "stl10_binary.tar"}[family]
    digests = {name: f"md5:{hashlib.md5(content).hexdigest()}" for name, content in members.items()}
    sha256 = {stem: hashlib.sha256(archive).hexdigest()}
    return Published(f"{family}-subset", family, sha256, "made for a test", mirrors, digests, largest=1 << 24)
