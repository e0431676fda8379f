"""What is about to be sent, on disk before anything is: enough to send it, find it and read it in another process."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qiskit import qasm3, qpy

from qlab.arrays import read_arrays, write_arrays
from qlab.errors import CorruptFileError, OptionError
from qlab.files import sha256_file, write_bytes, write_json
from qlab.hardware.program import Program
from qlab.hardware.service import DeviceFacts, RunOptions

_INTENT, _CIRCUITS, _VALUES = "intent.json", "circuits.qpy", "values.safetensors"
_PACKAGES = ("qlab", "qiskit", "qiskit-ibm-runtime", "qiskit-aer")


@dataclass(frozen=True)
class Piece:
    """Rows ``start`` to ``stop`` of the values of one program."""

    program: int
    start: int
    stop: int


@dataclass(frozen=True)
class Intent:
    """What is about to be sent.

    Attributes:
        uuid: ours; the jobs carry it as a tag.
        created: ISO 8601, UTC.
        device: facts of the device when this was written.
        options: how the jobs are run.
        chunks: for each job the rows that it executes.
        request: what the user asked for; who asks for the same again goes on with this.
        content: SHA-256 of circuits, values, shots, device and options.
        files: SHA-256 of the files with circuits and values, by their names.
        versions: of the packages that wrote it.
    """

    uuid: str
    created: str
    device: DeviceFacts
    options: RunOptions
    chunks: tuple[tuple[Piece, ...], ...]
    request: dict[str, Any]
    content: str
    files: dict[str, str]
    versions: dict[str, str]

    def tag(self, chunk: int) -> str:
        """Return the tag of the job of a chunk."""
        return f"qlab-{self.uuid}-{chunk}"

    def seed(self, chunk: int) -> int:
        """Return the seed of a chunk where it is simulated; it does not depend on the other chunks."""
        total = hashlib.sha256(f"{self.options.seed} {chunk}".encode()).digest()
        return int.from_bytes(total[:4], "big") >> 1


def write_intent(
    root: Path,
    programs: Sequence[Program],
    device: DeviceFacts,
    options: RunOptions,
    request: Mapping[str, Any],
) -> tuple[Path, Intent]:
    """Write an intent and its programs to a new folder below ``root``; on return all of it is on disk.

    The description comes last: a folder without it is what a killed process left, and nothing was sent for it.

    Raises:
        OptionError: one row alone is more than the device takes in one job.
    """
    name = str(uuid.uuid4())
    folder = root / name
    chunks = divided(programs, device)
    circuits = io.BytesIO()
    qpy.dump([program.circuit for program in programs], circuits)
    write_bytes(folder / _CIRCUITS, circuits.getvalue())
    values = {f"values_{number}": program.values for number, program in enumerate(programs)}
    write_arrays(folder / _VALUES, values, {"shots": [program.shots for program in programs]})
    intent = Intent(
        uuid=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        device=device,
        options=options,
        chunks=chunks,
        request=dict(request),
        content=content_hash(programs, device, options),
        files={file: sha256_file(folder / file) for file in (_CIRCUITS, _VALUES)},
        versions={package: version(package) for package in _PACKAGES},
    )
    write_json(folder / _INTENT, asdict(intent))
    return folder, intent


def read_intent(folder: Path) -> Intent:
    """Return what ``write_intent`` wrote.

    Raises:
        FileNotFoundError: there is no intent.
        CorruptFileError: it is damaged.
    """
    path = folder / _INTENT
    try:
        known = json.loads(path.read_bytes())
        known["device"] = DeviceFacts(**known["device"])
        known["options"] = RunOptions(**known["options"])
        known["chunks"] = tuple(tuple(Piece(**piece) for piece in chunk) for chunk in known["chunks"])
        return Intent(**known)
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path} is damaged ({error})") from error


def read_programs(folder: Path, intent: Intent) -> list[Program]:
    """Return the programs of an intent.

    Raises:
        CorruptFileError: they are not those that the intent was written for.
    """
    for name, expected in intent.files.items():
        path = folder / name
        if not path.is_file() or sha256_file(path) != expected:
            raise CorruptFileError(f"{path} is not what was written with {_INTENT}; the jobs can still be cancelled")
    with (folder / _CIRCUITS).open("rb") as file:
        circuits = qpy.load(file)
    arrays, facts = read_arrays(folder / _VALUES)
    return [
        Program(circuit, arrays[f"values_{number}"].astype(float), shots)
        for number, (circuit, shots) in enumerate(zip(circuits, facts["shots"], strict=True))
    ]


def has_intent(folder: Path) -> bool:
    """Return whether an intent was written to ``folder`` to its end."""
    return (folder / _INTENT).is_file()


def content_hash(programs: Sequence[Program], device: DeviceFacts, options: RunOptions) -> str:
    """Return the hex SHA-256 of what is executed, where and how; the names of circuits do not matter."""
    total = hashlib.sha256(json.dumps([device.name, asdict(options)], sort_keys=True).encode())
    for program in programs:
        total.update(f"\n{program.shots} {program.values.shape}\n{qasm3.dumps(program.circuit)}".encode())
        total.update(program.values.tobytes())
    return total.hexdigest()


def divided(programs: Sequence[Program], device: DeviceFacts) -> tuple[tuple[Piece, ...], ...]:
    """Return the fewest jobs, in order, that stay below the limits of the device; one without limits.

    Raises:
        OptionError: one row alone is more than the device takes.
    """
    limit = device.most_executions
    chunks: list[list[Piece]] = [[]]
    left = limit
    for number, program in enumerate(programs):
        most = min((bound for bound in (device.most_shots, limit) if bound is not None), default=program.shots)
        if program.shots > most:
            raise OptionError(f"{device.name} takes at most {most} shots, not {program.shots}; choose fewer --shots")
        start = 0
        while start < program.n_executions:
            if left is not None and left < program.shots:
                chunks.append([])
                left = limit
            rows = program.n_executions - start
            if left is not None:
                rows = min(rows, left // program.shots)
                left -= rows * program.shots
            chunks[-1].append(Piece(number, start, start + rows))
            start += rows
    return tuple(tuple(chunk) for chunk in chunks)
