"""The IBM account of this user: one file that qiskit-ibm-runtime reads, for nobody else's eyes."""

from __future__ import annotations

import getpass
import json
import os
import stat
import sys
from pathlib import Path

from qlab.errors import RequestError
from qlab.hardware.redaction import SHORTEST, TOKEN_VARIABLE, account_file, redact, remember

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LOGIN = "qlab hw-run login"


def read_token() -> str:
    """Return the token from the environment, else from the terminal, where it is not shown while it is typed.

    Raises:
        RequestError: there is neither, or it cannot be one.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token and sys.stdin is not None and sys.stdin.isatty():
        token = getpass.getpass("IBM Cloud API key (it is not shown): ").strip()
    if not token:
        raise RequestError(f"there is no token: set {TOKEN_VARIABLE}, or call qlab hw-run login in a terminal")
    remember(token)
    _check(token, "this login")
    return token


def login(token: str, instance: str | None = None) -> Path:
    """Save the account where qiskit-ibm-runtime looks for it, readable for this user alone; return the file.

    Args:
        token: API key of IBM Cloud.
        instance: name or resource name (CRN) of the instance to use; None to let the service choose.

    Raises:
        RequestError: others may write to the folder, the file is damaged, or the account is not valid.
    """
    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.exceptions import IBMError

    remember(token)
    _check(token, "this login")
    path = account_file()
    try:
        _prepare(path)
        QiskitRuntimeService.save_account(
            token=token, instance=instance, filename=str(path), overwrite=True, set_as_default=True
        )
        path.chmod(_PRIVATE_FILE)
    except (IBMError, ValueError, OSError) as error:
        raise RequestError(f"the account cannot be saved in {path}: {redact(str(error))}") from None
    return path


def check_account() -> None:
    """Raise ``RequestError`` unless the environment or the account file gives a token that can be used."""
    token = os.environ.get(TOKEN_VARIABLE)
    if token:
        _check(token, TOKEN_VARIABLE)
        return
    path = account_file()
    try:
        known, mode = json.loads(path.read_bytes()), path.stat().st_mode
    except FileNotFoundError:
        known, mode = {}, 0
    except OSError as error:
        raise RequestError(f"the account file {path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise RequestError(f"the account file {path} is damaged; remove it and call {_LOGIN} again") from None
    if not known:
        raise RequestError(
            f"there is no IBM account: set {TOKEN_VARIABLE}, or call {_LOGIN}; fake_torino and aer need none"
        )
    if not isinstance(known, dict) or not all(isinstance(account, dict) for account in known.values()):
        raise RequestError(f"the account file {path} holds no accounts; remove it and call {_LOGIN} again")
    if mode & _OTHERS:
        raise RequestError(f"others may read or write the account file {path}: chmod 600 it first")
    chosen = {name: account for name, account in known.items() if account.get("is_default_account")}
    for name, account in (chosen or known).items():
        _check(account.get("token"), f"account {name} in {path}")


def _check(token: object, where: str) -> None:
    """Raise ``RequestError`` where something cannot be a token, or could not be kept out of what is printed."""
    if not isinstance(token, str) or not token.strip():
        raise RequestError(f"the token of {where} is empty; {_LOGIN} saves another")
    if len(token) < SHORTEST:
        raise RequestError(f"the token of {where} is too short for one: it has fewer than {SHORTEST} characters")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise RequestError(f"the token of {where} has spaces or characters in it that no token has")


def _prepare(path: Path) -> None:
    """Make the folder and the file private before there is a token in them."""
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    if path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RequestError(f"others may write to {path.parent}, and so replace the account; chmod 700 it first")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    except FileExistsError:
        path.chmod(_PRIVATE_FILE)
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write("{}")
