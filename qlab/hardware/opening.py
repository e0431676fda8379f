"""A device by its name, wherever its jobs run."""

from __future__ import annotations

from qlab.errors import UnknownNameError
from qlab.hardware.local import AER, WITH_NOISE_OF, LocalService, stored_in
from qlab.hardware.service import JobService
from qlab.noise.ibm import is_of_account, stored_devices


def open_service(name: str) -> JobService:
    """Return the service that runs jobs on a device.

    Args:
        name: ``aer``, a stored device (``fake_torino``, ``aer:fake_torino``), or one of the IBM account (``ibm_fez``).

    Raises:
        UnknownNameError: there is no such device.
        RequestError: there is no account, or IBM cannot be reached or does not take the token.
    """
    if is_of_account(name):
        from qlab.hardware.ibm import IbmService  # its client takes a second to import

        return IbmService(name)
    if stored_in(name) is not None and stored_in(name) not in stored_devices():
        prefix, others = (WITH_NOISE_OF, []) if name.startswith(WITH_NOISE_OF) else ("", [AER])
        raise UnknownNameError("device", name, [*others, *(f"{prefix}{stored}" for stored in stored_devices())])
    return LocalService(name)
