"""The tables of an attack, for machines and for readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qlab.reports.tables import Cells
from qlab.reports.values import counted, decimals, interval

Result = Mapping[str, Any]
NAMES = {
    "fgsm": "FGSM",
    "pgd": "PGD",
    "square": "Square",
    "transfer": "transfer",
    "worst": "all together",
    "published_clamp": "clamped to [0, 1] when normalised, no attack",
    "published_pgd": "published: PGD, eps 0.1 normalised, clamped to [0, 1]",
    "normalised_pgd": "PGD, eps 0.1 normalised, proper range",
    "pixel_pgd": "PGD, eps 0.1 in pixels, proper range",
}
UNITS = {"pixel": "pixels in [0, 1]", "normalised": "units of the normalised images", "feature": "units of features"}


def lines(result: Result) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return the shares at each eps by attack; all of them together come last, where there are several."""
    curves: dict[str, Sequence[Mapping[str, Any]]] = dict(result["curves"])
    return curves if len(curves) == 1 else {**curves, "worst": result["worst"]}


def flat_rows(result: Result) -> list[dict[str, Any]]:
    """Return one row for each attack and eps, and one for each of the published attacks."""
    rows = [{"attack": "none", "eps": 0.0, **result["clean"]}]
    for name, shares in lines(result).items():
        rows += [
            {"attack": name, "eps": radius["value"], **share}
            for radius, share in zip(result["eps"], shares, strict=True)
        ]
    return rows + [{"attack": name, "eps": None, **share} for name, share in result["published"].items()]


def curve_cells(result: Result) -> Cells:
    """Return what each attack leaves at each eps."""
    curves = lines(result)
    rows = [["0", *[_share(result["clean"])] * len(curves)]]
    for place, radius in enumerate(result["eps"]):
        rows.append([radius["label"], *(_share(shares[place]) for shares in curves.values())])
    return Cells(["eps", *(NAMES[name] for name in curves)], rows)


def published_cells(result: Result) -> Cells | None:
    """Return what is left of the published attack and of others like it; None where that does not apply."""
    if not result["published"]:
        return None
    shares = {"no attack": result["clean"], **{NAMES[name]: share for name, share in result["published"].items()}}
    rows = [
        [name, decimals(share["accuracy"]), interval(share["low"], share["high"])] for name, share in shares.items()
    ]
    return Cells(["attack", "rightly answered", "95 % interval"], rows)


def check_cells(result: Result) -> Cells | None:
    """Return the signs of masked gradients; None where nothing could be looked for."""
    if not result["checks"]:
        return None
    return Cells(
        ["check", "verdict", "seen"],
        [[check[name] for name in ("name", "verdict", "sentence")] for check in result["checks"]],
    )


def note(result: Result) -> str:
    """Return what was attacked and how, in words."""
    options, n = result["options"], result["clean"]["n"]
    return (
        f"Share of {n} examples of the {options['split']} part that are still answered rightly, with 95 % Wilson "
        f"intervals; an example answered wrongly without any attack counts as such. eps is L-infinity in "
        f"{UNITS[options['units']]}. {how(options, list(result['curves']), result['twin'])} "
        "What is attacked is the exact model: without noise and shots, dropout off, statistics of batches fixed."
    )


def how(options: Mapping[str, Any], attacks: Sequence[str], twin: str | None = None) -> str:
    """Return with what the attacks were run, in sentences; ``twin`` is the run of the transfer."""
    step = "2.5 eps / steps" if options["step"] is None else f"{options['step']:g}"
    of = {
        "pgd": f"PGD: {options['steps']} steps of {step} from {counted(options['restarts'], 'random start')}",
        "square": f"Square: {options['queries']} queries for each example",
    }
    parts = [text for name, text in of.items() if name in attacks]
    if twin:
        parts.append(f"transfer: where PGD on {twin} ends, each of {options['restarts']} starts tried")
    if {"fgsm", "pgd"} & set(attacks):
        parts.append(_gradients(options))
    return " ".join(f"{part[0].upper() + part[1:]}." for part in parts)


def _gradients(options: Mapping[str, Any]) -> str:
    if options["loss"] != "both":
        return f"gradients are of the {options['loss'].replace('_', ' ')}"
    turns = "the cross entropy for the only start" if options["restarts"] == 1 else "starts take turns"
    return f"gradients are of the cross entropy and of the margin: {turns}, FGSM tries both"


def verdict(result: Result) -> str:
    """Return what the checks come to."""
    checks = result["checks"]
    if not checks:
        return "Without PGD nothing was checked: attacks=[fgsm,pgd,square] looks for masked gradients."
    if result["masked"]:
        names = ", ".join(check["name"] for check in checks if check["verdict"] == "suspicious")
        return f"Gradients may be masked ({names}): what attacks leave is then no measure of robustness."
    unclear = ", ".join(check["name"] for check in checks if check["verdict"] == "unclear")
    return "No sign of masked gradients" + (f"; not told: {unclear}." if unclear else ".")


def _share(share: Mapping[str, Any]) -> str:
    return f"{decimals(share['accuracy'], 3)} ({decimals(share['low'], 3)}–{decimals(share['high'], 3)})"
