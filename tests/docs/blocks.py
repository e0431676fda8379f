"""The blocks of code of a page, and how they are executed: in order, in one folder, as they stand.

A block under ``<!-- file: PATH -->`` is written to that file; one under ``<!-- not executed: REASON -->`` is left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.conftest import ROOT

_BLOCK = re.compile(r"^(?:<!-- (file|not executed): (.+?) -->\n)?```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        line: where it begins in its page, from 1.
        tag: ``file`` or ``not executed``, or empty.
        argument: which file, or why not.
        language: as the page says.
        text: the code.
    """

    line: int
    tag: str
    argument: str
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    content = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(content):
        tag, argument, language, text = found.groups(default="")
        yield Block(content.count("\n", 0, found.start()) + 1, tag, argument, language, text)


def execute(page: Path, folder: Path, languages: tuple[str, ...]) -> int:
    """Execute the blocks of these languages; return how many there were.

    Raises:
        AssertionError: one ended with another code than 0; the message has its line and what it wrote.
    """
    shim = folder / ".bin" / "qlab"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m qlab "$@"\n')
    shim.chmod(0o755)
    paths = {"PATH": f"{shim.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment = {name: value for name, value in os.environ.items() if name != "QLAB_DATA_DIR"} | paths
    count = 0
    for block in blocks(page):
        if block.tag == "file":
            (folder / block.argument).parent.mkdir(exist_ok=True)
            (folder / block.argument).write_text(block.text)
        elif block.tag != "not executed" and block.language in languages:
            command = {"sh": ["bash", "-e", "-c"], "python": [sys.executable, "-c"]}[block.language]
            done = subprocess.run(
                [*command, block.text], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{page.name}, line {block.line}:\n{block.text}\n{done.stdout}{done.stderr}"
            count += 1
    return count
