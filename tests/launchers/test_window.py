"""Never more tasks at once than the window allows, each yielded once."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from qlab.launchers.window import in_window


@given(size=st.integers(1, 5), count=st.integers(0, 12), chooser=st.randoms(use_true_random=False))
def test_every_task_is_yielded_once_and_few_run_at_once(size: int, count: int, chooser: Random) -> None:
    running: set[str] = set()

    def submit(argument: str) -> str:
        running.add(argument)
        assert len(running) <= size
        return argument

    def ended(tasks: list[str]) -> list[str]:
        assert set(tasks) == running
        chosen = chooser.sample(sorted(running), chooser.randint(1, len(running)))
        running.difference_update(chosen)
        return chosen

    arguments = [f"task {number}" for number in range(count)]
    found = list(in_window(size, arguments, submit, ended))
    assert sorted(found) == sorted(enumerate(arguments))
    assert running == set()
