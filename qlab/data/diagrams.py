"""Generated charge-stability diagrams: what a charge sensor beside a double dot, or a part of it, would measure."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qlab.data.charge_stability import Array, DotEnergies, double_dot_charge, sensor_signal, single_dot_charge
from qlab.data.dataset import FloatArray, IntArray
from qlab.data.dot_parameters import PRESET_NOISE, DotParameters, Kind, Preset, draw_parameters
from qlab.data.sensor_noise import latched, pink_noise, telegraph_noise
from qlab.progress import Progress

GENERATOR_VERSION = "1"
Task = Literal["binary", "five_class"]
KINDS: dict[Task, tuple[Kind, ...]] = {
    "binary": ("central", "double"),
    "five_class": ("no_dot", "left", "central", "right", "double"),
}
CLASSES: dict[Task, tuple[str, ...]] = {"binary": ("single", "double"), "five_class": KINDS["five_class"]}

# The main stream seeds image i with (seed, i), the source stream with (seed, SOURCE_STREAM, i). These differ for every
# i below SOURCE_STREAM, so the two sets are drawn independently.
SOURCE_STREAM = 2**32 - 1
_MEAN_DELAY = 2.0
_MOST_LATCHING = 0.9


@dataclass(frozen=True)
class DiagramRequest:
    """Which diagrams to generate; equal requests give equal diagrams.

    Attributes:
        seed: image ``i`` depends on ``seed``, ``i`` and the options below alone, never on ``size``.
        size: number of images.
        task: decides the classes; image ``i`` is of class ``i`` modulo their number.
        preset: where the window lies and how noisy the sensor is.
        noise: multiplies every noise, and the probability of latching up to a cap.
        resolution: pixels along each gate voltage.
        stream: ``source`` gives a set that shares no image with ``main``.
    """

    seed: int
    size: int
    task: Task
    preset: Preset
    noise: float
    resolution: int
    stream: Literal["main", "source"] = "main"

    def facts(self) -> dict[str, Any]:
        """Return what defines the diagrams, for the record and for the key of a cache."""
        return {"generator_version": GENERATOR_VERSION, **asdict(self)}


@dataclass(frozen=True, eq=False)
class DiagramSet:
    """Generated diagrams.

    Attributes:
        noisy: (N, R, R), the conductance as measured; rows are the second gate voltage, columns the first.
        clean: (N, R, R), the same devices without any noise.
        labels: (N,), index of the class.
        parameters: (N, P), what was drawn, in the order of the fields of ``DotParameters``.
    """

    noisy: FloatArray
    clean: FloatArray
    labels: IntArray
    parameters: NDArray[np.float64]


def generate(request: DiagramRequest, progress: Progress) -> DiagramSet:
    """Return the diagrams of ``request``."""
    shape = (request.size, request.resolution, request.resolution)
    noisy, clean = np.empty(shape, np.float32), np.empty(shape, np.float32)
    parameters = np.empty((request.size, len(DotParameters.__dataclass_fields__)))
    kinds = KINDS[request.task]
    labels = np.arange(request.size, dtype=np.int64) % len(kinds)
    noise = request.noise * PRESET_NOISE[request.preset]
    for i in progress.track(range(request.size), "generating diagrams", request.size):
        rng = np.random.default_rng(_entropy(request, i))
        drawn = draw_parameters(kinds[labels[i]], request.preset, rng)
        clean[i], noisy[i] = measure(kinds[labels[i]], drawn, request.resolution, noise, rng)
        parameters[i] = astuple(drawn)
    return DiagramSet(noisy, clean, labels, parameters)


def measure(
    kind: Kind, drawn: DotParameters, resolution: int, noise: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return one diagram without and with noise, both (resolution, resolution).

    Args:
        kind: of the device.
        drawn: its parameters.
        resolution: pixels along each gate voltage; columns are the fast axis.
        noise: multiplies every noise.
        rng: source of the noise.
    """
    axis = np.linspace(0, drawn.span, resolution)
    v1, v2 = np.broadcast_arrays(axis, axis[:, np.newaxis])
    charge = np.stack(mean_charges(kind, drawn, v1, v2))
    shifts = drawn.sensor_1 * _sensor_weights(kind, drawn)
    background = drawn.gate_1 * (v1 - drawn.span / 2) + drawn.gate_2 * (v2 - drawn.span / 2)
    background += np.copysign(drawn.offset, drawn.flank) * drawn.width
    background -= shifts @ charge.mean(axis=(1, 2))
    clean = sensor_signal(background + np.tensordot(shifts, charge, 1), drawn.width)

    late = latched(charge, min(drawn.latching * noise, _MOST_LATCHING), _MEAN_DELAY, rng)
    disturbance = drawn.pink * pink_noise(v1.size, rng)
    disturbance += drawn.telegraph * telegraph_noise(v1.size, 10**drawn.log_dwell, rng)
    potential = background + np.tensordot(shifts, late, 1) + noise * disturbance.reshape(v1.shape)
    noisy = sensor_signal(potential, drawn.width) + noise * drawn.white * rng.standard_normal(v1.shape)
    return clean, noisy


def mean_charges(kind: Kind, drawn: DotParameters, v1: Array, v2: Array) -> tuple[Array, Array]:
    """Return the mean electron numbers; a merged dot counts as the first.

    Args:
        kind: of the device.
        drawn: its parameters.
        v1: first gate voltage above the lower left corner of the window, in electrons.
        v2: second gate voltage, likewise.
    """
    if kind == "central":
        # The levers are those of the total charge of a double dot, so that a mean gradient does not tell them apart.
        lever_1, lever_2 = drawn.lever_1 * (1 + drawn.cross_21), drawn.lever_2 * (1 + drawn.cross_12)
        induced = drawn.start_1 + drawn.start_2 + lever_1 * v1 + lever_2 * v2
        return single_dot_charge(induced, drawn.thermal), np.zeros_like(v1)
    energies = DotEnergies(drawn.charging_2, drawn.mutual * np.sqrt(drawn.charging_2), drawn.tunnel, drawn.thermal)
    start_1, start_2 = _starts(kind, drawn, energies)
    return double_dot_charge(start_1 + v1 + drawn.cross_12 * v2, start_2 + v2 + drawn.cross_21 * v1, energies)


def _entropy(request: DiagramRequest, i: int) -> list[int]:
    return [request.seed, i] if request.stream == "main" else [request.seed, SOURCE_STREAM, i]


def _sensor_weights(kind: Kind, drawn: DotParameters) -> Array:
    """Return what an electron on each dot does to the sensor, relative to one on the first dot of a pair."""
    if kind == "central":
        return np.array([(1 + drawn.sensor_2) / 2, 0.0])
    return np.array([1.0, drawn.sensor_2])


def _starts(kind: Kind, drawn: DotParameters, energies: DotEnergies) -> tuple[float, float]:
    """Return the induced charges at the lower left corner, low enough for the dots that have to stay empty."""
    empty_1 = -drawn.margin_1 - (1 + drawn.cross_12) * drawn.span
    empty_2 = -drawn.margin_2 - (1 + drawn.cross_21) * drawn.span
    if kind == "no_dot":
        return empty_1, empty_2
    if kind == "left":
        return drawn.start_1 - energies.mutual * empty_2, empty_2
    if kind == "right":
        return empty_1, drawn.start_2 - energies.mutual / energies.charging_2 * empty_1
    return drawn.start_1, drawn.start_2
