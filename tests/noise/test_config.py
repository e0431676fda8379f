"""Noise models as a config group: listed, shown, checked before anything runs, identified by what they are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlab.circuits import Circuit
from qlab.config import registry
from qlab.config.compose import compose
from qlab.config.keys import described
from qlab.config.validate import run_config
from qlab.errors import OptionError, RequestError
from qlab.noise import Noise, NoiseModel
from tests.conftest import Qlab

CIRCUIT = Circuit(2, [("RX", 0, 0.3), ("CNOT", (0, 1))])


def chosen(*overrides: str) -> Noise:
    noise: Noise = registry.build(run_config(compose("train", overrides)).noise.options)
    return noise


def test_every_model_is_listed_with_one_line_and_shown(qlab: Qlab) -> None:
    listed = json.loads(qlab("ls", "noise", "--json").out)
    assert {entry["name"] for entry in listed} == set(registry.BUILT_IN["noise"])
    for entry in listed:
        assert 0 < len(entry["summary"]) < 120
        assert f"name: {entry['name']}\n" in qlab("cat", f"noise/{entry['name']}").out


def test_options_reach_the_model() -> None:
    noisy = chosen("noise=depolarizing", "noise.p=0.01", "noise.p2=0.1", "noise.gates=[CNOT]").insert(CIRCUIT)
    assert [len(after) for after in noisy.channels] == [0, 1]
    found = noisy.channels[1][0].channel.probabilities
    assert found is not None
    assert found[0] == pytest.approx(0.9)


def test_models_are_composed_by_name() -> None:
    parts = "noise.parts=[{name: dephasing, p: 0.1}, {name: readout, flip: 0.2}, {name: over_rotation}]"
    found = chosen("noise=composed", parts)
    assert isinstance(found, NoiseModel)
    assert [part.name for part in found.parts] == ["dephasing", "readout", "over_rotation"]
    assert found.insert(CIRCUIT).insertions == {"dephasing": 3, "over_rotation": 1, "readout": 2}
    default = chosen("noise=composed").insert(CIRCUIT).insertions
    assert default == {"depolarizing": 2, "readout": 2}
    nested = "noise.parts=[{name: composed, parts: [{name: bit_flip}]}, {name: bit_flip}]"
    assert chosen("noise=composed", nested).insert(CIRCUIT).insertions == {"bit_flip": 6}


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["noise=depolarizng"], "unknown noise 'depolarizng'; did you mean 'depolarizing'"),
        (["noise=depolarizing", "noise.p=1.5"], "noise.p=1.5 is out of range: it must be at most 1"),
        (["noise=depolarizing", "noise.q=0.1"], "unknown option 'noise.q'"),
        (["noise=composed", "noise.parts=[{name: redout}]"], "unknown noise 'redout'; did you mean 'readout'"),
        (["noise=composed", "noise.parts=[{name: readout, flip: 2}]"], "noise.parts[0].flip=2.0 is out of range"),
        (["noise=composed", "noise.parts=[{name: readout}, {flip: 2}]"], "noise.parts[1] must be a mapping with the"),
        (["noise=composed", "noise.parts=[{name: readout, path: no}]"], "noise.parts[0].path=no does not exist"),
        (["noise=readout", "noise.path=nowhere.json"], "noise.path=nowhere.json does not exist"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(overrides: list[str], complaint: str, qlab: Qlab) -> None:
    answer = qlab("validate", "dataset=digits", *overrides)
    assert answer.code == 2
    assert complaint in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [("[]", "noise.parts is empty"), ("[{name: device}, {name: readout}]", "noise 'device' executes another circuit")],
)
def test_what_cannot_be_composed(parts: str, complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        chosen("noise=composed", f"noise.parts={parts}")


def test_a_file_of_readings_counts_by_its_content_alone_and_as_a_part(workplace: Path) -> None:
    def key(*overrides: str) -> str:
        return json.dumps(described(run_config(compose("train", overrides)).noise))

    for name in ("here.json", "there.json"):
        (workplace / name).write_text("[[[0.9, 0.2], [0.1, 0.8]]]")
    for request in (
        "noise=readout|noise.path={}",
        "noise=composed|noise.parts=[{{name: dephasing}}, {{name: readout, path: {}}}]",
    ):
        here, there = (request.format(name).split("|") for name in ("here.json", "there.json"))
        before = key(*here)
        assert key(*there) == before
        (workplace / "here.json").write_text("[[[0.9, 0.3], [0.1, 0.7]]]")
        assert key(*here) != before
        (workplace / "here.json").write_text("[[[0.9, 0.2], [0.1, 0.8]]]")
        readout = chosen(*here).insert(CIRCUIT).readout
        assert readout is not None
        assert readout.of(0)[0, 1] == 0.2


CODE = '''
from dataclasses import dataclass
from typing import ClassVar
from qlab.config.options.option import option
from qlab.noise import NoiseModel, Rule
from qlab.noise.channels import bit_flip

@dataclass
class Options:
    """Bit flips after entangling gates."""
    FACTORY: ClassVar[str] = "extra_noise:entangling_flips"
    p: float = option(0.1, "probability of a flip", at_least=0, at_most=1)

def entangling_flips(*, p):
    return NoiseModel("entangling_flips", (Rule(bit_flip(p), n_qubits=2),))
'''


@pytest.fixture
def plugin(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that adds a noise model."""
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "extra_noise-0.3.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-noise\nVersion: 0.3\n")
    (metadata / "entry_points.txt").write_text("[qlab.noise]\nentangling_flips = extra_noise:Options\n")
    (folder / "extra_noise.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(folder))
    registry.plugins.cache_clear()
    yield
    registry.plugins.cache_clear()
    sys.modules.pop("extra_noise", None)


@pytest.mark.usefixtures("plugin")
def test_a_package_can_add_a_model(qlab: Qlab) -> None:
    from qlab.testing.noise import check_noise

    listed = {entry["name"]: entry for entry in json.loads(qlab("ls", "noise", "--json").out)}
    assert listed["entangling_flips"]["origin"] == "extra-noise 0.3"
    check_noise(chosen("noise=entangling_flips"), chosen("noise=entangling_flips", "noise.p=0"))
    part = chosen("noise=composed", "noise.parts=[{name: entangling_flips, p: 0.3}]")
    assert part.insert(CIRCUIT).insertions == {"bit_flip": 2}
    with pytest.raises(RequestError, match="out of range"):
        chosen("noise=entangling_flips", "noise.p=2")
