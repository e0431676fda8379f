"""A contestant's process as the driver sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qlab.bench import surroundings

_ROOT = Path(__file__).parents[2]
_PROGRAM = "import sys; sys.path.insert(int(sys.argv[1]), sys.argv[2]); from qlab.bench.worker import main; main()"
_FIRST, _LAST = "0", "1000"  # another interpreter has to find its own packages before those beside qlab
_SECONDS_BETWEEN_LOOKS = 0.2
_SHOWN = 60  # bytes of what is no answer


class ContestantFailed(Exception):
    """The process has died, is stuck, takes too much memory, or its library raised; the message says which."""


class Process:
    """Sends requests and reads answers; ends with the process group of the worker killed."""

    def __init__(self, python: str, environment: Mapping[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._unread = b""
        self._closed = False
        try:
            self._process = subprocess.Popen(
                [python, "-c", _PROGRAM, _FIRST if python == sys.executable else _LAST, str(_ROOT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=dict(environment),
                start_new_session=True,  # Ctrl-C is the driver's, which then kills the workers
            )
        except OSError as error:
            self._errors.close()
            raise ContestantFailed(f"{python}: {error.strerror}") from error

    def send(self, **request: Any) -> None:
        """Send a request; an answer to it has to be received before the next."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the answer will say why
            self._process.stdin.write((json.dumps(request) + "\n").encode())
            self._process.stdin.flush()

    def receive(self, patience: float) -> Any:
        """Return the answer to the last request.

        Raises:
            ContestantFailed: there is none, or not within ``patience`` seconds, or it is an error.
        """
        assert self._process.stdout is not None
        descriptor, ends = self._process.stdout.fileno(), time.monotonic() + patience
        while b"\n" not in self._unread:
            if select.select([descriptor], [], [], _SECONDS_BETWEEN_LOOKS)[0]:
                part = os.read(descriptor, 1 << 20)
                if not part:
                    raise ContestantFailed(self._death())
                self._unread += part
            elif time.monotonic() > ends:
                raise ContestantFailed(f"no answer within {patience:g} s")
            elif surroundings.memory_is_short():
                raise ContestantFailed("stopped before it took the last memory of this machine")
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ContestantFailed(
                f"its interpreter says '{line[:_SHOWN].decode(errors='replace')}', which is no answer"
            )
        if "error" in answer:
            raise ContestantFailed(answer["error"])
        return answer["answer"]

    def ask(self, patience: float, **request: Any) -> Any:
        """Send a request and return its answer; see ``receive``."""
        self.send(**request)
        return self.receive(patience)

    def close(self) -> None:
        """Kill it and whatever it has started; once."""
        if self._closed:
            return
        self._closed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]

    def _death(self) -> str:
        code = self._process.wait()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"{how}: {said[-1].strip()}" if said else how
