"""Who takes part, at which seeds, and what they share."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlab.config.grid import grid
from qlab.config.options.compare import CompareOptions
from qlab.errors import RequestError
from qlab.jobs.compare.contestants import Field, fields, points, seeds_of
from qlab.jobs.compare.twins import TWINS
from qlab.progress import Silent
from tests.jobs.sweep.small import SMALL


def found(*words: str, twins: list[str] | None = None, vary: tuple[str, ...] = ("seed",)) -> list[Field]:
    options = CompareOptions(seeds=4, twins=twins, vary=list(vary))
    return fields(grid([*SMALL, *words], may_be_a_point=True), options, Silent())


def test_the_circuit_comes_first_and_every_twin_after_it(workplace: Path) -> None:
    (field,) = found()
    names = [one.name for one in field.contestants]
    assert names[0] == "circuit"
    assert {*names, *field.left_out} >= {"linear", "fourier", "frozen", "no_entanglers", "linear_map", "neighbours_raw"}
    assert len(names) + len(field.left_out) == 1 + len(TWINS)


def test_a_twin_that_there_is_not_is_left_out_with_the_reason(workplace: Path) -> None:
    (field,) = found("head.n_layers=3", "head.n_qubits=2")
    assert "no MLP from 2 features" in field.left_out["mlp"]
    assert "mlp" not in [one.name for one in field.contestants]
    with pytest.raises(RequestError, match="twin mlp: no MLP from 2 features"):
        found("head.n_layers=3", "head.n_qubits=2", twins=["mlp"])


def test_a_batch_of_one_is_known_before_anything_runs(workplace: Path) -> None:
    words = ("dataset.n_train=61", "trainer.batch_size=20", "encoder.n_features=8", "head=amplitude_vqc")
    with pytest.raises(RequestError, match=r"leaves one of the 61 .* set trainer\.batch_size=21"):
        found(*words, twins=["linear"])


def test_what_has_nothing_random_is_computed_once(workplace: Path) -> None:
    chosen = found(twins=["linear", "logistic"])
    made = list(points(chosen, 4, ["seed"]))
    keys = {name: {point.id for point in made if point.values["twin"] == name} for name in ("linear", "logistic")}
    assert len(keys["linear"]) == 4
    assert len(keys["logistic"]) == 1
    assert [point.values["seed"] for point in made[:4]] == [0, 1, 2, 3]


def test_everything_varies_together_and_alike_for_all(workplace: Path) -> None:
    vary = ("seed", "dataset.split_seed", "encoder.seed")
    chosen = found("seed=7", twins=["linear", "neighbours_raw"], vary=vary)
    made = {(str(one.values["twin"]), int(one.values["seed"])): one.config for one in points(chosen, 3, vary)}
    assert len(made) == 9
    for (twin, seed), config in made.items():
        assert config.dataset.options.split_seed == seed - 7
        assert config.seed == (seed if twin != "neighbours_raw" else 7)
        assert getattr(config.encoder.options, "seed", seed - 7) == seed - 7


def test_settings_are_gone_through(workplace: Path) -> None:
    chosen = found("head.n_qubits=2,3", twins=["linear"])
    assert [dict(field.values) for field in chosen] == [{"head.n_qubits": 2}, {"head.n_qubits": 3}]


@pytest.mark.parametrize(
    ("words", "vary", "message"),
    [
        (("head=linear",), ("seed",), "head=linear has no trained circuit"),
        ((), ("dataset.sed",), "vary: dataset.sed is no seed of this config; .*did you mean 'dataset.split_seed'"),
        (("head.n_qubits=2,99",), ("seed",), r"at head\.n_qubits=99: head\.n_qubits=99 is out of range"),
        ((), (), r"vary=\[\] changes nothing of the circuit's runs for sure"),
        ((), ("encoder.seed", "backend.seed"), "copies of one run are no seeds"),
        (("seed=4294967290",), ("seed",), "seed=4294967290: 10 seeds from there go beyond the largest, 4294967295"),
        (("dataset.split_seed=0,1",), ("seed", "dataset.split_seed"), "dataset.split_seed has several values already"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], vary: tuple[str, ...], message: str, workplace: Path) -> None:
    given = [word for word in SMALL if not (word.startswith("head.") and any(w.startswith("head=") for w in words))]
    with pytest.raises(RequestError, match=message):
        fields(grid([*given, *words], may_be_a_point=True), CompareOptions(vary=list(vary)), Silent())


def test_every_seed_of_a_config_is_known(workplace: Path) -> None:
    (field,) = found(twins=["linear"])
    assert set(seeds_of(field.contestants[0].config)) == {
        "seed", "dataset.split_seed", "encoder.seed", "backend.seed",
    }  # fmt: skip


def test_a_twin_that_is_the_circuit_or_another_twin_is_left_out(workplace: Path) -> None:
    (field,) = found("head.entanglers=false")
    assert field.left_out["no_entanglers"] == "it is the same as circuit"
    (field,) = found("encoder=identity", "head.n_qubits=6", "head.encoding=amplitude")
    assert field.left_out["logistic_raw"] == "it is the same as logistic"
    assert field.left_out["neighbours_raw"] == "it is the same as neighbours"
    (field,) = found("head.n_qubits=1")
    assert "no gates on two" in field.left_out["no_entanglers"]


def test_where_shots_are_drawn_their_seed_alone_may_vary(workplace: Path) -> None:
    (field,) = found("backend.shots=10", twins=["linear"], vary=("backend.seed",))
    keys = [point.id for point in points([field], 3, ["backend.seed"]) if point.values["twin"] == "circuit"]
    assert len(set(keys)) == 3
