"""A token is shown nowhere: not in logs, warnings, errors, tracebacks or files, and its own file is private."""

from __future__ import annotations

import getpass
import json
import logging
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from qlab.cli import main
from qlab.errors import RequestError
from qlab.hardware import redaction
from qlab.hardware.account import check_account, login, read_token
from qlab.hardware.opening import open_service
from qlab.hardware.redaction import redact, redacted_traceback
from tests.hardware.scripted import ScriptedService, begin

TOKEN = "s3cret/to+ken=0123456789"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    monkeypatch.setattr(redaction, "_remembered", set())
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("written", [TOKEN, "s3cret%2Fto%2Bken%3D0123456789"])
def test_a_token_of_the_environment_is_redacted_in_every_spelling(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"GET /?key={written}&x=1"
    assert redact(text) == text
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    assert redact(text) == "GET /?key=[token]&x=1"


def test_headers_are_redacted_whatever_the_token() -> None:
    said = redact("{'Authorization': 'Bearer eyJhbGciOi.J9x-y_z', 'Service-CRN': 'crn:v1'}, apikey abcdefgh12345678")
    assert said == "{'Authorization': 'Bearer [token]', 'Service-CRN': 'crn:v1'}, apikey [token]"


def test_what_is_no_token_stays() -> None:
    for text in ("", "a bearer of news", "8 qubits", "apikey: none"):
        assert redact(text) == text


def test_tracebacks_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    try:
        try:
            raise ValueError(f"wrong token {TOKEN}")
        except ValueError as error:
            raise RuntimeError(f"while using {TOKEN}") from error
    except RuntimeError as error:
        shown = redacted_traceback(error)
    assert TOKEN not in shown
    assert shown.count("[token]") == 2
    assert "RuntimeError: while using [token]" in shown


SCRIPT = """
import logging, sys, threading, warnings
from qlab.hardware.redaction import guard
logging.basicConfig(level=logging.DEBUG)
guard()
guard()
token = sys.argv[1]
logger = logging.getLogger("urllib3.connectionpool")
logger.debug("headers %s", {"Authorization": "apikey " + token})
logger.debug(token)
logger.debug("two %s %s", token)
logging.getLogger("qiskit_ibm_runtime.x").warning("in %(place)s", {"place": token})
warnings.warn("the token " + token)
try:
    raise ValueError(token)
except ValueError:
    logger.exception("failed")
thread = threading.Thread(target=lambda: int("x" + token))
thread.start()
thread.join()
raise OSError(token)
"""


@pytest.mark.parametrize("place", ["environment", "account file"])
def test_logs_warnings_and_crashes_of_a_process_show_no_token(home: Path, place: str) -> None:
    environment = {"HOME": str(home)}
    if place == "environment":
        environment["QISKIT_IBM_TOKEN"] = TOKEN
    else:
        login(TOKEN)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, TOKEN], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert TOKEN not in done.stdout + done.stderr
    assert done.stderr.count("[token]") == 8
    assert "OSError: [token]" in done.stderr
    assert "the token [token]" in done.stderr


def test_login_writes_a_private_file_that_the_client_reads(home: Path) -> None:
    from qiskit_ibm_runtime import QiskitRuntimeService

    with pytest.raises(RequestError, match="there is no IBM account: set QISKIT_IBM_TOKEN, or call qlab hw-run login"):
        check_account()
    path = login(TOKEN, instance="crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::")
    assert path == home / ".qiskit" / "qiskit-ibm.json"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    (saved,) = QiskitRuntimeService.saved_accounts(filename=str(path)).values()
    assert saved["token"] == TOKEN
    check_account()
    assert redact(TOKEN) == "[token]"


def test_a_file_that_others_could_read_is_private_before_the_token_is_in_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiskit_ibm_runtime import QiskitRuntimeService

    folder = home / ".qiskit"
    folder.mkdir(mode=0o755)
    path = folder / "qiskit-ibm.json"
    path.write_text("{}")
    path.chmod(0o644)
    seen: list[int] = []
    monkeypatch.setattr(QiskitRuntimeService, "save_account", lambda **settings: seen.append(mode(path)))
    login(TOKEN)
    assert seen == [0o600]


def test_a_second_login_replaces_the_first(home: Path) -> None:
    path = login("another-token-0123456789")
    login(TOKEN)
    text = path.read_text()
    assert "another-token" not in text
    assert TOKEN in json.loads(text)["default-ibm-quantum-platform"]["token"]
    assert mode(path) == 0o600


