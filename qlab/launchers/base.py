"""What a launcher is: it runs tasks in workers and says which were answered and which were lost.

A task is a function that can be imported by name and a JSON document; its answer is a JSON document. Nothing else
travels, so that a task means the same in this process, in another one, and on another machine. Whatever can go wrong
within a task is part of its answer. What is left are workers that die, from ``os._exit`` to the kernel's killer of
processes that take too much memory.

There are three ways to say so, by how much a launcher knows. Where every worker has one task and loses nothing else,
it yields ``Lost`` for that and goes on. Where other tasks may have been with a worker that died, it yields
``Suspect`` for each of them and goes on. Where workers die together, it raises ``WorkersLost`` after every answer
there is. It is for ``qlab.launchers.isolation`` to tell the guilty from their neighbours: by whether they had begun,
and by running them alone. A launcher runs no task again of its own accord.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

Work = Callable[[str], str]
"""A module's function from one JSON document to another, which raises nothing but what is no ``Exception``."""


@dataclass(frozen=True)
class Answer:
    """What the task at ``position`` of the arguments returned."""

    position: int
    answer: str


@dataclass(frozen=True)
class Lost:
    """There is no answer of the task at ``position`` of the arguments; ``reason`` is one line about its worker.

    The worker died in the middle of it, or before it had begun.
    """

    position: int
    reason: str


@dataclass(frozen=True)
class Suspect:
    """There is no answer of the task at ``position`` of the arguments, and it may be another task's fault."""

    position: int
    reason: str


Outcome = Answer | Lost


class WorkersLost(Exception):
    """Workers died, and took tasks with them that were not at fault; the message is one line about the first."""


class Launcher(Protocol):
    """Runs tasks."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    @property
    def threads(self) -> int | None:
        """How many processor threads each of them has; None: as many as it takes when it runs by itself."""
        ...

    def run(self, work: Work, arguments: Sequence[str]) -> Generator[Outcome | Suspect, None, None]:
        """Call ``work`` with each of ``arguments`` and yield the outcomes as they come.

        To close the generator ends all its workers at once, whatever they are doing; so does a ``KeyboardInterrupt``.
        No process is left behind either way, nor when it is exhausted.

        Raises:
            WorkersLost: workers died; the tasks without an outcome may have died with them.
            RequestError: the options do not fit what is found where the workers are.
            JobError: the workers cannot be started or reached.
        """
        ...
