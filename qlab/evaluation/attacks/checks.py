"""Whether attacks failed because a model is robust, or because its gradients lead nowhere.

The signs of masked gradients are those of arXiv:1802.00420, section 3.1, and arXiv:1902.06705: an attack without
gradients does better than one with them, as does one from another model or in a single step; more steps do not help;
and however large a perturbation may be, some examples withstand it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qlab.evaluation.attacks.shares import Excess, Fooled, excess
from qlab.evaluation.statistics import LEVEL

Verdict = Literal["passed", "suspicious", "unclear"]
NONE_LEFT = 0.01  # of examples: what an attack that can do anything may leave by ending too early
EVERYTHING = 0.3  # of the range of values: enough to make a class unrecognisable
FEW_FLAT = 0.01  # of examples
_RIVALS = {"fgsm": "a single step (FGSM)", "square": "random search (Square)", "transfer": "transfer from the twin"}


@dataclass(frozen=True)
class Check:
    """A sign of masked gradients that was looked for.

    Attributes:
        name: which.
        verdict: ``passed``: not seen; ``suspicious``: seen; ``unclear``: what was run cannot tell.
        sentence: what was seen.
    """

    name: str
    verdict: Verdict
    sentence: str


def reaches_zero(accuracy: float, label: str, reach: float, n_classes: int, losses: Sequence[str]) -> Check:
    """Check that PGD leaves nothing at the largest eps.

    Args:
        accuracy: what it leaves there.
        label: of that eps.
        reach: the share of the range of values that it is.
        n_classes: of the task; chance is one over it.
        losses: that PGD climbed.
    """
    said = f"at the largest eps ({label}) {_pgd(losses)} leaves {_percent(accuracy)} of the examples rightly answered"
    if accuracy <= NONE_LEFT:
        return Check("reaches zero", "passed", said)
    if reach < EVERYTHING:
        return Check("reaches zero", "unclear", f"{said}; too small an eps to tell, larger ones would")
    if accuracy <= 1 / n_classes:
        return Check("reaches zero", "unclear", f"{said}, no more than chance but not none; more steps or restarts may")
    return Check("reaches zero", "suspicious", f"{said}, more than chance, where nothing of a class need be left")


def more_steps(fooled: Mapping[int, Fooled], steps: int, label: str, losses: Sequence[str]) -> Check:
    """Check that PGD with more steps is never weaker, and whether more would be stronger.

    Args:
        fooled: examples (N,) that PGD fools, by its number of steps; each has a step size of its own.
        steps: the number that all else was run with.
        label: of the eps.
        losses: that PGD climbed.
    """
    ordered = sorted(fooled)
    counts = ", ".join(f"{number}: {_percent(float((~fooled[number]).mean()))}" for number in ordered)
    said = f"at eps {label} {_pgd(losses)} leaves, by its number of steps, {counts}"
    pairs = [(few, many) for few in ordered for many in ordered if few < many]
    weaker = excess(*(np.stack([fooled[pair[side]] for pair in pairs]) for side in (0, 1)))
    if weaker.p < LEVEL:
        few, many = pairs[weaker.place]
        return Check("more steps", "suspicious", f"{said}: {many} are weaker than {few} (p {weaker.p:.2g})")
    most = ordered[-1]
    stronger = excess(fooled[most][None], fooled[steps][None])
    if stronger.p < LEVEL:
        return Check("more steps", "unclear", f"{said}: {steps} are too few, since {most} fool more; set steps={most}")
    return Check("more steps", "passed", f"{said}: more steps are never weaker, and {steps} are enough")


def not_stronger(name: str, rival: Fooled, pgd: Fooled, labels: Sequence[str]) -> Check:
    """Check that an attack is no stronger than PGD at any eps.

    Args:
        name: ``fgsm``, ``square`` or ``transfer``.
        rival: examples (n_eps, N) that it fools.
        pgd: those that PGD fools.
        labels: of each eps.
    """
    found = excess(rival, pgd)
    title, seen = f"{name} against pgd", _seen(found, labels)
    if found.p < LEVEL:
        said = f"{_RIVALS[name]} is stronger than PGD {seen} (p {found.p:.2g})"
        return Check(title, "suspicious", f"{said}: gradients hide something, or steps and restarts are too few")
    return Check(title, "passed", f"{_RIVALS[name]} is no stronger than PGD even {seen}")


def stronger_loss(alone: Mapping[str, Fooled], together: Fooled, losses: Sequence[str], label: str) -> Check:
    """Check that no loss by itself would have been stronger than those that PGD climbed, and tell which is weaker.

    Args:
        alone: examples (N,) that PGD fools with each loss by itself, from as many starts.
        together: those that it fools with the losses it climbed.
        losses: these.
        label: of the eps.
    """
    names = list(alone)
    left = ", ".join(f"with the {_words([name])} alone {_percent(float((~alone[name]).mean()))}" for name in names)
    said = f"at eps {label} {_pgd(losses)} leaves {_percent(float((~together).mean()))}, {left}"
    missed = excess(np.stack([alone[name] for name in names]), np.stack([together] * len(names)))
    if missed.p < LEVEL:
        name = names[missed.place]
        advice = "set loss=both, restarts=2" if name not in losses else f"set more restarts, or loss={name}"
        return Check("losses", "suspicious", f"{said}: the {_words([name])} fools more (p {missed.p:.2g}); {advice}")
    pairs = [(one, other) for one in names for other in names if one != other]
    ahead = excess(*(np.stack([alone[pair[side]] for pair in pairs]) for side in (0, 1)))
    if ahead.p < LEVEL:
        weaker = _words([pairs[ahead.place][1]])
        return Check("losses", "passed", f"{said}: the {weaker} alone leaves more (p {ahead.p:.2g})")
    return Check("losses", "passed", f"{said}: neither loss is weaker")


def flat_gradients(share: float, losses: Sequence[str]) -> Check:
    """Check that gradients are not exactly zero or not finite.

    Args:
        share: of examples at which that of every loss is.
        losses: that PGD climbed.
    """
    said = f"the gradient of the {_words(losses)} is exactly zero at {_percent(share)} of the examples as they are"
    if share <= FEW_FLAT:
        return Check("flat gradients", "passed", said)
    advice = "" if "margin" in losses else "; set loss=both, restarts=2"
    return Check("flat gradients", "suspicious", f"{said}: PGD has no direction there{advice}")


def _pgd(losses: Sequence[str]) -> str:
    return f"PGD on the {_words(losses)}"


def _words(losses: Sequence[str]) -> str:
    return " and the ".join(name.replace("_", " ") for name in losses)


def _seen(found: Excess, labels: Sequence[str]) -> str:
    return f"at eps {labels[found.place]}, where only it fools {found.more} examples and only PGD {found.fewer}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
