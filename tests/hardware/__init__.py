"""Tests of qlab.hardware."""
