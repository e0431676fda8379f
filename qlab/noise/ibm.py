"""IBM's devices by name: those whose calibration is stored with qiskit-ibm-runtime, and those of an account."""

from __future__ import annotations

from functools import cache
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.providers import BackendV2, QiskitBackendNotFoundError
from qiskit_ibm_runtime import QiskitRuntimeService, fake_provider
from qiskit_ibm_runtime.exceptions import IBMAccountError
from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

from qlab.errors import JobError, RequestError, UnknownNameError

_OWN = "ibm_"


@cache
def stored_devices() -> dict[str, type[BackendV2]]:
    """Return the devices that need no account, by name: fake_torino, fake_brisbane and so on."""
    kinds: list[Any] = [kind for kind in vars(fake_provider).values() if isinstance(kind, type)]
    return {kind.backend_name: kind for kind in kinds if issubclass(kind, FakeBackendV2) and kind.backend_name}


def is_of_account(name: str) -> bool:
    """Return whether a device is looked up with an account, where it is calibrated anew from time to time."""
    return name.startswith(_OWN)


def check_name(name: str) -> None:
    """Raise ``UnknownNameError`` unless ``name`` is that of a stored device, or can be that of an account's."""
    if not is_of_account(name) and name not in stored_devices():
        raise UnknownNameError("device", name, stored_devices())


@cache
def device_named(name: str) -> BackendV2:
    """Return a device; each is read once in a process.

    A name that begins with ``ibm_`` is looked up with the account that QISKIT_IBM_TOKEN or the account file gives.

    Raises:
        UnknownNameError: there is no such device.
        RequestError: there is no account, or the account has no such device.
        JobError: IBM does not answer.
    """
    check_name(name)
    return _of_account(name) if is_of_account(name) else stored_devices()[name]()


def _of_account(name: str) -> BackendV2:
    stored = f"fake_{name.removeprefix(_OWN)}"
    instead = f"; {stored if stored in stored_devices() else 'fake_torino'} needs no account"
    try:
        return QiskitRuntimeService().backend(name)
    except IBMAccountError as error:
        reason = f"{name} is reached with an IBM account, in QISKIT_IBM_TOKEN or saved with QiskitRuntimeService"
        raise RequestError(f"{reason}: {error}{instead}") from error
    except QiskitBackendNotFoundError as error:
        raise RequestError(f"the IBM account has no device {name}{instead}") from error
    except (QiskitError, OSError) as error:
        raise JobError(f"the calibration of {name} cannot be fetched: {error}{instead}") from error
