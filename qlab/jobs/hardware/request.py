"""What is asked of a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qlab.errors import OptionError, UnknownNameError
from qlab.hardware.mitigation.matrix_free import require_mthree
from qlab.hardware.service import Mode, Resilience, RunOptions

Primitive = Literal["sampler", "estimator"]

MITIGATIONS = ("readout", "mthree", "zne", "dd", "twirling")
PRIMITIVES: tuple[Primitive, ...] = ("sampler", "estimator")
RESILIENCE_LEVELS: tuple[Resilience, ...] = (0, 1, 2)
SCALES = (1, 3, 5)
_LARGEST = 10_000_000


@dataclass(frozen=True)
class HardwareRequest:
    """What is asked of a device.

    Attributes:
        run: key of the training run whose head is executed.
        model: SHA-256 of its weights.
        device: ``aer``, ``fake_torino``, ``ibm_fez``, ...
        shots: of each sample.
        limit: how many samples of the test part, the first ones; None for all of them.
        primitive: ``sampler``, whose counts are kept, or ``estimator``, which has none and answers with values.
        resilience_level: of the estimator, 0 to 2; see ``RunOptions``.
        mitigation: some of ``MITIGATIONS``.
        mode: ``job``, or ``batch`` where several jobs of one run are scheduled together.
        seed: of the choice of qubits and of what is simulated.
        max_qpu_seconds: what may be spent; None for any number.
    """

    run: str
    model: str
    device: str
    shots: int
    limit: int | None
    mitigation: tuple[str, ...]
    mode: Mode
    seed: int
    max_qpu_seconds: float | None
    primitive: Primitive = "sampler"
    resilience_level: Resilience = 0

    def __post_init__(self) -> None:
        _check("shots", self.shots, 1, _LARGEST)
        _check("seed", self.seed, 0, 2**31 - 1)
        if self.limit is not None:
            _check("limit", self.limit, 1, _LARGEST)
        if self.max_qpu_seconds is not None and not 0 < self.max_qpu_seconds <= _LARGEST:
            wanted = f"it must be above 0 and at most {_LARGEST:,}"
            raise OptionError(f"--max-qpu-seconds {self.max_qpu_seconds:g} is out of range: {wanted}")
        for name in self.mitigation:
            if name not in MITIGATIONS:
                raise UnknownNameError("mitigation", name, MITIGATIONS)
        if self.primitive not in PRIMITIVES:
            raise UnknownNameError("primitive", self.primitive, PRIMITIVES)
        if self.resilience_level not in RESILIENCE_LEVELS:
            raise OptionError(f"--resilience-level {self.resilience_level} is out of range: it must be from 0 to 2")
        self._check_primitive()
        if {"readout", "mthree"} <= set(self.mitigation):
            raise OptionError("--mitigation readout and mthree undo the same error: choose one of them")
        if "mthree" in self.mitigation:
            require_mthree()

    def _check_primitive(self) -> None:
        if self.primitive == "sampler":
            if self.resilience_level:
                raise OptionError("--resilience-level is for --primitive estimator; a sampler takes --mitigation")
            return
        undone = sorted({"readout", "mthree"} & set(self.mitigation))
        if undone:
            raise OptionError(
                f"--mitigation {undone[0]} needs counts, which an estimator does not have: its own is "
                f"--resilience-level 1, or choose --primitive sampler"
            )
        if self.resilience_level == 2 and "zne" in self.mitigation:
            raise OptionError(
                "--resilience-level 2 and --mitigation zne both extrapolate the noise: choose one of them"
            )

    @property
    def estimates(self) -> bool:
        """Whether an estimator answers, with values in place of counts."""
        return self.primitive == "estimator"

    @property
    def scales(self) -> tuple[int, ...]:
        """Of the noise, for zero-noise extrapolation."""
        return SCALES if "zne" in self.mitigation else SCALES[:1]

    @property
    def calibrates(self) -> bool:
        """Whether the readout error is measured and undone."""
        return bool({"readout", "mthree"} & set(self.mitigation))

    @property
    def repeats(self) -> int:
        """How often the service executes every row: level 2 of the estimator extrapolates over three noise factors.

        Its default where nothing else is said: noise factors 1, 3 and 5.
        """
        return 3 if self.resilience_level == 2 else 1

    @property
    def options(self) -> RunOptions:
        """How the service is to run the jobs."""
        return RunOptions(
            dynamical_decoupling="XY4" if "dd" in self.mitigation else None,
            twirling="twirling" in self.mitigation,
            mode=self.mode,
            resilience_level=self.resilience_level,
            seed=self.seed,
        )

    def described(self) -> dict[str, Any]:
        """Return what makes another request the same one."""
        return {
            "run": self.run,
            "model": self.model,
            "device": self.device,
            "primitive": self.primitive,
            "resilience_level": self.resilience_level,
            "shots": self.shots,
            "limit": self.limit,
            "mitigation": sorted(self.mitigation),
            "mode": self.mode,
            "seed": self.seed,
        }

    @classmethod
    def of_description(cls, values: dict[str, Any]) -> HardwareRequest:
        """Return what ``described`` says."""
        return cls(**{**values, "mitigation": tuple(values["mitigation"])}, max_qpu_seconds=None)


def mitigations(words: Sequence[str]) -> tuple[str, ...]:
    """Return the names in words such as ``readout,zne``, each once."""
    return tuple(dict.fromkeys(name for word in words for name in word.split(",") if name))


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise OptionError(f"--{name} {value} is out of range: it must be from {least:,} to {most:,}")
