"""The simulator compiled for the CPU with Numba: samples in SIMD lanes, states in tiles of the first-level cache."""
