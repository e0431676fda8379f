"""How the client of IBM's service talks: a submission goes out once, and no answer is waited for without end.

Left alone the client repeats a submission after a server error, up to five times, and waits for a silent server for
ever. A gateway that reports an error after the job was accepted would make several jobs of one.
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from qiskit_ibm_runtime.api.session import RetrySession
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from qlab.errors import CapabilityError

_ATTEMPTS = 3
_BACKOFF = 0.3  # seconds, doubled each time
_OUTAGES = (500, 502, 503, 504, 520, 521, 522, 524)
_CONNECT_SECONDS, _READ_SECONDS, _SUBMIT_SECONDS = 10.0, 60.0, 300.0


class Transport(HTTPAdapter):
    """Repeats what only asks, sends once what changes something, and counts submissions.

    Attributes:
        submissions: how many requests for a job have left this process.
    """

    submissions: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__(
            max_retries=Retry(
                total=_ATTEMPTS,
                backoff_factor=_BACKOFF,
                status_forcelist=_OUTAGES,
                allowed_methods={"GET"},
                raise_on_status=False,
            )
        )
        self._once = HTTPAdapter(max_retries=0)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        """Send a request; see ``HTTPAdapter.send``; the time-outs are our own."""
        limits = (_CONNECT_SECONDS, _READ_SECONDS)
        if is_submission(request):
            Transport.submissions += 1
            limits = (_CONNECT_SECONDS, _SUBMIT_SECONDS)
        send = super().send if request.method == "GET" else self._once.send
        return send(request, stream, limits, verify, cert, proxies)

    def close(self) -> None:
        """Close all connections."""
        self._once.close()
        super().close()


def is_submission(request: PreparedRequest) -> bool:
    """Return whether a request asks for a new job."""
    return request.method == "POST" and urlsplit(request.url or "").path.endswith("/jobs")


def install() -> None:
    """Let every session of the client that is opened from now on talk through ``Transport``.

    Raises:
        CapabilityError: this version of the client opens its sessions in another way.
    """
    if not hasattr(RetrySession, "_initialize_retry"):
        raise CapabilityError("this version of qiskit-ibm-runtime repeats submissions; install 0.45 to 0.51")
    RetrySession._initialize_retry = _mount


def _mount(session: Any, *settings: object, **named_settings: object) -> None:
    transport = Transport()
    session.mount("http://", transport)
    session.mount("https://", transport)
