"""Whether there is an IBM account, and where it comes from; never what is in it."""

from __future__ import annotations

import json
import os
import stat

from qlab.hardware.redaction import TOKEN_VARIABLE, account_file


def account_origin() -> str | None:
    """Return where the token of an IBM account would be taken from; None if there is none."""
    if os.environ.get(TOKEN_VARIABLE, "").strip():
        return f"token of the environment variable {TOKEN_VARIABLE}"
    path = account_file()
    try:
        saved = json.loads(path.read_bytes())
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except ValueError:
        return f"{path} is damaged: it is not JSON"
    if not saved:
        return None
    return f"saved in {path}" + ("; others can read it: chmod 600 it" if mode & (stat.S_IRWXG | stat.S_IRWXO) else "")
