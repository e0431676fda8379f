"""The command ``qlab regress``: what it prints and writes, and how it exits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import Qlab
from tests.jobs.regress.own_recipes import CIRCUIT, LINEAR, expectation, write_recipe


@pytest.fixture
def expected(qlab: Qlab, workplace: Path) -> Path:
    """The expectation of an own recipe that has just been stored."""
    write_recipe(workplace, "mine")
    answer = qlab("regress", "--update")
    assert answer.code == 0, answer.err
    return expectation(workplace, "mine")


def change(path: Path, name: str, entry: dict[str, Any] | None) -> None:
    """Put an entry in place of the one that stands in a file of expectations; None takes it out."""
    document = json.loads(path.read_text())
    document["quantities"].pop(name, None)
    if entry is not None:
        document["quantities"][name] = entry
    path.write_text(json.dumps(document))


def test_what_was_stored_is_found_again(expected: Path, qlab: Qlab, workplace: Path) -> None:
    answer = qlab("regress")
    assert answer.code == 0, answer.err
    assert "passed" in answer.out
    assert "1 of 1 as expected" in answer.out
    assert not (workplace / "outputs").exists()
    content = expected.read_bytes()
    again = qlab("regress", "--update")
    assert (again.code, expected.read_bytes()) == (0, content)
    assert "nothing changed" in again.out


def test_a_difference_is_shown_in_a_table_and_is_exit_code_1(expected: Path, qlab: Qlab) -> None:
    change(expected, "training.val_loss", {"value": 99.0, "relative": 0.01})
    answer = qlab("regress")
    assert answer.code == 1
    row = next(line for line in answer.out.splitlines() if "training.val_loss" in line)
    assert "99" in row
    assert "0.01 of its size" in row
    assert "mine: differs" in answer.out
    assert answer.err == "error: 1 of 1 regressions: mine\n"


def test_an_update_says_what_changed_and_keeps_the_tolerance(expected: Path, qlab: Qlab) -> None:
    before = json.loads(expected.read_text())["quantities"]["training.val_loss"]["value"]
    change(expected, "training.val_loss", {"value": 99.0, "relative": 0.02})
    answer = qlab("regress", "--update")
    assert answer.code == 0
    assert "is now" in answer.out
    assert any("training.val_loss" in line and "99" in line for line in answer.out.splitlines())
    assert json.loads(expected.read_text())["quantities"]["training.val_loss"] == {"value": before, "relative": 0.02}
    assert qlab("regress").code == 0


@pytest.mark.parametrize("entry", [None, {"exact": 1}])
def test_missing_and_left_over_quantities_are_regressions(
    entry: dict[str, Any] | None, expected: Path, qlab: Qlab
) -> None:
    change(expected, "training.epochs" if entry is None else "left over", entry)
    assert qlab("regress").code == 1
    assert qlab("regress", "--update").code == 0
    assert qlab("regress").code == 0


def test_a_recipe_without_expectation_is_a_regression(qlab: Qlab, workplace: Path) -> None:
    write_recipe(workplace, "mine")
    answer = qlab("regress")
    assert answer.code == 1
    assert "no expectation" in answer.out
    assert not expectation(workplace, "mine").exists()


def test_an_expectation_without_recipe_is_a_regression_until_an_update(expected: Path, qlab: Qlab) -> None:
    orphan = expected.with_name("gone.json")
    orphan.write_bytes(expected.read_bytes())
    answer = qlab("regress")
    assert answer.code == 1
    assert "no recipe" in answer.out
    assert qlab("regress", "mine").code == 0
    answer = qlab("regress", "--update")
    assert answer.code == 0
    assert not orphan.exists()
    assert "nothing changed" not in answer.out


def test_a_recipe_that_fails_costs_no_other_and_keeps_its_expectation(
    expected: Path, qlab: Qlab, workplace: Path
) -> None:
    write_recipe(workplace, "a_broken", LINEAR + "sead: 3\n")
    answer = qlab("regress", "--json")
    assert answer.code == 1
    found = {entry["recipe"]: entry for entry in json.loads(answer.out)["recipes"]}
    assert found["mine"]["status"] == "passed"
    assert found["a_broken"]["status"] == "failed"
    assert "sead" in found["a_broken"]["error"]
    before = expected.read_bytes()
    answer = qlab("regress", "--update", "a_broken")
    assert answer.code == 1
    assert not expectation(workplace, "a_broken").exists()
    assert expected.read_bytes() == before


def test_a_defect_in_a_recipe_costs_no_other_and_shows_its_traceback(
    expected: Path, qlab: Qlab, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qlab.heads.vqc import VQC

    def fail(*anything: object) -> None:
        raise ZeroDivisionError("in a \x1b[31mgate")

    write_recipe(workplace, "a_circuit", CIRCUIT)
    monkeypatch.setattr(VQC, "forward", fail)
    answer = qlab("regress", "--junit", "out/junit.xml")
    assert answer.code == 1
    assert "ZeroDivisionError" in answer.err
    assert "Traceback" in answer.err
    assert "1 of 2 as expected" in answer.out
    suite = ElementTree.parse(workplace / "out" / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "0", "1")
    error = suite.find("testcase[@name='a_circuit']/error")
    assert error is not None
    assert error.text is not None
    assert "ZeroDivisionError" in error.text


def test_junit_has_a_case_for_each_recipe_with_its_differences(expected: Path, qlab: Qlab, workplace: Path) -> None:
    write_recipe(workplace, "other")
    change(expected, "data.classes", {"exact": 11})
    assert qlab("regress", "--junit", "junit.xml").code == 1
    root = ElementTree.parse(workplace / "junit.xml").getroot()
    assert root.tag == "testsuites"
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert set(cases) == {"mine", "other"}
    assert all(float(case.get("time", "")) > 0 for case in cases.values())
    failure = cases["mine"].find("failure")
    assert failure is not None
    assert failure.text == "data.classes: expected 11, found 10; allowed: exact"
    assert cases["other"].find("failure") is not None


def test_json_is_one_document(expected: Path, qlab: Qlab, workplace: Path) -> None:
    change(expected, "data.classes", {"exact": 11})
    answer = qlab("regress", "--json")
    document = json.loads(answer.out)
    assert answer.code == 1
    assert document["passed"] is False
    assert document["folder"] == str(workplace / "experiments" / "regression")
    (recipe,) = document["recipes"]
    assert recipe["differences"] == [
        {"quantity": "data.classes", "expected": 11, "found": 10, "difference": None, "allowed": "exact"}
    ]


def test_a_damaged_expectation_is_said_and_an_update_replaces_it(expected: Path, qlab: Qlab) -> None:
    expected.write_text('{"schema": 1, "quanti')
    answer = qlab("regress")
    assert answer.code == 1
    assert "mine.json is damaged" in answer.out
    assert qlab("regress", "--update").code == 0
    assert qlab("regress").code == 0


def test_the_list_says_what_there_is_and_runs_nothing(expected: Path, qlab: Qlab, workplace: Path) -> None:
    write_recipe(workplace, "new", CIRCUIT)
    answer = qlab("regress", "--list", "--json")
    assert json.loads(answer.out) == [
        {"recipe": "mine", "summary": "A linear layer on digits", "expected": True},
        {"recipe": "new", "summary": "Two qubits", "expected": False},
    ]
    assert "missing" in qlab("regress", "--list").out


def test_a_wrong_name_is_one_line_with_the_nearest(expected: Path, qlab: Qlab) -> None:
    answer = qlab("regress", "mime")
    assert answer.code == 2
    assert answer.err == "error: unknown regression recipe 'mime'; did you mean 'mine'? known: mine\n"
    assert answer.out == ""


def test_a_folder_is_no_file_for_junit(expected: Path, qlab: Qlab, workplace: Path) -> None:
    answer = qlab("regress", "--junit", str(workplace))
    assert (answer.code, answer.out) == (2, "")
    assert "is a folder" in answer.err


def test_control_c_leaves_nothing_behind(workplace: Path) -> None:
    write_recipe(workplace, "mine", CIRCUIT.replace("epochs: 1", "epochs: 100000"))
    scratch = workplace / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "qlab", "regress"],
        cwd=workplace,
        env=os.environ | {"TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(scratch.rglob("checkpoint.safetensors")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in errors
    assert list(scratch.glob("qlab-*")) == []


def test_a_folder_without_recipes_is_a_wrong_request(qlab: Qlab, workplace: Path) -> None:
    (workplace / "experiments" / "regression").mkdir(parents=True)
    answer = qlab("regress")
    assert answer.code == 2
    assert "holds no recipe" in answer.err


def test_recipes_of_regressions_are_no_experiments_but_can_be_run_as_one(qlab: Qlab, workplace: Path) -> None:
    write_recipe(workplace, "mine")
    listed = {entry["name"] for entry in json.loads(qlab("ls", "experiment", "--json").out)}
    assert "lego_quantum_dot" in listed
    assert not {name for name in listed if "regression" in name or name == "mine"}
    assert json.loads(qlab("validate", "-e", "regression/mine", "--json").out)["valid"]
    answer = qlab("validate", "-e", "regression/mime")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