def test_a_folder_that_others_may_write_to_is_refused(home: Path) -> None:
    (home / ".qiskit").mkdir()
    (home / ".qiskit").chmod(0o777)
    with pytest.raises(RequestError, match="chmod 700"):
        login(TOKEN)
    assert not list((home / ".qiskit").iterdir())


def test_a_damaged_account_file_is_one_line_without_the_token(home: Path) -> None:
    path = login(TOKEN)
    path.write_text("{")
    with pytest.raises(RequestError, match=str(path)) as caught:
        login(TOKEN)
    assert TOKEN not in str(caught.value)


def account_of(home: Path, text: str, permissions: int = 0o600) -> Path:
    path = home / ".qiskit" / "qiskit-ibm.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    path.chmod(permissions)
    return path


def account_with(token: object) -> str:
    return json.dumps({"mine": {"token": token, "is_default_account": True}, "other": {"token": ""}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged; remove it and call qlab hw-run login again"),
        ('{"mine": 3}', "holds no accounts; remove it"),
        ('["mine"]', "holds no accounts; remove it"),
        ("{}", "there is no IBM account"),
        (account_with(""), "the token of account mine in .* is empty"),
        (account_with(None), "the token of account mine in .* is empty"),
        (account_with("abc"), "too short for one: it has fewer than 8 characters"),
        (account_with("two words of it"), "spaces or characters in it that no token has"),
    ],
)
def test_an_account_that_cannot_be_used_is_one_line(home: Path, text: str, message: str) -> None:
    account_of(home, text)
    with pytest.raises(RequestError, match=message) as caught:
        open_service("ibm_fez")
    assert "\n" not in str(caught.value)


def test_an_account_that_others_may_read_is_not_used(home: Path) -> None:
    path = account_of(home, account_with(TOKEN), 0o644)
    with pytest.raises(RequestError, match=f"others may read or write the account file {path}: chmod 600 it first"):
        check_account()
    path.chmod(0o600)
    check_account()


def test_an_account_file_that_cannot_be_read_is_one_line(home: Path) -> None:
    (home / ".qiskit" / "qiskit-ibm.json").mkdir(parents=True)
    with pytest.raises(RequestError, match="cannot be read: Is a directory"):
        check_account()


@pytest.mark.parametrize("token", ["a", "1234567", " ", "tab\tin the token", "s3cretö123456789"])
def test_a_token_that_cannot_be_one_is_refused_wherever_it_is_from(
    token: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", token)
    for use in (check_account, read_token, lambda: login(token)):
        with pytest.raises(RequestError) as caught:
            use()
        assert len(token) == 1 or token not in str(caught.value)
    assert not (home / ".qiskit").exists()


def test_short_tokens_are_redacted_where_that_leaves_the_rest_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "ab3d")
    assert redact("key=ab3d, ab3de, xab3d and (ab3d)") == "key=[token], ab3de, xab3d and ([token])"
    for token in ("a", "1", "1000", "train", "0.95"):
        monkeypatch.setenv("QISKIT_IBM_TOKEN", token)
        assert redact("train on 1000 samples: a 0.95") == "train on 1000 samples: a 0.95"


def test_the_token_comes_from_the_environment_or_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="QISKIT_IBM_TOKEN"):
        read_token()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f" {TOKEN}\n")
    assert read_token() == TOKEN
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "from-the-environment")
    assert read_token() == "from-the-environment"


def test_a_defect_is_shown_without_the_token(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**settings: object) -> None:
        raise ValueError(f"cannot parse {TOKEN}")

    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    monkeypatch.setattr(main, "app", fail)
    assert main.run(["train"]) == 1
    shown = capsys.readouterr().err
    assert TOKEN not in shown
    assert "Traceback" in shown
    assert shown.endswith("error: this is a defect of qlab: ValueError: cannot parse [token]\n")


def test_the_log_of_a_run_shows_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    journal = begin(tmp_path / "hardware", ScriptedService())
    journal.append(0, "refused", message=f"403 for {TOKEN}")
    assert TOKEN not in (journal.folder / "events.jsonl").read_text()
    assert journal.states()[0].message == "403 for [token]"


def test_the_guard_leaves_other_records_alone() -> None:
    factory = logging.getLogRecordFactory()
    record = redaction._redacting(factory)("qlab", logging.INFO, "file", 1, "%d of %d", (1, 2), None)
    assert record.getMessage() == "1 of 2"
    assert record.args == (1, 2)
    assert warnings.formatwarning is not None
