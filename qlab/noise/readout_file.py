"""Confusion matrices from a file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from qlab.errors import OptionError
from qlab.noise.readout import Readout

_NAME = "matrices"


def read_confusion(path: str | Path) -> Readout:
    """Return the readout error that a file describes.

    A JSON file holds a list of matrices ``[[P(read 0 of 0), P(read 0 of 1)], [P(read 1 of 0), P(read 1 of 1)]]``, one
    per qubit or one for all. A ``.npz`` file holds an array ``matrices`` (n_qubits, 2, 2) of the same.

    Raises:
        OptionError: the file cannot be read, or does not hold confusion matrices.
    """
    file = Path(path)
    try:
        found = np.asarray(_from_npz(file) if file.suffix == ".npz" else json.loads(file.read_text()), dtype=float)
        return Readout(found)
    except OSError as error:
        raise OptionError(f"{file} cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise OptionError(f"{file} has no array '{_NAME}'") from error
    except (ValueError, TypeError, zipfile.BadZipFile) as error:
        raise OptionError(f"{file} does not hold confusion matrices, a list of 2 x 2 numbers: {error}") from error
    except OptionError as error:
        raise OptionError(f"{file}: {error}") from error


def _from_npz(file: Path) -> Any:
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        return arrays[_NAME]
