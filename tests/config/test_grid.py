"""The grid of a sweep: Hydra's grammar, pairs, recipes, and one line for whatever cannot be one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from qlab.config.grid import Plain, grid
from qlab.config.sources import sweep_of_recipe
from qlab.errors import OptionError


def values(*words: str, paired: list[list[str]] | None = None) -> list[dict[str, Plain]]:
    return [chosen for _, chosen in grid(words, paired or []).points()]


def written(name: str, text: str) -> None:
    folder = Path("experiments")
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("seed=0,1,2", [0, 1, 2]),
        ("seed=range(3)", [0, 1, 2]),
        ("seed=range(1,7,2)", [1, 3, 5]),
        ("noise.p=range(0,0.01,0.004)", [0.0, 0.004, 0.008]),
        ("noise.p=0,0.001", [0, 0.001]),
        ("head=vqc,linear", ["vqc", "linear"]),
        ("head=choice(vqc,linear)", ["vqc", "linear"]),
        ("encoder=glob(*pca)", ["batch_pca", "fft_pca", "pca"]),
        ("encoder=glob(*pca,exclude=batch*)", ["fft_pca", "pca"]),
        ("head.reuploading=true,false", [True, False]),
        ("noise.p2=null,0.1", ["null", 0.1]),
        ("noise.gates=[CNOT],[RX,RY]", ["[CNOT]", "[RX,RY]"]),
        ("head.ansatz='ring','chain'", ["ring", "chain"]),
        ("seed=choice(3)", [3]),
        ("head.n_qubits=sort(8,4,6)", [4, 6, 8]),
    ],
)
def test_every_way_to_write_several_values(word: str, expected: list[Plain], workplace: Path) -> None:
    name = word.partition("=")[0]
    assert [chosen[name] for chosen in values(word)] == expected


def test_the_first_key_varies_slowest(workplace: Path) -> None:
    found = grid(["dataset=digits", "head.n_qubits=4,8", "seed=range(2)"])
    assert list(found.points()) == [
        (("dataset=digits", f"head.n_qubits={n}", f"seed={seed}"), {"head.n_qubits": n, "seed": seed})
        for n in (4, 8)
        for seed in (0, 1)
    ]
    assert (len(found), found.swept, found.fixed) == (4, ("head.n_qubits", "seed"), ("dataset=digits",))


def test_a_grid_may_be_one_point_where_that_is_right(workplace: Path) -> None:
    found = grid(["dataset=digits", "head.n_qubits=4"], may_be_a_point=True)
    assert list(found.points()) == [(("dataset=digits", "head.n_qubits=4"), {})]
    with pytest.raises(OptionError, match="nothing is swept"):
        grid(["dataset=digits", "head.n_qubits=4"])


def test_of_several_words_for_a_key_the_last_holds(workplace: Path) -> None:
    assert values("seed=0", "seed=1,2") == [{"seed": 1}, {"seed": 2}]


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_key_is_the_same_with_whatever_sign(sign: str, workplace: Path) -> None:
    found = list(grid(["seed=0,1", "a=2,3", f"{sign}a=4,5"]).points())
    assert [words for words, _ in found] == [(f"seed={seed}", f"{sign}a={a}") for seed in (0, 1) for a in (4, 5)]
    assert [chosen["a"] for _, chosen in found] == [4, 5, 4, 5]
    fixed = grid(["seed=0,1", "a=2,3", f"{sign}a=4"])
    assert (fixed.swept, fixed.fixed) == (("seed",), (f"{sign}a=4",))


def test_what_is_deleted_last_is_not_swept(workplace: Path) -> None:
    assert grid(["seed=0,1", "a=2,3", "~a"]).swept == ("seed",)
    after = grid(["~a", "+a=2,3"])
    assert (after.swept, after.fixed) == (("a",), ("~a",))


@pytest.mark.parametrize("stop", ["300000000", "3e8"])
def test_a_key_with_too_many_values_is_not_enumerated(stop: str, workplace: Path) -> None:
    started = time.monotonic()
    with pytest.raises(OptionError, match="more than 100,000 points; at most 100,000 are taken"):
        grid([f"seed=range({stop})"])
    assert time.monotonic() - started < 10


def test_pairs_go_together(workplace: Path) -> None:
    found = values("a=1,2", "b=3,4", "c=5,6", paired=[["a", "c"]])
    assert found == [{"a": a, "b": b, "c": a + 4} for a in (1, 2) for b in (3, 4)]


def test_an_added_key_loses_its_sign_in_the_table(workplace: Path) -> None:
    found = list(grid(["+head.match_options.n_layers=1,2"]).points())
    assert found[0] == (("+head.match_options.n_layers=1",), {"head.match_options.n_layers": 1})


@pytest.mark.parametrize(
    ("words", "paired", "message"),
    [
        (["seed"], [], "'seed' is not of the form key=value"),
        (["seed={"], [], "'seed={' cannot be read"),
        (["seed=3"], [], "nothing is swept"),
        (["trainer.lr=interval(0,1)"], [], "has no end of values"),
        (["seed=shuffle(range(5))"], [], "leave shuffle out"),
        (["seed=range(0)"], [], "'seed=range(0)' has no values"),
        (["encoder=glob(x*)"], [], "has no values; encoder has batch_pca, "),
        (["threads=1,2"], [], "threads changes no result"),
        (["output_dir=a,b"], [], "output_dir changes no result"),
        (["hydra.job.name=a,b"], [], "cannot be swept"),
        (["seed=range(1000)", "head.n_qubits=range(1000)"], [], "the grid has 1,000,000 points"),
        (["a=1,2", "b=3,4,5"], [["a", "b"]], "equally long: a has 2, b has 3"),
        (["head.n_qubits=1,2", "b=3,4"], [["head.n_qubit", "b"]], "did you mean 'head.n_qubits'?"),
        (["a=1,2", "b=3"], [["a", "b"]], "'b' is not swept; it has one value"),
        (["a=1,2", "b=3,4", "c=1,2"], [["a", "b"], ["b", "c"]], "'b' is paired twice"),
    ],
)
def test_what_is_no_grid_is_one_line(words: list[str], paired: list[list[str]], message: str, workplace: Path) -> None:
    with pytest.raises(OptionError) as raised:
        grid(words, paired)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


RECIPE = """
head: {n_qubits: 4}
sweep:
  head.n_qubits: [4, 6]
  head.ansatz: [ring, chain]
  seed: range(2)
