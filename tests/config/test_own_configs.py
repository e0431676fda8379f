"""Recipes and configs of the user's own: what they may say, and what a choice on the command line makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from qlab.config.compose import compose
from qlab.config.validate import run_config
from qlab.errors import RequestError
from tests.conftest import Qlab


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


RECIPE = "defaults:\n  - override /head: vqc\nhead:\n  n_qubits: 5\n  n_layers: 3\nseed: 4\n"


def test_values_of_a_recipe_yield_to_another_choice(workplace: Path) -> None:
    """A recipe pins its circuit; its classical twin must still be one word away."""
    write(workplace / "experiments" / "pinned.yaml", RECIPE)
    pinned = run_config(compose("train", ["experiment=pinned"]))
    assert (pinned.head.options.n_qubits, pinned.head.options.n_layers, pinned.seed) == (5, 3, 4)
    twin = run_config(compose("train", ["experiment=pinned", "head=linear"]))
    assert (twin.head.name, twin.seed) == ("linear", 4)
    changed = run_config(compose("train", ["experiment=pinned", "head.n_qubits=6"]))
    assert (changed.head.options.n_qubits, changed.encoder.options.n_features) == (6, 6)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("experiments/evil.yaml", "hydra:\n  callbacks:\n    x: {_target_: os.mkdir, path: made}\n"),
        ("experiments/evil.yaml", "head:\n  init: {_target_: os.mkdir, path: made}\n"),
        ("conf/head/evil.yaml", "# @package _global_\nhydra:\n  callbacks:\n    x: {_target_: os.mkdir, path: made}\n"),
    ],
)
def test_no_config_can_name_code(file: str, text: str, qlab: Qlab, workplace: Path) -> None:
    write(workplace / file, text)
    answer = qlab("train", "dataset=digits", "head=evil" if "head" in file else "experiment=evil")
    assert answer.code == 2
    assert "a config names components, never code" in answer.err
    assert "evil.yaml" in answer.err
    assert not (workplace / "made").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x80", b"[1, 2\nx: }", b"- a\n- b\n", b"3"])
def test_a_file_that_cannot_be_read_is_named(content: bytes, qlab: Qlab, workplace: Path) -> None:
    for place in ("conf/head/bad.yaml", "experiments/bad.yaml"):
        write(workplace / place, "")
        (workplace / place).write_bytes(content)
    for choice in ("head=bad", "experiment=bad"):
        answer = qlab("validate", choice)
        assert answer.code == 2
        assert len(answer.err.splitlines()) == 1
        assert "bad.yaml" in answer.err
    assert qlab("ls").code == 0


def test_the_conf_of_another_hydra_project_does_no_harm(workplace: Path) -> None:
    write(workplace / "conf" / "train.yaml", "defaults:\n  - model: big\nlr: 3\n")
    write(workplace / "conf" / "model" / "big.yaml", "layers: 3\n")
    assert run_config(compose("train", ["dataset=digits"])).dataset.name == "digits"


def test_an_unknown_default_in_a_recipe_is_one_line(qlab: Qlab, workplace: Path) -> None:
    write(workplace / "experiments" / "mine.yaml", "defaults:\n  - override /head: vqx\n")
    answer = qlab("validate", "experiment=mine")
    assert answer.code == 2
    assert "vqx" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_hydra_is_given_back_as_it_was() -> None:
    marker = object()
    state = GlobalHydra.instance()
    before, state.hydra = state.hydra, marker  # type: ignore[assignment]
    try:
        compose("train", [])
        with pytest.raises(RequestError):
            compose("train", ["head.qbits=3"])
        assert state.hydra is marker
    finally:
        state.hydra = before
