"""Archives: read in memory, to their end unless they are the published one, and refused where they are not sound."""

from __future__ import annotations

import dataclasses
import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from qlab.data import published
from qlab.data.archive import LARGEST_HEADER, LARGEST_MEMBER, read_members
from qlab.data.dataset import DataContext
from qlab.data.published import CIFAR100
from qlab.errors import DataError, DatasetMissing
from qlab.progress import Silent
from tests.data.colour_files import CIFAR, archive_release, tar_gz

FILES = {f"{CIFAR}/train.bin": b"one" * 1000, f"{CIFAR}/test.bin": b"two"}


def read(path: Path) -> dict[str, bytes]:
    return read_members(CIFAR100, "cifar100", str(path), DataContext()).content


def member(name: str, type: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = type, size, target
    return info


def write(path: Path, *members: tarfile.TarInfo, then: dict[str, bytes] = FILES) -> Path:
    """Write an archive that starts with ``members``, of which it holds the headers alone."""
    files = io.BytesIO()
    with tarfile.open(fileobj=files, mode="w") as archive:
        for name, content in then.items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
    path.write_bytes(b"".join(info.tobuf() for info in members) + files.getvalue())
    return path


def test_packed_and_plain_archives_are_read(tmp_path: Path) -> None:
    plain = write(tmp_path / f"{CIFAR}.tar")
    assert read(plain) == read(tmp_path) == {"train.bin": b"one" * 1000, "test.bin": b"two"}
    plain.unlink()
    (tmp_path / f"{CIFAR}.tar.gz").write_bytes(tar_gz(FILES))
    assert read(tmp_path) == {"train.bin": b"one" * 1000, "test.bin": b"two"}
    assert [path.name for path in tmp_path.iterdir()] == [f"{CIFAR}.tar.gz"]


def test_behind_the_last_file_only_the_published_archive_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tar_gz({**FILES, f"{CIFAR}/huge.bin": bytes(range(256)) * 4000})
    cut = packed[: len(packed) - 1000]
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(cut)
    with pytest.raises(DataError, match=r"cut\.tar\.gz cannot be read as a tar archive"):
        read(path)
    monkeypatch.setattr(published, "KNOWN", (*published.KNOWN, archive_release("cifar100", FILES, cut)))
    assert read(path.rename(tmp_path / f"{CIFAR}.tar.gz"))["test.bin"] == b"two"


def test_one_wrong_byte_in_a_packed_file_is_found(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(300_000)
    plain = gzip.decompress(tar_gz({**FILES, f"{CIFAR}/train.bin": content}))
    packed = bytearray(gzip.compress(plain, 0))  # it can be decompressed whatever its bytes are
    packed[packed.index(content[1000:1010])] ^= 0xFF
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(packed)
    with pytest.raises(DataError, match=r"bad\.tar\.gz cannot be read as a tar archive: CRC check failed"):
        read(path)


class Listener(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.mark.parametrize(("name", "lines"), [(f"{CIFAR}.tar.gz", 1), (f"{CIFAR}.tar", 1), ("mine.tar.gz", 0)])
def test_another_archive_of_the_published_name_is_told_of(
    name: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(tar_gz(FILES))

    def said() -> list[str]:
        listener = Listener()
        read_members(CIFAR100, "cifar100", str(path), DataContext(progress=listener))
        return listener.said

    assert len(said()) == lines
    assert all(f"{name} has the name of the published archive of cifar100, but" in line for line in said())
    monkeypatch.setattr(published, "KNOWN", (archive_release("cifar100", FILES, b"packed in another way"),))
    assert said() == []


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, *b"LK"])
def test_a_header_that_claims_to_be_huge_is_not_read(kind: bytes | int, tmp_path: Path) -> None:
    type = bytes([kind]) if isinstance(kind, int) else kind
    path = tmp_path / "bad.tar.gz"
    claimed = member("header", type, size=50 << 20)
    path.write_bytes(gzip.compress(claimed.tobuf(tarfile.GNU_FORMAT) + bytes(50 << 20), 1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=f"a header of {50 << 20} bytes; {LARGEST_HEADER} are the most"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()


def test_headers_without_end_are_refused_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.tar", *[member("header", tarfile.XHDTYPE)] * 5000)
    with pytest.raises(DataError, match=r"bad\.tar cannot be read as a tar archive") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_long_names_and_extended_headers_are_read(tmp_path: Path) -> None:
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = tmp_path / f"{format}.tar"
        with tarfile.open(path, "w", format=format) as archive:
            for name, content in {f"{CIFAR}/{'long' * 100}": b"", **FILES}.items():
                info = member(name, size=len(content))
                info.pax_headers = {"comment": "a long one " * 1000}
                archive.addfile(info, io.BytesIO(content))
        assert read(path)["test.bin"] == b"two"


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    again = io.BytesIO()
    with tarfile.open(fileobj=again, mode="w") as archive:
        for name, content in (*FILES.items(), (f"./{CIFAR}/train.bin", b"other")):
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
    path = tmp_path / "bad.tar"
    path.write_bytes(again.getvalue())
    with pytest.raises(DataError, match=r"is refused: it holds 'cifar-100-binary/train\.bin' twice"):
        read(path)


REFUSED = {
    "above": (member("../evil"), r"is refused: its member '\.\./evil' would lie outside"),
    "above from within": (member(f"{CIFAR}/../../evil"), "would lie outside"),
    "absolute": (member("/tmp/evil"), "would lie outside"),
    "symbolic link": (
        member(f"{CIFAR}/train.bin", tarfile.SYMTYPE, target="/etc/passwd"),
        "neither a file nor a folder",
    ),
    "hard link": (member(f"{CIFAR}/train.bin", tarfile.LNKTYPE, target="other"), "neither a file nor a folder"),
    "device": (member("zero", tarfile.CHRTYPE), "neither a file nor a folder"),
    "a folder": (member(f"{CIFAR}/train.bin", tarfile.DIRTYPE), "should be a file"),
    "sparse": (member(f"{CIFAR}/train.bin", tarfile.GNUTYPE_SPARSE), "neither a file nor a folder"),
    "too large to read": (
        member(f"{CIFAR}/train.bin", size=CIFAR100.largest + 1),
        f"should be a file of at most {200 << 20}",
    ),
    "less than nothing": (member("less", size=-512), "is said to have -512 bytes"),
    "too large to pass": (member("huge", size=LARGEST_MEMBER + 1), f"is said to have {LARGEST_MEMBER + 1} bytes"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_members_that_should_not_be_there_are_refused(kind: str, tmp_path: Path) -> None:
    info, complaint = REFUSED[kind]
    path = write(tmp_path / "bad.tar", info)
    with pytest.raises(DataError, match=complaint) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_archives_are_refused_in_one_line(tmp_path: Path) -> None:
    packed = tar_gz({name: bytes(range(256)) * 800 for name in FILES})
    path = tmp_path / "bad.tar.gz"
    for damage in (b"", b"no archive at all" * 100, packed[:20], packed[: len(packed) // 2], packed[:400] + b"?" * 400):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=r"bad\.tar\.gz (cannot be read as a tar archive|lacks)") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_an_archive_of_something_else_says_what_it_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "other.tar", then={"train.bin": b"one", f"{CIFAR}/test.bin": b"two"})
    with pytest.raises(DataError, match=r"other\.tar lacks cifar-100-binary/train\.bin; it should be laid out as"):
        read(path)


def test_files_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    small = dataclasses.replace(CIFAR100, largest=2999)
    for name, content in FILES.items():
        (tmp_path / name.rpartition("/")[2]).write_bytes(content)
    with pytest.raises(DataError, match=r"train\.bin has 3000 bytes; 2999 are the most"):
        read_members(small, "cifar100", str(tmp_path), DataContext())


def test_an_empty_folder_says_how_to_get_the_archive(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing) as caught:
        read(tmp_path)
    for fact in (
        "cifar100 is not on this machine",
        f"{CIFAR}.tar.gz (sha256 58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec)",
        "https://www.cs.toronto.edu/~kriz/",
        str(tmp_path),
    ):
        assert fact in str(caught.value)
