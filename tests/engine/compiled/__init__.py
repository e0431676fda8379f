"""Tests of qlab.engine.compiled."""
