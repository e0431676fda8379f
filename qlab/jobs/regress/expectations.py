"""Expectations in files: one JSON document for each recipe."""

from __future__ import annotations

import json
from pathlib import Path

from qlab.errors import CorruptFileError
from qlab.files import write_json
from qlab.jobs.regress.quantity import Quantities, Quantity, from_json

SCHEMA = 1


def read(path: Path) -> dict[str, Quantity]:
    """Return the quantities of a file by name.

    Raises:
        CorruptFileError: it is damaged, or of another schema.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise CorruptFileError(f"{path} has schema {document['schema']}, not {SCHEMA}; --update writes it anew")
        return {name: from_json(entry) for name, entry in document["quantities"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFileError(f"{path} is damaged ({error}); --update writes it anew") from error


def write(path: Path, quantities: Quantities) -> None:
    """Write quantities, whole or not at all."""
    entries = {name: quantity.to_json() for name, quantity in quantities.items()}
    write_json(path, {"schema": SCHEMA, "quantities": entries})
