"""What can stand where a gate wants an angle: an input, a weight, or a number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlab.errors import CircuitError


@dataclass(frozen=True, init=False)
class Input:
    """``scale`` times the product of the inputs with these indices, in radians.

    ``Input(2)`` is input 2, ``Input(0, 1)`` is input 0 times input 1, ``Input(2, scale=0.5)`` is half of input 2.
    Multiplication by numbers and by other inputs gives the same: ``0.5 * Input(2)``, ``Input(0) * Input(1)``.
    """

    indices: tuple[int, ...]
    scale: float

    def __init__(self, *indices: int, scale: float = 1.0) -> None:
        if not indices:
            raise CircuitError("Input() names no input; write Input(0) for the first")
        object.__setattr__(self, "indices", tuple(sorted(_index("Input", index) for index in indices)))
        object.__setattr__(self, "scale", finite(scale))

    def __mul__(self, other: Input | float) -> Input:
        if isinstance(other, Input):
            return Input(*self.indices, *other.indices, scale=self.scale * other.scale)
        return Input(*self.indices, scale=self.scale * other) if _is_number(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Input:
        return self * (1 / other) if _is_number(other) else NotImplemented

    def __neg__(self) -> Input:
        return self * -1.0

    @staticmethod
    def array(n_inputs: int) -> NDArray[np.object_]:
        """Return the first ``n_inputs`` inputs, to be given to a quantum function that is traced."""
        return _slots(Input, (n_inputs,))


@dataclass(frozen=True)
class Weight:
    """``scale`` times the weight with this index, in radians."""

    index: int
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", _index("Weight", self.index))
        object.__setattr__(self, "scale", finite(self.scale))

    def __mul__(self, other: float) -> Weight:
        return replace(self, scale=self.scale * other) if _is_number(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Weight:
        return self * (1 / other) if _is_number(other) else NotImplemented

    def __neg__(self) -> Weight:
        return self * -1.0

    @staticmethod
    def array(*shape: int) -> NDArray[np.object_]:
        """Return consecutive weights in this shape, to be given to a quantum function that is traced."""
        return _slots(Weight, shape)


Slot = Input | Weight | float


def finite(value: Any) -> float:
    """Return ``value`` as a float.

    Raises:
        CircuitError: it is no number, or not a finite one.
    """
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise CircuitError(f"{value!r} is no angle; an angle is an Input, a Weight or a number") from error
    if not math.isfinite(number):
        raise CircuitError(f"a constant angle or scale must be finite, not {number}")
    return number


def _index(kind: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise CircuitError(f"{kind} takes indices 0, 1, 2, ..., not {value!r}")
    return int(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def _slots(kind: type[Input] | type[Weight], shape: tuple[int, ...]) -> NDArray[np.object_]:
    slots = np.empty(shape, dtype=object)
    for position, index in enumerate(np.ndindex(shape)):
        slots[index] = kind(position)
    return slots
