"""Every method of training by name, from one set of settings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from qlab.errors import OptionError, UnknownNameError
from qlab.quantized.copositive import decomposed_qcgd
from qlab.quantized.counts import DEFAULT_MEMORY, check_memory, count
from qlab.quantized.hedging import grouped, hedge
from qlab.quantized.network import QuantizedNetwork
from qlab.quantized.oracles import BySearch, BySolver, Enumerated, GroupOracle
from qlab.quantized.penalty import fixed_penalty
from qlab.quantized.problem import Outcome, Problem
from qlab.quantized.qcbo import build
from qlab.quantized.qcgd import Schedule, qcgd
from qlab.quantized.search import coordinate_descent, random_search
from qlab.quantized.solvers.base import Solver
from qlab.quantized.solvers.imperfect import Imperfect
from qlab.quantized.solvers.table import SOLVERS
from qlab.quantized.straight_through import straight_through

WITHOUT_MODEL = ("enumeration", "search")
"""Oracles of hedging that need no model: all settings of the weights, or descents over them."""
OF_GROUPS, OF_ALL_SAMPLES = ("copositive", "hedging"), ("penalty", "qcgd")
"""Methods by models, each of one group of samples or of all."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        method: a name in ``METHODS``.
        solver: a name in ``SOLVERS``, or for hedging one in ``WITHOUT_MODEL``.
        calls: of the oracle, at most: models solved, descents, random settings, or steps straight through. Methods in
            rounds over groups make as many whole rounds as fit, at least one.
        reads: of each call of a solver.
        group_size: samples of a group, for hedging and decomposed conditional gradients.
        rho: of hedging.
        penalty: weight of the constraints in the models of hedging; the oracle must neither lose sight of the loss
            beside it, nor violate constraints for the sake of prices, which grow with ``rho``.
        beta: beta_0 of conditional gradients.
        dual: whether conditional gradients have multipliers.
        eigenvector: whether monolithic conditional gradients round X instead of keeping the best answer.
        energy_noise: standard deviation of what is added to energies by the oracle.
        coefficient_noise: standard deviation of what is added to coefficients, as a part of the largest.
        coefficient_bits: that coefficients are rounded to; None: as they are.
        memory: what building a model may take, in bytes.
    """

    method: str = "hedging"
    solver: str = "simulated_annealing"
    calls: int = 1000
    reads: int = 24
    group_size: int = 10
    rho: float = 0.5
    penalty: float = 0.3
    beta: float = 1.0
    dual: bool = True
    eigenvector: bool = False
    energy_noise: float = 0.0
    coefficient_noise: float = 0.0
    coefficient_bits: int | None = None
    memory: int = DEFAULT_MEMORY


def learn(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    """Train as the settings say.

    Raises:
        UnknownNameError: there is no such method or solver.
        OptionError: settings that do not fit each other.
        CapabilityError: a model is too large for the memory or the solver.
    """
    if settings.method not in METHODS:
        raise UnknownNameError("method", settings.method, METHODS)
    return METHODS[settings.method](problem, settings, generator)


def check(network: QuantizedNetwork, fixed: Collection[int], n_samples: int, settings: Settings) -> None:
    """Raise what ``learn`` would raise of the settings, and of the memory that models of ``n_samples`` take.

    Raises:
        UnknownNameError: there is no such method or solver.
        OptionError: settings that do not fit each other.
        CapabilityError: a model is too large for the memory.
    """
    if settings.method not in METHODS:
        raise UnknownNameError("method", settings.method, METHODS)
    if settings.method == "hedging" and settings.solver in WITHOUT_MODEL:
        _check_without_model(settings)
    elif settings.method in (*OF_GROUPS, *OF_ALL_SAMPLES):
        oracle_solver(settings)
        of_one_model = min(settings.group_size, n_samples) if settings.method in OF_GROUPS else n_samples
        check_memory(count(network, fixed), of_one_model, settings.memory)


def _check_without_model(settings: Settings) -> None:
    if settings.coefficient_noise or settings.coefficient_bits:
        raise OptionError(f"solver={settings.solver} makes no model, so it has no coefficients to distort")
    if settings.solver == "search" and settings.energy_noise:
        raise OptionError("solver=search knows no noise; solver=enumeration does")


def oracle_solver(settings: Settings) -> Solver:
    """Return the solver with its imperfections.

    Raises:
        UnknownNameError: there is no such solver.
        OptionError: it is one of those that only hedging can use.
    """
    if settings.solver in WITHOUT_MODEL:
        raise OptionError(f"solver={settings.solver} makes no model: it is for method=hedging only")
    if settings.solver not in SOLVERS:
        raise UnknownNameError("solver", settings.solver, [*SOLVERS, *WITHOUT_MODEL])
    solver = SOLVERS[settings.solver]()
    imperfect = Imperfect(solver, settings.coefficient_noise, settings.energy_noise, settings.coefficient_bits)
    return solver if imperfect == Imperfect(solver) else imperfect


def _hedging(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    groups = grouped(len(problem.inputs), settings.group_size, generator)
    oracle: GroupOracle
    if settings.solver in WITHOUT_MODEL:
        _check_without_model(settings)
    if settings.solver == "enumeration":
        oracle = Enumerated(problem, groups, settings.energy_noise)
    elif settings.solver == "search":
        oracle = BySearch(problem, groups)
    else:
        solver = oracle_solver(settings)
        oracle = BySolver.of(problem, groups, solver, settings.reads, settings.penalty, settings.memory)
    rounds = max(1, settings.calls // len(groups))
    return hedge(problem, len(groups), oracle, generator, rho=settings.rho, rounds=rounds)


def _qcgd(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    solver = oracle_solver(settings)
    model = build(problem.network, problem.inputs, problem.targets, problem.fixed, settings.memory)
    schedule = Schedule(settings.beta, settings.dual)
    return qcgd(
        problem,
        model,
        solver,
        generator,
        calls=settings.calls,
        reads=settings.reads,
        schedule=schedule,
        eigenvector=settings.eigenvector,
    )


def _copositive(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    solver = oracle_solver(settings)
    parts = [problem.samples(group) for group in grouped(len(problem.inputs), settings.group_size, generator)]
    models = [build(part.network, part.inputs, part.targets, part.fixed, settings.memory) for part in parts]
    schedule = Schedule(settings.beta, settings.dual)
    steps = max(1, settings.calls // len(models))
    return decomposed_qcgd(problem, models, solver, generator, steps=steps, reads=settings.reads, schedule=schedule)


def _penalty(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    solver = oracle_solver(settings)
    model = build(problem.network, problem.inputs, problem.targets, problem.fixed, settings.memory)
    return fixed_penalty(problem, model, solver, generator, calls=settings.calls, reads=settings.reads)


def _descent(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    return coordinate_descent(problem, generator, starts=settings.calls)


def _chance(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    return random_search(problem, generator, calls=settings.calls)


def _straight_through(problem: Problem, settings: Settings, generator: np.random.Generator) -> Outcome:
    return straight_through(problem, generator, epochs=settings.calls)


METHODS: dict[str, Callable[[Problem, Settings, np.random.Generator], Outcome]] = {
    "chance": _chance,
    "copositive": _copositive,
    "descent": _descent,
    "hedging": _hedging,
    "penalty": _penalty,
    "qcgd": _qcgd,
    "straight_through": _straight_through,
}
