"""Tasks of which never more than so many are on their way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TypeVar

Task = TypeVar("Task")


def in_window(
    size: int,
    arguments: Sequence[str],
    submit: Callable[[str], Task],
    ended: Callable[[list[Task]], Iterable[Task]],
) -> Generator[tuple[int, Task], None, None]:
    """Submit ``arguments`` in their order and yield the position and the task of each, as they end.

    Args:
        size: how many tasks there are at once at most.
        arguments: one for each task.
        submit: starts a task, which can be a key of a dictionary.
        ended: waits until at least one of some tasks has ended and returns all that have.
    """
    running: dict[Task, int] = {}
    waiting = deque(enumerate(arguments))

    def fill() -> None:
        while waiting and len(running) < size:
            position, argument = waiting.popleft()
            running[submit(argument)] = position

    fill()
    while running:
        over = [(running.pop(task), task) for task in ended(list(running))]
        fill()  # before others take their time with what is over
        yield from over
