"""What executes circuits: qlab's own engine, any PennyLane device, and gradients by the parameter-shift rule."""
