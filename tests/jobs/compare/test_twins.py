"""Each twin differs from the config in what its name says, and in nothing else."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch

from qlab.backends.engine import EngineBackend
from qlab.config.compose import compose
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import OptionError
from qlab.heads.head import Fronted
from qlab.jobs.compare.twins import TWINS, described, require_quantum
from qlab.jobs.model import build_model, count_parameters


def config(*words: str) -> RunConfig:
    return run_config(compose("train", ["dataset=digits", "encoder=pca", "head.n_qubits=4", "head.n_layers=2", *words]))


def changed(before: RunConfig, after: RunConfig) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group in ("dataset", "encoder", "head", "noise", "backend"):
        one, other = getattr(before, group), getattr(after, group)
        if one.name != other.name:
            found[group] = other.name
        elif one != other:
            values = dataclasses.asdict(other.options)
            kept = dataclasses.asdict(one.options)
            found |= {f"{group}.{name}": value for name, value in values.items() if value != kept[name]}
    if before.trainer != after.trainer:
        found["trainer"] = True
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", {"head": "linear"}),
        ("mlp", {"head": "mlp"}),
        ("linear_map", {"head.layer": "linear"}),
        ("no_entanglers", {"head.entanglers": False}),
        ("frozen", {"head.layer": "frozen", "head.readout": "linear"}),
        ("fourier", {"head": "fourier"}),
        ("logistic", {"head": "logistic_regression"}),
        ("neighbours", {"head": "nearest_neighbours"}),
        ("logistic_raw", {"encoder": "identity", "head": "logistic_regression"}),
        ("neighbours_raw", {"encoder": "identity", "head": "nearest_neighbours"}),
    ],
)
def test_a_twin_changes_what_it_says(name: str, expected: dict[str, Any]) -> None:
    before = config("trainer.lr=0.03", "trainer.epochs=7", "seed=5")
    after = TWINS[name](before)
    assert changed(before, after) == expected
    assert after.seed == 5
    assert after.place == before.place


def test_all_twins_are_tried_above_and_described() -> None:
    assert len(TWINS) == 12
    assert all(described(name).endswith(".") and "\n" not in described(name) for name in TWINS)


@pytest.mark.parametrize("n_classes", [2, 5, 10])
@pytest.mark.parametrize("words", [(), ("head.readout=linear",), ("head.n_layers=9", "head.ansatz=chain")])
def test_the_perceptron_has_as_many_parameters_within_two_percent(n_classes: int, words: tuple[str, ...]) -> None:
    one = config("head.n_qubits=8", "head.n_layers=6", *words)
    width = one.head.options.n_qubits
    sizes = [
        count_parameters(build_model(each, EngineBackend(), (width,), n_classes), 0).trainable
        for each in (one, TWINS["mlp"](one))
    ]
    assert abs(sizes[1] - sizes[0]) <= 0.02 * sizes[0]


def test_what_acts_on_circuits_only_is_left_out_of_classical_twins() -> None:
    noisy = config("noise=depolarizing", "noise.p=0.1", "backend.shots=100", "trainer.gradient=parameter_shift")
    for name in ("linear", "mlp", "linear_map", "fourier", "logistic", "neighbours_raw"):
        twin = TWINS[name](noisy)
        assert twin.noise.name == "none"
        assert twin.backend.options.shots is None
        assert twin.trainer.gradient == "backend"
    for name in ("no_entanglers", "frozen"):
        twin = TWINS[name](noisy)
        assert (twin.noise, twin.backend, twin.trainer) == (noisy.noise, noisy.backend, noisy.trainer)


def test_the_surrogate_has_the_frequencies_of_the_encoding() -> None:
    again = TWINS["fourier"](config("head.reuploading=true", "head.squash=tanh", "head.angle_scale=2.0"))
    assert (again.head.options.degree, again.head.options.squash, again.head.options.angle_scale) == (2, "tanh", 2.0)
    once = TWINS["fourier"](config()).head.options
    assert (once.degree, once.spectrum, once.angle_scale) == (1, "integer", pytest.approx(math.pi / 2))
    other = TWINS["fourier"](config("head.encoding=iqp")).head.options
    assert (other.spectrum, other.squash, other.angle_scale) == ("gaussian", "sigmoid", pytest.approx(math.pi / 2))
    amplitudes = config("head.encoding=amplitude", "encoder.n_features=16")
    other = TWINS["fourier"](amplitudes).head.options
    assert (other.spectrum, other.squash, other.angle_scale) == ("gaussian", "none", 1.0)


@pytest.mark.parametrize("words", [("head=linear",), ("head.layer=frozen",), ("head.layer=linear",)])
def test_a_head_without_a_trained_circuit_has_nothing_to_compare(words: tuple[str, ...]) -> None:
    replaced = [word for word in words if word == "head=linear"]
    one = run_config(compose("train", ["dataset=digits", "encoder=pca", *(replaced or ["head.n_qubits=4", *words])]))
    with pytest.raises(OptionError, match="has no trained circuit"):
        require_quantum(one, build_model(one, EngineBackend(), (4,), 10))


def test_free_unitaries_are_compared_too() -> None:
    words = ("dataset=entanglement", "encoder=identity", "head=residual", "head.parametrisation=unitary")
    one = run_config(compose("train", [*words]))
    require_quantum(one, build_model(one, EngineBackend(), (32,), 2))
    assert TWINS["mlp"](one).head.options.match == "residual"


AMPLITUDES = ("encoder=cnn", "head=amplitude_vqc", "head.hidden=20")


def of_amplitudes(*words: str) -> RunConfig:
    return run_config(compose("train", ["dataset=digits", *AMPLITUDES, *words]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", {"head": "linear"}),
        ("mlp", {"head": "mlp"}),
        ("linear_map", {"head.layer": "linear"}),
        ("tanh_map", {"head.layer": "tanh"}),
        ("identity_map", {"head.layer": "identity"}),
        ("no_entanglers", {"head.entanglers": False}),
        ("frozen", {"head.layer": "frozen"}),
        ("fourier", {"head": "fourier"}),
    ],
)
def test_twins_of_amplitudes_change_what_they_say_and_keep_the_block(name: str, expected: dict[str, Any]) -> None:
    before = of_amplitudes()
    after = TWINS[name](before)
    assert changed(before, after) == expected
    models = [build_model(each, EngineBackend(), (1, 8, 8), 10) for each in (before, after)]
    for model in models:
        assert isinstance(model, Fronted)
        assert model(torch.rand(4, 64)).shape == (4, 10)
    first, other = (dict(model.named_parameters()) for model in models)
    shared = [key for key in first if key.startswith("front.")]
    assert len(shared) == 12
    assert all(torch.equal(first[key], other[key]) for key in shared)


def test_the_perceptron_is_as_large_as_the_head_of_amplitudes() -> None:
    before = of_amplitudes()
    sizes = [
        sum(parameter.numel() for parameter in model.head.parameters())
        for each in (before, TWINS["mlp"](before))
        if isinstance(model := build_model(each, EngineBackend(), (1, 8, 8), 10), Fronted)
    ]
    assert sizes[0] == 8 + 5 * 20 + 2 * 20 + 21 * 10
    assert abs(sizes[1] - sizes[0]) <= 0.02 * sizes[0]
    by_hand = run_config(
        compose("train", ["dataset=digits", "encoder=cnn", "head=mlp", "head.match=amplitude_vqc", "seed=3"])
    )
    model = build_model(by_hand, EngineBackend(), (1, 8, 8), 10)
    assert isinstance(model, Fronted)
    wanted = 8 + 5 * 128 + 2 * 128 + 129 * 10
    assert abs(sum(parameter.numel() for parameter in model.head.parameters()) - wanted) <= 0.02 * wanted


@pytest.mark.parametrize("name", ["tanh_map", "identity_map"])
def test_a_circuit_of_angles_has_no_such_map(name: str) -> None:
    with pytest.raises(OptionError, match=r"head\.layer=\w+ is not one of circuit, frozen, linear"):
        TWINS[name](config())


@pytest.mark.parametrize("name", ["logistic", "neighbours"])
def test_what_is_solved_cannot_stand_behind_a_trained_block(name: str) -> None:
    with pytest.raises(OptionError, match="is solved at once, and cannot train what is in front of it"):
        build_model(TWINS[name](of_amplitudes()), EngineBackend(), (1, 8, 8), 10)
