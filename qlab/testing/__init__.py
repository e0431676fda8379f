"""Checks that every component of a kind must pass, for qlab's own and for those of plugins."""
