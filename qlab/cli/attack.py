"""``qlab attack``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qlab.cli.arguments import Cfg, Force, Json, Overrides, Resolve, hydra_flags

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from qlab.jobs.attack.comparison import ComparisonFolder
    from qlab.jobs.attack.request import AttackRequest
    from qlab.jobs.run import Run


def command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's or a comparison's folder, name or key.")],
    overrides: Overrides = None,
    force: Force = False,
    json: Json = False,
    cfg: Cfg = None,
    resolve: Resolve = False,
) -> None:
    """Attack a finished run, or those of a comparison, with adversarial examples; check that no gradients are masked.

    FGSM, PGD with random restarts, the Square attack, which needs no gradient, and with twin=OTHER_RUN what fools that
    run: how many examples are still answered rightly at each eps (L-infinity), with intervals. The model is attacked as
    it is without noise and shots. eps=[8/255,0.1], units=pixel|normalised|feature, steps=40, restarts=10, queries=2000,
    limit=null for all of the part. The runs of a comparison are all attacked alike, and the circuit is compared with
    the others at each eps, seed by seed: models=[linear_map] takes some of them. The same command goes on after an
    interruption.

    Example: qlab attack outputs/runs/NAME-KEY eps=[2/255,8/255,0.1] twin=OTHER-RUN
    """
    from qlab.config.compose import run_main

    def task(config: DictConfig) -> None:
        from pathlib import Path

        from qlab.jobs.attack.comparison import ComparisonFolder, find_attacked
        from qlab.jobs.attack.request import attack_request
        from qlab.jobs.run import Run

        request = attack_request(config)
        found = find_attacked(Path(request.place.output_dir), run)
        if isinstance(found, ComparisonFolder):
            _attack_comparison(found, request, force=force, json=json)
        else:
            _attack_run(Run(found), request, force=force, json=json)

    run_main("attack", overrides or [], hydra_flags(cfg, resolve), task)


def _attack_run(run: Run, request: AttackRequest, *, force: bool, json: bool) -> None:
    from qlab.cli.attack_tables import print_attack
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.errors import OptionError
    from qlab.jobs.attack.attack import attack
    from qlab.records.environment import made_by_other_code

    if request.models is not None:
        raise OptionError(f"models: {run.path.name} is a run; models are chosen of a comparison")
    attacked = attack(run, request, for_standard_error(), force=force)
    other = made_by_other_code(attacked.result["environment"])
    if json:
        state = {"path": str(attacked.path), "found": attacked.found, "made_by_other_code": other}
        print_json({**state, **attacked.result})
    else:
        print_attack(attacked, other)


def _attack_comparison(comparison: ComparisonFolder, request: AttackRequest, *, force: bool, json: bool) -> None:
    from qlab.cli.attack_tables import print_attacked_comparison
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.errors import JobError
    from qlab.jobs.attack.contestants import attack_comparison
    from qlab.records.environment import made_by_other_code

    attacked = attack_comparison(comparison, request, for_standard_error(), force=force)
    other = made_by_other_code(attacked.result["environment"])
    if json:
        state = {"path": str(attacked.path), "found": attacked.found, "made_by_other_code": other}
        print_json({**state, **attacked.result})
    else:
        print_attacked_comparison(attacked, other)
    if attacked.missing:
        raise JobError(attacked.what_is_missing())
