"""The same from Python, for notebooks: overrides as on the command line, results as objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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

    return evaluate_job(run, eval_config(compose("eval", overrides)), force=force)


def results(output_dir: str | Path = "outputs") -> pd.DataFrame:
    """Return one row per finished training run, nested values as dotted columns.

    A record that is damaged or of another version of qlab is left out, with a warning that names it.
    """
    import dataclasses
    import warnings

    import pandas as pd

    from qlab.errors import CorruptFileError
    from qlab.records.store import finished_runs

    records = []
    for folder in finished_runs(Path(output_dir)):
        try:
            records.append(dataclasses.asdict(Run(folder).record))
        except CorruptFileError as error:
            warnings.warn(str(error), stacklevel=2)
    return pd.json_normalize(records)
