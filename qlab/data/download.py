"""Finding the files of a published dataset: in a given folder, in the download cache, or on the network."""

from __future__ import annotations

from pathlib import Path

from qlab.data.dataset import DataContext
from qlab.data.published import Published
from qlab.errors import DataError, DatasetMissing
from qlab.files import atomic_write, sha256_file

# Seconds to connect, seconds between two packets.
_TIMEOUT = (3, 30)


def locate(published: Published, folder_name: str, path: str | None, context: DataContext) -> dict[str, Path]:
    """Return file name (without ``.gz``) -> file, all from one folder.

    A ``path`` is the only folder looked at. Without one it is the download cache, which is filled from the network if
    ``context`` allows it.

    Raises:
        DatasetMissing: the files are nowhere; the message says how to get them.
    """
    place = context.cache / "downloads" / folder_name if path is None else Path(path)
    if path is None and context.download:
        return {name: fetch(f"{name}.gz", published, place, context) for name in published.sha256}
    if path is None and _verified(place, published):
        return {name: place / f"{name}.gz" for name in published.sha256}
    if path is not None and (found := _complete(place, published)):
        return found
    way = "set download=true, or " if path is None else ""
    files = ", ".join(f"{name}.gz (sha256 {sha256})" for name, sha256 in published.sha256.items())
    raise DatasetMissing(
        f"{published.name} is not on this machine (looked in {_shortfall(place, published)}): {way}put {files} from "
        f"{published.mirrors[0]} into {place}, or use dataset=digits, which needs no files"
    )


def fetch(file_name: str, published: Published, folder: Path, context: DataContext) -> Path:
    """Return ``folder / file_name``, downloaded and verified unless it is already there.

    Raises:
        DatasetMissing: no mirror gave the right file; nothing is left behind.
    """
    target, sha256 = folder / file_name, published.sha256[file_name.removesuffix(".gz")]
    if _is(target, sha256):
        return target
    failures = []
    for mirror in published.mirrors:
        context.progress.say(f"downloading {mirror}{file_name}")
        try:
            _download(mirror + file_name, target, sha256)
        except (OSError, DataError) as error:
            failures.append(f"{mirror}{file_name}: {_reason(error)}")
        else:
            return target
    raise DatasetMissing(
        f"{file_name} of {published.name} could not be downloaded ({'; '.join(failures)}): put it (sha256 {sha256}) "
        f"into {folder}, or use dataset=digits, which needs no files"
    )


def _download(url: str, target: Path, sha256: str) -> None:
    import pooch

    with atomic_write(target) as file:
        pooch.HTTPDownloader(timeout=_TIMEOUT, chunk_size=1 << 16)(url, file, None)
        file.flush()
        found = sha256_file(Path(file.name))
        if found != sha256:
            raise DataError(f"the SHA-256 of what came is {found}, not {sha256}")


def _file(place: Path, name: str) -> Path | None:
    candidates = (place / f"{name}.gz", place / name)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _complete(place: Path, published: Published) -> dict[str, Path] | None:
    files = {name: file for name in published.sha256 if (file := _file(place, name))}
    return files if len(files) == len(published.sha256) else None


def _verified(cache: Path, published: Published) -> bool:
    return all(_is(cache / f"{name}.gz", sha256) for name, sha256 in published.sha256.items())


def _is(file: Path, sha256: str) -> bool:
    return file.is_file() and sha256_file(file) == sha256


def _shortfall(place: Path, published: Published) -> str:
    missing = [name for name in published.sha256 if _file(place, name) is None]
    partial = 0 < len(missing) < len(published.sha256)
    return f"{place}, which lacks {', '.join(missing)}" if partial else str(place)


def _reason(error: Exception) -> str:
    """Say in a few words why a download failed; the errors of the network library are long."""
    from requests import ConnectionError, HTTPError, Timeout

    if isinstance(error, HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, Timeout):
        return "no answer in time"
    if isinstance(error, ConnectionError):
        return f"no connection ({type(error).__name__})"
    return " ".join(str(error).split())
