"""The engine as a device of PennyLane: ``qml.device("qlab.engine", wires=n)``."""
