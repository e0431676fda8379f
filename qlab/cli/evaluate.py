"""``qlab eval``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qlab.cli.arguments import Cfg, Force, Json, Overrides, Resolve, hydra_flags

if TYPE_CHECKING:
    from omegaconf import DictConfig


def command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, name or key.")],
    overrides: Overrides = None,
    force: Force = False,
    json: Json = False,
    cfg: Cfg = None,
    resolve: Resolve = False,
) -> None:
    """Evaluate a finished run again: with noise, from shots, on another split or backend.

    Example: qlab eval outputs/runs/NAME-KEY noise=depolarizing noise.p=0.002 backend.shots=1000
    """
    from qlab.config.compose import run_main

    def task(config: DictConfig) -> None:
        from pathlib import Path

        from qlab.cli.output import print_json
        from qlab.cli.progress import for_standard_error
        from qlab.cli.tables import print_evaluation
        from qlab.config.validate import eval_config
        from qlab.jobs.run import Run
        from qlab.records.store import find_run

        request = eval_config(config)
        found = Run(find_run(Path(request.place.output_dir), run))
        from qlab.jobs.evaluate import evaluate

        evaluation = evaluate(found, request, for_standard_error(), force=force)
        if json:
            from dataclasses import asdict

            from qlab.records.environment import made_by_other_code

            other = made_by_other_code(evaluation.record.environment)
            state = {"path": str(found.path), "found": evaluation.found, "made_by_other_code": other}
            print_json({**state, "record": asdict(evaluation.record)})
        else:
            print_evaluation(found, evaluation)

    run_main("eval", overrides or [], hydra_flags(cfg, resolve), task)
