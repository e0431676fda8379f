"""A program that launches tasks and prints the outcomes as JSON: ``python -m tests.launchers.command REQUEST``.

The request is a JSON document: the launcher's name and options, a folder for marks, and the deeds of the tasks by name.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from qlab.cli import interrupt
from qlab.config import registry
from qlab.launchers.base import Answer
from qlab.launchers.isolation import launch
from qlab.process import settle
from tests.launchers.work import runs, work


def main(request: dict[str, Any]) -> None:
    settle()
    interrupt.listen()
    folder, deeds = request["folder"], request["tasks"]
    names = list(deeds)
    arguments = [json.dumps({"folder": folder, "name": name, "do": deed}) for name, deed in deeds.items()]
    launcher = registry.build(registry.options_class("launcher", request["launcher"])(**request["options"]))
    found = {}
    for outcome in launch(launcher, work, arguments, lambda position: runs(folder, names[position]) > 0):
        answer = json.loads(outcome.answer) if isinstance(outcome, Answer) else {"lost": outcome.reason}
        found[names[outcome.position]] = answer
    print(json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
