"""The matrix of every gate, computed, and written with the functions of its angles that its entries are."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pennylane as qml
from numpy.typing import NDArray

from qlab.circuits.gates import GATES, GateSpec, Permutation

Matrix = NDArray[np.complex128]
Function = Callable[..., complex]
POINTS = ((0.37, 1.21, 2.03), (1.13, -0.59, 0.71), (-2.11, 0.83, 1.87))
"""Angles in radians at which an entry and the function that it is written as must agree."""


def gates() -> str:
    """Return a section for every gate: qubits, angles and matrix."""
    return "\n".join(_section(spec) for spec in GATES.values() if spec.parts)


def _section(spec: GateSpec) -> str:
    qubits = "one qubit" if spec.n_qubits == 1 else f"{spec.n_qubits} qubits"
    angles = {0: "no angle", 1: "angle θ", 3: "angles φ, θ, ω"}[spec.n_angles]
    rule = f", frequencies {', '.join(f'{value:g}' for value in spec.frequencies[0])}" if spec.frequencies else ""
    return f"### {spec.name}\n\nOn {qubits}, {angles}{rule}.\n\n```text\n{_matrix(spec)}\n```\n"


def _matrix(spec: GateSpec) -> str:
    only = spec.parts[0]
    if len(spec.parts) == 1 and isinstance(only, Permutation):
        width = len(only.qubits)
        moved = [(a, b) for a, b in enumerate(only.table) if a != b]
        return "\n".join(f"|{a:0{width}b}> -> |{b:0{width}b}>" for a, b in moved)
    values = [_of_pennylane(spec.name, point[: spec.n_angles]) for point in POINTS]
    size = len(values[0])
    rows = [[_written([value[i, j] for value in values], spec.n_angles) for j in range(size)] for i in range(size)]
    widths = [max(len(row[j]) for row in rows) for j in range(size)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _of_pennylane(name: str, angles: Sequence[float]) -> Matrix:
    inner = name.removeprefix("Adjoint(").removesuffix(")")
    made: Matrix = getattr(qml, inner).compute_matrix(*angles)
    return made.conj().T if inner != name else made


def _written(values: Sequence[complex], n_angles: int) -> str:
    """Return the name of the function that has these values at ``POINTS``."""
    for name, function in _functions(n_angles).items():
        if all(cmath.isclose(v, function(*p), abs_tol=1e-12) for v, p in zip(values, POINTS, strict=True)):
            return name
    raise ValueError(f"an entry with the values {values} is none of the functions that are known")


@cache
def _functions(n_angles: int) -> dict[str, Function]:
    constants = {"0": 0, "1": 1, "i": 1j, "1/√2": math.sqrt(0.5), "i/√2": 1j * math.sqrt(0.5)}
    constants |= {"e^(iπ/4)": cmath.exp(0.25j * math.pi), "e^(-iπ/4)": cmath.exp(-0.25j * math.pi)}
    constants |= {"(1+i)/2": 0.5 + 0.5j, "(1-i)/2": 0.5 - 0.5j}
    found: dict[str, Function] = {name: _constant(value) for name, value in constants.items()}
    if n_angles == 1:
        found |= {"cos(θ/2)": lambda t, *_: math.cos(t / 2), "sin(θ/2)": lambda t, *_: math.sin(t / 2)}
        found |= {"i sin(θ/2)": lambda t, *_: 1j * math.sin(t / 2), "e^(iθ)": lambda t, *_: cmath.exp(1j * t)}
        found |= {"e^(iθ/2)": lambda t, *_: cmath.exp(0.5j * t), "e^(-iθ/2)": lambda t, *_: cmath.exp(-0.5j * t)}
    if n_angles == 3:
        found |= {
            "e^(-i(φ+ω)/2) cos(θ/2)": lambda f, t, w: cmath.exp(-0.5j * (f + w)) * math.cos(t / 2),
            "e^(i(φ+ω)/2) cos(θ/2)": lambda f, t, w: cmath.exp(0.5j * (f + w)) * math.cos(t / 2),
            "e^(i(φ-ω)/2) sin(θ/2)": lambda f, t, w: cmath.exp(0.5j * (f - w)) * math.sin(t / 2),
            "e^(-i(φ-ω)/2) sin(θ/2)": lambda f, t, w: cmath.exp(-0.5j * (f - w)) * math.sin(t / 2),
        }
    return {**found, **{f"-{name}": _negative(function) for name, function in found.items()}}


def _constant(value: complex) -> Function:
    return lambda *_: value


def _negative(function: Function) -> Function:
    return lambda *angles: -function(*angles)
