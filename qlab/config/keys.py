"""What makes two runs the same: a hash of everything that can change the result, and of nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from qlab.config.conditions import conditional, has_conditions
from qlab.config.options.noise import Device
from qlab.config.schema import Component, RunConfig
from qlab.config.validate import parts
from qlab.files import sha256_file

LENGTH = 12


def training_key(config: RunConfig) -> str:
    """Return the key of a training run, 12 hex digits.

    Files count by their content, wherever they are. Noise and shots count where training is aware of them; otherwise
    they act at evaluation only. An option that does not act beside the others counts as its default.
    """
    parts = {group: _acting(getattr(config, group)) for group in ("dataset", "encoder", "head")}
    trainer = dataclasses.asdict(config.trainer)
    if trainer.pop("noise_aware"):
        parts |= {"noise": described(config.noise), "backend": described(config.backend)}
    else:
        parts["backend"] = _without_conditions(config.backend)
    return _digest({**parts, "trainer": trainer, "seed": config.seed})


def evaluation_key(noise: Component, backend: Component, split: str) -> str:
    """Return the key of an evaluation among those of one run, 12 hex digits.

    With the noise of a device of an account, another calibration makes it another evaluation.

    Raises:
        RequestError: there is no such account or device.
        JobError: the calibration cannot be fetched.
    """
    executor = described(backend) if has_conditions(noise, backend) else _without_conditions(backend)
    dates = _calibrations(noise)
    calibrated = {"calibrated": dates} if dates else {}
    return _digest({"noise": described(noise), "backend": executor, "split": split, **calibrated})


def _calibrations(noise: Component) -> list[str | None]:
    """Return when the devices of an account that are in a noise model were calibrated; stored ones never change."""
    if isinstance(noise.options, Device):
        from qlab.noise.device import calibration_date
        from qlab.noise.ibm import is_of_account

        return [calibration_date(noise.options.device)] if is_of_account(noise.options.device) else []
    fields = dataclasses.fields(noise.options)
    return [
        date for field in fields for part in parts(noise.options, field, noise.name) for date in _calibrations(part)
    ]


def _without_conditions(backend: Component) -> dict[str, Any]:
    ignored = {field.name for field in conditional(backend.options)}
    return {name: value for name, value in described(backend).items() if name not in ignored}


def _acting(component: Component) -> dict[str, Any]:
    values = described(component)
    for field in dataclasses.fields(component.options):
        other, acting = field.metadata.get("acts_with") or (field.name, (values[field.name],))
        if values[other] not in acting:
            values[field.name] = field.default
    return values


def described(component: Component) -> dict[str, Any]:
    """Return a component's name and options, with a hash of its content in place of every path."""
    values: dict[str, Any] = {"name": component.name}
    for field in dataclasses.fields(component.options):
        value = getattr(component.options, field.name)
        if field.metadata.get("parts_of"):
            value = [described(part) for part in parts(component.options, field, component.name)]
        elif field.metadata.get("is_path") and value is not None:
            value = _content(Path(value))
        values[field.name] = value
    return values


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:LENGTH]


def _content(path: Path) -> str:
    """Return a hash of a file, or of the files directly in a folder."""
    if path.is_file():
        return f"sha256:{sha256_file(path)}"
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    return f"folder:{_digest([[file.name, sha256_file(file)] for file in files])}"
