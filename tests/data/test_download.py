"""Downloads from a server on the loopback interface: verified, whole or not there, and clear when they fail."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from qlab.data import published
from qlab.data.cifar100 import Cifar100
from qlab.data.dataset import DataContext
from qlab.data.download import fetch
from qlab.data.mnist import FashionMnist, Mnist
from qlab.data.published import FILES, TRAIN_IMAGES
from qlab.data.stl10 import Stl10
from qlab.errors import DatasetMissing
from tests.data.colour_files import archive_release, cifar_members, stl_members, tar_gz
from tests.data.idx_files import four_files, release, write_files

CONTENT = four_files()
MEMBERS = {"cifar100": cifar_members(), "stl10": stl_members()}
STEMS: dict[type[Cifar100 | Stl10], str] = {Cifar100: "cifar-100-binary.tar", Stl10: "stl10_binary.tar"}
ARCHIVES = {stem: tar_gz(MEMBERS[loader.folder_name]) for loader, stem in STEMS.items()}
FILE = f"{TRAIN_IMAGES}.gz"


class _Handler(BaseHTTPRequestHandler):
    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requests.append(self.path)
        folder, name = self.path.strip("/").split("/")
        content = (CONTENT | ARCHIVES).get(name.removesuffix(".gz"))
        if folder == "gone" or content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        sent = {"good": content, "wrong": content[:-1] + b"!", "cut": content[: len(content) // 2]}
        self.wfile.write(sent[folder])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_Handler, "requests", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nobody listens."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/good/"


def context(tmp_path: Path, download: bool = True) -> DataContext:
    return DataContext(cache=tmp_path / "cache", download=download)


def test_a_verified_file_is_kept_and_not_fetched_again(server: str, tmp_path: Path) -> None:
    ours = release(CONTENT, f"{server}/good/")
    for _ in range(2):
        path = fetch(FILE, ours, tmp_path / "here", context(tmp_path))
        assert path.read_bytes() == CONTENT[TRAIN_IMAGES]
    assert _Handler.requests == [f"/good/{FILE}"]


def test_a_damaged_copy_is_fetched_again(server: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"damaged")
    path = fetch(FILE, release(CONTENT, f"{server}/good/"), tmp_path, context(tmp_path))
    assert path.read_bytes() == CONTENT[TRAIN_IMAGES]


@pytest.mark.parametrize("bad", ["wrong", "cut", "gone"])
def test_the_next_mirror_is_tried(bad: str, server: str, tmp_path: Path) -> None:
    ours = release(CONTENT, f"{server}/{bad}/", f"{server}/good/")
    assert fetch(FILE, ours, tmp_path, context(tmp_path)).read_bytes() == CONTENT[TRAIN_IMAGES]
    assert _Handler.requests == [f"/{bad}/{FILE}", f"/good/{FILE}"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("wrong", "the SHA-256 of what came is [0-9a-f]{64}, not"),
        ("cut", r"\(.*cut/.*: .+\): put it"),
        ("gone", "the server answered 404"),
    ],
)
def test_a_failed_download_says_why_and_leaves_nothing(bad: str, reason: str, server: str, tmp_path: Path) -> None:
    ours = release(CONTENT, f"{server}/{bad}/")
    with pytest.raises(DatasetMissing, match=reason) as caught:
        fetch(FILE, ours, tmp_path / "here", context(tmp_path))
    for fact in (FILE, f"{server}/{bad}/", ours.sha256[TRAIN_IMAGES], str(tmp_path / "here"), "dataset=digits"):
        assert fact in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "here").iterdir()) == []


def test_no_connection_is_reported_at_once(closed: str, tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(DatasetMissing, match="no connection"):
        fetch(FILE, release(CONTENT, closed), tmp_path / "here", context(tmp_path))
    assert time.monotonic() - start < 2
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("loader", [Mnist, FashionMnist])
def test_a_loader_downloads_into_the_cache(
    loader: type[Mnist], server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = release(CONTENT, f"{server}/good/")
    monkeypatch.setattr(published, "KNOWN", (ours,))
    monkeypatch.setattr(loader, "release", ours)
    dataset = loader().load(context(tmp_path))
    assert dataset.name == "tiny"
    assert len(dataset.labels) == 60
    assert sorted(path.name for path in (tmp_path / "cache/downloads" / loader.folder_name).iterdir()) == sorted(
        f"{name}.gz" for name in FILES
    )
    assert len(_Handler.requests) == 4
    loader().load(context(tmp_path, download=False))
    assert len(_Handler.requests) == 4


@pytest.mark.parametrize("loader", STEMS)
def test_an_archive_is_downloaded_verified_and_never_unpacked(
    loader: type[Cifar100 | Stl10], server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, stem = loader.folder_name, STEMS[loader]
    ours = archive_release(family, MEMBERS[family], ARCHIVES[stem], f"{server}/wrong/", f"{server}/good/")
    monkeypatch.setattr(published, "KNOWN", (ours,))
    monkeypatch.setattr(loader, "release", ours)
    with pytest.raises(DatasetMissing, match=f"set download=true, or put {stem}.gz "):
        loader().load(context(tmp_path, download=False))
    assert _Handler.requests == []
    for download in (True, True, False):
        dataset = loader().load(context(tmp_path, download=download))
        assert dataset.name == f"{family}-subset"
    assert _Handler.requests == [f"/wrong/{stem}.gz", f"/good/{stem}.gz"]
    (archive,) = (path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert archive == tmp_path / "cache" / "downloads" / family / f"{stem}.gz"
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(DatasetMissing, match=f"{family}-subset is not on this machine"):
        loader().load(context(tmp_path, download=False))


@pytest.mark.parametrize("loader", STEMS)
def test_without_a_network_an_archive_is_asked_for_in_one_line(
    loader: type[Cifar100 | Stl10], closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, stem = loader.folder_name, STEMS[loader]
    ours = archive_release(family, MEMBERS[family], ARCHIVES[stem], closed)
    monkeypatch.setattr(loader, "release", ours)
    with pytest.raises(DatasetMissing, match=rf"{stem}\.gz of .* could not be downloaded .*no connection") as caught:
        loader().load(context(tmp_path))
    assert "\n" not in str(caught.value)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_local_files_are_preferred_to_a_download(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mnist, "release", release(CONTENT, f"{server}/good/"))
    write_files(tmp_path / "data" / "mnist", CONTENT)
    Mnist(path=str(tmp_path / "data" / "mnist")).load(context(tmp_path))
    assert _Handler.requests == []


def test_nothing_is_downloaded_without_leave(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = release(CONTENT, f"{server}/good/")
    monkeypatch.setattr(Mnist, "release", ours)
    with pytest.raises(DatasetMissing, match="set download=true, or put") as caught:
        Mnist().load(context(tmp_path, download=False))
    assert _Handler.requests == []
    message = str(caught.value)
    facts = [f"{name}.gz (sha256 {ours.sha256[name]})" for name in FILES]
    facts += [f"{server}/good/", f"into {tmp_path}/cache/downloads/mnist", "dataset=digits"]
    assert [fact for fact in facts if fact not in message] == []
    assert "\n" not in message


def test_a_given_folder_is_never_filled(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mnist, "release", release(CONTENT, f"{server}/good/"))
    with pytest.raises(DatasetMissing, match=r"looked in .*/mine") as caught:
        Mnist(path=str(tmp_path / "mine")).load(context(tmp_path))
    assert "download=true" not in str(caught.value)
    assert _Handler.requests == []
