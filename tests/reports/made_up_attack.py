"""The result of an attack, made up."""

from __future__ import annotations

from typing import Any


def share(right: int) -> dict[str, Any]:
    accuracy = right / 100
    return {"n": 100, "right": right, "accuracy": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05}


def made_up(*attacks: str, masked: bool = False, published: bool = True) -> dict[str, Any]:
    verdict = "suspicious" if masked else "passed"
    checks = [
        {"name": "more steps", "verdict": verdict, "sentence": "at eps <0.1> PGD leaves 3.0 %"},
        {"name": "reaches zero", "verdict": "unclear", "sentence": "too small an eps"},
    ]
    return {
        "key": "0123456789ab",
        "run": "mine-ba9876543210",
        "twin": "twin-1" if "transfer" in attacks else None,
        "options": {
            "units": "pixel", "steps": 20, "step": None, "restarts": 3, "queries": 50, "loss": "cross_entropy",
            "split": "test",
        },
        "eps": [{"label": "8/255", "value": 8 / 255}, {"label": "0.1", "value": 0.1}],
        "chance": 0.1,
        "clean": share(90),
        "curves": {name: [share(60 - place), share(30 - place)] for place, name in enumerate(attacks)},
        "worst": [share(50), share(20)],
        "published": {name: share(10) for name in ("published_clamp", "published_pgd")} if published else {},
        "checks": checks if "pgd" in attacks else [],
        "masked": masked,
        "config": {"head": {"name": "vqc"}},
        "dataset": {
            "name": "digits", "source": "real", "classes": ["0", "1"], "fingerprint": "f", "duplicates_removed": 0,
            "sizes": {"train": 1, "val": 1, "test": 1}, "provenance": {},
        },
        "finished": "2026-01-01T00:00:00+00:00",
        "environment": {
            "python": "3.11", "versions": {"qlab": "0.1.0"}, "commit": None, "dirty": None, "platform": "Linux x86_64",
            "cpu_count": 2, "threads": 1,
        },
    }  # fmt: skip
