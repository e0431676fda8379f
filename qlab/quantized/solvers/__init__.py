"""Solvers of quadratic binary models without constraints, behind one seam."""

from qlab.quantized.solvers.base import Answers, Solver

__all__ = ["Answers", "Solver"]
