"""The simulator: exact expectation values of a batch of samples and their gradients, on CPU or CUDA."""

from qlab.engine.choice import choose
from qlab.engine.statevector import expectations

__all__ = ["choose", "expectations"]
