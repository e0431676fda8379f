"""Commands that look and do not run, the shape of their output, and how fast the first answer is."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from qlab.config.catalogue import GROUPS
from tests.conftest import Qlab

COMMANDS = (
    "train",
    "eval",
    "attack",
    "pretrain",
    "plan",
    "validate",
    "ls",
    "cat",
    "doctor",
    "bench",
    "regress",
    "report",
    "results",
    "sweep",
    "diagnose",
    "completion",
)


def test_help_names_every_command(qlab: Qlab) -> None:
    answer = qlab("--help")
    assert answer.code == 0
    assert all(re.search(rf"\b{command}\b", answer.out) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str, qlab: Qlab) -> None:
    answer = qlab(command, "--help")
    assert answer.code == 0
    assert "Example:" in answer.out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from qlab.cli.main import run; run(['--help']); "
        "heavy = {'torch', 'numpy', 'hydra', 'pandas', 'pennylane', 'qiskit', 'sklearn', 'transformers', 'jinja2'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_composed_config_is_printed_without_torch(workplace: Path) -> None:
    code = (
        "import sys; from qlab.cli.main import run; "
        "code = run(['train', '--cfg', 'job', '--resolve', 'head.n_qubits=5']); "
        "print(code, 'torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=workplace)
    assert done.stderr.strip() == "0 False"
    shown = yaml.safe_load(done.stdout)
    assert shown["encoder"]["n_features"] == shown["head"]["n_qubits"] == 5
    assert list(workplace.iterdir()) == []


def test_ls_lists_every_group_and_option(qlab: Qlab) -> None:
    answer = qlab("ls", "--json")
    found = json.loads(answer.out)
    assert {entry["group"] for entry in found} == set(GROUPS)
    assert all(entry["summary"] for entry in found)
    assert "head=vqc" in qlab("ls", "head").out


def test_cat_prints_the_file_itself(qlab: Qlab) -> None:
    root = Path(__file__).parents[2]
    assert qlab("cat", "head/vqc").out == (root / "conf" / "head" / "vqc.yaml").read_text()
    assert qlab("cat", "lego_quantum_dot").out == (root / "experiments" / "lego_quantum_dot.yaml").read_text()


def test_validate_runs_nothing(qlab: Qlab, workplace: Path) -> None:
    answer = qlab("validate", "-e", "lego_quantum_dot", "head.n_qubits=6", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["finished"] is False
    assert list(workplace.iterdir()) == []


def test_plan_counts_executions(qlab: Qlab) -> None:
    overrides = ("dataset=digits", "dataset.n_train=100", "dataset.n_val=30", "dataset.n_test=50", "head.n_qubits=6")
    answer = qlab("plan", *overrides, "trainer.epochs=7", "--json")
    assert answer.code == 0, answer.err
    plan = json.loads(answer.out)
    assert plan["executions"]["training, forward"] == 700
    assert plan["executions"]["validation"] == 8 * 30
    assert plan["executions"]["test"] == 50
    assert plan["state"] == "new"
    assert plan["state_memory_mib"] == 256 * 8 * 2**6 / 2**20
    shifted = json.loads(qlab("plan", *overrides, "trainer.epochs=7", "trainer.gradient=parameter_shift", "--json").out)
    # RX, RY, RZ of six layers on six qubits are trained, the features are not: two executions for each of 108 angles.
    assert shifted["executions"]["training, gradients"] == 700 * 2 * 3 * 6 * 6


def test_plan_counts_a_trainable_projection(qlab: Qlab) -> None:
    overrides = ("dataset=digits", "encoder=resnet18", "encoder.weights=random", "encoder.projection=trainable")
    plan = json.loads(qlab("plan", *overrides, "--json").out)
    assert plan["trainable"] == (512 * 8 + 8) + 3 * 8 * 6 + (8 * 10 + 10)


def test_doctor_reports_as_table_and_as_json(qlab: Qlab) -> None:
    assert "torch 2.13.0" in qlab("doctor", "--warm").out
    assert json.loads(qlab("doctor", "--json").out)["python"].startswith("3.")


def test_an_evaluation_on_another_backend_agrees(qlab: Qlab) -> None:
    small = ("dataset=digits", "dataset.n_train=60", "dataset.n_val=30", "dataset.n_test=40", "trainer.epochs=1")
    run = json.loads(qlab("train", *small, "head.n_qubits=4", "--json").out)
    answer = qlab("eval", run["record"]["key"], "backend=pennylane", "--json")
    assert answer.code == 0, answer.err
    record = json.loads(answer.out)["record"]
    assert record["changed_predictions"] == 0
    assert record["same_features"]
    assert record["metrics"]["cross_entropy"] == pytest.approx(run["record"]["metrics"]["cross_entropy"], abs=1e-4)
    other_split = json.loads(qlab("eval", run["path"], "split=train", "--json").out)["record"]
    assert other_split["metrics"]["n"] == 60
    assert "evaluation of" in qlab("eval", run["path"]).out


def test_control_c_exits_with_130_and_keeps_the_epochs(workplace: Path) -> None:
    command = [sys.executable, "-m", "qlab", "train", "dataset=digits", "head.n_qubits=4", "trainer.epochs=1000"]
    process = subprocess.Popen(command, cwd=workplace, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(workplace.rglob("checkpoint.safetensors")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("error: interrupted")
    assert list(workplace.rglob("checkpoint.safetensors"))


def test_a_reader_that_goes_away_is_no_defect(workplace: Path) -> None:
    done = subprocess.run(
        [f"{sys.executable} -m qlab ls | head -1"],
        shell=True,
        capture_output=True,
        text=True,
        cwd=workplace,
        check=False,
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("arguments", "limit"), [(("--help",), 0.3), (("train", "--cfg", "job"), 1.0)])
def test_the_first_answer_is_quick(arguments: tuple[str, ...], limit: float, workplace: Path) -> None:
    """Processor seconds, the best of three, since the machine may be busy with other things."""

    def seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "qlab", *arguments], check=True, capture_output=True, cwd=workplace)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < limit
