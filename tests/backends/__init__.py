"""Tests of qlab.backends."""
