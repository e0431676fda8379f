"""Outcomes as JUnit XML, which continuous integration shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from qlab.files import write_bytes
from qlab.jobs.regress.run import Outcome

SUITE = "qlab regress"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write one test case for each recipe, whole or not at all: ``failure`` differs, ``error`` could not be run."""
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    counts = {
        "tests": str(len(outcomes)),
        "failures": str(sum(outcome.is_regression for outcome in outcomes) - failed),
        "errors": str(failed),
        "time": f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": SUITE, **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": SUITE, **counts})
    for outcome in outcomes:
        _add(suite, outcome)
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _add(suite: ElementTree.Element, outcome: Outcome) -> None:
    named = {"classname": "regression", "name": _clean(outcome.recipe), "time": f"{outcome.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", named)
    if not outcome.is_regression:
        return
    message = _clean(f"{outcome.status}: {outcome.headline}")
    kind = "error" if outcome.status == "failed" else "failure"
    entry = ElementTree.SubElement(case, kind, {"message": message, "type": outcome.status})
    entry.text = _clean(outcome.details or "\n".join(map(str, outcome.differences)) or message)


def _clean(text: str) -> str:
    """Return text without the characters that XML does not have."""
    return _NOT_XML.sub("?", text)
