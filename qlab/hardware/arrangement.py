"""Which programs a job has, in which order, and how what they counted is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from qlab.circuits.observables import PauliWord
from qlab.engine.sampling.settings import Setting, settings
from qlab.errors import CorruptFileError, OptionError
from qlab.hardware.building import DeviceCircuit
from qlab.hardware.mitigation.extrapolation import coefficients, extrapolated
from qlab.hardware.mitigation.matrix_free import matrix_free
from qlab.hardware.mitigation.readout import Patterns, confusion, inverted
from qlab.hardware.program import Counts, Outcome, Program
from qlab.hardware.readings import Doubles, Measured, check_counts, estimated, raw

ReadoutMethod = Literal["inversion", "mthree"]

DEVICE = "device"
READOUT = "readout"
LINEAR = "zne_linear"
RICHARDSON = "zne_richardson"


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The programs of one evaluation: first those that calibrate the readout, then each scale of the noise.

    It says what counts mean without the circuits, so that they can be read in another process than they were asked for.

    Attributes:
        n_qubits: of the circuit as written.
        words: K of them, on its qubits.
        scales: of the noise, the first 1; more than one for zero-noise extrapolation.
        patterns: (M, n_qubits), basis states that calibrate the readout; M = 0 for none.
        estimates: whether an estimator answers with values; else a sampler does with counts.

    Raises:
        OptionError: the scales are not 1 and then other ones, or the readout of an estimator is to be calibrated.
    """

    n_qubits: int
    words: tuple[PauliWord, ...]
    scales: tuple[int, ...]
    patterns: Patterns
    estimates: bool = False

    def __post_init__(self) -> None:
        if not self.scales or self.scales[0] != 1:
            raise OptionError(f"the scales of the noise begin with 1, not {', '.join(map(str, self.scales)) or 'none'}")
        if len(self.scales) > 1:
            coefficients(self.scales, "linear")
        if self.estimates and len(self.patterns):
            raise OptionError("an estimator has no counts, whose readout error could be undone")

    def programs(
        self, circuit: DeviceCircuit, inputs: torch.Tensor, weights: torch.Tensor, shots: int, calibration_shots: int
    ) -> list[Program]:
        """Return the programs: every sample is a row of each that measures.

        Args:
            circuit: on its device.
            inputs: (N, n_inputs), as the circuit as written takes them.
            weights: (n_weights,).
            shots: of each sample in each program.
            calibration_shots: of each basis state.
        """
        angles = circuit.angles(inputs, weights)
        found = [circuit.preparation(pattern.tolist(), calibration_shots, self.measured) for pattern in self.patterns]
        for scale in self.scales:
            found += [
                circuit.program(angles, (), shots, scale, self.measured, self._words_of(setting))
                if self.estimates
                else circuit.program(angles, setting.letters, shots, scale, self.measured)
                for setting in settings(self.words)
            ]
        return found

    @property
    def measured(self) -> tuple[int, ...]:
        """The qubits that the words need; no other one is measured."""
        return tuple(sorted({qubit for word in self.words for qubit, _ in word.factors}))

    @property
    def parts(self) -> tuple[str, ...]:
        """What each program is for: ``calibration``, or ``scale 1`` and so on."""
        measuring = [f"scale {scale}" for scale in self.scales for _ in settings(self.words)]
        return ("calibration",) * len(self.patterns) + tuple(measuring)

    def read(self, outcomes: Sequence[Outcome], method: ReadoutMethod = "inversion") -> dict[str, Measured]:
        """Return expectation values by their mitigation, the last one with most of it.

        ``device`` is what was read, ``readout`` that without readout error, ``zne_linear`` and ``zne_richardson`` that
        without noise of gates either, where programs for that were executed.

        Args:
            outcomes: of each program, in order.
            method: by which the readout error is undone.

        Raises:
            CorruptFileError: the counts are not those of these programs.
            RequestError: mthree is not installed.
            JobError: the readings of a qubit say nothing of what was prepared.
        """
        if len(outcomes) != len(self.parts):
            raise CorruptFileError(f"there are counts of {len(outcomes)} programs, not of {len(self.parts)}")
        for found in () if self.estimates else outcomes:
            check_counts(found, self.n_qubits)
        calibration, measuring = outcomes[: len(self.patterns)], outcomes[len(self.patterns) :]
        by_scale = np.array_split(np.arange(len(measuring)), len(self.scales))
        chosen = [[measuring[place] for place in places] for places in by_scale]
        if self.estimates:
            values = [self._together([estimated(found) for found in of_scale]) for of_scale in chosen]
        else:
            values = [self._together([raw(c, w) for c, w in self._grouped(of_scale)]) for of_scale in chosen]
        results = {DEVICE: values[0]}
        if len(calibration):
            known = confusion(self.patterns, calibration, self.measured)
            undo = inverted if method == "inversion" else matrix_free
            values = [self._together([undo(c, w, known) for c, w in self._grouped(of_scale)]) for of_scale in chosen]
            results[READOUT] = values[0]
        if len(self.scales) > 1:
            results[LINEAR] = extrapolated(values, self.scales, "linear")
            results[RICHARDSON] = extrapolated(values, self.scales, "richardson")
        return results

    def _grouped(self, counts: Sequence[Counts]) -> list[tuple[Counts, list[PauliWord]]]:
        """Return the counts of each setting with the words that they give."""
        words = [self._words_of(setting) for setting in settings(self.words)]
        return list(zip(counts, words, strict=True))

    def _words_of(self, setting: Setting) -> list[PauliWord]:
        return [self.words[place] for place in setting.words]

    def _together(self, parts: Sequence[Measured]) -> Measured:
        """Return the values of all words in order, from those of each setting."""
        places = np.argsort([place for setting in settings(self.words) for place in setting.words])
        values, errors, shared = (
            np.concatenate([getattr(part, name) for part in parts], axis=1)[:, places]
            for name in ("values", "standard_errors", "shared")
        )
        return Measured(values, errors, shared)


def made_worse(values: Mapping[str, Measured], expected: Doubles) -> list[str]:
    """Return the mitigations whose values are further from ``expected`` (N, K) than those that were read.

    Mitigation takes away what noise does on average and adds to what shots do by chance: it can lose more than it wins.
    """
    read = values[DEVICE].rms_error(expected)
    return [name for name, found in values.items() if found.rms_error(expected) > read]
