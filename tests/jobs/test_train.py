"""The training job through the command line, as a user would: results, repetition, kill and resume."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.conftest import Qlab

SMALL = (
    "dataset=digits",
    "dataset.n_train=120",
    "dataset.n_val=40",
    "dataset.n_test=80",
    "head.n_qubits=4",
    "head.n_layers=2",
    "trainer.epochs=3",
)


def train(qlab: Qlab, *overrides: str) -> dict[str, Any]:
    answer = qlab("train", *SMALL, "--json", *overrides)
    assert answer.code == 0, answer.err
    loaded: dict[str, Any] = json.loads(answer.out)
    return loaded


def test_a_run_leaves_everything_that_its_record_says(qlab: Qlab, workplace: Path) -> None:
    answer = train(qlab)
    folder, record = workplace / answer["path"], answer["record"]
    assert {path.name for path in folder.iterdir()} >= {
        "config.yaml", "manifest.json", "model.safetensors", "history.csv", "result.json", "predictions.npz", "log.txt"
    }  # fmt: skip
    assert not (folder / "checkpoint.safetensors").exists()
    assert record["dataset"]["source"] == "real"
    assert record["dataset"]["sizes"] == {"train": 120, "val": 40, "test": 80}
    assert record["parameters"] == {
        "trainable": 24 + 50,
        "frozen": record["parameters"]["frozen"],
        "quantum": 24,
        "classical": 50,
    }
    assert record["circuit"]["n_qubits"] == 4
    assert record["circuit"]["two_qubit_gates"] == 8
    assert record["metrics"]["n"] == 80
    assert record["peak_memory_mib"] > 100
    predictions = np.load(folder / "predictions.npz", allow_pickle=False)
    right = (predictions["test_logits"].argmax(1) == predictions["test_label"]).mean()
    assert right == pytest.approx(record["metrics"]["accuracy"])
    assert len(folder.joinpath("history.csv").read_text().splitlines()) == 1 + 3
    assert record == json.loads((folder / "result.json").read_text())
    everything = "".join(path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".txt"))
    assert str(Path.home()) not in everything.replace(str(workplace), "")
    assert os.uname().nodename not in everything


def test_a_repeated_command_finds_its_result(qlab: Qlab, workplace: Path) -> None:
    first = train(qlab)
    result = workplace / first["path"] / "result.json"
    before = result.stat().st_mtime_ns
    again = train(qlab)
    assert (first["found"], again["found"]) == (False, True)
    assert again["record"] == first["record"]
    assert result.stat().st_mtime_ns == before
    forced = train(qlab, "--force")
    assert not forced["found"]
    assert result.stat().st_mtime_ns != before
    assert forced["record"]["metrics"] == first["record"]["metrics"]


def test_another_seed_is_another_run_on_the_same_features(qlab: Qlab) -> None:
    first, second = train(qlab), train(qlab, "seed=1")
    assert first["path"] != second["path"]
    assert second["record"]["encoder"]["features_cached"]
    assert first["record"]["encoder"]["features_key"] == second["record"]["encoder"]["features_key"]
    assert first["record"]["dataset"]["fingerprint"] == second["record"]["dataset"]["fingerprint"]
    assert first["record"]["metrics"]["cross_entropy"] != second["record"]["metrics"]["cross_entropy"]


@pytest.mark.parametrize(
    "overrides",
    [
        ("head=linear", "encoder.n_features=4"),
        ("head=mlp", "+head.match_options.n_layers=2", "encoder.n_features=4"),
        ("encoder=fft_pca",),
        ("encoder=identity", "head=linear"),
        ("head.encoding=amplitude", "encoder.n_features=16"),
        ("head.encoding=iqp", "head.ansatz=strongly_entangling", "head.squash=tanh"),
        ("head.reuploading=true", "head.ansatz=chain"),
        ("trainer=sgd", "trainer.clip_norm=1.0", "trainer.class_weights=true"),
        ("trainer.gradient=parameter_shift", "trainer.epochs=1"),
        ("backend=pennylane", "trainer.epochs=1"),
        ("backend=pennylane", "backend.device=lightning.qubit", "backend.gradient=adjoint", "trainer.epochs=1"),
    ],
    ids=" ".join,
)
def test_every_way_through_ends_with_a_record(overrides: tuple[str, ...], qlab: Qlab) -> None:
    overrides = tuple(o for o in overrides)
    drop = {"head.n_qubits=4", "head.n_layers=2"} if any(o in ("head=linear", "head=mlp") for o in overrides) else set()
    answer = qlab("train", *(o for o in SMALL if o not in drop), "--json", *overrides)
    assert answer.code == 0, answer.err
    record = json.loads(answer.out)["record"]
    assert record["metrics"]["n"] == 80
    assert record["training"]["train_loss"] < 3


def test_backends_and_gradients_train_to_the_same_weights(qlab: Qlab, workplace: Path) -> None:
    ways = ((), ("backend=pennylane",), ("trainer.gradient=parameter_shift",))
    folders = [workplace / train(qlab, "trainer.epochs=1", *way)["path"] for way in ways]
    weights = [load_file(folder / "model.safetensors")["weights"] for folder in folders]
    np.testing.assert_allclose(weights[1], weights[0], atol=2e-4)
    np.testing.assert_allclose(weights[2], weights[0], atol=2e-4)


def test_a_diverging_run_fails_and_says_where(qlab: Qlab, workplace: Path) -> None:
    answer = qlab("train", *SMALL, "head.readout=linear", "trainer=sgd", "trainer.lr=1e5", "trainer.weight_decay=1e5")
    assert answer.code == 1
    (error,) = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert "epoch 1" in error
    assert "trainer.lr" in error
    assert not list(workplace.rglob("result.json"))


def test_a_damaged_result_is_named_and_force_mends_it(qlab: Qlab, workplace: Path) -> None:
    result = workplace / train(qlab)["path"] / "result.json"
    result.write_text(result.read_text()[:100])
    answer = qlab("train", *SMALL)
    assert answer.code == 1
    assert "--force" in answer.err
    assert train(qlab, "--force")["record"]["metrics"]["n"] == 80


def test_a_full_disk_is_one_line_and_the_run_goes_on_later(
    qlab: Qlab, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write of a run fails once, one after the other; what is left is always enough to go on."""
    written: list[Path] = []
    sync = os.fsync

    def count(descriptor: int) -> None:
        written.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", count)
    expected = train(qlab, "output_dir=whole")["record"]
    for broken in range(len(written)):
        left = broken

        def fail(descriptor: int) -> None:
            nonlocal left
            if left == 0:
                raise OSError(errno.ENOSPC, "No space left on device", "somewhere")
            left -= 1
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", fail)
        answer = qlab("train", *SMALL, f"output_dir=broken{broken}")
        assert answer.code == 1, answer.err
        assert answer.err.splitlines()[-1].startswith("error: somewhere: No space left on device")
        assert "Traceback" not in answer.err
        monkeypatch.setattr(os, "fsync", sync)
        record = train(qlab, f"output_dir=broken{broken}")["record"]
        assert record["metrics"] == expected["metrics"]
        assert not list((workplace / f"broken{broken}").rglob("*.tmp"))


