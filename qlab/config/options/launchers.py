"""Options of the launchers; none of them changes a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qlab.config.options.option import option

_MOST_WORKERS, _MOST_THREADS = 100_000, 1024


@dataclass
class Serial:
    """One point after the other, in this process."""

    FACTORY: ClassVar[str] = "qlab.launchers.serial:Serial"

    threads: int | None = option(
        None, "processor threads; null: as many as each point takes by itself", at_least=1, at_most=_MOST_THREADS
    )


@dataclass
class WorkerOptions:
    """How many points run at once, and on how many threads each."""

    workers: int | None = option(
        None, "points at once; null: as many as there are processors for", at_least=1, at_most=_MOST_WORKERS
    )
    threads: int = option(1, "processor threads of each point", at_least=1, at_most=_MOST_THREADS)


@dataclass
class Joblib(WorkerOptions):
    """Processes of this machine."""

    FACTORY: ClassVar[str] = "qlab.launchers.joblib:Joblib"


@dataclass
class SubmititLocal(WorkerOptions):
    """Jobs of this machine through submitit: what Slurm does, without Slurm."""

    FACTORY: ClassVar[str] = "qlab.launchers.submitit_local:SubmititLocal"

    folder: str | None = option(None, "for the files of the jobs; null: qlab's cache in the home directory")


@dataclass
class Slurm:
    """Jobs of a Slurm cluster, through submitit."""

    FACTORY: ClassVar[str] = "qlab.launchers.slurm:Slurm"

    workers: int = option(64, "jobs at once", at_least=1, at_most=_MOST_WORKERS)
    threads: int = option(1, "processor threads of each job", at_least=1, at_most=_MOST_THREADS)
    partition: str | None = option(None, "where jobs run; null: the cluster's default")
    account: str | None = option(None, "whose budget they take; null: your default")
    timeout_min: int = option(240, "minutes that a job may take", at_least=1)
    mem_gb: float | None = option(None, "memory of a job, GB; null: the cluster's default", above=0)
    setup: list[str] = option([], "lines of shell that each job begins with, e.g. [module load python]")
    sbatch: list[str] = option([], "further options of sbatch, e.g. [--qos=long, --exclusive]")
    folder: str | None = option(
        None, "for the files of the jobs, which every node must see; null: qlab's cache in the home directory"
    )


@dataclass
class Ray(WorkerOptions):
    """Ray, on this machine or on a cluster."""

    FACTORY: ClassVar[str] = "qlab.launchers.ray:Ray"

    address: str | None = option(None, "of a running cluster, e.g. auto; null: this machine")


@dataclass
class Dask(WorkerOptions):
    """Dask, on this machine or on a cluster."""

    FACTORY: ClassVar[str] = "qlab.launchers.dask:Dask"

    address: str | None = option(None, "of a running scheduler, e.g. tcp://host:8786; null: this machine")
