"""A noise model of several others that are chosen by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qlab.config import registry
from qlab.config.validate import component
from qlab.errors import OptionError
from qlab.noise.model import NoiseModel


def composed(*, parts: Sequence[Mapping[str, Any]]) -> NoiseModel:
    """Return the models that ``parts`` names with their options, one after the other.

    Raises:
        RequestError: there is no such model, its options are wrong, or it stands for a device.
    """
    if not parts:
        raise OptionError("noise.parts is empty: name at least one model, e.g. noise.parts='[{name: readout}]'")
    models = [registry.build(component("noise", part).options) for part in parts]
    for part, model in zip(parts, models, strict=True):
        if not isinstance(model, NoiseModel):
            raise OptionError(
                f"noise '{part['name']}' executes another circuit than the one it is given, and cannot be a part"
            )
    return NoiseModel.composed("composed", models)
