"""Sweeps: many runs from one request, each computed once, whatever happens to some of them."""
