"""``qlab pretrain``."""

from __future__ import annotations

from qlab.cli.arguments import Experiment, Json, Overrides, with_experiment


def command(overrides: Overrides = None, experiment: Experiment = None, json: Json = False) -> None:
    """Train the weights of a ResNet on a set that is disjoint from the task's; train does so itself where it is needed.

    Example: qlab pretrain dataset=quantum_dot encoder=resnet18
    """
    from dataclasses import asdict

    from qlab.cli.output import print_facts, print_json
    from qlab.cli.progress import for_standard_error
    from qlab.config.compose import compose
    from qlab.config.validate import run_config
    from qlab.jobs.pretrain import pretrain

    done = pretrain(run_config(compose("train", with_experiment(overrides, experiment))), for_standard_error())
    if json:
        print_json({**asdict(done), "path": str(done.path)})
        return
    facts = {
        "source accuracy": f"{done.source_accuracy:.4f}  (held-out source images)",
        "source images": str(done.source_size),
        "epochs": str(done.epochs),
        "result": "found" if done.cached else "trained now",
        "file": str(done.path),
    }
    print_facts("pre-trained weights", facts)
