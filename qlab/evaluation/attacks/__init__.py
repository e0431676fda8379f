"""Adversarial examples within a box around every input, and whether what they say of a model can be believed."""
