"""Regressions: small recipes whose results are compared with stored expectations."""
