"""The exact simulator of noisy circuits, on real vectors of Pauli coefficients."""

from qlab.engine.density.values import expectations, needed_bytes, probabilities

__all__ = ["expectations", "needed_bytes", "probabilities"]
