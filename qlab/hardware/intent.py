"""What is about to be sent, on disk before anything is: enough to send it, find it and read it in another process."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qiskit import qpy

from qlab.arrays import read_arrays, write_arrays
from qlab.circuits.observables import PauliWord
from qlab.errors import CorruptFileError, OptionError
from qlab.files import sha256_file, write_bytes, write_json
from qlab.hardware.program import Form, Program
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
class Budget:
    """What may be spent.

    Attributes:
        seconds: QPU seconds of all jobs together.
        limits: of each job, whole QPU seconds after which the service ends it; their sum is at most ``seconds``.
    """

    seconds: float
    limits: tuple[int, ...]


@dataclass(frozen=True)
class Intent:
    """What is about to be sent.

    Attributes:
        uuid: ours; the jobs carry it as a tag.
        created: ISO 8601, UTC.
        device: facts of the device when this was written.
        options: how the jobs are run; their limits of QPU seconds are those of the budget.
        chunks: for each job the rows that it executes.
        forms: what the outcome of each program looks like.
        budget: what may be spent; None for any number of QPU seconds.
        facts: what is to be known of the programs when their outcomes are read, as plain values.
        request: what the user asked for; who asks for the same again goes on with this.
        content: SHA-256 of all the rest; an intent that was changed since is refused.
        files: SHA-256 of the files with circuits and values, by their names.
        versions: of the packages that wrote it.
    """

    uuid: str
    created: str
    device: DeviceFacts
    options: RunOptions
    chunks: tuple[tuple[Piece, ...], ...]
    forms: tuple[Form, ...]
    budget: Budget | None
    facts: dict[str, Any]
    request: dict[str, Any]
    content: str
    files: dict[str, str]
    versions: dict[str, str]

    def tag(self, chunk: int) -> str:
        """Return the tag of the job of a chunk."""
        return f"qlab-{self.uuid}-{chunk}"

    def options_of(self, chunk: int) -> RunOptions:
        """Return how the job of a chunk is run."""
        limit = None if self.budget is None else self.budget.limits[chunk]
        return replace(self.options, seed=self.seed(chunk), max_execution_time=limit)

    def forms_of(self, chunk: int) -> list[Form]:
        """Return what the outcomes of a chunk look like."""
        return [
            replace(self.forms[piece.program], n_executions=piece.stop - piece.start) for piece in self.chunks[chunk]
        ]

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
    budget: Budget | None = None,
    facts: Mapping[str, Any] | None = None,
    open_log: Callable[[Path], None] = lambda folder: None,
) -> tuple[Path, Intent]:
    """Write an intent and its programs to a new folder below ``root``; on return all of it is on disk.

    The description comes last: a folder without it is what a killed process left, and nothing was sent for it.

    Args:
        root: where the new folder is made.
        programs: of all jobs.
        device: facts of what executes them.
        options: how the jobs are run.
        request: what the user asked for.
        budget: what may be spent.
        facts: of the programs, as plain values.
        open_log: called with the folder before the description is there, to begin the log that goes with it.

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
    words = [[str(word) for word in program.words] for program in programs]
    write_arrays(folder / _VALUES, values, {"shots": [program.shots for program in programs], "words": words})
    intent = Intent(
        uuid=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        device=device,
        options=options,
        chunks=chunks,
        forms=tuple(program.form for program in programs),
        budget=budget,
        facts=dict(facts or {}),
        request=dict(request),
        content="",
        files={file: sha256_file(folder / file) for file in (_CIRCUITS, _VALUES)},
        versions={package: version(package) for package in _PACKAGES},
    )
    open_log(folder)
    return folder, _written(folder, intent)


def read_intent(folder: Path) -> Intent:
    """Return what ``write_intent`` wrote.

    Raises:
        FileNotFoundError: there is no intent.
        CorruptFileError: it is damaged, or was changed.
    """
    path = folder / _INTENT
    try:
        known = json.loads(path.read_bytes())
        if known["content"] != _content(known):
            raise ValueError("it was changed after it was written")
        known["device"] = DeviceFacts(**known["device"])
        known["options"] = RunOptions(**known["options"])
        known["chunks"] = tuple(tuple(Piece(**piece) for piece in chunk) for chunk in known["chunks"])
        known["forms"] = tuple(Form(**form) for form in known["forms"])
        budget = known["budget"]
        known["budget"] = None if budget is None else Budget(budget["seconds"], tuple(budget["limits"]))
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
        Program(circuit, arrays[f"values_{number}"].astype(float), shots, tuple(map(PauliWord.of, words)))
        for number, (circuit, shots, words) in enumerate(zip(circuits, facts["shots"], facts["words"], strict=True))
    ]


def has_intent(folder: Path) -> bool:
    """Return whether an intent was written to ``folder`` to its end."""
    return (folder / _INTENT).is_file()


def limited(folder: Path, intent: Intent, budget: Budget | None) -> Intent:
    """Write an intent with another budget in place of the one there is."""
    return _written(folder, replace(intent, budget=budget))


def _written(folder: Path, intent: Intent) -> Intent:
    intent = replace(intent, content=_content(asdict(intent)))
    write_json(folder / _INTENT, asdict(intent))
    return intent


def _content(known: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of everything that an intent says."""
    said = {name: value for name, value in known.items() if name != "content"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


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
