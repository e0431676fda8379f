"""Circuits on devices: one job for many executions, never lost and never sent twice."""
