"""Who takes part, at which seeds, and what they share."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlab.config.grid import grid
from qlab.errors import RequestError
from qlab.jobs.compare.contestants import Field, fields, points, seeds_of
from qlab.progress import Silent
from tests.jobs.sweep.small import SMALL


def found(*words: str, twins: list[str] | None = None, vary: tuple[str, ...] = ("seed",)) -> list[Field]:
    return fields(grid([*SMALL, *words], may_be_a_point=True), twins, vary, Silent())


def test_the_circuit_comes_first_and_every_twin_after_it(workplace: Path) -> None:
    (field,) = found()
    names = [one.name for one in field.contestants]
    assert names[0] == "circuit"
    assert {*names, *field.left_out} >= {"linear", "fourier", "frozen", "no_entanglers", "linear_map", "neighbours_raw"}
    assert len(names) + len(field.left_out) == 11


def test_a_twin_that_there_is_not_is_left_out_with_the_reason(workplace: Path) -> None:
    (field,) = found("head.n_layers=3", "head.n_qubits=2")
    assert "no MLP from 2 features" in field.left_out["mlp"]
    assert "mlp" not in [one.name for one in field.contestants]
    with pytest.raises(RequestError, match="twin mlp: no MLP from 2 features"):
        found("head.n_layers=3", "head.n_qubits=2", twins=["mlp"])


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
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], vary: tuple[str, ...], message: str, workplace: Path) -> None:
    given = [word for word in SMALL if not (word.startswith("head.") and any(w.startswith("head=") for w in words))]
    with pytest.raises(RequestError, match=message):
        fields(grid([*given, *words], may_be_a_point=True), None, vary, Silent())


def test_every_seed_of_a_config_is_known(workplace: Path) -> None:
    (field,) = found(twins=["linear"])
    assert set(seeds_of(field.contestants[0].config)) == {
        "seed", "dataset.split_seed", "encoder.seed", "backend.seed",
    }  # fmt: skip
