"""Vectors of floats or doubles in one register.

LLVM's own vectoriser misses some of our loops, depending on trip counts and aliasing; here vectors are guaranteed.
Arrays are contiguous, one-dimensional, and addressed in rows of V elements, V being the number of lanes: row r is
``array[r * V : (r + 1) * V]``. No index is checked. V is known to the compiler through the type of ``lanes``.

A row of a state holds one amplitude of V / 2 samples: real parts in the lower half, imaginary parts in the upper one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import models, overload, register_model

from qlab.engine.compiled.jit import intrinsic

_INT = ir.IntType(32)
_FLAGS = ("nsz", "contract")  # a product and a sum may fuse; the order of sums is as written


class Vector(types.Type):  # type: ignore[misc]
    """The type of ``width`` numbers of type ``element``."""

    def __init__(self, element: Any, width: int) -> None:
        self.element, self.width = element, width
        super().__init__(name=f"Vector({element}, {width})")

    @property
    def key(self) -> tuple[Any, int]:
        """What tells one vector type from another."""
        return self.element, self.width

    def llvm(self) -> Any:
        """Return the LLVM type."""
        return ir.VectorType(ir.FloatType() if self.element == types.float32 else ir.DoubleType(), self.width)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, vector.llvm())


def _places(numbers: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_INT, len(numbers)), numbers)


def _address(context: Any, builder: Any, array_type: Any, array: Any, row: Any, vector: Vector) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    first = builder.gep(data, [builder.mul(row, ir.Constant(row.type, vector.width))])
    return builder.bitcast(first, vector.llvm().as_pointer())


@intrinsic
def load(typing: Any, lanes: Any, array: Any, row: Any) -> Any:
    """Return row ``row`` of ``array``."""
    vector = Vector(array.dtype, 1 << len(lanes))

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[1], values[1], values[2], vector)
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return vector(lanes, array, types.int64), code


@intrinsic
def store(typing: Any, lanes: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a vector to row ``row`` of ``array``."""
    vector = Vector(array.dtype, 1 << len(lanes))

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[1], values[1], values[2], vector)
        builder.store(values[3], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(lanes, array, types.int64, vector), code


@intrinsic
def splat(typing: Any, lanes: Any, scalar: Any) -> Any:
    """Return a vector with ``scalar`` in all lanes."""
    vector = Vector(scalar, 1 << len(lanes))

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        undefined = ir.Constant(vector.llvm(), ir.Undefined)
        first = builder.insert_element(undefined, values[1], ir.Constant(_INT, 0))
        return builder.shuffle_vector(first, undefined, _places([0] * vector.width))

    return vector(lanes, scalar), code


@intrinsic
def lane_sum(typing: Any, value: Any) -> Any:
    """Return the sum of the lanes."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        rest, width = values[0], value.width
        while width > 1:
            width //= 2
            low = builder.shuffle_vector(rest, rest, _places(list(range(width))))
            high = builder.shuffle_vector(rest, rest, _places(list(range(width, 2 * width))))
            rest = builder.fadd(low, high)
        return builder.extract_element(rest, ir.Constant(_INT, 0))

    return value.element(value), code


@intrinsic
def halves(typing: Any, lanes: Any, low: Any, high: Any) -> Any:
    """Return a vector with ``low`` in the lower half of its lanes and ``high`` in the upper one."""
    vector = Vector(low, 1 << len(lanes))

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        both = ir.Constant(vector.llvm(), ir.Undefined)
        for place, value in enumerate(values[1:]):
            both = builder.insert_element(both, value, ir.Constant(_INT, place))
        half = vector.width // 2
        return builder.shuffle_vector(both, both, _places([0] * half + [1] * half))

    return vector(lanes, low, low), code


@intrinsic
def swap(typing: Any, value: Any) -> Any:
    """Return a vector with its halves exchanged."""
    half = value.width // 2
    order = [*range(half, 2 * half), *range(half)]

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.shuffle_vector(values[0], values[0], _places(order))

    return value(value), code


@intrinsic
def nearest(typing: Any, value: Any) -> Any:
    """Return the nearest whole numbers."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = value.llvm()
        name = f"llvm.rint.v{value.width}f{value.element.bitwidth}"
        function = get_or_insert_function(builder.module, ir.FunctionType(vector, [vector]), name)
        return builder.call(function, [values[0]])

    return value(value), code


def _arithmetic(symbol: Callable[[Any, Any], Any], instruction: str) -> None:
    @intrinsic
    def emit(typing: Any, x: Any, y: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return getattr(builder, instruction)(*values, flags=_FLAGS)

        return x(x, y), code

    def implementation(x: Any, y: Any) -> Any:
        if isinstance(x, Vector) and x == y:
            return lambda x, y: emit(x, y)  # noqa: PLW0108
        return None

    overload(symbol, strict=False)(implementation)  # a lambda cannot repeat the annotations


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
