"""An interrupt that foreign code swallows still ends the work at its next step."""

from __future__ import annotations

import signal
import subprocess
import sys

CODE = """
import os, signal
from qlab.cli import interrupt
from qlab.cli.progress import Lines

interrupt.listen()
done = 0
try:
    for step in Lines().track(range(5), "work"):
        done += 1
        if step == 1:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                pass
except KeyboardInterrupt:
    print("interrupted after", done)
"""


def test_a_swallowed_interrupt_is_raised_again() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "interrupted after 2"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
