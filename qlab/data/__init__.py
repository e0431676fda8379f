"""Datasets: loaders of real scans, a generator of charge-stability diagrams, and reproducible splits."""
