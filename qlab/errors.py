"""Every error that qlab raises on purpose.

    QlabError
    ├── RequestError            exit code 2: the request was wrong, nothing was done
    │   ├── UnknownNameError    a name that does not exist; knows the nearest right one
    │   ├── OptionError         an option with a wrong type, value or combination
    │   ├── CircuitError        a circuit that cannot be built or translated
    │   ├── DataError           data that cannot be read or used
    │   │   └── DatasetMissing  files that are not on this machine
    │   ├── CapabilityError     a backend was asked for what it cannot do
    │   └── Refused             the service of a device did not take a request
    └── JobError                exit code 1: the request was right, the work failed
        ├── DivergedError       a loss that is not finite
        ├── NoiseError          a noise model that would change nothing
        ├── CorruptFileError    a file of qlab's own that is damaged
        ├── Unreachable         the service of a device did not answer
        └── InDoubt             nobody knows whether a job was sent

A message is one line: what is wrong, where, and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class QlabError(Exception):
    """Base of all errors; ``exit_code`` is what the command line exits with."""

    exit_code: ClassVar[int] = 1


class RequestError(QlabError):
    """The request was wrong; nothing was run or written."""

    exit_code = 2


class OptionError(RequestError):
    """An option has a wrong type, a value out of range, or does not fit another option."""


class UnknownNameError(RequestError):
    """``name`` is not one of ``choices``; the message offers the nearest of them."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        known = sorted(choices)
        near = did_you_mean(name, known) or ";"
        super().__init__(f"unknown {kind} '{name}'{near} known: {', '.join(known) or 'none'}")


class CircuitError(RequestError):
    """A circuit that cannot be built, simulated or translated."""


class DataError(RequestError):
    """Data that cannot be read or used."""


class DatasetMissing(DataError):
    """Files that are not on this machine; the message says which and how to get them."""


class CapabilityError(RequestError):
    """A backend was asked for something it cannot do."""


class Refused(RequestError):
    """The service of a device did not take a request; it has done nothing."""


class JobError(QlabError):
    """The request was right but the work failed."""


class DivergedError(JobError):
    """The loss is not finite."""


class NoiseError(JobError):
    """A noise model that is not zero would insert nothing into a circuit."""


class CorruptFileError(JobError):
    """A file that qlab wrote is damaged; the message says which and how to go on."""


class Unreachable(JobError):
    """The service of a device did not answer, or not in its language: nobody knows what it has done."""


class InDoubt(JobError):
    """A job was perhaps sent, the service does not know it yet, and sending it again could be paid for twice."""


class QlabWarning(UserWarning):
    """The work goes on, but not as well as it could; one line, which the command line shows."""


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest choice, or an empty string."""
    near = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
