"""Which task it was that killed a worker: the others are not to suffer for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from qlab.errors import JobError
from qlab.launchers.base import Answer, Launcher, Lost, Outcome, Suspect, Work, WorkersLost


def launch(
    launcher: Launcher,
    work: Work,
    arguments: Sequence[str],
    begun: Callable[[int], bool],
    *,
    keeps_going: bool = True,
) -> Generator[Outcome, None, None]:
    """Yield exactly one outcome for each of ``arguments``, as they come; to close it ends all workers at once.

    After workers have died, the tasks without an answer that had begun are suspects, the others are fresh. Fresh
    ones run together; then each suspect runs alone, and is lost if its worker dies again. So a task runs once, or
    again from the start if it had begun when a worker died.

    Args:
        launcher: runs the tasks.
        work: what a task does.
        arguments: one JSON document for each task.
        begun: whether the task at a position has begun since ``launch`` was called, to be told from what it leaves
            behind (a file), because its worker cannot be asked any more.
        keeps_going: whether to go on after a task is lost. Otherwise suspects run before fresh tasks, so that the
            first loss is known at once, and it is the last outcome.

    Raises:
        JobError: workers died before they had begun any task: it is not the tasks that are at fault.
    """
    return _Isolation(launcher, work, arguments, begun, keeps_going).outcomes()


class _Isolation:
    def __init__(
        self, launcher: Launcher, work: Work, arguments: Sequence[str], begun: Callable[[int], bool], keeps_going: bool
    ) -> None:
        self._launcher, self._work, self._arguments = launcher, work, arguments
        self._begun, self._keeps_going = begun, keeps_going
        self._fresh = list(range(len(arguments)))
        self._suspects: list[int] = []
        self._has_progressed = False

    def outcomes(self) -> Generator[Outcome, None, None]:
        while self._fresh or self._suspects:
            together = self._fresh and (self._keeps_going or not self._suspects)
            for outcome in self._together() if together else self._alone(self._suspects.pop(0)):
                yield outcome
                if isinstance(outcome, Lost) and not self._keeps_going:
                    return

    def _alone(self, position: int) -> Generator[Outcome, None, None]:
        try:
            for outcome in self._run([position]):
                yield Lost(position, outcome.reason) if isinstance(outcome, Suspect) else outcome
        except WorkersLost as error:
            yield Lost(position, str(error))

    def _together(self) -> Generator[Outcome, None, None]:
        """Run the fresh tasks; none of them is fresh any more but those that died with others before they had begun."""
        left = dict.fromkeys(self._fresh, "")
        reason = ""
        try:
            with closing(self._run(self._fresh)) as outcomes:
                for outcome in outcomes:
                    if isinstance(outcome, Answer) or (isinstance(outcome, Lost) and self._begun(outcome.position)):
                        del left[outcome.position]
                        yield outcome
                        continue
                    left[outcome.position] = reason = outcome.reason
                    if self._begun(outcome.position) and not self._keeps_going:
                        break
        except WorkersLost as error:
            reason = str(error)
        yield from self._sort(left, reason)

    def _sort(self, left: Mapping[int, str], reason: str) -> Generator[Lost, None, None]:
        """Sort tasks without an outcome, by what was said of each, into suspects and fresh ones.

        If no task got any further in this round, nothing is to be gained by another.
        """
        suspects = [position for position in left if self._begun(position)]
        fresh = [position for position in left if position not in suspects]
        if suspects or len(fresh) < len(self._fresh):
            self._has_progressed = True
            self._suspects += suspects
            self._fresh = fresh
        elif self._has_progressed:
            self._fresh = []
            yield from (Lost(position, said or reason) for position, said in left.items())
        else:
            raise JobError(f"no worker could begin a task: {reason}")

    def _run(self, positions: Sequence[int]) -> Generator[Outcome | Suspect, None, None]:
        arguments = [self._arguments[position] for position in positions]
        ended = 0
        with closing(self._launcher.run(self._work, arguments)) as outcomes:
            for outcome in outcomes:
                ended += 1
                yield replace(outcome, position=positions[outcome.position])
        if ended < len(positions):
            raise WorkersLost("the launcher ended before it was answered")
