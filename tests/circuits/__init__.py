"""Tests of qlab.circuits."""
