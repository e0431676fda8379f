"""The entry point: commands, exit codes, and errors as one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from qlab.cli import (
    attack,
    bench,
    cat,
    compare,
    completion,
    diagnose,
    doctor,
    evaluate,
    hw_run,
    interrupt,
    ls,
    plan,
    pretrain,
    regress,
    report,
    results,
    sweep,
    train,
    validate,
)
from qlab.errors import QlabError
from qlab.hardware.redaction import guard, redact, redacted_traceback
from qlab.process import settle

INTERRUPTED = 130
GOES_ON = {
    "train",
    "eval",
    "attack",
    "pretrain",
    "sweep",
    "compare",
    "hw-run",
}  # commands that find what an earlier one has finished
app = typer.Typer(
    name="qlab",
    help="Experiments in hybrid quantum-classical machine learning, with honest baselines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train.command)
app.command("eval")(evaluate.command)
app.command("attack")(attack.command)
app.command("sweep")(sweep.command)
app.command("diagnose")(diagnose.command)
app.command("compare")(compare.command)
app.command("hw-run")(hw_run.command)
app.command("report")(report.command)
app.command("results")(results.command)
app.command("pretrain")(pretrain.command)
app.command("plan")(plan.command)
app.command("validate")(validate.command)
app.command("ls")(ls.command)
app.command("cat")(cat.command)
app.command("doctor")(doctor.command)
app.command("bench")(bench.command)
app.command("regress")(regress.command)
app.command("completion")(completion.command)


def main() -> None:
    """Run the command line and exit: 0 done, 1 a job failed, 2 the request was wrong, 130 interrupted."""
    if completion.VARIABLE in os.environ:
        completion.answer(app)
        sys.exit(0)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    settle()
    guard()
    interrupt.listen()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what went wrong is one line on standard error."""
    try:
        code = app(args=list(arguments), prog_name="qlab", standalone_mode=False)
    except QlabError as error:
        return _complain(str(error), error.exit_code)
    except typer.TyperException as error:
        return _complain(error.format_message(), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; Python must not try to flush it once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "can't allocate memory" not in str(error):
            return _defect(error)
        return _complain("there is not enough memory; qlab plan says what a run takes", 1)
    except OSError as error:
        return _complain(f"{error.filename or 'a file'}: {error.strerror or error}; repeat the command to go on", 1)
    except Exception as error:
        return _defect(error)
    if code == INTERRUPTED:
        again = "; repeat the command to go on" if set(arguments[:1]) & GOES_ON else ""
        return _complain(f"interrupted{again}", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _defect(error: Exception) -> int:
    print(redacted_traceback(error), end="", file=sys.stderr)
    return _complain(f"this is a defect of qlab: {type(error).__name__}: {error}", 1)


def _complain(message: str, code: int) -> int:
    print(f"error: {redact(' '.join(message.split()))}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