paired: [[head.n_qubits, head.ansatz]]
"""


def test_a_recipe_has_a_sweep_and_words_replace_it(workplace: Path) -> None:
    written("swept", RECIPE)
    whole = [{"head.n_qubits": n, "head.ansatz": a, "seed": s} for n, a in ((4, "ring"), (6, "chain")) for s in (0, 1)]
    assert values("experiment=swept") == whole
    assert values("experiment=swept", "seed=7") == [
        {"head.n_qubits": n, "head.ansatz": a} for n, a in ((4, "ring"), (6, "chain"))
    ]
    assert values("experiment=swept", "seed=7,8")[1] == {"head.n_qubits": 4, "head.ansatz": "ring", "seed": 8}
    one_left = values("experiment=swept", "head.ansatz=tree", "seed=0")
    assert one_left == [{"head.n_qubits": 4}, {"head.n_qubits": 6}]


def test_words_with_a_sign_replace_the_sweep_of_a_recipe(workplace: Path) -> None:
    written("swept", RECIPE)
    found = grid(["experiment=swept", "++head.n_qubits=8,9", "~head.ansatz", "seed=0"])
    assert [chosen for _, chosen in found.points()] == [{"head.n_qubits": 8}, {"head.n_qubits": 9}]
    assert "~head.ansatz" in found.fixed
    fixed = grid(["+experiment=swept", "++head.n_qubits=8", "seed=0"])
    assert [chosen for _, chosen in fixed.points()] == [{"head.ansatz": "ring"}, {"head.ansatz": "chain"}]


def test_numbers_of_a_recipe_are_those_of_the_grammar(workplace: Path) -> None:
    written("numbers", "sweep: {k: [1e-3, 1.5e3, -2E-4, .5e-1, 1e-3x, e-3]}\n")
    assert [chosen["k"] for chosen in values("experiment=numbers")] == [0.001, 1500.0, -0.0002, 0.05, "1e-3x", "e-3"]
    assert all(isinstance(chosen["k"], float) for chosen in values("experiment=numbers")[:4])


def test_the_sweep_of_a_group_goes_with_its_choice(workplace: Path) -> None:
    written("swept", RECIPE)
    assert values("experiment=swept", "head=linear") == [{"seed": 0}, {"seed": 1}]


def test_pairs_of_words_replace_those_of_a_recipe(workplace: Path) -> None:
    written("swept", RECIPE)
    found = values("experiment=swept", paired=[["head.ansatz", "seed"]])
    assert [tuple(chosen.values()) for chosen in found] == [
        (n, a, s) for n in (4, 6) for a, s in (("ring", 0), ("chain", 1))
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sweep: [seed]", "sweep is a mapping"),
        ("sweep: {seed: 3}", "gives it no list of values"),
        ("sweep: {seed: 'range('}", "cannot be read"),
        ("sweep: {seed: [1, 2]}\npaired: seed", "paired is a list of lists"),
        ("sweep: {seed: [1, 2]}\npaired: [[seed, b]]", "pairs b, which it does not sweep"),
    ],
)
def test_a_recipe_with_a_wrong_sweep_is_one_line(text: str, message: str, workplace: Path) -> None:
    written("wrong", text)
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        grid(["experiment=wrong"])


def test_recipes_can_be_swept_unless_they_sweep(workplace: Path) -> None:
    written("plain", "seed: 1\n")
    written("other", "seed: 2\n")
    assert values("experiment=plain,other") == [{"experiment": "plain"}, {"experiment": "other"}]
    written("swept", RECIPE)
    with pytest.raises(OptionError, match="the recipe swept has a sweep of its own"):
        grid(["experiment=plain,swept"])


def test_every_kind_of_value_in_a_list_of_a_recipe(workplace: Path) -> None:
    written("kinds", 'sweep: {k: [1, 0.5, true, null, ring, "with, comma", [RX, RY]]}\n')
    assert [chosen["k"] for chosen in values("experiment=kinds")] == [
        1, 0.5, True, "null", "ring", "with, comma", "[RX,RY]",
    ]  # fmt: skip


def test_without_the_recipe_there_is_no_sweep(workplace: Path) -> None:
    assert sweep_of_recipe("nowhere") == ({}, [])