def test_a_damaged_feature_cache_is_made_again(qlab: Qlab, workplace: Path) -> None:
    first = train(qlab)
    for file in (workplace / "outputs" / "cache" / "features").rglob("*.*"):
        if file.suffix != ".lock":
            file.write_bytes(file.read_bytes()[:50])
    second = train(qlab, "--force")
    assert second["record"]["metrics"] == first["record"]["metrics"]


LONG = (*SMALL, "trainer.epochs=40", "trainer.batch_size=4", "threads=1")


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "qlab", "train", *LONG]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def test_kill_minus_nine_then_the_same_command_gives_the_same_bytes(workplace: Path) -> None:
    whole, killed = workplace / "whole", workplace / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    assert start(whole).wait(timeout=240) == 0
    kills = 0
    while kills < 2:
        process = start(killed)
        epochs = _epochs_when_it_has_done_some_more(killed, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"
        assert 0 < epochs < 40
        assert not list(killed.rglob("result.json"))
        kills += 1
    assert start(killed).wait(timeout=240) == 0
    (expected,), (found,) = (list(folder.glob("outputs/runs/*-*")) for folder in (whole, killed))
    assert found.name == expected.name
    for name in ("model.safetensors", "history.csv"):
        assert (found / name).read_bytes() == (expected / name).read_bytes(), name
    records = [json.loads((folder / "result.json").read_text()) for folder in (expected, found)]
    for record in records:
        for time_spent in ("epoch_seconds", "cpu_seconds"):
            del record["training"][time_spent]
    for part in ("metrics", "val_metrics", "training", "parameters", "key"):
        assert records[0][part] == records[1][part], part
    logits = [np.load(folder / "predictions.npz")["test_logits"] for folder in (expected, found)]
    assert logits[0].tobytes() == logits[1].tobytes()
    assert "going on after epoch" in (found / "log.txt").read_text()


def _epochs_when_it_has_done_some_more(folder: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the log has grown by a few epochs; return how many it has."""

    def epochs() -> int:
        logs = list(folder.rglob("log.txt"))
        return logs[0].read_text().count("  epoch ") if logs else 0

    before, deadline = epochs(), time.monotonic() + 120
    while epochs() < before + 3:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return epochs()
