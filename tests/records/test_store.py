"""Files of a run: whole or not there, found by any of their names, and damage is named."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlab.errors import CorruptFileError, RequestError, UnknownNameError
from qlab.files import atomic_write, sha256_file, write_bytes
from qlab.records.record import SCHEMA, EvaluationRecord
from qlab.records.store import (
    RunFolder,
    find_run,
    read_npz,
    read_yaml,
    run_folder,
    write_csv,
    write_npz,
    write_yaml,
)


def finished_run(root: Path, name: str) -> RunFolder:
    folder = RunFolder(root / "runs" / name)
    write_yaml(folder.config, {"seed": 0})
    for file in (folder.model, folder.predictions, folder.result):
        file.write_text("{}")
    return folder


def test_an_error_while_writing_leaves_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_bytes(file, b"old")

    def write_half() -> None:
        with atomic_write(file) as draft:
            draft.write(b"half of the new")
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_error_at_the_rename_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_bytes(file, b"old")

    def fail(*_: Any) -> None:
        raise OSError("no rename")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no rename"):
        write_bytes(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_sha256_of_a_known_content(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lego", "lego-abc"),
        ("a/b c", "a_b_c-abc"),
        ("../../etc", "etc-abc"),
        ("", "run-abc"),
        ("über", "über-abc"),
        ("x" * 500, "x" * 80 + "-abc"),
    ],
)
def test_names_become_safe_folder_names(name: str, expected: str, tmp_path: Path) -> None:
    assert run_folder(tmp_path, name, "abc").path == tmp_path / "runs" / expected


def test_a_run_is_found_by_its_key_whatever_its_name(tmp_path: Path) -> None:
    existing = finished_run(tmp_path, "first-0123456789ab")
    assert run_folder(tmp_path, "second", "0123456789ab").path == existing.path


@pytest.mark.parametrize("wanted", ["lego-one-0123456789ab", "0123456789ab", "0123", "lego-one"])
def test_a_run_is_found_by_any_of_its_names(wanted: str, tmp_path: Path) -> None:
    folder = finished_run(tmp_path, "lego-one-0123456789ab")
    finished_run(tmp_path, "digits-ffff56789abc")
    assert find_run(tmp_path, wanted).path == folder.path
    assert find_run(tmp_path / "elsewhere", str(folder.path)).path == folder.path


def test_no_run_several_runs_and_an_unfinished_run_are_told_apart(tmp_path: Path) -> None:
    finished_run(tmp_path, "lego-a0")
    finished_run(tmp_path, "lego-b0").result.unlink()
    with pytest.raises(UnknownNameError, match="did you mean 'lego-a0'"):
        find_run(tmp_path, "lega-a0")
    with pytest.raises(RequestError, match="names 2 runs"):
        find_run(tmp_path, "lego")
    with pytest.raises(RequestError, match="not finished"):
        find_run(tmp_path, "b0")


def test_a_csv_keeps_every_digit(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", [{"epoch": 1, "loss": 0.1 + 0.2}, {"epoch": 2, "loss": 1e-300}])
    assert (tmp_path / "rows.csv").read_text() == "epoch,loss\n1,0.30000000000000004\n2,1e-300\n"


def test_arrays_come_back_and_damage_is_named(tmp_path: Path) -> None:
    file = tmp_path / "arrays.npz"
    write_npz(file, {"logits": np.arange(6.0).reshape(2, 3)})
    assert read_npz(file)["logits"].tolist() == [[0, 1, 2], [3, 4, 5]]
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(CorruptFileError, match=r"arrays\.npz"):
        read_npz(file)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "arrays.npz", bad=np.array([{}], dtype=object))
    with pytest.raises(CorruptFileError):
        read_npz(tmp_path / "arrays.npz")


@pytest.mark.parametrize("content", ["[1, 2", "- a\n- b\n", ""])
def test_a_damaged_config_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(CorruptFileError, match=r"config\.yaml"):
        read_yaml(tmp_path / "config.yaml")
    with pytest.raises(CorruptFileError, match=r"config\.yaml is damaged; do something else$"):
        read_yaml(tmp_path / "config.yaml", advice="do something else")


def record() -> EvaluationRecord:
    empty: dict[str, Any] = {
        name: {} for name in ("config", "dataset", "backend", "noise", "execution", "metrics", "timing", "environment")
    }
    return EvaluationRecord(
        schema=SCHEMA,
        kind="evaluation",
        key="k",
        name="n",
        peak_memory_mib=1.5,
        finished="2026-01-01T00:00:00+00:00",
        run_key="r",
        split="test",
        changed_predictions=None,
        same_features=True,
        **empty,
    )


def test_a_record_comes_back(tmp_path: Path) -> None:
    record().write(tmp_path / "r.json")
    assert EvaluationRecord.read(tmp_path / "r.json") == record()


def test_a_record_that_json_cannot_hold_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        dataclasses.replace(record(), metrics={"accuracy": float("nan")}).write(tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []


def test_a_record_from_before_noise_is_read(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    record().write(file)
    values = json.loads(file.read_text())
    del values["execution"]
    file.write_text(json.dumps({**values, "schema": 1}))
    assert EvaluationRecord.read(file) == dataclasses.replace(record(), execution=None)


def test_a_record_from_before_average_precision_is_read(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    dataclasses.replace(record(), metrics={"accuracy": 0.5, "roc_auc": 0.6}).write(file)
    assert EvaluationRecord.read(file).metrics == {"accuracy": 0.5, "roc_auc": 0.6, "average_precision": None}


@pytest.mark.parametrize("damage", ["truncated", "other schema", "a key too many", "no object"])
def test_a_record_that_cannot_be_trusted_is_named(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    record().write(file)
    values = json.loads(file.read_text())
    text = {
        "truncated": file.read_text()[:-20],
        "other schema": json.dumps({**values, "schema": SCHEMA + 1}),
        "a key too many": json.dumps({**values, "extra": 1}),
        "no object": "3",
    }[damage]
    file.write_text(text)
    with pytest.raises(CorruptFileError, match="--force"):
        EvaluationRecord.read(file)


def test_a_claimed_folder_is_the_one_that_is_there_without_drafts(tmp_path: Path) -> None:
    there = run_folder(tmp_path, "other", "0123456789ab")
    there.path.mkdir(parents=True)
    (there.path / ".half.tmp").write_text("half")
    (there.path / "config.yaml").write_text("whole")
    with RunFolder(tmp_path / "runs" / "mine-0123456789ab").claimed() as folder:
        assert folder.path == there.path
        assert {path.name for path in folder.path.iterdir()} == {".lock", "config.yaml"}
    assert not (tmp_path / "runs" / "mine-0123456789ab").exists()
