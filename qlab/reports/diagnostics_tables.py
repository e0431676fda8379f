"""The tables of diagnostics: one row per head, for machines and for readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qlab.reports.tables import Cells
from qlab.reports.values import decimals, shown

Point = Mapping[str, Any]
Result = Mapping[str, Any]
QUBITS = "head.n_qubits"


def flat_rows(result: Result) -> list[dict[str, Any]]:
    """Return one row per head with every number of its diagnosis, less the histogram."""
    return [_flat(point) for point in result["points"]]


def state_cells(result: Result) -> Cells:
    """Return expressibility and entanglement for a reader."""
    header = [*_keys(result), "KL to Haar", "Haar's own", "Meyer-Wallach", "Haar's mean"]
    rows = [
        [
            *_values(result, point),
            _pair(point["expressibility"]["divergence"], point["expressibility"]["standard_error"]),
            _pair(point["expressibility"]["haar"], point["expressibility"]["haar_deviation"]),
            _pair(point["entanglement"]["mean"], point["entanglement"]["standard_error"]),
            decimals(point["entanglement"]["haar"]),
        ]
        for point in result["points"]
    ]
    return Cells(header, rows)


def gradient_cells(result: Result) -> Cells:
    """Return the variances of gradients for a reader."""
    header = [*_keys(result), "observable", "weights", "by one parameter", "mean over all"]
    rows = [
        [
            *_values(result, point),
            found["observable"],
            found["init"],
            *(_relative(found[of]["value"], found[of]["standard_error"]) for of in ("parameter", "mean")),
        ]
        for point in result["points"]
        for found in point["gradients"]
    ]
    return Cells(header, rows)


def fit_cells(result: Result) -> Cells | None:
    """Return how ln(variance) falls per qubit for a reader; None without a fit."""
    if not result["fits"]:
        return None
    shared = [key for key in result["swept"] if key != QUBITS]
    header = [*shared, "observable", "weights", "variance by", "per qubit", "95 % interval", "fitted at"]
    rows = [
        [
            *(shown(fit["values"][key]) for key in shared),
            fit["observable"],
            fit["init"],
            "one parameter" if fit["of"] == "parameter" else "all",
            decimals(fit["slope"], 3),
            f"{decimals(fit['low'], 3)} to {decimals(fit['high'], 3)}",
            ", ".join(map(str, fit["n_qubits"])),
        ]
        for fit in result["fits"]
    ]
    return Cells(header, rows)


def note(result: Result) -> str:
    """Return what was drawn and counted, in words."""
    options = result["options"]
    inputs = "standard normal features through the head's encoding" if options["inputs"] == "random" else "zero"
    bins = "equal Haar probability" if options["binning"] == "haar" else "equal width"
    parameter = " or ".join(dict.fromkeys(point["parameter"]["name"] for point in result["points"]))
    return (
        f"Expressibility: Kullback-Leibler divergence in nats of {options['samples']} fidelities, {options['bins']} "
        f"bins of {bins}; Haar's own is what as many of Haar-random states give, with its standard deviation. The two "
        "states of a pair have the same inputs and weights uniform between -π and π. Gradients: variance of the "
        f"derivative of an expectation value over {options['samples']} draws, of Z on qubit 0 (local) or of the "
        f"product of Z on all qubits (global), with such weights or the head's own first ones; the one "
        f"parameter is the {parameter}. Inputs: {inputs}. "
        "After ± stands one standard error."
    )


def _flat(point: Point) -> dict[str, Any]:
    named = point["parameter"]
    row = {
        **point["values"],
        **{name: point[name] for name in ("n_qubits", "n_weights", "depth", "two_qubit_gates")},
        "kl": point["expressibility"]["divergence"],
        "kl_se": point["expressibility"]["standard_error"],
        "kl_haar": point["expressibility"]["haar"],
        "kl_haar_sd": point["expressibility"]["haar_deviation"],
        "meyer_wallach": point["entanglement"]["mean"],
        "meyer_wallach_se": point["entanglement"]["standard_error"],
        "meyer_wallach_haar": point["entanglement"]["haar"],
        "parameter": named["name"],
        "parameter_index": named["index"],
    }
    for found in point["gradients"]:
        for of in ("parameter", "mean"):
            name = f"variance_{found['observable']}_{found['init']}_{of}"
            row |= {name: found[of]["value"], f"{name}_se": found[of]["standard_error"]}
    return row


def _keys(result: Result) -> Sequence[str]:
    return result["swept"] if QUBITS in result["swept"] else [*result["swept"], "qubits"]


def _values(result: Result, point: Point) -> list[str]:
    values = [shown(point["values"][key]) for key in result["swept"]]
    return values if QUBITS in result["swept"] else [*values, shown(point["n_qubits"])]


def _pair(value: float, error: float) -> str:
    return f"{decimals(value)} ± {decimals(error)}"


def _relative(value: float, error: float) -> str:
    if not value:
        return "0"
    percent = 100 * error / value
    return f"{value:.2e} ± {percent:.{0 if percent > 1 else 1}f} %"
