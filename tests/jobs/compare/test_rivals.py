"""Rivals: models that a recipe or a command line adds to a comparison, each the config with other words."""

from __future__ import annotations

import html
import json
import shlex
from pathlib import Path

import pytest
from omegaconf import OmegaConf

import qlab
from qlab.cli.main import run as command
from qlab.errors import RequestError
from qlab.jobs.compare import compare
from qlab.jobs.compare.compare import Checked, Compared
from qlab.jobs.compare.contestants import Contestant
from qlab.jobs.compare.request import CompareRequest
from qlab.progress import Silent
from tests.jobs.sweep.small import SMALL

DENSE = 'rivals={small: ["head=mlp","head.n_parameters=52","trainer.schedule=one_cycle","trainer.lr=0.05"]}'


def checked(*words: str) -> Checked:
    return compare.check(CompareRequest.of_words([*SMALL, "seeds=2", *words]), Silent())


def rivals(*words: str) -> dict[str, Contestant]:
    (field,) = checked(*words).fields
    return {one.name: one for one in field.contestants[1:]}


def run(*words: str) -> Compared:
    return compare.run(checked(*words))


def recipe(folder: Path, text: str) -> str:
    (folder / "experiments").mkdir(exist_ok=True)
    (folder / "experiments" / "mine.yaml").write_text(text)
    return "experiment=mine"


def test_a_rival_is_the_run_that_its_words_ask_for(workplace: Path) -> None:
    compared = run("twins=[linear]", 'rivals={four: ["head.n_qubits=4"], classical: ["head=linear","trainer.lr=0.1"]}')
    assert list(dict.fromkeys(compared.table["twin"])) == ["circuit", "linear", "four", "classical"]
    for name, words in (("four", ("head.n_qubits=4",)), ("classical", ("encoder.n_features=3", "trainer.lr=0.1"))):
        given = SMALL if name == "four" else [word for word in SMALL if not word.startswith("head.")]
        head = () if name == "four" else ("head=linear",)
        alone = qlab.train(*given, *head, *words, "seed=1")
        table = compared.table[(compared.table["twin"] == name) & (compared.table["seed"] == 1)]
        assert alone.found
        assert float(table["accuracy"].item()) == alone.metrics["accuracy"]
    assert {row.comparison.comparisons for row in compared.rows} == {3}


def test_it_is_found_again_and_another_rival_is_another_comparison(workplace: Path) -> None:
    first = run("twins=[]", DENSE)
    results = {path: path.stat().st_mtime_ns for path in workplace.glob("outputs/runs/*/result.json")}
    assert len(results) == 4
    again = run(DENSE, "twins=[]")
    assert again.path == first.path
    assert {path: path.stat().st_mtime_ns for path in workplace.glob("outputs/runs/*/result.json")} == results
    for other in (DENSE.replace("0.05", "0.06"), DENSE.replace("small", "tiny")):
        assert checked("twins=[]", other).folder != first.path


def test_tables_and_page_say_what_a_rival_is(workplace: Path) -> None:
    compared = run("twins=[linear]", DENSE)
    words = "rival: head=mlp head.n_parameters=52 trainer.schedule=one_cycle trainer.lr=0.05"
    page = (compared.path / "report.html").read_text()
    told = "trainer.schedule one_cycle instead of constant"
    assert words in page
    assert told in page
    assert words in (compared.path / "comparison.csv").read_text()
    (sentence,) = [text for text in compared.remarks if text.startswith("The rival small differs")]
    assert "head mlp (match vqc, match_options {}, n_parameters 52) instead of vqc" in sentence
    assert sentence.endswith(f", trainer.lr 0.05 instead of 0.01, {told}.")
    assert compared.remarks[0].startswith("The trained models but small share optimiser, epochs and batches;")
    assert compared.remarks[1].startswith("All but small have the learning rate of the config")


def test_the_command_on_the_page_asks_for_the_same(workplace: Path) -> None:
    compared = run("twins=[]", DENSE)
    page = html.unescape((compared.path / "report.html").read_text())
    line = next(line for line in page.splitlines() if "qlab compare " in line)
    words = shlex.split(line[line.index("qlab compare ") :].partition("<")[0])[2:]
    assert compare.check(CompareRequest.of_words(words), Silent()).folder == compared.path


def test_nothing_said_of_a_replaced_group_holds_for_a_rival(workplace: Path) -> None:
    mine = recipe(
        workplace,
        "head: {encoding: angle, readout: linear, logit_scale: 7.0}\n"
        "trainer: {clip_norm: 3.0}\n"
        "encoder: {whiten: false}\n"
        "compare:\n"
        "  twins: []\n"
        "  rivals:\n"
        "    linear_head:\n"
        "      - head=linear\n"
        "    other_circuit:\n"
        "      - head=vqc\n"
        "      - head.n_qubits=3\n",
    )
    found = rivals(mine)
    classical, circuit = found["linear_head"].config, found["other_circuit"].config
    assert OmegaConf.to_container(OmegaConf.structured(classical.head.options)) == {}
    assert (circuit.head.options.readout, circuit.head.options.n_layers) != ("linear", 1)
    for config in (classical, circuit):
        assert (config.trainer.clip_norm, config.trainer.epochs, config.encoder.options.whiten) == (3.0, 2, False)
        assert config.encoder.options.n_features == 3


