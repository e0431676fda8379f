"""The same from Python, for notebooks: overrides as on the command line, results as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlab.errors import JobError
from qlab.jobs.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from qlab.records.record import EvaluationRecord


def train(*overrides: str, force: bool = False) -> Run:
    """Train a head, or find the run finished: ``train("dataset=digits", "head.n_qubits=4")``.

    Raises:
        RequestError: an override is wrong, or the data are missing.
        JobError: the work failed.
    """
    from qlab.config.compose import compose
    from qlab.config.validate import run_config
    from qlab.jobs.train import train as train_job

    return train_job(run_config(compose("train", overrides)), force=force)


def load(run: str | Path, output_dir: str | Path = "outputs") -> Run:
    """Return a finished run by its folder, name or key.

    Raises:
        UnknownNameError: there is none.
    """
    from qlab.records.store import find_run

    return Run(find_run(Path(output_dir), str(run)))


def evaluate(run: Run, *overrides: str, force: bool = False) -> EvaluationRecord:
    """Evaluate a finished run again: ``evaluate(run, "backend=pennylane")``; raises as ``train`` does."""
    from qlab.config.compose import compose
    from qlab.config.validate import eval_config
    from qlab.jobs.evaluate import evaluate as evaluate_job

    return evaluate_job(run, eval_config(compose("eval", overrides)), force=force).record


def attack(run: Run, *overrides: str, force: bool = False) -> Mapping[str, Any]:
    """Attack a finished run with adversarial examples, and return the result with its checks of masked gradients.

    ``attack(run, "eps=[8/255,0.1]", "twin=OTHER_RUN")``: words are those of the command line.

    Raises:
        RequestError: an override is wrong, or the run cannot be attacked in that way.
        JobError: a file of the run is damaged.
    """
    from qlab.config.compose import compose
    from qlab.jobs.attack.attack import attack as attack_job
    from qlab.jobs.attack.request import attack_request

    return attack_job(run, attack_request(compose("attack", overrides)), force=force).result


def sweep(
    *overrides: str,
    paired: str | Sequence[str] = (),
    rerun_failed: bool = False,
    fail_fast: bool = False,
    force: bool = False,
) -> pd.DataFrame:
    """Run every point of a grid that is not done, and return one row per point.

    ``sweep("dataset=digits", "head.n_qubits=4,8", "seed=range(5)")``: words are those of the command line,
    ``launcher=joblib`` among them; ``paired`` is ``"KEY,KEY"`` or several of them. A point that fails costs no other:
    its row has a ``status`` and an ``error``.

    Raises:
        RequestError: a point is wrong; nothing was run.
        JobError: no worker could be started.
    """
    from qlab.jobs.sweep.plan import check
    from qlab.jobs.sweep.request import Request
    from qlab.jobs.sweep.sweep import sweep as sweep_job

    request = Request.of_words(overrides, _pairs(paired), rerun_failed=rerun_failed, fail_fast=fail_fast, force=force)
    return sweep_job(check(request)).table


def compare(*overrides: str, rerun_failed: bool = False, fail_fast: bool = False, force: bool = False) -> pd.DataFrame:
    """Compare a quantum head with its classical twins, and return one row for each of them with all statistics.

    ``compare("dataset=digits", "encoder=pca", "head.n_qubits=4", "seeds=10", "twins=[linear,mlp]")``: words are those
    of the command line, ``launcher=joblib`` among them.

    Raises:
        RequestError: the config is wrong, or its head has no circuit; nothing was run.
        JobError: no worker could be started, or runs are missing that failed otherwise than by diverging.
    """
    from qlab.jobs.compare.compare import check
    from qlab.jobs.compare.compare import run as compare_job
    from qlab.jobs.compare.request import CompareRequest
    from qlab.progress import Silent
    from qlab.reports.comparison_rows import comparison_frame

    request = CompareRequest.of_words(overrides, rerun_failed=rerun_failed, fail_fast=fail_fast, force=force)
    compared = compare_job(check(request, Silent()))
    if compared.missing:
        raise JobError(compared.what_is_missing())
    return comparison_frame(compared.rows)


def _pairs(paired: str | Sequence[str]) -> list[str]:
    from qlab.errors import OptionError

    pairs = [paired] if isinstance(paired, str) else list(paired)
    for pair in pairs:
        if not (isinstance(pair, str) and "," in pair):
            raise OptionError(f"paired={paired!r}: {pair!r} does not name keys that go together, as 'seed,trainer.lr'")
    return pairs


def results(output_dir: str | Path = "outputs") -> pd.DataFrame:
    """Return one row for every training run and evaluation, nested values as dotted columns.

    A record that is damaged or of another version of qlab is left out, with a warning that names it.
    """
    from qlab.reports.collection import all_records

    return all_records(Path(output_dir))
