"""Training of quantized networks by quadratic binary optimization (arXiv:2506.18240)."""
