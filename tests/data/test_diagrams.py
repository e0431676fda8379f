"""What a generated set of diagrams promises."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from qlab.data.diagrams import KINDS, DiagramRequest, DiagramSet, generate, mean_charges
from qlab.data.dot_parameters import PRESET_RANGES, RANGES, DotParameters, Kind, draw_parameters
from qlab.progress import Silent

REQUEST = DiagramRequest(seed=5, size=10, task="five_class", preset="scattered", noise=1.0, resolution=24)


def made(request: DiagramRequest) -> DiagramSet:
    return generate(request, Silent())


def assert_equal(first: DiagramSet, second: DiagramSet) -> None:
    for name, array in vars(first).items():
        np.testing.assert_array_equal(array, getattr(second, name))


def test_equal_requests_give_equal_diagrams() -> None:
    assert_equal(made(REQUEST), made(REQUEST))


def test_the_first_images_do_not_depend_on_how_many_follow() -> None:
    many = made(replace(REQUEST, size=17))
    assert_equal(made(REQUEST), DiagramSet(**{name: array[:10] for name, array in vars(many).items()}))


@pytest.mark.parametrize("change", [{"seed": 6}, {"stream": "source"}])
def test_another_seed_or_stream_gives_other_devices(change: dict[str, object]) -> None:
    ours, theirs = made(REQUEST), made(replace(REQUEST, **change))  # type: ignore[arg-type]
    assert not np.isin(ours.parameters, theirs.parameters).any()


def test_classes_take_turns() -> None:
    np.testing.assert_array_equal(made(REQUEST).labels, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])


def test_without_noise_both_versions_are_equal() -> None:
    silent = made(replace(REQUEST, noise=0.0))
    np.testing.assert_array_equal(silent.noisy, silent.clean)


def test_the_clean_version_and_the_device_do_not_depend_on_the_noise() -> None:
    usual, loud = made(REQUEST), made(replace(REQUEST, noise=3.0))
    np.testing.assert_array_equal(usual.clean, loud.clean)
    np.testing.assert_array_equal(usual.parameters, loud.parameters)
    assert np.abs(loud.noisy - loud.clean).mean() > 2 * np.abs(usual.noisy - usual.clean).mean() > 0.02


def test_the_hard_preset_is_twice_as_noisy() -> None:
    hard = replace(REQUEST, preset="hard", task="binary")
    usual = replace(hard, preset="scattered", noise=2.0)
    # The single dots (even indices) of both presets are the same devices; only the doubles couple more strongly.
    np.testing.assert_array_equal(made(hard).noisy[::2], made(usual).noisy[::2])


def test_white_noise_alone_has_the_drawn_strength() -> None:
    request = replace(REQUEST, task="binary", size=6, resolution=64, noise=1e-3)
    few = made(request)
    names = [field.name for field in fields(DotParameters)]
    drawn = {name: few.parameters[:, names.index(name)] for name in names}
    # 1/f and telegraph noise are smooth from pixel to pixel: the step between neighbours is nearly all white noise.
    step = np.diff((few.noisy - few.clean).astype(float), axis=2) / 1e-3
    measured = np.median(np.abs(step), axis=(1, 2)) / 0.6745 / np.sqrt(2)
    assert np.all(measured > 0.95 * drawn["white"])
    assert np.all(measured < 1.2 * np.hypot(drawn["white"], drawn["pink"]))


@pytest.mark.parametrize("preset", PRESET_RANGES)
def test_parameters_stay_in_their_ranges(preset: str) -> None:
    diagrams = made(replace(REQUEST, task="binary", preset=preset, size=60, resolution=8))  # type: ignore[arg-type]
    ranges = RANGES | PRESET_RANGES[preset]  # type: ignore[index]
    doubles = diagrams.parameters[diagrams.labels == 1]
    for column, field in zip(doubles.T, fields(DotParameters), strict=True):
        low, high = ranges[field.name]
        assert low <= column.min() <= column.max() <= high
        assert low == high or np.ptp(column) > 0.8 * (high - low)


def extremes(kind: Kind, seed: int) -> tuple[float, float, float, float]:
    """Return the smallest and the largest charge of both dots in a random window."""
    drawn = draw_parameters(kind, "scattered", np.random.default_rng(seed))
    axis = np.linspace(0, drawn.span, 30)
    n1, n2 = mean_charges(kind, drawn, *np.meshgrid(axis, axis))
    return n1.min(), n1.max(), n2.min(), n2.max()


@pytest.mark.parametrize("seed", range(60))
def test_each_class_fills_its_dots_and_no_others(seed: int) -> None:
    found = {kind: extremes(kind, seed) for kind in KINDS["five_class"]}
    assert max(found["no_dot"]) < 0.05
    assert max(found["left"][2:]) < 0.05 < 1.5 < found["left"][1] - found["left"][0]
    assert max(found["right"][:2]) < 0.05 < 1.5 < found["right"][3] - found["right"][2]
    assert max(found["central"][2:]) == 0 < 3 < found["central"][1] - found["central"][0]
    for low, high in (found["double"][:2], found["double"][2:]):
        assert high - low > 1.5


@pytest.mark.parametrize("seed", range(20))
def test_an_anchored_window_starts_in_the_empty_cell(seed: int) -> None:
    for kind in KINDS["binary"]:
        drawn = draw_parameters(kind, "anchored", np.random.default_rng(seed))
        n1, n2 = mean_charges(kind, drawn, *np.zeros((2, 1, 1)))
        assert n1.item() + n2.item() < 0.01


def test_scattered_windows_lie_on_both_flanks_of_the_sensor() -> None:
    flanks = [
        np.sign(draw_parameters("double", preset, np.random.default_rng(i)).flank)
        for preset in ("scattered", "anchored")
        for i in range(40)
    ]
    assert 8 < np.count_nonzero(np.array(flanks[:40]) > 0) < 32
    assert set(flanks[40:]) == {1.0}
