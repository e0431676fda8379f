"""Noise by trajectories: random pure states whose mean is the noisy one."""

from qlab.engine.trajectories.estimate import Estimate, estimate

__all__ = ["Estimate", "estimate"]
