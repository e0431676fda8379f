"""Options of a comparison with classical twins and with rivals."""

from __future__ import annotations

from dataclasses import dataclass

from qlab.config.options.option import option

METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "average_precision")


@dataclass
class CompareOptions:
    """How a quantum head is compared with its twins and with rivals."""

    seeds: int = option(10, "seeds, each shared by all models", at_least=2, at_most=10_000)
    tune: int = option(0, "trials for each model on the validation part, the config as it is among them", at_least=0)
    metric: str = option("accuracy", "what is compared, on the test part", choices=METRICS)
    twins: list[str] | None = option(None, "which twins; null: every one that there is for the head")
    rivals: dict[str, list[str]] | None = option(None, "models by name: the config with these words changed")
    vary: list[str] = option(["seed"], "what differs between seeds; dataset.split_seed, dataset.seed, encoder.seed")
