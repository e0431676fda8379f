"""The solvers by name."""

from __future__ import annotations

from collections.abc import Callable

from qlab.quantized.solvers.annealing import PathIntegral, SimulatedAnnealing, Tabu
from qlab.quantized.solvers.base import Solver
from qlab.quantized.solvers.dwave import DWave
from qlab.quantized.solvers.exact import Exact
from qlab.quantized.solvers.qaoa import Qaoa

SOLVERS: dict[str, Callable[[], Solver]] = {
    "exact": Exact,
    "simulated_annealing": SimulatedAnnealing,
    "tabu": Tabu,
    "path_integral": PathIntegral,
    "qaoa": Qaoa,
    "dwave": DWave,
}
