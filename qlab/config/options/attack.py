"""Options of attacks on a trained model."""

from __future__ import annotations

from dataclasses import dataclass

from qlab.config.options.option import option

ATTACKS = ("fgsm", "pgd", "square")
LOSSES = ("both", "cross_entropy", "margin")
UNITS = ("pixel", "normalised", "feature")
EPS = ["0", "2/255", "4/255", "8/255", "0.05", "0.1", "0.2", "0.3", "0.5"]


@dataclass
class AttackOptions:
    """How a trained model is attacked."""

    attacks: list[str] = option(list(ATTACKS), "which", choices=ATTACKS)
    eps: list[str] = option(EPS, "largest changes of an input's numbers: numbers or fractions")
    units: str = option("pixel", "what eps is measured in", choices=UNITS)
    steps: int = option(40, "of PGD", at_least=1, at_most=10_000)
    step: float | None = option(None, "size of each, in the units of eps; null: 2.5 eps / steps", above=0, at_most=1000)
    restarts: int = option(2, "random starts of PGD and of transfer", at_least=1, at_most=1000)
    loss: str = option("both", "what gradients are of; restarts take turns at both", choices=LOSSES)
    queries: int = option(300, "of the Square attack, for each example and eps", at_least=2, at_most=100_000)
    limit: int | None = option(500, "examples, drawn from the part; null: all of it", at_least=1)
    seed: int = option(0, "of starts, of random search, and of which examples", at_least=0, at_most=2**32 - 1)
    split: str = option("test", "which part is attacked", choices=("train", "val", "test"))
    twin: str | None = option(None, "a run on the same data whose adversarial examples are tried, too (transfer)")
    published: bool = option(True, "add the attack of arXiv:2509.13353 where the block normalises images")


@dataclass
class AttackedModels:
    """Which runs of a comparison are attacked."""

    models: list[str] | None = option(None, "of a comparison: which models besides the circuit; null: all")
