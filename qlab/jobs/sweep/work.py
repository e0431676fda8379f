"""What a worker does: one training or evaluation, with a log, a state that outlives the process, and an answer."""

from __future__ import annotations

import json
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from qlab.config.conditions import evaluation_of
from qlab.config.schema import RunConfig
from qlab.config.validate import run_config
from qlab.errors import DivergedError, QlabError, QlabWarning
from qlab.jobs.evaluate import evaluate
from qlab.jobs.loaded_data import LOADED
from qlab.jobs.run import Run
from qlab.jobs.sweep import state
from qlab.jobs.sweep.log import Log
from qlab.jobs.sweep.task import EVALUATION
from qlab.jobs.train import folder_of, train


def work(document: str) -> str:
    """Carry out the task that ``document`` describes; return what came of it, both JSON.

    The answer has ``accuracy``, ``error``, ``diverged`` and ``seconds``. Whatever goes wrong is part of it, except for
    what is meant to end the process.
    """
    task: dict[str, Any] = json.loads(document)
    started = time.perf_counter()
    log = Log(Path(task["log"]))
    try:
        with _begun(task), _warnings_go_to(log):
            answer: dict[str, Any] = {"accuracy": _accuracy(task, log), "error": "", "diverged": False}
    except (Exception, SystemExit) as error:
        log.write("".join(traceback.format_exception(error)))
        kind = state.DIVERGED if isinstance(error, DivergedError) else state.FAILED
        failed = state.State(kind, task["session"], error=complaint(error), passing=isinstance(error, OSError))
        with suppress(OSError):
            state.write(Path(task["state"]), failed)
        answer = {"accuracy": None, "error": failed.error, "diverged": kind == state.DIVERGED}
    return json.dumps({**answer, "seconds": time.perf_counter() - started})


def complaint(error: BaseException) -> str:
    """Return what went wrong in one line."""
    if isinstance(error, QlabError):
        text = str(error)
    elif isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        text = "not enough memory"
    elif isinstance(error, OSError):
        text = f"{error.filename or 'a file'}: {error.strerror or error}"
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def _accuracy(task: dict[str, Any], log: Log) -> float:
    """Train or evaluate, or find it done; return the accuracy on the test split."""
    LOADED.keep()
    config = run_config(OmegaConf.create(task["config"]))
    if task["stage"] == EVALUATION:
        metrics = _evaluate(config, log, force=task["force"])
    else:
        metrics = train(config, log, force=task["force"]).metrics
    return float(metrics["accuracy"])


def _evaluate(config: RunConfig, log: Log, *, force: bool) -> dict[str, Any]:
    evaluation = evaluation_of(config)
    assert evaluation is not None
    return evaluate(Run(folder_of(config)), evaluation, log, force=force).record.metrics


@contextmanager
def _begun(task: dict[str, Any]) -> Iterator[None]:
    """Mark work as begun while it lasts; what ends it on purpose is no trace of a process that died."""
    path = Path(task["state"])
    before = state.begin(path, task["session"], Path(task["checkpoint"]), in_process=task["in_process"])
    try:
        yield
    except (Exception, SystemExit):
        raise
    except BaseException:
        state.write(path, before)
        raise
    state.write(path, None)


@contextmanager
def _warnings_go_to(log: Log) -> Iterator[None]:
    """Write qlab's warnings to the log; those of libraries are for their developers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", QlabWarning)
        warnings.showwarning = lambda message, *place, **line: log.say(f"warning: {message}")
        yield
