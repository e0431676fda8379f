"""The drawing of a run's circuit."""

from __future__ import annotations

from pathlib import Path

from qlab.errors import QlabError
from qlab.jobs.run import Run
from qlab.records.store import RunFolder


def drawing(path: Path) -> str | None:
    """Return a drawing in text of the circuit of the finished run in ``path``; None for a classical head.

    None, too, where the run cannot be restored: what was measured is worth reading without it.
    """
    try:
        circuit = Run(RunFolder(path)).head.circuit
    except (QlabError, OSError):
        return None
    return None if circuit is None else circuit.draw()
