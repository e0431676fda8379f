"""Commands that documentation shows, made cheap: the same words, on small data or only checked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer.main

from qlab.cli.main import app, run
from tests.docs.blocks import blocks

NOT_HERE = {"login", "status", "fetch", "cancel", "ibm_fez", "COMPARISON"}  # needs an account, a job, a comparison
CHECKED = {"train", "plan", "pretrain"}
ADDED = {
    "sweep": ["--plan"],
    "compare": ["--plan"],
    "diagnose": ["samples=10"],
    "attack": ["units=feature", "limit=5", "queries=2", "steps=1", "restarts=1"],
    "regress": ["--list"],
}
PLACES = {"[GROUP]": "head", "GROUP/NAME": "head/vqc", "...": None}


def shown_in(page: Path) -> list[str]:
    """Return every line of a page's blocks that calls qlab, alternatives one by one."""
    shell = [re.sub(r" *\\\n *", " ", block.text) for block in blocks(page) if block.language in ("", "sh")]
    lines = [line for text in shell for line in text.splitlines()]
    return [each for line in lines if re.match(r'(eval "\$\()?qlab ', line) for each in _alternatives(line)]


def examples() -> list[str]:
    """Return the example of every command's help."""
    commands = typer.main.get_group(app).commands
    found = [re.search(r"Example: (.*)", command.help or "") for command in commands.values()]
    assert all(found), "the help of every command has an example"
    return [match[1].strip() for match in found if match]


def rehearse(line: str, trained: str, other: str) -> int:
    """Call a command in this process, made cheap; return its exit code.

    Args:
        line: the command as it is shown.
        trained: the run that stands in for RUN and the like.
        other: another one, for OTHER_RUN.
    """
    words = _words(line, trained, other)
    name, rest = words[0], words[1:]
    if name == "bench" or NOT_HERE & set(rest):
        typer.main.get_group(app).commands[name].make_context(name, list(rest))
        return 0
    if name in CHECKED or "dataset.path=DIR" in rest:  # whose files are not here
        return run(["validate", *rest])
    return run([name, *rest, *ADDED.get(name, [])])


def _words(line: str, trained: str, other: str) -> list[str]:
    inner = re.match(r'eval "\$\((.*)\)"', line)
    words = shlex.split(inner[1] if inner else line, comments=True)[1:]
    for place, value in ((r"\bOTHER([-_]RUN)?\b", other), (r"outputs/runs/NAME-KEY|\bRUN\b", trained)):
        words = [re.sub(place, value, word) for word in words]
    named = [PLACES.get(word, word) for word in words]
    return [word for word in named if word is not None]


def _alternatives(line: str) -> Iterator[str]:
    """Yield ``qlab hw-run list`` and ``qlab hw-run fetch JOB`` of ``qlab hw-run list | fetch JOB``."""
    first, *others = line.partition("#")[0].strip().split(" | ")
    yield first
    for other in others:
        is_command = other.split()[0] in typer.main.get_group(app).commands
        yield f"{'qlab' if is_command else ' '.join(first.split()[:2])} {other}"
