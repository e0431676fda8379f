"""Which part of a pass a call does: threads may share it step by step."""

from __future__ import annotations

from qlab.engine.compiled.jit import kernel

Window = tuple[int, int, int, int]  # first step, behind the last one, which part of their work, of how many
ALL: Window = (-1, 1 << 30, 0, 1)


@kernel
def part(window: Window, pieces: int) -> tuple[int, int]:
    """Return the first of so many pieces of work that are the window's, and the one behind the last."""
    return window[2] * pieces // window[3], (window[2] + 1) * pieces // window[3]
