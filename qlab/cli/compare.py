"""``qlab compare``."""

from __future__ import annotations

from typing import Annotated

import typer

from qlab.cli.arguments import Experiment, Force, Json, Overrides, with_experiment
from qlab.cli.sweep import FailFast, RerunFailed, Yes, ask

OnlyPlan = Annotated[bool, typer.Option("--plan", help="Print what the comparison would take, and stop.")]


def command(
    overrides: Overrides = None,
    experiment: Experiment = None,
    rerun_failed: RerunFailed = False,
    fail_fast: FailFast = False,
    force: Force = False,
    yes: Yes = False,
    plan: OnlyPlan = False,
    json: Json = False,
) -> None:
    """Train a quantum head and its classical twins at the same seeds, and say whether the circuit is any better.

    Twins share features, split, budget and seeds: a linear layer, a perceptron of the same size, the circuit replaced
    by a linear map, without entanglers, frozen at its start, a Fourier surrogate, logistic regression and nearest
    neighbours. seeds=10, tune=N trials each, metric=roc_auc, twins=[linear,mlp], vary=[seed,dataset.split_seed];
    rivals='{dense: ["head=dense"]}' adds the config with other words; what a sweep takes several values of makes
    settings, each with its twins and rivals. The same command goes on after an interruption.

    Example: qlab compare dataset=digits encoder=pca head.n_qubits=4 head.n_layers=1 trainer.epochs=2 seeds=10
    """
    from qlab.cli.compare_tables import document, plan_document, print_compared, print_plan, summary
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.cli.sweep_view import watching
    from qlab.errors import JobError
    from qlab.jobs.compare import compare
    from qlab.jobs.compare.request import CompareRequest

    words = with_experiment(overrides, experiment)
    request = CompareRequest.of_words(words, rerun_failed=rerun_failed, fail_fast=fail_fast, force=force)
    progress = for_standard_error()
    checked = compare.check(request, progress)
    planned = compare.plan(checked, progress)
    if plan:
        print_json(plan_document(checked, planned)) if json else print_plan(checked, planned)
        return
    progress.say(summary(checked, planned))
    ask(sum(stage.total for stage in planned), yes)
    with watching() as listener:
        compared = compare.run(checked, planned, listener)
    print_json(document(compared)) if json else print_compared(compared)
    if compared.missing:
        raise JobError(compared.what_is_missing())
