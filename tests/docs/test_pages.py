"""Pages: what is made from the code is whole, and all of it builds without a warning."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import gate_tables
import pytest
import typer.main
from generated import MAKERS, MARK

from qlab.circuits.gates import GATES
from qlab.cli.main import app
from qlab.config import folders, registry
from qlab.config.sources import GROUPS
from tests.docs.conftest import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))


def made(name: str, argument: str | None = None) -> str:
    return MAKERS[name](*([argument] if argument else []))


def test_every_mark_is_made_and_every_maker_is_used() -> None:
    marks = [found.groups() for page in PAGES for found in MARK.finditer(page.read_text(encoding="utf-8"))]
    assert {name for name, _ in marks} == set(MAKERS)
    assert all(page.read_text(encoding="utf-8").count("generated:") == 0 or marks for page in PAGES)
    assert {argument for name, argument in marks if name == "group"} == set(GROUPS)


def test_every_command_and_each_of_its_options_stands_in_the_reference() -> None:
    page = made("commands")
    for name, command in typer.main.get_group(app).commands.items():
        section = page.partition(f"## qlab {name}\n")[2].partition("\n## ")[0]
        assert section, name
        assert all(f"`{flag}`" in section for p in command.params for flag in p.opts if flag.startswith("--"))


@pytest.mark.parametrize("group", sorted(set(GROUPS) - {"trainer"}))
def test_every_choice_and_each_of_its_options_stands_in_the_reference(group: str) -> None:
    page = made("group", group)
    for file in (folders.shipped_conf() / group).glob("*.yaml"):
        assert f"### {group}={file.stem}\n" in page
    for name, reference in registry.BUILT_IN[group].items():
        if (folders.shipped_conf() / group / f"{name}.yaml").is_file():
            section = page.partition(f"### {group}={name}\n")[2].partition("\n### ")[0]
            fields = [field.name for field in dataclasses.fields(registry.options_class(group, name))]
            assert all(f"`{group}.{field}`" in section for field in fields), reference


def test_a_range_and_a_default_are_those_of_the_code() -> None:
    assert "| `head.n_qubits` | `8` | int, at least 1, at most 26 | qubits |" in made("group", "head")
    assert "`adam`, `adamw`" in made("group", "trainer")


def test_every_gate_has_its_matrix() -> None:
    page = made("gates")
    assert all(f"### {name}\n" in page for name, spec in GATES.items() if spec.parts)
    assert "cos(θ/2)     -i sin(θ/2)\n-i sin(θ/2)  cos(θ/2)" in page.partition("### RX\n")[2].partition("###")[0]
    assert "|10> -> |11>" in page.partition("### CNOT\n")[2].partition("###")[0]


def test_a_matrix_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the functions"):
        gate_tables._written([0.123, 0.123, 0.123], 1)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sphinx") is None or find_spec("furo") is None, reason="needs the extra docs")
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*build, "-d", str(tmp_path / "trees"), "docs", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in PAGES}
    assert all((tmp_path / "site" / page).is_file() for page in pages)
    assert "generated:" not in (tmp_path / "site" / "physics.html").read_text(encoding="utf-8")
