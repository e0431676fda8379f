"""The random device and measurement behind one charge-stability diagram."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["no_dot", "left", "central", "right", "double"]
Preset = Literal["scattered", "anchored", "hard"]
Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class DotParameters:
    """What is drawn for one diagram; ``RANGES`` says from where.

    Attributes:
        span: side of the window, in electrons.
        start_1: induced charge of the first dot at the lower left corner of the window.
        start_2: the same for the second dot.
        margin_1: how far below its threshold a first dot that is to stay empty ends, in electrons.
        margin_2: the same for the second dot.
        cross_12: effect of the second gate on the first dot, relative to its own gate.
        cross_21: effect of the first gate on the second dot.
        charging_2: charging energy of the second dot.
        mutual: coupling energy of the dots over the geometric mean of their charging energies.
        tunnel: tunnel coupling of the dots.
        thermal: temperature.
        lever_1: the first gate's effect on a merged dot, relative to its total effect on a double dot.
        lever_2: the same for the second gate.
        width: width of the sensor's conductance peak.
        offset: distance of the working point from the peak, in widths.
        flank: its sign says on which flank of the peak.
        sensor_1: shift of the sensor by an electron on the first dot.
        sensor_2: shift by an electron on the second dot, relative to ``sensor_1``.
        gate_1: direct shift of the sensor by the first gate.
        gate_2: direct shift by the second gate.
        white: standard deviation of white noise on the conductance.
        pink: standard deviation of 1/f noise on the sensor potential.
        telegraph: height of the two-level noise on the sensor potential.
        log_dwell: log10 of the mean number of pixels between its switches.
        latching: probability that a charge step is delayed.
    """

    span: float
    start_1: float
    start_2: float
    margin_1: float
    margin_2: float
    cross_12: float
    cross_21: float
    charging_2: float
    mutual: float
    tunnel: float
    thermal: float
    lever_1: float
    lever_2: float
    width: float
    offset: float
    flank: float
    sensor_1: float
    sensor_2: float
    gate_1: float
    gate_2: float
    white: float
    pink: float
    telegraph: float
    log_dwell: float
    latching: float


# With starts spread over whole electrons the phase of the lines is uniform: no mean image tells the classes apart.
RANGES: Ranges = {
    "span": (2.5, 4.5),
    "start_1": (0.0, 4.0),
    "start_2": (0.0, 4.0),
    "margin_1": (0.1, 2.0),
    "margin_2": (0.1, 2.0),
    "cross_12": (0.05, 0.25),
    "cross_21": (0.05, 0.25),
    "charging_2": (0.8, 1.25),
    "mutual": (0.10, 0.55),
    "tunnel": (0.0, 0.06),
    "thermal": (0.01, 0.05),
    "lever_1": (0.8, 1.1),
    "lever_2": (0.8, 1.1),
    "width": (0.35, 0.8),
    "offset": (0.4, 0.9),
    "flank": (-1.0, 1.0),
    "sensor_1": (0.08, 0.18),
    "sensor_2": (0.45, 1.0),
    "gate_1": (-0.10, -0.02),
    "gate_2": (-0.10, -0.02),
    "white": (0.01, 0.05),
    "pink": (0.005, 0.03),
    "telegraph": (0.0, 0.04),
    "log_dwell": (1.5, 3.0),
    "latching": (0.0, 0.35),
}
PRESET_RANGES: dict[Preset, Ranges] = {
    "scattered": {},
    "anchored": {"span": (3.0, 4.0), "start_1": (-0.5, -0.1), "start_2": (-0.5, -0.1), "flank": (1.0, 1.0)},
    "hard": {"mutual": (0.2, 0.7)},
}
PRESET_NOISE: dict[Preset, float] = {"scattered": 1.0, "anchored": 1.0, "hard": 2.0}
SINGLE_MUTUAL = (0.0, 0.2)


def draw_parameters(kind: Kind, preset: Preset, rng: np.random.Generator) -> DotParameters:
    """Return random parameters for a diagram of ``kind``, uniform in their ranges."""
    low, high = _bounds(kind, preset)
    return DotParameters(*rng.uniform(low, high).tolist())


@cache
def _bounds(kind: Kind, preset: Preset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ranges = RANGES | PRESET_RANGES[preset] | ({} if kind == "double" else {"mutual": SINGLE_MUTUAL})
    low, high = np.array([ranges[name] for name in DotParameters.__dataclass_fields__]).T
    return low, high
