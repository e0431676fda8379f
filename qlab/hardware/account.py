"""The IBM account of this user: one file that qiskit-ibm-runtime reads, for nobody else's eyes."""

from __future__ import annotations

import getpass
import json
import os
import stat
import sys
from pathlib import Path

from qlab.errors import RequestError
from qlab.hardware.redaction import TOKEN_VARIABLE, account_file, redact, remember

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700


def read_token() -> str:
    """Return the token from the environment, else from the terminal, where it is not shown while it is typed.

    Raises:
        RequestError: there is neither.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token and sys.stdin is not None and sys.stdin.isatty():
        token = getpass.getpass("IBM Cloud API key (it is not shown): ").strip()
    if not token:
        raise RequestError(f"there is no token: set {TOKEN_VARIABLE}, or call qlab hw-run login in a terminal")
    remember(token)
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


def has_account() -> bool:
    """Return whether the environment or the account file gives a token."""
    if os.environ.get(TOKEN_VARIABLE, "").strip():
        return True
    try:
        return bool(json.loads(account_file().read_bytes()))
    except OSError:
        return False
    except ValueError:
        return True  # damaged, of which the client says more


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
