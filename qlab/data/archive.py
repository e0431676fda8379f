"""The files of a set that is published as one tar archive: read from the archive itself, or from where it was unpacked.

qlab never unpacks an archive: it reads the members it wants into memory.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from qlab.data.dataset import DataContext
from qlab.data.download import locate
from qlab.data.published import Published, recognise, recognise_members
from qlab.errors import DataError, DatasetMissing
from qlab.files import sha256_file

LARGEST = 2**30
"""Bytes of a file that is read; the largest published one, the test images of STL-10, has 0.2 of it."""
LARGEST_MEMBER = 2**32
"""Bytes of any file in an archive; STL-10 has one of 2.6 GiB that nobody reads here."""
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Members:
    """What was read.

    Attributes:
        content: file name without its folder -> its bytes.
        place: the archive, or the folder of the files.
        sha256: name of the archive, or of each file -> its SHA-256.
        known: the published set that these are, or None.
    """

    content: dict[str, bytes]
    place: Path
    sha256: dict[str, str]
    known: Published | None

    def name(self, release: Published) -> str:
        """Return what these files of the family of ``release`` are called."""
        return f"{release.family}-custom" if self.known is None else self.known.name

    def provenance(self) -> dict[str, Any]:
        """Return the facts for the record."""
        origin = "unknown: no registered checksums" if self.known is None else self.known.origin
        return {"files": self.sha256, "origin": origin}


def read_members(published: Published, folder_name: str, path: str | None, context: DataContext) -> Members:
    """Return the files of ``published`` that are listed as its members.

    A ``path`` is the only place looked at: the archive, or a folder with the archive or the files in it. Without one it
    is the download cache, which is filled from the network if ``context`` allows it.

    Raises:
        DatasetMissing: they are nowhere; the message says how to get them.
        DataError: a file is damaged, or an archive holds what it should not.
    """
    if path is not None and (unpacked := _unpacked(published, Path(path))) is not None:
        content = {file.name: _read_file(file) for file in unpacked}
        place, files = Path(path), unpacked
    else:
        place = _archive(published, folder_name, path, context)
        content, files = _read_archive(place, published.members), [place]
    sha256 = {file.name: sha256_file(file) for file in files}
    known = recognise({name.removesuffix(".gz"): value for name, value in sha256.items()})
    return Members(content, place, sha256, known or recognise_members(content))


def _archive(published: Published, folder_name: str, path: str | None, context: DataContext) -> Path:
    if path is not None and Path(path).is_file():
        return Path(path)
    (archive,) = locate(published, folder_name, path, context).values()
    return archive


def _unpacked(published: Published, folder: Path) -> list[Path] | None:
    """Return the files in ``folder`` if they are there, None if there is an archive or nothing of them.

    They have to lie in the folder itself: a run is identified by the files directly in it.
    """
    files = [folder / PurePosixPath(member).name for member in published.members]
    lacking = [file.name for file in files if not file.is_file()]
    if not lacking:
        return files
    if any((folder / name).is_file() for stem in published.sha256 for name in (stem, f"{stem}.gz")):
        return None
    inner = folder / PurePosixPath(next(iter(published.members))).parent
    if inner.is_dir():
        raise DatasetMissing(
            f"{folder} holds no {', no '.join(lacking)}; to use the files in {inner}, give that folder as dataset.path"
        )
    if len(lacking) < len(files):
        raise DatasetMissing(f"{folder} holds a part of {published.name}: it lacks {', '.join(lacking)}")
    return None


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} has {path.stat().st_size} bytes; {LARGEST} are the most that is read")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _read_archive(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """Return file name without its folder -> bytes of the ``wanted`` members, and look at nothing behind the last."""
    found: dict[str, bytes] = {}
    try:
        with path.open("rb") as file:
            compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        with tarfile.open(path, "r:gz" if compressed else "r:") as archive:
            for member in archive:
                name = _checked_name(member, path)
                if name in wanted:
                    found[name] = _read_member(archive, member, path)
                if len(found) == len(wanted):
                    break
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be read as a tar archive: {' '.join(str(error).split())}") from error
    if lacking := [name for name in wanted if name not in found]:
        raise DataError(f"{path} lacks {', '.join(lacking)}; it should be laid out as the published archive")
    return {PurePosixPath(name).name: content for name, content in found.items()}


def _checked_name(member: tarfile.TarInfo, path: Path) -> str:
    """Return the name of a member that is a file or folder of sensible size inside the archive."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise DataError(f"{path} is refused: its member {member.name!r} would lie outside of it")
    if not (member.isreg() or member.isdir()):
        raise DataError(f"{path} is refused: its member {member.name!r} is neither a file nor a folder")
    if member.size > LARGEST_MEMBER:
        raise DataError(f"{path} is refused: its member {member.name!r} is said to have {member.size} bytes")
    return str(name)


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    stream = archive.extractfile(member)
    if stream is None or member.size > LARGEST:
        raise DataError(f"{path} is refused: {member.name!r} should be a file of at most {LARGEST} bytes")
    return stream.read()
