"""What is asked of an attack."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from omegaconf import DictConfig

from qlab.config.compose import plain
from qlab.config.keys import LENGTH
from qlab.config.options.attack import ATTACKS, AttackedModels, AttackOptions
from qlab.config.schema import Place
from qlab.config.validate import check_output, typed
from qlab.errors import OptionError
from qlab.reports.values import shown

SCHEMA = 2
LARGEST_EPS = 1000
_GRADIENT = ("fgsm", "pgd")


@dataclass(frozen=True)
class Radius:
    """An eps, and how it was written."""

    label: str
    value: float


@dataclass(frozen=True)
class AttackRequest:
    """What is asked.

    Attributes:
        options: as given; the attacks among them each once, in one order.
        radii: every eps once, from the smallest, 0 left out: that is the model as it is.
        place: where files are and go.
        models: of a comparison, those that are attacked besides the circuit; None for all.
    """

    options: AttackOptions
    radii: tuple[Radius, ...]
    place: Place
    models: tuple[str, ...] | None = None

    @property
    def needs_gradients(self) -> bool:
        """Whether the model that is attacked must be differentiable."""
        return any(name in _GRADIENT for name in self.options.attacks)

    def key(self, twin: str | None) -> str:
        """Return the key of what is asked, 12 hex digits, in whatever words; ``twin`` is the key of that run."""
        options = dataclasses.asdict(self.options) | {"eps": [radius.value for radius in self.radii], "twin": twin}
        text = json.dumps([SCHEMA, options], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def attack_request(cfg: DictConfig) -> AttackRequest:
    """Return the checked request of a composed config.

    Raises:
        OptionError: something of it is wrong.
    """
    values = plain(cfg)
    of_place = {field.name for field in dataclasses.fields(Place)}
    place = typed(Place, {name: value for name, value in values.items() if name in of_place}, "")
    _refuse_transfer(values.get("attacks"))
    models = typed(AttackedModels, {"models": values.pop("models")}, "").models
    options = typed(AttackOptions, {name: value for name, value in values.items() if name not in of_place}, "")
    if not options.attacks:
        raise OptionError(f"attacks=[]: name at least one of {', '.join(ATTACKS)}")
    ordered = dataclasses.replace(options, attacks=[name for name in ATTACKS if name in options.attacks])
    radii = _radii(options.eps)
    check_output(place)
    return AttackRequest(ordered, radii, place, None if models is None else tuple(models))


def _refuse_transfer(attacks: Any) -> None:
    if isinstance(attacks, list) and "transfer" in attacks:
        raise OptionError("attacks=[transfer]: twin=RUN adds the transfer from that run; leave it out of attacks")


def _radii(words: list[str]) -> tuple[Radius, ...]:
    values = {_value(word): word for word in words}
    radii = tuple(
        Radius(word if "/" in word else shown(value), value) for value, word in sorted(values.items()) if value
    )
    if not radii:
        raise OptionError("eps: give at least one above 0, e.g. eps=[8/255,0.1]")
    return radii


def _value(word: str) -> float:
    try:
        value = float(Fraction(word)) if "/" in word else float(word)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise OptionError(f"eps={word}: a number or a fraction is wanted, e.g. 0.1 or 8/255") from error
    if not 0 <= value <= LARGEST_EPS:
        raise OptionError(f"eps={word} is out of range: it must be between 0 and {LARGEST_EPS}")
    return value
