"""Tests of qlab.engine."""
