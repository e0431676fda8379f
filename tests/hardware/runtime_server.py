"""A server on the loopback interface that speaks the protocol of the Runtime service; jobs run on Aer.

The real client talks to it. What is scripted are troubles: see ``Script``.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from qiskit.primitives import BackendEstimatorV2
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import SamplerV2
from qiskit_ibm_runtime.accounts import account
from qiskit_ibm_runtime.api.auth import CloudAuth
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from tests.hardware.executor import executor_result

try:  # where they are from 0.51 on
    from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder
except ImportError:
    from qiskit_ibm_runtime.utils import RuntimeDecoder, RuntimeEncoder

DEVICE = "ibm_manila"
TOKEN = "qlab-loopback-token-0123456789abcdef"
INSTANCE = "crn:v1:bluemix:public:quantum-computing:us-east:a/1234:5678::"
SHOT_SECONDS = 0.00025

OnSubmit = Literal["accept", "drop before", "drop after", "gateway after", "garbage after", "hang after", "hang before"]
Outcome = Literal["Completed", "Failed", "Cancelled", "Ran too long"]


@dataclass
class Job:
    """A job that the server has accepted."""

    id: str
    payload: dict[str, Any]
    looks: int = 0
    cancelled: bool = False
    results: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        return list(self.payload.get("tags", []))


@dataclass
class Script:
    """What the server does beside its duty.

    Attributes:
        on_submit: what happens to a submission, before or after it is accepted.
        statuses: HTTP statuses that are answered first, by route, instead of doing anything.
        hidden_looks: how many searches by tag do not find a job yet.
        queued_looks: how many questions find a job queued; as many find it running after that.
        outcome: how jobs end.
        fewer_rows: how many rows of each program are not executed.
        fewer_shots: how many shots of each row are not executed.
        torn_result: whether a result breaks off in the middle.
        refused_token: a token that has expired.
        usage_looks: how many questions for the usage are answered without one.
        pause: called with each route, before anything is done.
    """

    on_submit: OnSubmit = "accept"
    statuses: dict[str, list[int]] = field(default_factory=dict)
    hidden_looks: int = 0
    queued_looks: int = 0
    outcome: Outcome = "Completed"
    fewer_shots: int = 0
    fewer_rows: int = 0
    torn_result: bool = False
    refused_token: str = ""
    usage_looks: int = 0
    pause: Callable[[str], None] = lambda route: None


class RuntimeServer:
    """The state of the server; ``address`` is what QISKIT_IBM_URL must be."""

    def __init__(self) -> None:
        self.script = Script()
        self.jobs: dict[str, Job] = {}
        self.requests: Counter[str] = Counter()
        self.sessions: dict[str, bool] = {}
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/experimental"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    def accept(self, payload: dict[str, Any]) -> Job:
        with self._lock:
            job = Job(f"job{len(self.jobs):04d}", payload)
            self.jobs[job.id] = job
            return job

    def status_of(self, job: Job) -> tuple[str, dict[str, Any]]:
        script = self.script
        if job.cancelled:
            return "Cancelled", {}
        job.looks += 1
        if job.looks <= script.queued_looks:
            return "Queued", {}
        if job.looks <= 2 * script.queued_looks:
            return "Running", {}
        if script.outcome == "Failed":
            return "Failed", {"reason": "the fridge is warm", "reason_code": 9999}
        if script.outcome == "Ran too long":
            return "Cancelled", {"reason": "job ran too long", "reason_code": 1305}
        return script.outcome, {}


class _Dropped(Exception):
    """The connection is to be closed without an answer."""


def _handler(server: RuntimeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_PATCH = do_DELETE = do_GET

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            path = urlsplit(self.path).path.removeprefix("/experimental")
            route = _route(self.command, path)
            server.requests[route] += 1
            with suppress(BrokenPipeError, ConnectionError):
                server.script.pause(route)
                try:
                    status, answer = self._answer(route, path, body)
                except _Dropped:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                content = answer if isinstance(answer, str) else json.dumps(answer)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content.encode())))
                self.end_headers()
                self.wfile.write(content.encode())

        def _answer(self, route: str, path: str, body: bytes) -> tuple[int, Any]:
            waiting = server.script.statuses.get(route, [])
            if waiting:
                return waiting.pop(0), {"errors": [{"message": "scripted trouble"}]}
            refused = server.script.refused_token
            if refused and refused in (self.headers.get("Authorization") or ""):
                return 401, {"errors": [{"message": f"the token {refused} has expired"}]}
            if route == "POST /jobs":
                return self._submit(body)
            if route == "GET /jobs":
                return 200, _listed(server, parse_qs(urlsplit(self.path).query).get("tags", []))
            if "/jobs/" in path:
                job = server.jobs.get(path.split("/")[2])
                if job is None:
                    return 404, {"errors": [{"message": "Job not found"}]}
                return _of_job(server, job, route)
            return _of_service(server, route, path)

        def _submit(self, body: bytes) -> tuple[int, Any]:
            action = server.script.on_submit
            if action == "drop before":
                raise _Dropped
            if action == "hang before":
                server.released.wait(60)
            job = server.accept(json.loads(body, cls=RuntimeDecoder))
            if action == "hang after":
                server.released.wait(60)
            if action == "drop after":
                raise _Dropped
            if action == "gateway after":
                return 504, "gateway time-out"
            if action == "garbage after":
                return 200, "<html>"
            return 200, {"id": job.id, "backend": DEVICE}

    return Handler


def _route(method: str, path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] in ("jobs", "sessions", "backends") and len(parts) > 1:
        parts[1] = "ID"
    return f"{method} /{'/'.join(parts)}"


def _of_service(server: RuntimeServer, route: str, path: str) -> tuple[int, Any]:
    if route == "GET /backends":
        device = {"name": DEVICE, "status": {"name": "online"}, "is_simulator": False, "qubits": 5, "queue_length": 0}
        return 200, {"devices": [{**device, "processor_type": {"family": "Falcon"}}]}
    if path.startswith("/backends/") and path.split("/")[2] != DEVICE:
        return 404, {"errors": [{"message": "no such device"}]}
    if route == "GET /backends/ID/configuration":
        return 200, {**_described("conf"), "backend_name": DEVICE, "simulator": False}
    if route == "GET /backends/ID/properties":
        return 200, {**_described("props"), "backend_name": DEVICE}
    if route == "GET /backends/ID/status":
        return 200, {"state": True, "status": "active", "message": "", "length_queue": 0, "backend_version": "1"}
    if route == "GET /instances/usage":
        return 200, {"usage_limit_seconds": 600, "usage_consumed_seconds": 100, "usage_limit_reached": False}
    if route == "POST /sessions":
        name = f"session{len(server.sessions)}"
        server.sessions[name] = True
        return 200, {"id": name}
    if route == "PATCH /sessions/ID":
        server.sessions[path.split("/")[2]] = False
        return 204, ""
    return 404, {"errors": [{"message": f"no {route}"}]}


def _of_job(server: RuntimeServer, job: Job, route: str) -> tuple[int, Any]:
    if route == "GET /jobs/ID":
        status, why = server.status_of(job)
        state = {"status": status, **why}
        return 200, {**_summary(job), "state": state, "status": status}
    if route == "GET /jobs/ID/results":
        return 200, _result(job, server.script)
    if route == "GET /jobs/ID/metrics":
        server.script.usage_looks -= 1
        if server.script.usage_looks >= 0:
            return 200, {"usage": {}, "timestamps": {}}
        return 200, {"usage": {"quantum_seconds": _seconds(job)}, "timestamps": {}}
    if route == "POST /jobs/ID/cancel":
        if server.script.outcome == "Completed" and not server.script.queued_looks:
            return 409, {"errors": [{"message": "the job has ended"}]}
        job.cancelled = True
        return 204, ""
    return 404, {"errors": [{"message": f"no {route}"}]}


def _summary(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "backend": DEVICE,
        "program": {"id": job.payload["program_id"]},
        "created": "2026-01-01T00:00:00Z",
        "tags": job.tags,
        "private": False,
        "state": {"status": "Queued"},
    }


def _listed(server: RuntimeServer, tags: list[str]) -> dict[str, Any]:
    if server.script.hidden_looks > 0:
        server.script.hidden_looks -= 1
        return {"jobs": [], "count": 0}
    found = [_summary(job) for job in server.jobs.values() if set(tags) <= set(job.tags)]
    return {"jobs": found, "count": len(found)}


def _seconds(job: Job) -> float:
    if job.payload["program_id"] == "executor":
        return 2.0
    return 2.0 + SHOT_SECONDS * sum(len(values) * shots for _, values, shots in _blocs(job))


def _blocs(job: Job) -> list[tuple[Any, Any, int]]:
    if job.payload["program_id"] == "estimator":
        return [(bloc[0], bloc[2], round(bloc[3] ** -2)) for bloc in job.payload["params"]["pubs"]]
    return [(bloc[0], bloc[1], bloc[2]) for bloc in job.payload["params"]["pubs"]]


def _result(job: Job, script: Script) -> str:
    if script.outcome != "Completed":
        return "Traceback: the fridge is warm"
    if job.payload["program_id"] == "executor":
        return executor_result(job.payload["params"], _simulator())
    if job.payload["program_id"] == "estimator":
        blocs = [tuple(bloc) for bloc in job.payload["params"]["pubs"]]
        estimator = BackendEstimatorV2(backend=_simulator(), options={"seed_simulator": 7})
        return json.dumps(estimator.run(blocs).result(), cls=RuntimeEncoder)
    fewer = (script.fewer_rows, script.fewer_shots)
    if fewer not in job.results:
        sampler = SamplerV2.from_backend(_simulator(), seed=7)
        blocs = [
            (circuit, values[: len(values) - fewer[0]], shots - fewer[1]) for circuit, values, shots in _blocs(job)
        ]
        job.results[fewer] = json.dumps(sampler.run(blocs).result(), cls=RuntimeEncoder)
    text = job.results[fewer]
    return text[: len(text) // 2] if script.torn_result else text


@cache
def _simulator() -> AerSimulator:
    return AerSimulator.from_backend(FakeManilaV2())


@cache
def _text(kind: str) -> str:
    import qiskit_ibm_runtime.fake_provider.backends.manila as manila

    assert manila.__file__ is not None
    return (Path(manila.__file__).parent / f"{kind}_manila.json").read_text()


def _described(kind: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(_text(kind))
    return described


@contextmanager
def runtime_server() -> Iterator[RuntimeServer]:
    """Run a server until the block ends."""
    server = RuntimeServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def environment(server: RuntimeServer, home: Path) -> dict[str, str]:
    """Return the environment variables with which the client finds the server, and no account file."""
    return {
        "QISKIT_IBM_URL": server.address,
        "QISKIT_IBM_TOKEN": TOKEN,
        "QISKIT_IBM_INSTANCE": INSTANCE,
        "HOME": str(home),
    }


def without_cloud(setattr: Callable[[Any, str, Any], None], instance: str = INSTANCE) -> None:
    """Keep the client from asking IBM's own hosts, which are not to be configured, for tokens and instances."""
    instances = [{"crn": instance, "plan": "open", "name": "loopback", "tags": [], "pricing_type": "free"}]
    kind = getattr(account, "CloudAccount", None) or account.Account  # the only one there is from 0.51 on
    setattr(kind, "list_instances", lambda self: instances)
    setattr(CloudAuth, "get_headers", lambda self: {"Service-CRN": self.crn, "Authorization": f"apikey {self.api_key}"})
