"""What the client of IBM's service raises, in terms of what is known of the job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound
from requests import PreparedRequest, RequestException, Response
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from qlab.errors import QlabError, Refused, Unreachable
from qlab.hardware.redaction import redact
from qlab.hardware.service import UnknownJob
from qlab.hardware.transport import Transport, is_submission

_LONGEST = 300  # characters of a message
_TOO_MANY = 429
_LATER = {408, 425, _TOO_MANY}  # statuses of a client's error that say nothing against the request itself
_TOKEN = "IBM does not take the token, which has perhaps expired; qlab hw-run login saves another"


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn the client's errors into ``Refused`` and ``Unreachable``, in the middle of a request that only asks."""
    try:
        yield
    except QlabError:
        raise
    except Exception as error:
        answer = _answer(error)
        status = answer.status_code if answer is not None else None
        reason = f"{what}: {message_of(error)}"
        if status == 401:
            raise Refused(f"{what}: {_TOKEN}") from None
        if isinstance(error, RuntimeJobNotFound) or _is_about_no_job(answer):
            raise UnknownJob(reason) from None
        if status is not None and 400 <= status < 500 and status not in _LATER:
            raise Refused(reason) from None
        raise Unreachable(reason) from None


@contextmanager
def submitting(what: str) -> Iterator[None]:
    """Turn the client's errors into ``Refused`` where there is no job for sure, else into ``Unreachable``.

    Whatever happens after a submission has left this process, an answer that cannot be read too, leaves it open,
    unless the service said no or there was no connection.
    """
    before = Transport.submissions
    try:
        yield
    except QlabError:
        raise
    except Exception as error:
        answer = _answer(error)
        has_none = Transport.submissions == before or _says_no(answer) or _never_connected(error)
        if has_none and answer is not None and answer.status_code == 401:
            raise Refused(f"{what}: {_TOKEN}") from None
        if has_none:
            raise Refused(f"{what}, and there is no job: {message_of(error)}") from None
        raise Unreachable(f"{what}: {message_of(error)}") from None


def message_of(error: BaseException) -> str:
    """Return what the service said, or else the message of the error, in one short line without tokens."""
    answer = _answer(error)
    said = str(getattr(error, "message", "") or error) if answer is None else _said(answer)
    return one_line(said) or type(error).__name__


def one_line(text: str) -> str:
    """Return a text in one short line, without tokens."""
    said = redact(" ".join(text.strip("'\"").split()))
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} ..."


def _answer(error: BaseException) -> Response | None:
    """Return the answer of the service that an error comes from; None without an answer."""
    for cause in _causes(error):
        if isinstance(cause, RequestException) and cause.response is not None:
            return cause.response
    return None


def _said(answer: Response) -> str:
    """Return the status of an answer, and the messages in it; a page of HTML has none."""
    try:
        said = "; ".join(str(error["message"]) for error in answer.json()["errors"])
    except (ValueError, KeyError, TypeError):
        said = "" if answer.text.lstrip().startswith("<") else answer.text
    later = "; repeat the command later" if answer.status_code == _TOO_MANY else ""
    return f"{answer.status_code} {answer.reason}" + (f": {said}" if said else "") + later


def _says_no(answer: Response | None) -> bool:
    """Return whether an answer is one to a submission, and refuses it."""
    if answer is None or not is_submission(answer.request):
        return False
    return 400 <= answer.status_code < 500 and answer.status_code != 408


def _is_about_no_job(answer: Response | None) -> bool:
    """Return whether an answer says that there is no such job; one that has no result yet is something else."""
    if answer is None or answer.status_code != 404:
        return False
    parts = urlsplit(answer.url).path.rstrip("/").split("/")
    return parts[-2] == "jobs" or (parts[-1] == "cancel" and "jobs" in parts)


def _never_connected(error: BaseException) -> bool:
    """Return whether no connection was made for a submission, so that not a byte of it was sent."""
    found = list(_causes(error))
    if not any(isinstance(cause, RequestException) and _submits(cause) for cause in found):
        return False
    reasons = (cause.reason if isinstance(cause, MaxRetryError) else cause for cause in found)
    return any(isinstance(reason, NewConnectionError | ConnectTimeoutError) for reason in reasons)


def _submits(error: RequestException) -> bool:
    return isinstance(error.request, PreparedRequest) and is_submission(error.request)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it comes from, also where the client hides that."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, *cause.args]
        waiting += [item for item in inner if isinstance(item, BaseException)]
