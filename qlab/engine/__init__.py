"""The simulator: exact expectation values of a batch of samples and their gradients, on CPU or CUDA."""

from qlab.engine.statevector import expectations

__all__ = ["expectations"]
