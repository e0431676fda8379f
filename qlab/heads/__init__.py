"""Heads: trainable modules from features to class scores, quantum and classical."""
