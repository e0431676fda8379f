"""The simulator: exact expectation values of a batch of samples and their gradients, on CPU or CUDA."""

from qlab.engine.choice import choose
from qlab.engine.forks import register
from qlab.engine.statevector import expectations

register()

__all__ = ["choose", "expectations"]
