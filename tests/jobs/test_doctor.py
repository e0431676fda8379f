"""What is said of an installation: machine code, parts that lack, account, folders, plugins."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from qlab.cli.doctor_tables import print_examination
from qlab.config import registry
from qlab.engine.compiled import cache_folder
from qlab.hardware.redaction import TOKEN_VARIABLE
from qlab.jobs.doctor import machine, parts
from qlab.jobs.doctor.account import account_origin
from qlab.jobs.doctor.examination import examine
from qlab.jobs.doctor.places import places
from qlab.jobs.doctor.plugins import plugins
from tests.conftest import Capture, Qlab

SECRET = "not-to-be-seen-0123456789"


def test_the_folder_of_machine_code_its_size_and_whether_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kernels" / "0123456789abcdef"
    monkeypatch.setattr(cache_folder, "cache_folder", lambda: folder)
    begun = f"in {folder}: not all of it yet; qlab doctor --warm completes it"
    assert machine.machine().compiled == f"0.0 MiB {begun}"
    folder.mkdir(parents=True)
    (folder / "kernel.nbc").write_bytes(bytes(3 << 20))
    assert machine.machine().compiled == f"3.0 MiB {begun}"
    cache_folder.mark_complete(folder)
    assert machine.machine().compiled == f"3.0 MiB in {folder}: all of it"
    monkeypatch.setattr(machine, "writable", lambda place: place != folder)
    assert machine.machine().compiled == f"3.0 MiB in {folder}: all of it; cannot be written"


def test_without_a_folder_and_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "cache_folder", lambda: None)
    assert "every process compiles it anew" in machine.machine().compiled
    monkeypatch.setattr(machine, "has_numba", lambda: False)
    assert machine.machine().compiled == "not possible without Numba"
    assert machine.machine().processor is None


def test_what_is_missing_is_named_with_the_command_that_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {
        parts.REQUIRED: [Requirement("numpy>=1"), Requirement("torch>=99")],
        "here": [Requirement("pytest"), Requirement("qlab[gone]")],
        "gone": [Requirement("no-such-package>=2")],
    }
    monkeypatch.setattr(parts, "_of_checkout", lambda: wanted)
    required, gone, here = parts.parts()
    assert (required.name, required.missing) == (parts.REQUIRED, ["torch>=99"])
    assert required.installed[0].startswith("numpy ")
    assert (gone.name, gone.installed, gone.missing) == ("gone", [], ["no-such-package>=2"])
    assert here.missing == []
    assert parts.get_command([here]) is None

    program = tmp_path / "a b" / "python"
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("shutil.which", lambda name: "/elsewhere/pip")
    monkeypatch.chdir(parts._ROOT)
    install = "install --constraint constraints.txt --editable"
    assert parts.get_command([required, gone, here]) == f"'{program}' -m pip {install} '.[gone]'"
    assert parts.get_command([required]) == f"'{program}' -m pip {install} ."
    monkeypatch.setattr("shutil.which", lambda name: str(program.with_name("pip")))
    assert parts.get_command([gone]) == f"pip {install} '.[gone]'"
    monkeypatch.setattr(parts, "_ROOT", tmp_path)
    assert parts.get_command([required, gone]) == "pip install 'torch>=99' 'no-such-package>=2'"


def test_the_parts_of_an_installed_wheel_are_read_from_its_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "qlab-9.dist-info"
    about.mkdir()
    lines = ("Metadata-Version: 2.1", "Name: qlab", "Version: 9", "Requires-Dist: numpy>=1")
    extra = ("Requires-Dist: joblib>=1; extra == 'joblib'", "Provides-Extra: joblib")
    (about / "METADATA").write_text("\n".join([*lines, *extra]) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {name: [wanted.name for wanted in wants] for name, wants in parts._of_installation().items()}
    assert found == {parts.REQUIRED: ["numpy"], "joblib": ["joblib"]}


def test_an_account_is_told_by_where_it_comes_from_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert account_origin() is None
    file = tmp_path / ".qiskit" / "qiskit-ibm.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"default": {"token": SECRET}}))
    file.chmod(0o600)
    assert account_origin() == f"saved in {file}"
    file.chmod(0o644)
    assert account_origin() == f"saved in {file}; others can read it: chmod 600 it"
    file.write_text("{")
    assert account_origin() == f"{file} is damaged: it is not JSON"
    monkeypatch.setenv(TOKEN_VARIABLE, SECRET)
    assert account_origin() == f"token of the environment variable {TOKEN_VARIABLE}"
    found = examine()
    print_examination(found)
    assert SECRET[:8] not in json.dumps(dataclasses.asdict(found)) + capsys.readouterr().out


def test_folders(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert places().data.startswith("not set")
    assert places().outputs_writable
    assert places().outputs_free_gib is not None
    (workplace / "conf" / "head").mkdir(parents=True)
    assert places().configs[0] == str(workplace / "conf")
    monkeypatch.setenv("QLAB_DATA_DIR", str(workplace / "nowhere"))
    assert places().data == f"{workplace / 'nowhere'} is not a folder"
    monkeypatch.setenv("QLAB_DATA_DIR", str(workplace))
    assert places().data == f"{workplace}: conf"
    (workplace / "outputs").write_text("a file where a folder should be")
    assert not places().outputs_writable


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, entry_points: str) -> None:
    """Lay out a package as an installer would."""
    about = folder / "odd-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(entry_points)
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def _fresh_registry() -> Iterator[None]:
    registry.plugins.cache_clear()
    yield
    registry.plugins.cache_clear()


@pytest.mark.usefixtures("_fresh_registry")
def test_plugins_that_are_broken_are_told_beside_those_that_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = "[qlab.heads]\nfine = qlab.config.options.heads:Linear\ngone = nowhere:Options\n"
    ansatze = "[qlab.ansatze]\nzigzag = nowhere:zigzag\nring = qlab.circuits.ansatz:chain\n"
    install(tmp_path, monkeypatch, heads + ansatze)
    found = {(plugin.group, plugin.name): plugin for plugin in plugins()}
    assert {plugin.package for plugin in found.values()} == {"odd 1.0"}
    assert found["head", "fine"].broken is None
    assert "No module named 'nowhere'" in str(found["head", "gone"].broken)
    assert "No module named 'nowhere'" in str(found["ansatz", "zigzag"].broken)
    assert found["ansatz", "ring"].broken == "'ring' is one of qlab's own, which is used instead"


@pytest.mark.usefixtures("_fresh_registry")
def test_a_name_that_is_taken_stops_the_plugins_of_its_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "[qlab.heads]\nvqc = qlab.config.options.heads:Linear\n")
    (found,) = plugins()
    assert found.broken == "head 'vqc' of qlab.config.options.heads:Linear is already taken; rename that entry point"


def test_it_fits_a_terminal_of_80_columns_and_is_json_without_one(qlab: Qlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    answer = qlab("doctor")
    assert answer.code == 0
    table, _, command = answer.out.partition("What is missing comes with:\n")
    assert all(len(line) <= 80 for line in table.splitlines())
    assert len(table.splitlines()) <= 45
    assert command.count("\n") <= 1
    found = json.loads(qlab("doctor", "--json").out)
    assert found["machine"]["cores"] == os.cpu_count()
    assert found["versions"]["torch"].startswith("2.13.0")
    assert {part["name"] for part in found["parts"]} >= {"required", "bench", "dev", "docs", "joblib", "slurm"}


def test_the_command_line_shows_our_warnings_in_one_line_and_no_others() -> None:
    code = """
import sys, warnings
from qlab.cli import main
from qlab.errors import QlabWarning
def run(arguments):
    warnings.warn("of a library", UserWarning)
    warnings.warn("slower than it could be", QlabWarning)
    return 0
main.run = run
main.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "warning: slower than it could be\n"
