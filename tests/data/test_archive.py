"""Archives: read in memory, looked at no further than needed, and refused where they hold what they should not."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from qlab.data import archive as module
from qlab.data.archive import LARGEST, LARGEST_MEMBER, read_members
from qlab.data.dataset import DataContext
from qlab.data.published import CIFAR100
from qlab.errors import DataError, DatasetMissing
from tests.data.colour_files import CIFAR, tar_gz

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


def test_nothing_behind_the_last_file_is_looked_at(tmp_path: Path) -> None:
    packed = tar_gz({**FILES, f"{CIFAR}/huge.bin": bytes(range(256)) * 4000})
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(packed[: len(packed) - 1000])
    assert read(path)["test.bin"] == b"two"


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
    "too large to read": (member(f"{CIFAR}/train.bin", size=LARGEST + 1), f"should be a file of at most {LARGEST}"),
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


def test_files_that_are_too_large_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 2999)
    for name, content in FILES.items():
        (tmp_path / name.rpartition("/")[2]).write_bytes(content)
    with pytest.raises(DataError, match=r"train\.bin has 3000 bytes; 2999 are the most"):
        read(tmp_path)


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
