"""A Slurm of one machine, as far as submitit needs one: sbatch, srun, sacct and scancel, whichever it is called as.

Its state is a folder, ``$QLAB_TEST_SLURM``: a folder for each array with the process and the state of each job.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(os.environ.get("QLAB_TEST_SLURM", "."))
PROGRAMS = ("sbatch", "srun", "sacct", "scancel")


def install(folder: Path) -> None:
    """Write the programs to a folder."""
    folder.mkdir()
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__)} {name} "$@"\n')
        program.chmod(0o755)


def sbatch(script: str) -> None:
    number = 1 + len(list(ROOT.glob("*/script")))
    jobs = ROOT / str(number)
    jobs.mkdir(parents=True)
    (jobs / "script").write_text(Path(script).read_text())
    subprocess.Popen(
        [sys.executable, __file__, "run", str(number)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    print(f"Submitted batch job {number}")


def run(number: str) -> None:
    """Be the daemon of one array."""
    jobs = ROOT / number
    array = re.search(r"--array=0-(\d+)%(\d+)", (jobs / "script").read_text())
    waiting = list(range(int(array[1]) + 1)) if array else [None]
    at_once = int(array[2]) if array else 1
    running: dict[str, subprocess.Popen[bytes]] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            place = waiting.pop(0)
            name = number if place is None else f"{number}_{place}"
            if not (jobs / f"{name}.cancelled").exists():
                running[name] = subprocess.Popen(["bash", str(jobs / "script")], env=_environment(number, place))
                (jobs / f"{name}.pid").write_text(str(running[name].pid))
        for name, process in list(running.items()):
            if process.poll() is not None:
                (jobs / f"{name}.state").write_text("COMPLETED" if process.returncode == 0 else "FAILED")
                del running[name]
        time.sleep(0.02)


def _environment(number: str, place: int | None) -> dict[str, str]:
    array = {} if place is None else {"SLURM_ARRAY_JOB_ID": number, "SLURM_ARRAY_TASK_ID": str(place)}
    return {**os.environ, "SLURM_JOB_ID": number, "SLURM_NTASKS": "1", "SLURM_PROCID": "0", **array}


def srun(*words: str) -> None:
    """Run the command that follows the options, with its output where these say."""
    places, command = {}, list(words)
    while command[0].startswith("--"):
        option = command.pop(0)
        if option in ("--output", "--error"):
            places[option] = _filled_in(command.pop(0))
    with open(places["--output"], "a") as out, open(places["--error"], "a") as err:
        process = subprocess.run(command, check=False, stdout=out, stderr=err)
        if process.returncode < 0:
            err.write(f"srun: error: task 0: {signal.Signals(-process.returncode).name}\n")
    sys.exit(process.returncode != 0)


def _filled_in(path: str) -> str:
    values = {"%A": "SLURM_ARRAY_JOB_ID", "%a": "SLURM_ARRAY_TASK_ID", "%j": "SLURM_JOB_ID", "%t": "SLURM_PROCID"}
    for pattern, name in values.items():
        path = path.replace(pattern, os.environ.get(name, ""))
    return path


def sacct(*words: str) -> None:
    print("JobID|State|NodeList")
    for file in ROOT.glob("*/*.pid"):
        state = file.with_suffix(".state")
        print(f"{file.stem}|{state.read_text() if state.exists() else 'RUNNING'}|here")


def scancel(*words: str) -> None:
    for name in (word for word in words if not word.startswith("--")):
        jobs = ROOT / name.partition("_")[0]
        (jobs / f"{name}.cancelled").touch()
        with suppress(OSError, psutil.NoSuchProcess):
            script = psutil.Process(int((jobs / f"{name}.pid").read_text()))
            for process in [*script.children(recursive=True), script]:
                process.kill()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
