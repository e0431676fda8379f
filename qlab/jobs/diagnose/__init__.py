"""Diagnostics of the circuits of quantum heads."""
