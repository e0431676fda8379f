"""Completion in bash: commands, options, config groups, their options, and keys."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import Annotated

import typer
import typer.main

from qlab.cli.hw_run import ACTIONS

VARIABLE = "_QLAB_COMPLETE"
SCRIPT = """\
_qlab_completion() {
    local IFS=$'\\n'
    COMPREPLY=($(_QLAB_COMPLETE=bash COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" "$1" 2>/dev/null))
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=./] ]] && compopt -o nospace
}
complete -o default -F _qlab_completion qlab
"""
# Bash breaks words at these; what it replaces is only the part behind the last of them.
WORD_BREAKS = "=:"


def command(shell: Annotated[str, typer.Argument(help="bash")] = "bash") -> None:
    """Print the script that completes qlab's words in a shell.

    Example: eval "$(qlab completion bash)"
    """
    if shell != "bash":
        raise typer.BadParameter(f"there is a script for bash only, not for '{shell}'")
    print(SCRIPT, end="")


def answer(app: typer.Typer) -> None:
    """Print the completions of the line that bash hands over in the environment; on any trouble, none."""
    with suppress(Exception):
        line = os.environ["COMP_LINE"].encode()[: int(os.environ["COMP_POINT"])].decode()
        print("\n".join(complete(app, line)))


def complete(app: typer.Typer, line: str) -> list[str]:
    """Return what may stand in place of the last word of ``line``, as bash wants it: behind the last ``=``."""
    words = shlex.split(line)
    current = "" if line.endswith(" ") else words.pop()
    cut = max(current.rfind(mark) for mark in WORD_BREAKS) + 1
    return [choice[cut:] for choice in _choices(app, words[1:], current) if choice.startswith(current)]


def _choices(app: typer.Typer, before: list[str], current: str) -> list[str]:
    commands = _flags(app)
    if not before:
        return sorted(commands)
    name, arguments = before[0], [word for word in before[1:] if not word.startswith("-")]
    if current.startswith("-"):
        return commands.get(name, [])
    if name in ("sweep", "compare") and current and ("launcher".startswith(current) or current.startswith("launcher")):
        return _overrides("launch", [word for word in arguments if word.startswith("launcher")], current)
    if name in ("diagnose", "compare"):
        own = _overrides(name, [], "")
        training = [word for word in arguments if not word.startswith(tuple(own))]
        return [*own, *_overrides("train", training, current)]
    if name in ("train", "plan", "validate", "pretrain", "sweep"):
        return _overrides("train", [word for word in arguments if not word.startswith("launcher")], current)
    if name in ("eval", "attack"):
        if arguments:
            return _overrides(name, arguments[1:], current)
        return [*_runs(), *(_folders("comparisons") if name == "attack" else [])]
    if name == "hw-run":
        return _runs() if arguments else sorted([*_runs(), *ACTIONS])
    if name in ("ls", "cat"):
        return _catalogue(name)
    return []


def _flags(app: typer.Typer) -> dict[str, list[str]]:
    """Return the long options of every command by its name."""
    group = typer.main.get_group(app)
    return {
        name: sorted(flag for parameter in command.params for flag in parameter.opts if flag.startswith("--"))
        for name, command in group.commands.items()
    }


def _overrides(config_name: str, before: list[str], current: str) -> list[str]:
    from qlab.config.compose import complete_overrides

    found = complete_overrides(config_name, before, current)
    return [choice for choice in found if current.startswith("h") or not choice.startswith("hydra")]


def _runs() -> list[str]:
    return _folders("runs")


def _folders(kind: str) -> list[str]:
    from pathlib import Path

    return sorted(path.name for path in Path("outputs", kind).glob("*-*"))


def _catalogue(name: str) -> list[str]:
    from qlab.config.catalogue import GROUPS, entries

    return list(GROUPS) if name == "ls" else [f"{entry.group}/{entry.name}" for entry in entries()]
