"""A sweep as it goes on: a live view in a terminal, a line for each result elsewhere; on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qlab.cli.interrupt import raise_if_swallowed
from qlab.cli.progress import Lines
from qlab.reports.values import counted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from qlab.jobs.sweep.board import Board, End, Listener
    from qlab.jobs.sweep.task import Task


@contextmanager
def watching() -> Iterator[Listener]:
    """Yield what suits where standard error goes."""
    if not sys.stderr.isatty():
        yield PlainView()
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False)
    view = LiveView(console)
    with Live(get_renderable=view.picture, console=console, transient=True, refresh_per_second=2):
        yield view


class PlainView:
    """A line for each result."""

    def __init__(self) -> None:
        self._lines = Lines()

    def begins(self, stage: str, tasks: Sequence[Task], board: Board) -> None:
        """Say what begins."""
        self._lines.say(counted(len(tasks), stage))

    def ended(self, task: Task, end: End, board: Board) -> None:
        """Say what came of it and how long the rest will take."""
        left = board.seconds_left()
        rest = f", {left:.0f} s left" if left and board.ended < board.total else ""
        self._lines.say(f"{board.ended} of {board.total}{rest}: {outcome(task, end)}")

    def pulse(self) -> None:
        """End the work after an interrupt that went unheard."""
        raise_if_swallowed()


class LiveView:
    """A bar with counts, the time left and the best result; failures stand above it."""

    def __init__(self, console: Console) -> None:
        self._console, self._board, self._stage = console, None, ""

    _board: Board | None

    def begins(self, stage: str, tasks: Sequence[Task], board: Board) -> None:
        """Show the stage."""
        self._stage, self._board = stage, board

    def ended(self, task: Task, end: End, board: Board) -> None:
        """Print a failure; all else is in the picture."""
        raise_if_swallowed()
        if end.error:
            self._console.print(outcome(task, end), markup=False, soft_wrap=True)

    def pulse(self) -> None:
        """End the work after an interrupt that went unheard."""
        raise_if_swallowed()

    def picture(self) -> RenderableType:
        """Return what is to be seen now."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        board = self._board
        if board is None:
            return Text("")
        left = board.seconds_left()
        counts = f"{board.ended} of {board.total} done, {board.running()} running"
        line = Table.grid(padding=(0, 2))
        line.add_row(
            Text(self._stage),
            ProgressBar(total=max(board.total, 1), completed=board.ended, width=30),
            Text(counts),
            Text(f"{board.failed} failed", style="red" if board.failed else ""),
            Text("" if left is None else f"{_clock(left)} left"),
        )
        return Group(line, Text(best(board), style="dim"))


def outcome(task: Task, end: End) -> str:
    """Return one line about a task that ended."""
    from qlab.jobs.sweep.points import describe

    took = "" if end.seconds is None else f"  ({end.seconds:.1f} s)"
    result = f"failed: {end.error}" if end.accuracy is None else f"accuracy {end.accuracy:.4f}"
    return f"{task.stage} {describe(task.values) or 'of all points'}  {result}{took}"


def best(board: Board) -> str:
    """Return one line about the best point so far."""
    from qlab.jobs.sweep.points import describe

    if board.best is None:
        return ""
    accuracy, task = board.best
    return f"best so far {accuracy:.4f}: {describe(task.values)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
