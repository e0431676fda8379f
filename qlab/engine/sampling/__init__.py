"""Shots: expectation values estimated from a number of measurements."""

from qlab.engine.sampling.shots import Sampled, sample

__all__ = ["Sampled", "sample"]
