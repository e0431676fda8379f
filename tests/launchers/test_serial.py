"""The launcher without workers."""

from __future__ import annotations

import os

import pytest

from qlab.config import registry
from qlab.launchers.base import Answer
from qlab.launchers.serial import Serial


def work(argument: str) -> str:
    return f"{os.getpid()} {argument}"


def interrupted(argument: str) -> str:
    raise KeyboardInterrupt


def test_tasks_run_in_this_process_in_their_order() -> None:
    serial = registry.build(registry.options_class("launcher", "serial")())
    assert (serial.workers, serial.threads) == (1, None)
    expected = [Answer(position, f"{os.getpid()} {name}") for position, name in enumerate("abc")]
    assert list(serial.run(work, list("abc"))) == expected


def test_a_task_begins_when_its_answer_is_asked_for() -> None:
    begun: list[str] = []

    def note(argument: str) -> str:
        begun.append(argument)
        return argument

    answers = Serial(threads=None).run(note, list("abc"))
    next(answers)
    assert begun == ["a"]
    answers.close()
    assert begun == ["a"]


def test_an_interrupt_is_not_an_answer() -> None:
    with pytest.raises(KeyboardInterrupt):
        next(Serial(threads=1).run(interrupted, ["a"]))
