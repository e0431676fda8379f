"""Launchers in the config: chosen by name, checked like anything else, refused in one line where they cannot work."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from qlab.config import registry
from qlab.config.compose import compose, plain
from qlab.config.validate import component
from qlab.errors import OptionError, RequestError
from qlab.launchers.joblib import Joblib
from tests.conftest import Qlab

NAMES = sorted(registry.BUILT_IN["launcher"])
LIBRARIES = {"submitit_local": "submitit", "slurm": "submitit", "ray": "ray", "dask": "distributed"}


def options(*words: str) -> Any:
    return component("launcher", plain(compose("launch", list(words)))["launcher"]).options


def test_ls_lists_them(qlab: Qlab) -> None:
    listed = qlab("ls", "launcher").out
    assert all(f"launcher={name}" in listed for name in NAMES)


def test_an_own_launcher_is_a_file_of_values(workplace: Path) -> None:
    (workplace / "conf" / "launcher").mkdir(parents=True)
    (workplace / "conf" / "launcher" / "ours.yaml").write_text(
        "defaults: [slurm]\npartition: gpu\nsetup: [module load x]\n"
    )
    ours = options("launcher=ours", "launcher.sbatch=['--qos=long']")
    assert (ours.partition, ours.setup, ours.sbatch, ours.workers) == (
        "gpu",
        ["module load x"],
        ["--qos=long"],
        64,
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("launcher=jolib",), "did you mean 'joblib'?"),
        (("launcher=joblib", "launcher.worker=2"), "did you mean 'launcher.workers'?"),
        (("launcher=joblib", "launcher.workers=0"), "launcher.workers=0 is out of range: it must be at least 1"),
        (("launcher=joblib", "launcher.threads=null"), "launcher.threads=None: a whole number is wanted"),
        (("launcher=slurm", "launcher.mem_gb=0"), "launcher.mem_gb=0.0 is out of range: it must be above 0"),
    ],
)
def test_a_wrong_option_is_one_line(words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(RequestError) as raised:
        options(*words)
    assert complaint in str(raised.value)


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_a_library_that_is_missing_is_named_with_its_remedy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    missing = LIBRARIES[name]
    monkeypatch.setattr(
        "qlab.launchers.resources.find_spec", lambda module: None if module == missing else found(module)
    )
    extra = "slurm" if missing == "submitit" else name
    expected = rf"launcher={name} needs {missing}, which is not installed: pip install 'qlab\[{extra}\]'"
    with pytest.raises(RequestError, match=expected):
        registry.build(options(f"launcher={name}"))


@pytest.mark.parametrize("name", ["ray", "dask"])
def test_how_much_a_cluster_takes_has_to_be_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlab.launchers.resources.find_spec", lambda module: object())
    with pytest.raises(OptionError, match=r"launcher\.address is given, and so launcher\.workers must be"):
        registry.build(options(f"launcher={name}", "launcher.address=somewhere"))
    assert registry.build(options(f"launcher={name}", "launcher.address=somewhere", "launcher.workers=7")).workers == 7


def test_slurm_without_slurm_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlab.launchers.resources.find_spec", lambda module: object())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RequestError, match="launcher=slurm needs the program sbatch"):
        registry.build(options("launcher=slurm"))


@pytest.mark.parametrize(("processors", "threads", "workers"), [(8, 1, 8), (8, 3, 2), (2, 4, 1)])
def test_workers_share_the_processors(
    processors: int, threads: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: processors)
    assert Joblib(workers=None, threads=threads).workers == workers
    assert Joblib(workers=5, threads=threads).workers == 5
