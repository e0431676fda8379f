"""The key of a run changes with everything that can change its result, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlab.config.compose import compose
from qlab.config.keys import evaluation_key, training_key
from qlab.config.validate import eval_config, run_config
from qlab.noise import device


def key(*overrides: str) -> str:
    return training_key(run_config(compose("train", overrides)))


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "dataset.seed=1",
        "dataset.split_seed=1",
        "dataset.n_test=999",
        "encoder.whiten=false",
        "head.n_layers=5",
        "head.logit_scale=1",
        "backend.precision=double",
        "trainer.lr=0.02",
        "trainer.keep=last",
    ],
)
def test_what_changes_a_result_changes_the_key(override: str) -> None:
    assert key(override) != key()


@pytest.mark.parametrize("override", ["name=other", "output_dir=elsewhere", "threads=1", "download=true", "seed=0"])
def test_what_changes_no_result_keeps_the_key(override: str) -> None:
    assert key(override) == key()


@pytest.mark.parametrize(
    ("option", "without", "acting"),
    [
        ("encoder.crop_padding=8", ["encoder.augment=none", "encoder.augment=affine"], ["encoder.augment=flip_crop"]),
        (
            "head.entanglers=false",
            ["head.layer=linear", "head.layer=tanh", "head.layer=identity"],
            ["head.layer=circuit", "head.layer=frozen"],
        ),
    ],
)
def test_an_option_counts_where_it_acts(option: str, without: list[str], acting: list[str]) -> None:
    chosen = ("encoder=cnn", "head=amplitude_vqc")
    assert all(key(*chosen, word, option) == key(*chosen, word) for word in without)
    assert all(key(*chosen, word, option) != key(*chosen, word) for word in acting)


def test_numbers_that_are_equal_give_one_key() -> None:
    assert key("trainer.lr=1e-2") == key("trainer.lr=0.01")
    assert key("head.logit_scale=1") == key("head.logit_scale=1.0")


def test_files_count_by_content_and_not_by_place(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train-labels-idx1-ubyte").write_bytes(b"abc")
    paths = [f"dataset.path={tmp_path / name}" for name in ("here", "there")]
    before = [key("dataset=mnist", path) for path in paths]
    assert before[0] == before[1]
    (tmp_path / "there" / "train-labels-idx1-ubyte").write_bytes(b"abd")
    assert key("dataset=mnist", paths[1]) != before[1]


def test_evaluations_differ_by_backend_and_split() -> None:
    def evaluated(*overrides: str) -> str:
        config = eval_config(compose("eval", overrides))
        assert config.backend is not None
        return evaluation_key(config.noise, config.backend, config.split)

    keys = {
        evaluated("backend=engine", *overrides)
        for overrides in (
            [],
            ["split=val"],
            ["backend=pennylane"],
            ["backend=pennylane", "backend.device=lightning.qubit"],
            ["noise=depolarizing"],
            ["noise=depolarizing", "noise.p=0.01"],
            ["noise=depolarizing", "backend.simulation=trajectories"],
            ["noise=depolarizing", "backend.shots=100"],
            ["backend.shots=100"],
            ["backend.shots=100", "backend.seed=1"],
        )
    }
    assert len(keys) == 10
    assert evaluated("backend=engine", "backend.simulation=density") in keys


@pytest.mark.parametrize(
    "overrides", [["noise=lego"], ["backend.shots=100"], ["backend.simulation=density", "backend.seed=3"]]
)
def test_noise_and_shots_count_where_training_is_aware_of_them(overrides: list[str]) -> None:
    assert key(*overrides) == key()
    assert key(*overrides, "trainer.noise_aware=true") != key("trainer.noise_aware=true")


def test_another_calibration_of_an_accounts_device_is_another_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = {"ibm_elsewhere": "2026-01-01T00:00:00"}
    monkeypatch.setattr(device, "calibration_date", dates.__getitem__)

    def evaluated(*overrides: str) -> str:
        config = eval_config(compose("eval", ("backend=engine", *overrides)))
        assert config.backend is not None
        return evaluation_key(config.noise, config.backend, config.split)

    noises = [
        "noise=device noise.device=ibm_elsewhere",
        "noise=composed noise.parts=[{name:device,device:ibm_elsewhere}]",
    ]
    before = [evaluated(*noise.split()) for noise in noises]
    assert before == [evaluated(*noise.split()) for noise in noises]
    dates["ibm_elsewhere"] = "2026-01-02T00:00:00"
    assert not set(before) & {evaluated(*noise.split()) for noise in noises}
    assert evaluated("noise=device", "noise.device=fake_torino")  # a stored one is not asked
