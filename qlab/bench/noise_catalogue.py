"""Who takes part where there is noise."""

from __future__ import annotations

from qlab.bench.catalogue import DOUBLE, QLAB, SINGLE, Entry
from qlab.bench.problem import Problem

_HERE = "qlab.bench.contestants"
_OWN, _AER, _MIXED = ("qlab", "torch", "numba"), ("qiskit", "qiskit-aer"), ("pennylane",)


def _own(name: str, kind: str, precision: str) -> Entry:
    return Entry(name, f"{_HERE}.qlab_noise:{kind}", "qlab", _OWN, QLAB.family, precision=precision)


def _aer(name: str, kind: str, precision: str, family: str = "Aer") -> Entry:
    return Entry(name, f"{_HERE}.aer:{kind}", "qiskit_aer", _AER, family, precision=precision)


def _mixed(name: str, family: str) -> Entry:
    factory = f"{_HERE}.default_mixed:DefaultMixed"
    return Entry(name, factory, "pennylane", _MIXED, family, precision=DOUBLE, most_qubits=6)


EXACT = (
    _own(QLAB.name, "Density", SINGLE),
    _own("qlab in complex128", "DensityDouble", DOUBLE),
    _aer("Aer density matrix", "DensityMatrix", SINGLE),
    _aer("Aer density matrix in complex128", "DensityMatrixDouble", DOUBLE),
    _mixed("default.mixed", "PennyLane"),
)
SAMPLED = (_own(QLAB.name, "Trajectories", SINGLE), _aer("Aer state vector", "StateVector", SINGLE))

LAST_EXACT = 8  # qubits; above, density matrices take long
_MIXED_REFERENCE = _mixed("default.mixed", "reference")
_EXACT_REFERENCE = _aer("Aer density matrix in complex128", "DensityMatrixDouble", DOUBLE, "reference")
_SAMPLED_REFERENCE = _aer("Aer state vector in complex128", "StateVectorReference", DOUBLE, "reference")


def reference_for(problem: Problem) -> Entry:
    """Return who says what is right: an exact simulator, or one that samples more."""
    if problem.n_qubits <= _MIXED_REFERENCE.most_qubits:
        return _MIXED_REFERENCE
    return _SAMPLED_REFERENCE if problem.sampled and problem.n_qubits > LAST_EXACT else _EXACT_REFERENCE
