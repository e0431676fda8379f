from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from qlab.config.compose import compose
from qlab.config.options.diagnostics import Diagnostics
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import CapabilityError, CorruptFileError, OptionError
from qlab.jobs.diagnose.diagnose import diagnose
from qlab.jobs.diagnose.draws import Draws, circuit_of, draw, quantum_head
from qlab.jobs.diagnose.fits import fits
from qlab.jobs.diagnose.request import request
from qlab.progress import Silent


def config(*words: str) -> RunConfig:
    return run_config(compose("train", words), paths_must_exist=False)


def drawn(*words: str, inputs: str = "random", samples: int = 400) -> Draws:
    chosen = config(*words)
    circuit = circuit_of(quantum_head(chosen))
    return draw(chosen, circuit, Diagnostics(samples=samples, inputs=inputs), Silent())


def result(*words: str) -> dict[str, Any]:
    return dict(diagnose(request(words)).result)


def test_inputs_are_what_the_encoding_gives(workplace: Path) -> None:
    angles = drawn("head.n_qubits=3").inputs
    assert angles.shape == (400, 3)
    assert 0 < float(angles.min()) < 0.3
    assert 1.2 < float(angles.max()) < math.pi / 2
    mean = float(angles.mean())  # sigmoid of standard normal numbers
    assert abs(mean - math.pi / 4) < 5 * float(angles.std()) / 1200**0.5
    assert drawn("head.n_qubits=3", "head.encoding=amplitude").inputs.shape == (400, 8)
    assert not drawn("head.n_qubits=3", inputs="zero").inputs.any()


def test_own_weights_are_those_of_heads(workplace: Path) -> None:
    found = drawn("head.n_qubits=3", "head.init_scale=0.2", "seed=5")
    first = quantum_head(config("head.n_qubits=3", "head.init_scale=0.2", "seed=5")).quantum_parameters()[0]
    assert torch.equal(found.own[0], first.detach().double())
    count = found.own.numel()
    assert abs(float(found.own.std()) - 0.2) < 5 * 0.2 / (2 * count) ** 0.5
    assert len(found.own.unique()) > 0.99 * count


def test_other_weights_are_uniform(workplace: Path) -> None:
    found = drawn("head.n_qubits=3")
    for weights in (found.uniform, found.partners):
        assert float(weights.abs().max()) < math.pi
        error = (4 / 45 * math.pi**4 / weights.numel()) ** 0.5  # of the mean square of uniform numbers
        assert abs(float(weights.square().mean()) - math.pi**2 / 3) < 5 * error
    correlation = torch.corrcoef(torch.stack([found.uniform.flatten(), found.partners.flatten()]))[0, 1]
    assert abs(float(correlation)) < 5 / found.uniform.numel() ** 0.5


def test_a_diagnosis_depends_on_its_head_and_seed_alone(workplace: Path) -> None:
    several = result("head.n_qubits=2,3", "samples=30")["points"]
    alone = result("head.n_qubits=3", "samples=30")["points"]
    assert several[1] | {"values": {}} == alone[0]
    assert result("head.n_qubits=3", "samples=30", "seed=1")["points"] != alone
    assert result("head.n_qubits=3", "samples=30", "head.logit_scale=1")["points"] == alone


def test_what_is_there_says_what_was_drawn(workplace: Path) -> None:
    found = result("head.n_qubits=3", "head.n_layers=2", "head.entanglers=false", "samples=50", "bins=10")
    (point,) = found["points"]
    assert (point["n_qubits"], point["n_weights"], point["two_qubit_gates"]) == (3, 18, 0)
    assert len(point["expressibility"]["edges"]) == 11
    assert sum(point["expressibility"]["counts"]) == 50
    assert abs(point["entanglement"]["mean"]) < 1e-12  # no entanglers, no entanglement
    assert point["entanglement"]["haar"] == pytest.approx(6 / 9)
    assert [(each["observable"], each["init"]) for each in point["gradients"]] == [
        ("local", "uniform"),
        ("local", "own"),
        ("global", "uniform"),
        ("global", "own"),
    ]
    assert found["options"] == {"samples": 50, "bins": 10, "binning": "haar", "inputs": "random"}
    assert found["fits"] == []


