"""What a launcher finds here: processors and libraries."""

from __future__ import annotations

from importlib.util import find_spec

from qlab.errors import OptionError, RequestError


def workers_for(workers: int | None, threads: int) -> int:
    """Return ``workers``, or how many there are processors for that this process may use."""
    from joblib import cpu_count

    return workers or max(1, cpu_count() // threads)


def workers_at(address: str | None, workers: int | None, threads: int) -> int:
    """Return how many tasks there are at once at ``address``, or on this machine where that is None.

    Raises:
        OptionError: nobody but the user can know it of a cluster, which may grow when it is asked for more.
    """
    if address is not None and workers is None:
        raise OptionError("launcher.address is given, and so launcher.workers must be: how many points at once")
    return workers_for(workers, threads)


def require(module: str, launcher: str, extra: str) -> None:
    """Raise a RequestError unless there is the library ``module``, which an optional part of qlab brings."""
    if find_spec(module) is None:
        raise RequestError(f"launcher={launcher} needs {module}, which is not installed: pip install 'qlab[{extra}]'")
