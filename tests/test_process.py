"""How a process of qlab behaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from qlab.process import interrupts_held

WARNINGS = """
import os, warnings
from qlab.errors import QlabWarning
from qlab.process import settle
settle()
warnings.warn("of a library")
for _ in range(2):
    warnings.warn("of qlab", QlabWarning)
print(os.environ["OMP_WAIT_POLICY"])
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())])
print(child.pid, flush=True)
child.wait()
"""
CHILD = """
import sys, time
from qlab.process import end_with
end_with(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""


def test_only_warnings_of_qlab_are_shown_and_each_in_one_line() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", WARNINGS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == "warning: of qlab\n" * 2
    assert done.stdout == "PASSIVE\n"


def test_who_chose_warnings_has_them() -> None:
    command = [sys.executable, "-W", "error::UserWarning", "-c", WARNINGS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "UserWarning: of a library" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_a_process_ends_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
    child.wait(10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_a_process_whose_parent_has_ended_already_ends_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, "1"], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL


def test_an_interrupt_is_held_until_the_end_and_kept_from_processes_that_start() -> None:
    children: list[subprocess.Popen[bytes]] = []

    def interrupted() -> None:
        with interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            children.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (child,) = children
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.kill()
    child.wait()