def test_without_entanglers_no_gradient_of_z_vanishes_with_the_number_of_qubits(workplace: Path) -> None:
    """<Z_0> is then one qubit's: the same variance at any width, on which the local fit finds no slope."""
    found = result("head.n_qubits=1,2,3,4", "head.n_layers=1", "head.entanglers=false", "inputs=zero", "samples=600")
    kinds = {(fit["observable"], fit["init"], fit["of"]): fit for fit in found["fits"]}
    local, everywhere = (kinds[observable, "uniform", "parameter"] for observable in ("local", "global"))
    assert abs(local["slope"]) < 0.1
    assert everywhere["slope"] == pytest.approx(-math.log(4), abs=0.4)  # each other qubit brings cos^2 cos^2: 1/4
    for point in found["points"]:
        variance = point["gradients"][0]["parameter"]  # of cos(RX) cos(RY) by RY: 1/2 of 1/2
        assert abs(variance["value"] - 0.25) < 5 * variance["standard_error"]


def test_fits_are_made_of_heads_that_differ_in_their_width_only() -> None:
    def point(n_qubits: int, ansatz: str, value: float) -> dict[str, Any]:
        found = {"value": value, "standard_error": 0.0}
        kind = {"init": "uniform", "observable": "local", "parameter": found, "mean": found}
        values = {"head.ansatz": ansatz, "head.n_qubits": n_qubits}
        return {"values": values, "n_qubits": n_qubits, "gradients": [kind]}

    points = [point(n, ansatz, rate**n) for ansatz, rate in (("ring", 0.5), ("chain", 0.8)) for n in (2, 4, 6)]
    found = [(fit["values"], fit["of"], round(math.exp(fit["slope"]), 9)) for fit in fits(points)]
    assert found == [
        ({"head.ansatz": ansatz}, of, rate)
        for ansatz, rate in (("ring", 0.5), ("chain", 0.8))
        for of in ("parameter", "mean")
    ]
    assert fits(points[:2]) == []


def test_too_little_memory_is_said_before_anything_runs(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    available = psutil.virtual_memory()._replace(available=2**20)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: available)
    with pytest.raises(CapabilityError, match=r"diagnostics of 20 qubits need 0\.1 GiB of memory, and 0\.0 GiB are"):
        diagnose(request(["head.n_qubits=2,20", "samples=10"]))
    assert not Path("outputs").exists()


def test_amplitudes_cannot_all_be_zero(workplace: Path) -> None:
    with pytest.raises(OptionError, match="set inputs=random"):
        diagnose(request(["head.n_qubits=2", "head.encoding=amplitude", "inputs=zero", "samples=10"]))


def test_a_damaged_result_is_named_and_can_be_made_again(workplace: Path) -> None:
    words = ["head.n_qubits=2", "samples=10"]
    done = diagnose(request(words))
    file = done.path / "result.json"
    for damage in ("{", json.dumps(dict(done.result) | {"schema": 0})):
        file.write_text(damage)
        with pytest.raises(CorruptFileError, match="--force computes it again"):
            diagnose(request(words))
    assert diagnose(request(words), force=True).result["points"] == done.result["points"]


def test_a_recipe_lends_its_head(workplace: Path) -> None:
    Path("experiments").mkdir()
    Path("experiments/mine.yaml").write_text(
        "name: mine\nhead: {n_qubits: 2, n_layers: 1}\n"
        "sweep: {head.ansatz: [ring, chain], noise: [none, lego], seed: range(3)}\n"
    )
    asked = request(["experiment=mine", "samples=10"])
    assert [dict(point.values) for point in asked.points] == [{"head.ansatz": "ring"}, {"head.ansatz": "chain"}]
    assert asked.name == "mine"
    assert request(["experiment=mine", "head.ansatz=ring", "seed=4,5"]).swept == ("seed",)
    assert all(point.config.head.options.n_layers == 1 for point in asked.points)
