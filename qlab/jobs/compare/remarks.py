"""What a reader of a comparison must know of how alike its models were treated."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qlab.config.conditions import has_conditions
from qlab.jobs.compare.contestants import Field
from qlab.jobs.sweep.points import describe

_RATE = "trainer.lr"
_OF_CIRCUITS = ("trainer.gradient", "trainer.noise_aware")


def remarks(fields: Sequence[Field], *, tuned: bool) -> list[str]:
    """Return it in sentences.

    Args:
        fields: the contestants of every setting.
        tuned: whether each had trials of its own.
    """
    config = fields[0].contestants[0].config
    changed = {(one.name, key) for field in fields for one in field.contestants for key in one.differences}
    said = [
        f"The trained models{_but({name for name, key in changed if _is_of_training(key)})} share optimiser, epochs "
        "and batches; logistic regression and neighbours are solved at once."
    ]
    if not tuned:
        said.append(
            f"All{_but({name for name, key in changed if key == _RATE})} have the learning rate of the config, which "
            "nobody has tuned for the others; tune=N does."
        )
    if has_conditions(config.noise, config.backend) or config.trainer.gradient != "backend":
        said.append(
            "Noise, shots and approximate gradients act on circuits only: the classical models are trained and tested "
            "without them."
        )
    return [*said, *_rivals(fields)]


def _rivals(fields: Sequence[Field]) -> list[str]:
    """Return how each rival differs from the config; setting by setting where these are not alike."""
    found: dict[str, dict[str, list[str]]] = {}
    for field in fields:
        for one in field.contestants:
            if one.differences:
                told = ", ".join(f"{key} {change}" for key, change in one.differences.items())
                found.setdefault(one.name, {}).setdefault(told, []).append(describe(field.values))
    return [
        f"The rival {name}{' at ' + '; '.join(places) if len(told) > 1 else ''} differs from the config: {differences}."
        for name, told in found.items()
        for differences, places in told.items()
    ]


def _is_of_training(key: str) -> bool:
    return key.startswith("trainer.") and key not in (_RATE, *_OF_CIRCUITS)


def _but(names: Collection[str]) -> str:
    return f" but {', '.join(sorted(names))}" if names else ""
