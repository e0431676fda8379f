"""Which recipes are meant, where their data are, and how they are executed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from qlab.config.folders import shipped_experiments
from qlab.errors import RequestError, UnknownNameError
from qlab.jobs.regress.quantity import Measured
from qlab.jobs.regress.recipes import find
from qlab.jobs.regress.run import regress
from qlab.progress import Silent
from tests.data.idx_files import four_files, write_files
from tests.jobs.regress.own_recipes import CIRCUIT, LINEAR, expectation, write_recipe

MNIST = LINEAR.replace("dataset: digits", "dataset: mnist")


def test_own_recipes_take_the_place_of_the_shipped_ones(workplace: Path) -> None:
    assert find().folder == shipped_experiments() / "regression"
    assert "compiled_ring" in find().names
    write_recipe(workplace, "compiled_ring")
    write_recipe(workplace, "mine")
    own = find()
    assert own.folder == workplace / "experiments" / "regression"
    assert own.names == ["compiled_ring", "mine"]
    assert own.config("compiled_ring", workplace / "scratch").head.name == "linear"


def test_names_are_taken_once_and_in_order(workplace: Path) -> None:
    for name in ("a", "b", "c"):
        write_recipe(workplace, name)
    assert find().chosen([]) == ["a", "b", "c"]
    assert find().chosen(["c", "a", "c"]) == ["c", "a"]
    with pytest.raises(UnknownNameError, match="did you mean"):
        find().chosen(["a", "bb"])


def test_results_go_to_the_scratch_folder_and_one_thread_computes_them(workplace: Path) -> None:
    write_recipe(workplace, "mine", LINEAR + "output_dir: elsewhere\nthreads: 4\ndownload: true\n")
    place = find().config("mine", workplace / "scratch 'a'=b").place
    assert (place.output_dir, place.threads, place.download) == (str(workplace / "scratch 'a'=b"), 1, False)


def test_data_lie_beside_the_recipes_unless_a_recipe_says_where(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recipe(workplace, "mine", MNIST)
    write_recipe(workplace, "pointed", MNIST + "data_dir: pointed\n")
    for folder in ("surroundings", "pointed"):
        write_files(workplace / folder / "mnist", four_files(60, 30))
    monkeypatch.setenv("QLAB_DATA_DIR", str(workplace / "surroundings"))
    assert find().config("mine", workplace).dataset.options.path == str(workplace / "surroundings" / "mnist")
    beside = write_files(workplace / "experiments" / "regression" / "data" / "mnist", four_files(60, 30))
    assert find().config("mine", workplace).dataset.options.path == str(beside)
    assert find().config("pointed", workplace).dataset.options.path == "pointed/mnist"


def test_a_recipe_that_cannot_be_composed_names_what_is_wrong(workplace: Path) -> None:
    write_recipe(workplace, "mine", LINEAR.replace("epochs", "epocs"))
    with pytest.raises(RequestError, match=r"trainer\.epocs"):
        find().config("mine", workplace)


@pytest.mark.parametrize(("text", "complaint"), [("head: {a: [1\n", "cannot be read"), ("- a\n", "not a mapping")])
def test_a_recipe_that_is_no_yaml_is_not_called_unknown(text: str, complaint: str, workplace: Path) -> None:
    write_recipe(workplace, "mine", text)
    with pytest.raises(RequestError, match=rf"mine\.yaml .*{complaint}"):
        find().config("mine", workplace)


def test_a_number_that_is_none_is_never_expected(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_recipe(workplace, "mine")
    broken = {"loss": Measured((1.0, math.nan), "absolute", (0.1,))}
    monkeypatch.setattr("qlab.jobs.regress.run.observe", lambda config, run: (broken, []))
    (outcome,) = regress(find(), [], Silent(), update=True)
    assert outcome.status == "differs"
    assert [str(difference) for difference in outcome.differences] == [
        "loss[1] (1 of 2 differ): expected nan, found nan; allowed: 0.1"
    ]
    assert not expectation(workplace, "mine").exists()


def test_two_recipes_of_the_same_training_are_both_computed(workplace: Path) -> None:
    write_recipe(workplace, "a", CIRCUIT)
    write_recipe(workplace, "b", CIRCUIT)
    assert [outcome.status for outcome in regress(find(), [], Silent(), update=True)] == ["stored", "stored"]
    assert expectation(workplace, "a").read_bytes() == expectation(workplace, "b").read_bytes()
