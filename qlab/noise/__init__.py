"""Noise: channels, models that say which channel follows which gate, and what they insert into a circuit."""

from qlab.noise.channel import Channel
from qlab.noise.model import Noise, NoiseModel, OverRotation, Rule
from qlab.noise.noisy import Located, NoisyCircuit, Resources
from qlab.noise.readout import Readout

__all__ = ["Channel", "Located", "Noise", "NoiseModel", "NoisyCircuit", "OverRotation", "Readout", "Resources", "Rule"]
