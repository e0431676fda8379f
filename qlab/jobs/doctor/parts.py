"""The required and the optional parts of qlab: which are installed, and the command that installs the others."""

from __future__ import annotations

import shlex
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

from packaging.requirements import Requirement

REQUIRED = "required"
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Part:
    """What qlab needs always, or for one of its extras.

    Attributes:
        name: ``required``, or that of the extra.
        installed: packages of it that are there, ``NAME VERSION``.
        missing: what is not there, or in a version that will not do, as pip is asked for it.
    """

    name: str
    installed: list[str]
    missing: list[str]


def parts() -> list[Part]:
    """Return what is always needed first, then every extra, sorted by name."""
    wanted = _of_checkout() if (_ROOT / "pyproject.toml").is_file() else _of_installation()
    return [_part(name, wanted[name]) for name in (REQUIRED, *sorted(set(wanted) - {REQUIRED}))]


def get_command(found: Sequence[Part]) -> str | None:
    """Return the command that installs what is missing; None where nothing is.

    In a checkout it is that of the README, with the pinned versions. Outside one pip is asked for the packages by
    name: qlab itself came from a file, and is not fetched again.
    """
    lacking = [part for part in found if part.missing]
    if not lacking:
        return None
    pip = "pip" if _is_ours(shutil.which("pip")) else f"{shlex.quote(sys.executable)} -m pip"
    if not (_ROOT / "constraints.txt").is_file():
        wanted = dict.fromkeys(requirement for part in lacking for requirement in part.missing)
        return f"{pip} install {' '.join(shlex.quote(requirement) for requirement in wanted)}"
    root = Path(".") if Path.cwd() == _ROOT else _ROOT
    extras = ",".join(part.name for part in lacking if part.name != REQUIRED)
    pins, package = root / "constraints.txt", f"{root}[{extras}]" if extras else str(root)
    return f"{pip} install --constraint {shlex.quote(str(pins))} --editable {shlex.quote(package)}"


def _of_checkout() -> dict[str, list[Requirement]]:
    """Return the requirements of each part as the checkout has them; it may be newer than its installation."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed: Mapping[str, Sequence[str]] = {REQUIRED: project["dependencies"], **project["optional-dependencies"]}
    return {name: [Requirement(text) for text in texts] for name, texts in listed.items()}


def _of_installation() -> dict[str, list[Requirement]]:
    about = metadata("qlab")
    found = [Requirement(text) for text in about.get_all("Requires-Dist") or []]
    always = [wanted for wanted in found if wanted.marker is None or wanted.marker.evaluate({"extra": ""})]
    extras = {
        extra: [wanted for wanted in found if wanted not in always and _holds(wanted, extra)]
        for extra in about.get_all("Provides-Extra") or []
    }
    return {REQUIRED: always, **extras}


def _holds(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is not None and wanted.marker.evaluate({"extra": extra})


def _part(name: str, requirements: Sequence[Requirement]) -> Part:
    installed, missing = [], []
    for wanted in requirements:
        if wanted.name == "qlab":  # other extras, which are told on their own
            continue
        found = _version(wanted.name)
        if found is not None and wanted.specifier.contains(found, prereleases=True):
            installed.append(f"{wanted.name} {found}")
        else:
            missing.append(f"{wanted.name}{wanted.specifier}")
    return Part(name, installed, missing)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _is_ours(program: str | None) -> bool:
    """Return whether a program stands beside the running Python."""
    return program is not None and Path(program).parent == Path(sys.executable).parent