def test_a_rivals_circuit_takes_features_of_its_own_and_a_head_without_one_those_of_the_circuit(
    workplace: Path,
) -> None:
    found = rivals("twins=[]", 'rivals={five: ["head.n_qubits=5"], flat: ["head=linear"]}')
    assert found["five"].config.encoder.options.n_features == 5
    assert found["flat"].config.encoder.options.n_features == 3
    assert found["five"].differences == {
        "head.n_qubits": "5 instead of 3", "encoder.n_features": "5 instead of 3",
    }  # fmt: skip


def test_settings_have_their_rivals_each(workplace: Path) -> None:
    asked = ["head.n_qubits=2,4", "twins=[]", 'rivals={flat: ["head=linear"], four: ["head.n_qubits=4"]}']
    found = checked(*asked)
    names = [[one.name for one in field.contestants] for field in found.fields]
    assert names == [["circuit", "flat", "four"], ["circuit", "flat"]]
    assert found.fields[1].left_out == {"four": "it is the same as circuit"}
    widths = [field.contestants[1].config.encoder.options.n_features for field in found.fields]
    assert widths == [2, 4]
    compared = compare.run(found)
    assert compared.left_out["head.n_qubits=4"] == {"four": "it is the same as circuit"}
    assert any(text.startswith("The rival flat differs from the config: head linear") for text in compared.remarks)
    assert len(compared.rows) == 3


def test_noise_acts_on_rivals_with_a_circuit_only(workplace: Path) -> None:
    noisy = ("noise=depolarizing", "noise.p=0.1", "trainer.gradient=parameter_shift", "twins=[]")
    found = rivals(*noisy, 'rivals={flat: ["head=linear"], four: ["head.n_qubits=4"]}')
    assert (found["flat"].config.noise.name, found["flat"].config.trainer.gradient) == ("none", "backend")
    assert (found["four"].config.noise.name, found["four"].config.trainer.gradient) == (
        "depolarizing", "parameter_shift",
    )  # fmt: skip
    assert list(found["flat"].differences) == ["head"]


def test_tuning_tries_rivals_like_all_others(workplace: Path) -> None:
    compared = run("twins=[]", "tune=2", 'rivals={flat: ["head=linear"]}')
    assert {place.rpartition("twin=")[2] for place in compared.tuned} == {"circuit", "flat"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ('rivals={linear: ["head=linear"]}', "rival linear: linear is a model of every comparison"),
        ('rivals={circuit: ["head=linear"]}', "rival circuit: circuit is a model of every comparison"),
        ('rivals={a: ["head=liner"]}', r"rival a: unknown head 'liner'; did you mean 'linear'"),
        ('rivals={a: ["head.n_qbits=4"]}', r"rival a: unknown option 'head\.n_qbits'; did you mean 'head\.n_qubits'"),
        ('rivals={a: ["head=linear","head.n_qubits=4"]}', r"rival a: 'head\.n_qubits'"),
        ('rivals={a: ["head.n_qubits=4,5"]}', r"rival a: head\.n_qubits=4,5: one value is wanted here"),
        ('rivals={a: ["trainer.lr=-1"]}', r"rival a: trainer\.lr=-1\.0 is out of range"),
        ('rivals={a: ["encoder.n_features=2"]}', "rival a: the encoding 'angle' takes one feature per qubit"),
        ('rivals={a: ["head"]}', "rival a: 'head' is not of the form key=value"),
        ('rivals={a: ["seed=4"]}', "rival a: 'seed=4': seed is shared by all models"),
        ('rivals={a: ["dataset.n_train=4"]}', r"rival a: 'dataset\.n_train=4': dataset is shared by all models"),
        ('rivals={a: ["output_dir=b"]}', "rival a: 'output_dir=b': output_dir is shared"),
        ('rivals={a: ["head.entanglers=true"]}', "rival a takes no part: it is the same as circuit"),
        ('rivals={a: ["head=linear"], b: ["head=linear"]}', "rival b takes no part: it is the same as a"),
        ('rivals={a-b: ["head=linear"]}', "rival 'a-b': a name has letters, digits and _ only"),
        ("rivals=3", "rivals=3: "),
        ("rivals={}", r"twins=\[\] leaves nothing to compare with"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(words: str, message: str, workplace: Path) -> None:
    with pytest.raises(RequestError, match=message):
        checked("twins=[]", words)
    assert not (workplace / "outputs").exists()


def test_a_recipes_rivals_are_validated(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "compare:\n  rivals:\n    flat:\n      - head={head}\n      - trainer.lr=0.1\nnoise: {{p: 0.1}}\n"
    noisy = [*SMALL, "noise=depolarizing"]
    assert command(["validate", *noisy, recipe(workplace, text.format(head="linear")), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"]
    assert command(["validate", *noisy, recipe(workplace, text.format(head="liner"))]) == 2
    assert "rival flat: unknown head 'liner'; did you mean 'linear'" in capsys.readouterr().err
