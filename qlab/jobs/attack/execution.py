"""Attacks on all examples, batch by batch, and the checks of what they found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from qlab.config.options.attack import AttackOptions
from qlab.evaluation.attacks.checks import (
    Check,
    flat_gradients,
    more_steps,
    not_stronger,
    reaches_zero,
    stronger_loss,
)
from qlab.evaluation.attacks.fgsm import fgsm
from qlab.evaluation.attacks.losses import LOSSES, Attacked, Loss, answers_wrongly, gradient, losses_of
from qlab.evaluation.attacks.pgd import Ascent, pgd
from qlab.evaluation.attacks.published import published
from qlab.evaluation.attacks.shares import Fooled
from qlab.evaluation.attacks.square import square
from qlab.evaluation.attacks.transfer import transfer
from qlab.jobs.attack.request import AttackRequest, Radius
from qlab.jobs.attack.target import Target
from qlab.progress import Progress
from qlab.training.seeds import torch_generator
from qlab.training.trainer import EVALUATION_BATCH

Batch = tuple[Tensor, Tensor]
_MOVED_BY = 2.5  # eps in all steps together: from any start in the ball to any of its corners and a bit
_TIMES = (0.25, 0.5, 1.0, 2.0)  # the number of steps that PGD is compared at


@dataclass(frozen=True, eq=False)
class Found:
    """What attacks found.

    Attributes:
        clean: examples that the model answers wrongly as they are, (N,).
        fooled: by attack, those that are fooled at each eps, (n_eps, N).
        steps: by number of steps, those that PGD fools at ``middle``; empty without PGD.
        alone: by loss, those that PGD fools at ``middle`` with it alone; empty without PGD.
        middle: the eps at which PGD leaves nearest to half of what the model answers rightly.
        published: those fooled in the way of arXiv:2509.13353, by attack; empty where that does not apply.
        flat: share of examples at which the gradients of all losses are zero; None without gradients.
    """

    clean: Fooled
    fooled: Mapping[str, Fooled]
    steps: Mapping[int, Fooled]
    alone: Mapping[str, Fooled]
    middle: Radius | None
    published: Mapping[str, Fooled]
    flat: float | None


def execute(target: Target, asked: AttackRequest, progress: Progress) -> Found:
    """Attack a target as is asked."""
    options = asked.options
    clean = np.concatenate([answers_wrongly(target.model, *batch).numpy() for batch in _batches(target)])
    names = [*options.attacks, *([] if target.twin is None else ["transfer"])]
    work = [(name, radius) for name in names for radius in asked.radii]
    rows: dict[str, list[Fooled]] = {name: [] for name in names}
    for name, radius in progress.track(work, "attacks"):
        rows[name].append(_attack(target, options, name, radius))
    fooled = {name: np.stack(found) for name, found in rows.items()}
    middle = _middle(fooled["pgd"], clean, asked) if "pgd" in fooled else None
    return Found(
        clean=clean,
        fooled=fooled,
        steps={} if middle is None else _of_steps(target, asked, fooled["pgd"], middle, progress),
        alone={} if middle is None else _of_losses(target, asked, fooled["pgd"], middle, progress),
        middle=middle,
        published=_published(target, options),
        flat=_flat(target, losses_of(options.loss)) if asked.needs_gradients else None,
    )


def checks(found: Found, target: Target, asked: AttackRequest) -> list[Check]:
    """Return the signs of masked gradients that could be looked for; none without PGD."""
    pgd_fooled, largest = found.fooled.get("pgd"), asked.radii[-1]
    if pgd_fooled is None or found.middle is None or found.flat is None:
        return []
    left = float((~pgd_fooled[-1]).mean())
    labels, losses = [radius.label for radius in asked.radii], climbed(asked.options)
    together = found.fooled["pgd"][asked.radii.index(found.middle)]
    rivals = [name for name in ("fgsm", "square", "transfer") if name in found.fooled]
    return [
        reaches_zero(left, largest.label, target.space.reach(largest.value), target.n_classes, losses),
        more_steps(found.steps, asked.options.steps, found.middle.label, losses),
        stronger_loss(found.alone, together, losses, found.middle.label),
        *(not_stronger(name, found.fooled[name], pgd_fooled, labels) for name in rivals),
        flat_gradients(found.flat, losses),
    ]


def climbed(options: AttackOptions) -> list[str]:
    """Return the losses that PGD gets to: its restarts take turns, and there may be fewer of them."""
    return list(losses_of(options.loss))[: options.restarts]


def _attack(target: Target, options: AttackOptions, name: str, radius: Radius) -> Fooled:
    """Return which examples (N,) an attack fools; it depends on the other attacks and on other eps in nothing."""
    ball, generator = target.space.ball(radius.value), torch_generator(options.seed, "attack")
    model, shape, losses = target.model, target.space.shape, tuple(losses_of(options.loss).values())
    step = _MOVED_BY * radius.value / options.steps if options.step is None else options.step
    ascent = Ascent(options.steps, step * target.space.unit, losses)

    def run(inputs: Tensor, labels: Tensor) -> Attacked:
        if name == "fgsm":
            return fgsm(model, inputs, labels, ball, losses)
        if name == "square":
            return square(model, inputs, labels, ball, shape, queries=options.queries, generator=generator)
        if name == "pgd":
            return pgd(model, inputs, labels, ball, ascent, restarts=options.restarts, generator=generator)
        assert target.twin is not None
        climbing = model, target.twin, inputs, labels, ball, ascent
        return transfer(*climbing, restarts=options.restarts, generator=generator)

    return np.concatenate([run(*batch).fooled.numpy() for batch in _batches(target)])


def _of_steps(
    target: Target, asked: AttackRequest, fooled: Fooled, middle: Radius, progress: Progress
) -> dict[int, Fooled]:
    """Return which examples (N,) PGD fools with fewer and with more steps."""
    options = asked.options
    numbers = {max(round(times * options.steps), 1) for times in _TIMES} - {options.steps}
    found = {options.steps: fooled[asked.radii.index(middle)]}
    for steps in progress.track(sorted(numbers), "fewer and more steps"):
        found[steps] = _attack(target, replace(options, steps=steps), "pgd", middle)
    return dict(sorted(found.items()))


def _of_losses(
    target: Target, asked: AttackRequest, fooled: Fooled, middle: Radius, progress: Progress
) -> dict[str, Fooled]:
    """Return which examples (N,) PGD fools with each loss alone, from as many starts."""
    options = asked.options
    found = {name: fooled[asked.radii.index(middle)] for name in LOSSES if name == options.loss}
    for name in progress.track(sorted(LOSSES.keys() - found.keys()), "each loss alone"):
        found[name] = _attack(target, replace(options, loss=name), "pgd", middle)
    return {name: found[name] for name in LOSSES}


def _middle(fooled: Fooled, clean: Fooled, asked: AttackRequest) -> Radius:
    left = (~fooled).mean(1)  # (n_eps,)
    return asked.radii[int(np.abs(left - (~clean).mean() / 2).argmin())]


def _published(target: Target, options: AttackOptions) -> dict[str, Fooled]:
    if target.normalisation is None or not options.published or "pgd" not in options.attacks:
        return {}
    generator = torch_generator(options.seed, "attack")
    parts = [
        published(target.model, *batch, target.normalisation, target.space.shape, generator)
        for batch in _batches(target)
    ]
    return {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}


def _flat(target: Target, losses: Mapping[str, Loss]) -> float:
    """Return at which share of the examples every loss has a gradient of zero."""
    flat = [
        torch.cat([(gradient(target.model, *batch, loss)[0] == 0).all(1) for batch in _batches(target)])
        for loss in losses.values()
    ]
    return float(torch.stack(flat).all(0).double().mean())


def _batches(target: Target) -> Iterable[Batch]:
    return zip(target.inputs.split(EVALUATION_BATCH), target.labels.split(EVALUATION_BATCH), strict=True)
