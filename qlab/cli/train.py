"""``qlab train``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlab.cli.arguments import Cfg, Experiment, Force, Json, Overrides, Resolve, hydra_flags, with_experiment

if TYPE_CHECKING:
    from omegaconf import DictConfig


def command(
    overrides: Overrides = None,
    experiment: Experiment = None,
    force: Force = False,
    json: Json = False,
    cfg: Cfg = None,
    resolve: Resolve = False,
) -> None:
    """Train a head on frozen features and evaluate it; a finished run is found, not repeated.

    Example: qlab train dataset=digits encoder=pca head.n_qubits=8 trainer.epochs=5
    """
    from qlab.config.compose import run_main

    def task(config: DictConfig) -> None:
        from qlab.cli.output import print_json
        from qlab.cli.progress import for_standard_error
        from qlab.cli.tables import print_evaluation, print_run
        from qlab.config.validate import run_config
        from qlab.jobs.train import train

        run = train(run_config(config), for_standard_error(), force=force)
        if json:
            from dataclasses import asdict

            from qlab.records.environment import made_by_other_code

            other = made_by_other_code(run.record.environment)
            found = {"path": str(run.path), "found": run.found, "made_by_other_code": other}
            evaluation = None if run.evaluation is None else asdict(run.evaluation.record)
            print_json({**found, "record": asdict(run.record), "evaluation": evaluation})
        else:
            print_run(run)
            if run.evaluation is not None:
                print_evaluation(run, run.evaluation)

    run_main("train", with_experiment(overrides, experiment), hydra_flags(cfg, resolve), task)
