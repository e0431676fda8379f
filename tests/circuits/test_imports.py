from __future__ import annotations

import subprocess
import sys


def test_circuits_are_light_to_import() -> None:
    code = "import sys, qlab.circuits; print([m for m in ('torch', 'pennylane', 'qiskit') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
