"""What records have in common and where they differ: configuration, data, execution, provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from qlab.reports.tables import Cells
from qlab.reports.values import MISSING, component, counted, decimals, is_missing, shown

Record = Mapping[str, Any]
SHORT_COMMIT = 12
_MEANS = {
    "standard_error_mean": "standard error",
    "shift_mean": "shift of ⟨Z⟩",
    "shift_rms": "its root mean square",
}


def configuration(records: Sequence[Record]) -> str:
    """Return the config behind records as YAML; what differs is said to vary, with its values.

    Noise and backend are those that the record is about, with every choice made that the config leaves open.
    """
    configs = [{**record["config"], "noise": record["noise"], "backend": record["backend"]} for record in records]
    return in_common(configs)


def in_common(configs: Sequence[Mapping[str, Any]]) -> str:
    """Return configs as one in YAML; what differs is said to vary, with its values."""
    return yaml.safe_dump(_common(configs), sort_keys=False, allow_unicode=True, width=100)


def _common(values: Sequence[Any]) -> Any:
    if all(isinstance(value, Mapping) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: _common([value.get(key) for value in values]) for key in keys}
    different = list(dict.fromkeys(shown(value) for value in values))
    return values[0] if len(different) == 1 else f"varies: {', '.join(different)}"


def dataset(records: Sequence[Record]) -> dict[str, str]:
    """Return facts of the data; several values of one fact stand beside each other."""
    return _together([_dataset(record["dataset"]) for record in records])


def _dataset(data: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": data["name"],
        "source": f"{data['source']} data",
        "classes": f"{len(data['classes'])}: {', '.join(map(str, data['classes']))}",
        "examples": ", ".join(f"{part} {size}" for part, size in data["sizes"].items()),
        "duplicates removed": shown(data["duplicates_removed"]),
        "fingerprint": data["fingerprint"],
        **{name.replace("_", " "): _flat(value) for name, value in data["provenance"].items() if not is_missing(value)},
    }


def provenance(records: Sequence[Record]) -> dict[str, str]:
    """Return what the records were made with, and when."""
    finished = sorted(record["finished"] for record in records)
    facts = _together([_environment(record["environment"]) for record in records])
    return {**facts, "finished": " to ".join(dict.fromkeys((finished[0], finished[-1])))}


def _environment(environment: Mapping[str, Any]) -> dict[str, str]:
    return {
        "commit": commit(environment) or "not known: not run from a checkout",
        **{name: version for name, version in environment["versions"].items() if version is not None},
        "python": environment["python"],
        "platform": environment["platform"],
        "processors": shown(environment["cpu_count"]),
        "threads": shown(environment["threads"]),
        **{f"plugin {name}": package for name, package in environment.get("plugins", {}).items()},
    }


def commit(environment: Mapping[str, Any]) -> str | None:
    """Return the commit of a result's code; None where it is not known."""
    if environment["commit"] is None:
        return None
    return f"{environment['commit'][:SHORT_COMMIT]}{' with uncommitted changes' if environment['dirty'] else ''}"


def commits(records: Sequence[Record]) -> Counter[str]:
    """Return how many results each commit made."""
    return Counter(commit(record["environment"]) or "an unknown commit" for record in records)


def circuit(record: Record) -> dict[str, str]:
    """Return the resources of a training run's circuit; nothing for a classical head or an evaluation."""
    return {name.replace("_", " "): shown(value) for name, value in (record.get("circuit") or {}).items()}


def effort(record: Record) -> dict[str, str]:
    """Return what training took; nothing of what a record of older code does not tell."""
    training = record["training"]
    if "epoch_seconds" not in training:
        return {}
    seconds, flops, denormal = training["epoch_seconds"], training["convolution_flops"], training["denormal_share"]
    facts = {
        "seconds of an epoch": f"{seconds['median']:.3g} in the median, {seconds['first']:.3g} the first",
        "processor seconds": f"{training['cpu_seconds']:.3g} of all threads in training",
    }
    if flops:
        facts["convolutions"] = f"{flops:,} floating-point operations forward for an example"
    if denormal:
        facts["denormal weights"] = f"{100 * denormal:.3g} % of the trained ones that are not zero, at the end"
    return facts


def executions(records: Sequence[Record]) -> Cells | None:
    """Return what was executed under noise or from shots, one row for each different one; None without either.

    Standard errors of expectation values and their shifts from the ideal ones are means over the records of a row.
    """
    rows: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        if record["execution"] is not None:
            rows.setdefault(_execution(record), []).append(record["execution"])
    header = ["noise", "inserted", "circuit as executed", "simulation", "shots", *_MEANS.values()]
    cells = [[*fixed, *(_mean([found.get(name) for found in same]) for name in _MEANS)] for fixed, same in rows.items()]
    return Cells(header, cells) if cells else None


def _execution(record: Record) -> tuple[str, ...]:
    execution = record["execution"]
    executed = execution["executed"]
    return (
        component(record["noise"]),
        ", ".join(f"{count} {name}" for name, count in execution["insertions"].items()) or "nothing",
        f"{counted(executed['n_qubits'], 'qubit')}, depth {executed['depth']}, "
        f"{counted(executed['two_qubit_gates'], 'two-qubit gate')}",
        str(execution["simulation"]),
        shown(execution["shots"]),
    )


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return decimals(sum(known) / len(known)) if known else MISSING


def _together(facts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return each fact once; different values one after the other."""
    names = dict.fromkeys(name for one in facts for name in one)
    return {name: "; ".join(dict.fromkeys(one[name] for one in facts if name in one)) for name in names}


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_flat(item)}" for name, item in value.items())
    return shown(value)
