"""Tokens leave this process in no text: wherever one is known, it is replaced by value."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

TOKEN_VARIABLE = "QISKIT_IBM_TOKEN"
SHORTEST = 8  # characters of a token; shorter ones are refused before they are used
_SHORTEST_SHOWN = 4  # characters that are redacted where they stand alone; still shorter ones are in every text
_SHOWN = "[token]"
_AUTHORIZATION = re.compile(r"\b(bearer|apikey)([ =:]+)[\w.~+/=-]{8,}", re.IGNORECASE)
_SECRET_KEYS = {"token", "password_ntlm"}
_remembered: set[str] = set()
_guards: list[bool] = []


def account_file() -> Path:
    """Return where qiskit-ibm-runtime keeps accounts."""
    return Path.home() / ".qiskit" / "qiskit-ibm.json"


def remember(token: str) -> None:
    """Take ``token`` for a secret from now on."""
    if _is_safe(token):
        _remembered.add(token)


def remember_accounts() -> None:
    """Take the tokens in the account file for secrets from now on; one that cannot be read has none to show."""
    try:
        accounts = json.loads(account_file().read_text())
    except (OSError, ValueError):
        return
    for token in _secrets_in(accounts):
        remember(token)


def redact(text: str) -> str:
    """Return ``text`` with every known token, and whatever follows ``Bearer`` or ``apikey``, replaced."""
    for token in sorted(_known(), key=len, reverse=True):
        for written in {token, quote(token, safe=""), json.dumps(token)[1:-1]}:
            if len(token) >= SHORTEST:
                text = text.replace(written, _SHOWN)
            else:
                text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", _SHOWN, text)
    return _AUTHORIZATION.sub(rf"\1\2{_SHOWN}", text)


def redacted_traceback(error: BaseException) -> str:
    """Return the traceback of ``error`` as Python prints it, without tokens."""
    return redact("".join(traceback.format_exception(error)))


def guard() -> None:
    """Redact, from now on, what is logged, what is warned of, and tracebacks of errors that nobody catches.

    A filter of a logger does not see what its children log, so records are redacted where they are made.
    """
    remember_accounts()
    if _guards:
        return
    _guards.append(True)
    logging.setLogRecordFactory(_redacting(logging.getLogRecordFactory()))
    one_line = warnings.formatwarning
    warnings.formatwarning = lambda *args, **kwargs: redact(one_line(*args, **kwargs))
    sys.excepthook = _print
    threading.excepthook = lambda failed: _print(failed.exc_type, failed.exc_value, failed.exc_traceback)


def _known() -> set[str]:
    in_environment = os.environ.get(TOKEN_VARIABLE, "").strip()
    return _remembered | ({in_environment} if _is_safe(in_environment) else set())


def _is_safe(token: str) -> bool:
    """Return whether to redact a token leaves other text whole: it is long, or no word and no number."""
    if len(token) >= SHORTEST:
        return True
    is_mixed = any(letter.isalpha() for letter in token) and any(letter.isdigit() for letter in token)
    return len(token) >= _SHORTEST_SHOWN and is_mixed


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _SECRET_KEYS and isinstance(item, str):
                yield item
            else:
                yield from _secrets_in(item)


def _redacting(factory: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        try:
            said = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the message; logging prints both
            said = f"{record.msg} {record.args}"
        if redact(said) != said:
            record.msg, record.args = redact(said), ()
        if record.exc_info and record.exc_info[1] is not None:
            shown = "".join(traceback.format_exception(record.exc_info[1]))
            if redact(shown) != shown:
                record.exc_info, record.exc_text = None, redact(shown).rstrip()
        return record

    return make


def _print(kind: type[BaseException], error: BaseException | None, place: TracebackType | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        print(redacted_traceback(error.with_traceback(place)), end="", file=sys.stderr)
