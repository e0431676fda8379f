"""The files of a set that is published as one tar archive: read from the archive itself, or from where it was unpacked.

qlab never unpacks an archive: it reads the members it wants into memory. An archive with the published checksum is
whole, and is read no further than the last of them. Any other is read to its end, where gzip keeps the checksum of what
it holds: that takes as long as decompressing all of it. A plain tar has no such checksum.
"""

from __future__ import annotations

import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from qlab.data.dataset import DataContext
from qlab.data.download import locate
from qlab.data.published import Published, recognise, recognise_members
from qlab.errors import DataError, DatasetMissing
from qlab.files import sha256_file

LARGEST_MEMBER = 2**32
"""Bytes of any file in an archive; STL-10 has one of 2.6 GiB that nobody reads here."""
LARGEST_HEADER = 2**16
"""Bytes of a header beyond its block: of a long name, or of whatever else is said of a file."""
_EXTENDED = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_PIECE = 2**20
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
    is the download cache, which is filled from the network if ``context`` allows it. ``context`` is told of an archive
    that bears the name of the published one and is another.

    Raises:
        DatasetMissing: they are nowhere; the message says how to get them.
        DataError: a file is damaged, or an archive holds what it should not.
    """
    if path is not None and (unpacked := _unpacked(published, Path(path))) is not None:
        content = {file.name: _read_file(file, published.largest) for file in unpacked}
        sha256 = {file.name: sha256_file(file) for file in unpacked}
        return Members(content, Path(path), sha256, recognise_members(content))
    archive = _archive(published, folder_name, path, context)
    sha256 = {archive.name: sha256_file(archive)}
    known = recognise({name.removesuffix(".gz"): value for name, value in sha256.items()})
    content = _read_archive(archive, published, whole=known is not None)
    known = known or recognise_members(content)
    if known is None and archive.name.removesuffix(".gz") in published.sha256:
        context.progress.say(
            f"warning: {archive} has the name of the published archive of {published.name}, but neither its checksum "
            f"nor its files; it is taken for {published.family}-custom"
        )
    return Members(content, archive, sha256, known)


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


def _read_file(path: Path, largest: int) -> bytes:
    try:
        if path.stat().st_size > largest:
            raise DataError(f"{path} has {path.stat().st_size} bytes; {largest} are the most that is read")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


class _Header(tarfile.TarInfo):
    """A header that is not believed where it says that much belongs to it: tarfile would read all of that."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the header in a block; raises ``ReadError`` where too much belongs to it."""
        header = super().frombuf(buf, encoding, errors)
        if header.type in _EXTENDED and not 0 <= header.size <= LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of {header.size} bytes; {LARGEST_HEADER} are the most that is read")
        return header


def _read_archive(path: Path, published: Published, *, whole: bool) -> dict[str, bytes]:
    """Return file name without its folder -> bytes of the members of ``published``.

    Nothing behind the last of them is looked at where the archive is known to be ``whole``.
    """
    found: dict[str, bytes] = {}
    try:
        with path.open("rb") as file:
            compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        with tarfile.open(path, "r:gz" if compressed else "r:", tarinfo=_Header) as archive:
            for member in archive:
                name = _checked_name(member, path)
                if name in found:
                    raise DataError(f"{path} is refused: it holds {name!r} twice")
                if name in published.members:
                    found[name] = _read_member(archive, member, path, published.largest)
                if whole and len(found) == len(published.members):
                    break
            while not whole and archive.fileobj.read(_PIECE):
                pass  # gzip compares its checksum at the end
    except (OSError, EOFError, ValueError, RecursionError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be read as a tar archive: {' '.join(str(error).split())}") from error
    if lacking := [name for name in published.members if name not in found]:
        raise DataError(f"{path} lacks {', '.join(lacking)}; it should be laid out as the published archive")
    return {PurePosixPath(name).name: content for name, content in found.items()}


def _checked_name(member: tarfile.TarInfo, path: Path) -> str:
    """Return the name of a member that is a file or folder of sensible size inside the archive."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise DataError(f"{path} is refused: its member {member.name!r} would lie outside of it")
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise DataError(f"{path} is refused: its member {member.name!r} is neither a file nor a folder")
    if not 0 <= member.size <= LARGEST_MEMBER:
        raise DataError(f"{path} is refused: its member {member.name!r} is said to have {member.size} bytes")
    return str(name)


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, largest: int) -> bytes:
    stream = archive.extractfile(member)
    if stream is None or member.size > largest:
        raise DataError(f"{path} is refused: {member.name!r} should be a file of at most {largest} bytes")
    return stream.read()
