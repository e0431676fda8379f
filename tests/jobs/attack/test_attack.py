"""Attacks on finished runs: what they write, find again, refuse, and that a twin sees the same data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import qlab as api
from qlab.config.compose import compose
from qlab.errors import CapabilityError, CorruptFileError, DataError, OptionError
from qlab.jobs.attack.attack import Attack, attack
from qlab.jobs.attack.request import AttackRequest, attack_request
from qlab.jobs.attack.target import normalisation_of, target
from qlab.jobs.run import Run
from qlab.progress import Silent
from qlab.records.store import read_npz

DATA = ("dataset=digits", "dataset.n_train=150", "dataset.n_val=40", "dataset.n_test=60")
PIXELS = (*DATA, "encoder=identity", "encoder.n_features=null")
CNN = (
    *DATA, "encoder=cnn", "encoder.widths=[4]", "encoder.pools=1", "encoder.grid=2", "encoder.hidden=8",
    "encoder.n_features=4", "encoder.mean=[0.3]", "encoder.std=[0.4]",
)  # fmt: skip
QUICK = ("eps=[0.05,0.3]", "steps=4", "restarts=1", "queries=20")


def asked(*words: str) -> AttackRequest:
    return attack_request(compose("attack", [*QUICK, *words]))


def trained(*words: str, epochs: int = 4) -> Run:
    return api.train(*words, f"trainer.epochs={epochs}", "trainer.lr=0.05")


def attacked(run: Run, *words: str, force: bool = False) -> Attack:
    return attack(run, asked(*words), force=force)


@pytest.fixture
def linear(workplace: Path) -> Run:
    return trained(*PIXELS, "head=linear")


def test_a_result_and_its_files(linear: Run) -> None:
    done = attacked(linear, "eps=[0,1/20,0.05,0.3]")
    result = done.result
    assert [radius["label"] for radius in result["eps"]] == ["0.05", "0.3"]  # 1/20 is 0.05, 0 is no attack
    assert list(result["curves"]) == ["fgsm", "pgd", "square"]
    assert {path.name for path in done.path.iterdir()} == {
        "result.json", "fooled.npz", "table.csv", "table.md", "figure.svg", "report.html"
    }  # fmt: skip
    stored = read_npz(done.path / "fooled.npz")
    assert stored["index"].tolist() == sorted(linear.predictions["test_index"].tolist())
    for name, shares in result["curves"].items():
        assert [share["right"] for share in shares] == (~stored[name]).sum(1).tolist()
        assert (stored[name] >= stored["clean"]).all()  # what is wrong without attack counts as wrong
    assert result["clean"]["accuracy"] == linear.metrics["accuracy"]
    assert result["clean"]["low"] == pytest.approx(linear.metrics["accuracy_low"])
    together = stored["fgsm"] | stored["pgd"] | stored["square"]
    assert [share["right"] for share in result["worst"]] == (~together).sum(1).tolist()
    assert json.loads((done.path / "result.json").read_text()) == result
    assert result["curves"]["pgd"][1]["accuracy"] < 0.2 < result["clean"]["accuracy"]


def test_it_is_found_again_in_whatever_words_and_force_gives_the_same(linear: Run) -> None:
    first = attacked(linear, "attacks=[pgd,fgsm]")
    again = attacked(linear, "attacks=[fgsm,pgd,pgd]", "eps=[0.3,1/20]")
    assert (first.found, again.found, again.path) == (False, True, first.path)
    forced = attacked(linear, "attacks=[pgd,fgsm]", force=True)
    same = ("curves", "checks", "steps", "clean")
    assert not forced.found
    assert {name: forced.result[name] for name in same} == {name: first.result[name] for name in same}
    assert attacked(linear, "attacks=[pgd,fgsm]", "seed=1").path != first.path


def test_each_attack_depends_on_no_other_and_on_no_other_eps(linear: Run) -> None:
    whole = read_npz(attacked(linear, "eps=[0.02,0.05,0.3]").path / "fooled.npz")
    alone = read_npz(attacked(linear, "attacks=[square]", "eps=[0.05]").path / "fooled.npz")
    assert (whole["square"][1] == alone["square"][0]).all()


def test_both_losses_are_climbed_and_told(linear: Run) -> None:
    both = attacked(linear, "restarts=2").result
    assert both["options"]["loss"] == "both"
    assert both["losses"]["climbed"] == both["steps"]["climbed"] == ["cross_entropy", "margin"]
    assert both["losses"]["eps"] == both["steps"]["eps"]
    assert list(both["losses"]["left"]) == ["cross_entropy", "margin"]
    sentences = {check["name"]: check["sentence"] for check in both["checks"]}
    for name in ("reaches zero", "more steps", "losses"):
        assert "PGD on the cross entropy and the margin leaves" in sentences[name]
    for loss, left in both["losses"]["left"].items():
        alone = attacked(linear, "restarts=2", f"loss={loss}").result
        place = [radius["label"] for radius in both["eps"]].index(both["losses"]["eps"])
        assert left == alone["curves"]["pgd"][place]
        assert alone["losses"]["left"] == both["losses"]["left"]
    first = read_npz(attacked(linear, "restarts=1", "loss=cross_entropy").path / "fooled.npz")["pgd"]
    assert attacked(linear, "restarts=1").result["losses"]["climbed"] == ["cross_entropy"]
    assert (read_npz(attacked(linear, "restarts=2").path / "fooled.npz")["pgd"] >= first).all()


def test_a_limit_draws_examples_of_the_part(linear: Run) -> None:
    few = read_npz(attacked(linear, "limit=25", "attacks=[fgsm]").path / "fooled.npz")
    other = read_npz(attacked(linear, "limit=25", "attacks=[fgsm]", "seed=1").path / "fooled.npz")
    assert len(few["index"]) == 25
    assert set(few["index"]) < set(linear.predictions["test_index"])
    assert set(few["index"]) != set(other["index"])
    of_val = read_npz(attacked(linear, "split=val", "attacks=[fgsm]").path / "fooled.npz")
    assert set(of_val["index"]) == set(linear.predictions["val_index"])


def test_a_new_training_forgets_attacks(linear: Run) -> None:
    done = attacked(linear, "attacks=[fgsm]")
    api.train(*PIXELS, "head=linear", "trainer.epochs=4", "trainer.lr=0.05", force=True)
    assert not done.path.exists()


def test_a_damaged_result_is_named_and_can_be_made_again(linear: Run) -> None:
    done = attacked(linear, "attacks=[fgsm]")
    for damage in ("{", json.dumps(dict(done.result) | {"schema": 0})):
        (done.path / "result.json").write_text(damage)
        with pytest.raises(CorruptFileError, match="--force computes it again"):
            attacked(linear, "attacks=[fgsm]")
    assert attacked(linear, "attacks=[fgsm]", force=True).result["curves"] == done.result["curves"]


def test_from_python(linear: Run) -> None:
    result = api.attack(linear, *QUICK, "attacks=[fgsm]")
    assert result["run_key"] == linear.record.key
    assert result["checks"] == []


def test_a_convolutional_block_is_attacked_in_pixels_through_the_circuit(workplace: Path) -> None:
    run = trained(*CNN, "head=vqc", "head.n_qubits=4", "head.n_layers=1", epochs=2)
    aim = target(run, None, asked(), Silent())
    assert aim.normalisation is not None
    assert not aim.model.training
    assert not any(parameter.requires_grad for parameter in aim.model.parameters())
    with torch.no_grad():
        logits = aim.model(aim.inputs)
    torch.testing.assert_close(logits, torch.tensor(run.predictions["test_logits"]), atol=1e-5, rtol=0)
    done = attacked(run, "attacks=[fgsm,pgd]")
    assert list(done.result["published"]) == ["published_clamp", "published_pgd", "normalised_pgd", "pixel_pgd"]
    assert list(attacked(run, "attacks=[fgsm,pgd]", "published=false").result["published"]) == []
    # eps 0.1 of normalised images is 0.04 of a pixel: the same attack in two units
    units = [("units=normalised", "eps=[0.1]"), ("units=pixel", "eps=[0.04]")]
    shares = [attacked(run, "attacks=[pgd,square]", *words).result["curves"] for words in units]
    for name in ("pgd", "square"):
        assert abs(shares[0][name][0]["right"] - shares[1][name][0]["right"]) <= 1  # rounding


def test_a_block_that_leaves_pixels_alone_does_not_normalise(workplace: Path) -> None:
    words = [word for word in CNN if not word.startswith(("encoder.mean", "encoder.std"))]
    run = trained(*words, "head=linear", epochs=1)
    assert normalisation_of(run.head) is None
    assert attacked(run, "attacks=[pgd]").result["published"] == {}
    with pytest.raises(OptionError, match="encoder=cnn does not normalise images"):
        attacked(run, "units=normalised")


def test_features_of_a_frozen_block_are_attacked_as_such(workplace: Path) -> None:
    run = trained(*DATA, "encoder=pca", "head.n_qubits=3", "head.n_layers=1", "encoder.n_features=3", epochs=2)
    with pytest.raises(OptionError, match=r"encoder=pca is frozen.*units=feature attacks the features"):
        attacked(run)
    result = attacked(run, "units=feature", "eps=[0.1,5]").result
    assert result["curves"]["pgd"][1]["accuracy"] < result["clean"]["accuracy"]
    assert result["published"] == {}
    with pytest.raises(OptionError, match="encoder=identity hands on pixels"):
        attacked(trained(*PIXELS, "head=linear"), "units=feature")


def test_the_exact_model_is_attacked_whatever_training_was_aware_of(workplace: Path) -> None:
    words = (*DATA, "encoder=pca", "encoder.n_features=2", "head.n_qubits=2", "head.n_layers=1")
    noisy = trained(*words, "noise=depolarizing", "noise.p=0.05", "trainer.noise_aware=true", epochs=1)
    aim = target(noisy, None, asked("units=feature"), Silent())
    assert aim.facts["backend"] == {**aim.facts["backend"], "name": "engine", "precision": "single"}
    assert "shots" not in aim.facts["backend"]
    with torch.no_grad():
        assert torch.equal(aim.model(aim.inputs), aim.model(aim.inputs))
        shift = (aim.model(aim.inputs) - torch.tensor(noisy.predictions["test_logits"])).abs().max()
    assert float(shift) > 1e-3  # its own answers are those with noise


def test_a_head_without_gradient_can_be_searched_at_random_only(workplace: Path) -> None:
    run = api.train(*PIXELS, "head=nearest_neighbours")
    with pytest.raises(OptionError, match=r"head=nearest_neighbours has no gradient.*attacks=\[square\] needs none"):
        attacked(run)
    result = attacked(run, "attacks=[square]").result
    assert result["curves"]["square"][1]["accuracy"] < result["clean"]["accuracy"]
    assert (result["checks"], result["masked"]) == ([], False)


def test_a_twin_lends_its_adversarial_examples(workplace: Path) -> None:
    run, twin = trained(*PIXELS, "head=linear"), trained(*PIXELS, "head=mlp")
    result = attacked(run, f"twin={twin.record.key}").result
    assert list(result["curves"]) == ["fgsm", "pgd", "square", "transfer"]
    assert result["twin"] == twin.path.name
    assert result["curves"]["transfer"][1]["right"] < result["clean"]["right"]
    assert "transfer against pgd" in [check["name"] for check in result["checks"]]
    assert attacked(run, f"twin={twin.path}").found
    assert not attacked(run).found


def test_a_twin_of_other_data_or_features_is_refused(workplace: Path) -> None:
    run = trained(*PIXELS, "head=linear", epochs=1)
    others = {
        "other data, or on another split": trained(*PIXELS, "head=linear", "dataset.split_seed=1", epochs=1),
        "has other inputs": trained(*DATA, "encoder=pca", "encoder.n_features=4", "head=linear", epochs=1),
    }
    for message, other in others.items():
        with pytest.raises(DataError, match=message):
            attacked(run, f"twin={other.record.key}")
    with pytest.raises(OptionError, match="is the run that is attacked"):
        attacked(run, f"twin={run.record.key}")
    neighbours = api.train(*PIXELS, "head=nearest_neighbours")
    with pytest.raises(OptionError, match="has no gradient by its inputs to follow"):
        attacked(run, f"twin={neighbours.record.key}")


def test_images_of_another_range_are_refused(workplace: Path) -> None:
    quantum_dot = ("dataset=quantum_dot", "dataset.size=60", "dataset.n_train=30", "dataset.n_val=10",
                   "dataset.n_test=20", "dataset.resolution=8")  # fmt: skip
    run = trained(*quantum_dot, "encoder=identity", "encoder.n_features=null", "head=linear", epochs=1)
    with pytest.raises(OptionError, match=r"not in \[0, 1\]"):
        attacked(run)


def test_answers_that_depend_on_a_batch_are_refused(workplace: Path) -> None:
    words = ("dataset=quantum_dot", "dataset.size=60", "dataset.n_train=30", "dataset.n_val=10", "dataset.n_test=20",
             "dataset.resolution=8", "encoder=batch_pca", "head.n_qubits=3", "trainer.batch_size=8")  # fmt: skip
    run = trained(*words, epochs=1)
    with pytest.raises(CapabilityError, match="depend on the others of its batch"):
        attacked(run)


def test_radii_and_steps() -> None:
    request = asked("eps=[8/255,0.1,2/255]")
    assert [radius.label for radius in request.radii] == ["2/255", "8/255", "0.1"]
    assert request.radii[1].value == 8 / 255
    for word in ("nan", "inf", "1e999999999", "1/0", "a/b", "8/255/2"):
        with pytest.raises(OptionError, match="eps="):
            asked(f"eps=[{word}]")
    assert request.key(None) != request.key("abc")
    assert request.key(None) == replace(request).key(None)
