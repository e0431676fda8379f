"""``qlab bench``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from qlab.cli.arguments import Json

if TYPE_CHECKING:
    from qlab.bench.request import Request

Qubits = Annotated[str | None, typer.Option(metavar="N,...", help="Numbers of qubits.", show_default="4,8,12,16,20")]
Batch = Annotated[int | None, typer.Option(help="Samples of a step.", show_default="32, and 4 above 16 qubits")]
Layers = Annotated[int | None, typer.Option(help="Layers of the circuit.", show_default="6")]
Order = Annotated[
    str | None,
    typer.Option(metavar="rotate|entangle|both", help="What comes first in a layer.", show_default="rotate"),
]
InputGradients = Annotated[bool, typer.Option("--input-gradients", help="Differentiate by the inputs, too.")]
Noise = Annotated[
    bool, typer.Option("--noise", help="Values under noise instead of steps: density matrices, trajectories.")
]
Error = Annotated[
    float | None, typer.Option(help="With --noise: probability of an error after each gate.", show_default="0.003")
]
Hybrid = Annotated[
    bool, typer.Option("--hybrid", help="Training steps of an image classifier, with a circuit and without, instead.")
]
Threads = Annotated[str, typer.Option(metavar="1|all|both", help="Processor threads of each contestant.")]
Seconds = Annotated[float | None, typer.Option(help="For the steps of a contestant on one circuit.", show_default="3")]
Patience = Annotated[float, typer.Option(help="Seconds after which a contestant that says nothing is given up.")]
Python = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=PATH", help="The interpreter of a contestant that cannot be installed beside qlab."),
]
Quick = Annotated[bool, typer.Option("--quick", help="4 and 8 qubits, half a second for each contestant.")]


def command(
    qubits: Qubits = None,
    batch: Batch = None,
    layers: Layers = None,
    order: Order = None,
    input_gradients: InputGradients = False,
    noise: Noise = False,
    error: Error = None,
    hybrid: Hybrid = False,
    threads: Threads = "1",
    seconds: Seconds = None,
    patience: Patience = 300.0,
    python: Python = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Time the simulator against every simulator that is installed, on this machine.

    Each contestant has a process of its own, and they take turns. One whose values or gradients differ from those of
    a reference in double precision by more than rounding (the column "error") is not timed.

    A step is forward and backward, "eval" the values only: medians, with half the distance of the quartiles. One
    thread is timed by its processor time. "MiB" is what steps take beyond the imported and compiled program, "start"
    what passes until the first gradients. A ratio of 20 says that a step takes 20 times as long as qlab's.

    With --noise a step has values only, under depolarizing errors: exact ones up to 8 qubits, and means of
    trajectories, where ratios are those of the times to the same standard error and the column "error" is the
    distance from the reference in standard errors.

    With --hybrid it is whole training steps of the hybrid MNIST network of arXiv:2509.13353, on batches of 64: with
    its circuit, and with classical maps in the circuit's place. A ratio of 1.1 is 1.1 times the time with a linear map.

    Example: qlab bench --qubits 4,8 --order both
    """
    from qlab.bench.request import Request

    spent = seconds if seconds is not None else 0.5 if quick else 3.0
    if hybrid:
        if qubits or noise or error is not None or input_gradients or python or layers is not None or order is not None:
            raise typer.BadParameter("--hybrid is one circuit: beside it go --batch, --threads, --seconds and --quick")
        return _run_hybrid(64 if batch is None else batch, _threads(threads), spent, json)
    _check(noise, error, input_gradients)
    request = Request(
        qubits=_numbers(qubits or _qubits(quick, noise)),
        batch=batch,
        n_layers=6 if layers is None else layers,
        orders=("rotate", "entangle") if order == "both" else (order or "rotate",),
        input_gradients=input_gradients,
        error=(0.003 if error is None else error) if noise else 0.0,
        threads=_threads(threads),
        seconds=spent,
        patience=patience,
        pythons=_pythons(python or []),
    )
    return _run(request, json)


def _check(noise: bool, error: float | None, input_gradients: bool) -> None:
    """Raise ``BadParameter`` where what is said of noise contradicts itself."""
    if error is not None and not noise:
        raise typer.BadParameter("--error is the strength of the noise: add --noise")
    if error == 0:
        raise typer.BadParameter("--error 0 is no noise: leave --noise out")
    if input_gradients and noise:
        raise typer.BadParameter("--input-gradients: with --noise there are values only")


def _run(request: Request, json: bool) -> None:
    from qlab.bench.run import bench
    from qlab.cli.bench_tables import print_report
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.errors import JobError

    report = bench(request, for_standard_error())
    if json:
        print_json(report.to_json())
    else:
        print_report(report)
    failures = report.failures()
    if failures:
        raise JobError(failures[0])


def _run_hybrid(batch: int, threads: tuple[int, ...], seconds: float, json: bool) -> None:
    from qlab.bench.hybrid import bench_hybrid
    from qlab.cli.bench_tables import print_hybrid
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error

    report = bench_hybrid(batch, threads, seconds, for_standard_error())
    if json:
        print_json(report.to_json())
    else:
        print_hybrid(report)


def _qubits(quick: bool, noise: bool) -> str:
    if quick:
        return "4,8"
    return "8,12,16" if noise else "4,8,12,16,20"


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--qubits is numbers with commas between them, not '{text}'") from None


def _threads(text: str) -> tuple[int, ...]:
    from qlab.bench.surroundings import processors

    every = len(processors())
    choices = {"1": (1,), "all": (every,), "both": tuple(sorted({1, every}))}
    if text not in choices:
        raise typer.BadParameter(f"--threads is 1, all or both, not '{text}'")
    return choices[text]


def _pythons(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    wrong = next((word for word, (_, sign, path) in zip(words, pairs, strict=True) if not sign or not path), None)
    if wrong is not None:
        raise typer.BadParameter(f"--python is NAME=PATH, not '{wrong}'")
    return {name: os.path.expanduser(path) for name, _, path in pairs}
