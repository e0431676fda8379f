"""Every kind of wrong request: one clear line with the nearest right name, exit code 2, nothing left behind."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Qlab

WRONG = {
    "command": (("trian",), "No such command 'trian'"),
    "flag": (("train", "--forse"), "--force"),
    "group": (("train", "datset=digits"), "unknown option 'datset'; did you mean 'dataset'?"),
    "choice": (("train", "dataset=digit"), "unknown dataset 'digit'; did you mean 'digits'?"),
    "recipe": (("train", "-e", "lego_quantum_dots"), "did you mean 'lego_quantum_dot'?"),
    "key": (("train", "head.qbits=3"), "unknown option 'head.qbits'; did you mean 'head.n_qubits'?"),
    "added key": (("train", "+head.n_qubit=3"), "unknown option 'head.n_qubit'; did you mean 'head.n_qubits'?"),
    "noise without a model": (("train", "noise.p=0.1"), "choose another with noise=NAME besides"),
    "top-level key": (("train", "sed=3"), "unknown option 'sed'; did you mean 'seed'?"),
    "type": (("train", "head.n_qubits=many"), "head.n_qubits=many: a whole number is wanted"),
    "fraction": (("train", "head.n_qubits=2.5"), "head.n_qubits=2.5: a whole number is wanted"),
    "null": (("train", "seed=null"), "seed=None: a whole number is wanted"),
    "too small": (("train", "head.n_qubits=0"), "head.n_qubits=0 is out of range: it must be at least 1"),
    "too large": (("train", "head.n_qubits=40"), "head.n_qubits=40 is out of range: it must be at most 26"),
    "not finite": (("train", "trainer.lr=nan"), "trainer.lr=nan is not a finite number below"),
    "named value": (("train", "trainer.optimizer=adm"), "did you mean 'adam'?"),
    "several values": (("train", "head.n_qubits=4,8"), "head.n_qubits=4,8: one value is wanted here"),
    "several choices": (("train", "dataset=digits,mnist"), "one value is wanted here, and these are 2"),
    "no value": (("train", "seed"), "'seed' is not of the form key=value"),
    "unreadable word": (("train", "head.n_qubits={"), "'head.n_qubits={' cannot be read"),
    "no such path": (("train", "dataset=mnist", "dataset.path=nowhere"), "dataset.path=nowhere does not exist"),
    "no such data folder": (("train", "dataset=mnist", "data_dir=nowhere"), "data_dir=nowhere is not a folder"),
    "no such output folder": (("train", "output_dir=/dev/null/x"), "output_dir=/dev/null/x cannot be written to"),
    "no data": (("train", "dataset=mnist"), "train-images-idx3-ubyte"),
    "widths": (("train", "dataset=digits", "encoder.n_features=5"), "5 features and 8 qubits"),
    "too few qubits": (("train", "dataset=digits", "head.readout=expectations"), "there are 10 classes and 8 qubits"),
    "too many examples": (("train", "dataset=digits", "dataset.n_train=5000"), "5000"),
    "unmatchable": (("train", "dataset=digits", "head=mlp", "head.n_parameters=3"), "no MLP"),
    "unknown ansatz": (("train", "dataset=digits", "head.ansatz=rng"), "did you mean 'ring'?"),
    "unknown device": (
        ("train", "dataset=digits", "backend=pennylane", "backend.device=default.qbit"),
        "did you mean 'default.qubit'?",
    ),
    "gradient a device has not": (
        ("train", "dataset=digits", "backend=pennylane", "backend.device=default.mixed", "backend.gradient=adjoint"),
        "default.mixed with gradient adjoint",
    ),
    "gradient by amplitudes": (
        (
            *("train", "dataset=digits", "encoder=resnet18", "encoder.weights=random", "encoder.projection=trainable"),
            *(
                "encoder.n_features=16",
                "head.encoding=amplitude",
                "head.n_qubits=4",
                "trainer.gradient=parameter_shift",
            ),
        ),
        "what is trained in front of amplitudes needs gradients by these",
    ),
    "not valid as a whole": (("validate", "head.ansatz=rong"), "did you mean 'ring'"),
    "deleted group": (("train", "dataset=digits", "~encoder"), "there is no encoder: choose one with encoder=NAME"),
    "huge whole number": (("train", f"trainer.epochs={'9' * 400}"), "is not a finite number below 1e+15"),
    "huge batch": (("train", "dataset=digits", "trainer.batch_size=9999999999"), "it must be at most"),
    "huge learning rate": (("train", "dataset=digits", "trainer.lr=1e12"), "it must be at most"),
    "huge seed": (("train", "dataset=digits", "encoder.seed=4294967296"), "it must be at most"),
    "empty path": (("train", "dataset=quantum_dot", "dataset.path="), "dataset.path= does not exist"),
    "unquoted": (("train", "dataset=digits", "name=日本語"), "in quotes"),
    "launcher": (("train", "dataset=digits", "launcher=joblib"), "only sweeps have a launcher; see qlab sweep"),
    "Hydra itself": (("train", "dataset=digits", "hydra.mode=MULTIRUN"), "Hydra's own settings"),
    "no such run": (("eval", "lego-123"), "unknown run 'lego-123'"),
    "no such group": (("ls", "heads"), "unknown group 'heads'; did you mean 'head'?"),
    "no such config": (("cat", "head/vqx"), "did you mean 'head/vqc'?"),
    "cfg": (("train", "--cfg", "jobs"), "--cfg is job, hydra or all"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_request_is_one_line(kind: str, qlab: Qlab, workplace: Path) -> None:
    arguments, expected = WRONG[kind]
    answer = qlab(*arguments)
    assert answer.code == 2
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert expected in errors[0]
    assert "Traceback" not in answer.err
    assert answer.out == ""
    left_behind = {path.name for path in workplace.rglob("*") if path.is_file()}
    assert not {name for name in left_behind if not name.endswith(".lock")} & {"config.yaml", "result.json", "log.txt"}
    assert not (workplace / "outputs" / "runs").exists()


def test_a_wrong_value_in_an_own_config_names_its_key(qlab: Qlab, workplace: Path) -> None:
    (workplace / "experiments").mkdir()
    (workplace / "experiments" / "mine.yaml").write_text("head:\n  n_qubit: 3\n")
    answer = qlab("validate", "experiment=mine")
    assert answer.code == 2
    assert "n_qubit" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_an_own_config_that_is_no_yaml_is_one_line(qlab: Qlab, workplace: Path) -> None:
    (workplace / "experiments").mkdir()
    (workplace / "experiments" / "mine.yaml").write_text("head: [1, 2\nseed: }\n")
    answer = qlab("validate", "experiment=mine")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1


def test_an_own_config_that_is_no_text_is_one_line(qlab: Qlab, workplace: Path) -> None:
    (workplace / "conf" / "head").mkdir(parents=True)
    (workplace / "conf" / "head" / "mine.yaml").write_bytes(b"\xff\xfe\x00\x80")
    answer = qlab("validate", "head=mine")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1


def test_truncated_scans_are_one_line(qlab: Qlab, workplace: Path) -> None:
    folder = workplace / "mnist"
    folder.mkdir()
    for name in ("train", "t10k"):
        images = struct.pack(">IIII", 2051, 10, 28, 28) + np.zeros(10 * 784 - 1, np.uint8).tobytes()
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        labels = struct.pack(">II", 2049, 10) + bytes(10)
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    answer = qlab("train", "dataset=mnist", f"dataset.path={folder}")
    assert answer.code == 2
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "images-idx3-ubyte" in errors[0]
