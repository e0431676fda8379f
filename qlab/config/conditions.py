"""Noise and shots of a config: what belongs to training, and what to an evaluation after it."""

from __future__ import annotations

import dataclasses
from typing import Any

from qlab.config.options.noise import NoNoise
from qlab.config.schema import Component, EvalConfig, RunConfig

NO_NOISE = Component("none", NoNoise())


def has_conditions(noise: Component, backend: Component) -> bool:
    """Return whether there is a noise model or a number of shots."""
    return noise.name != NO_NOISE.name or getattr(backend.options, "shots", None) is not None


def as_trained(config: RunConfig) -> RunConfig:
    """Return the config without what acts at evaluation only: noise, shots and their options.

    Where training is aware of them, all of it belongs to training.
    """
    if config.trainer.noise_aware:
        return config
    return dataclasses.replace(config, noise=NO_NOISE, backend=without_conditions(config.backend))


def evaluation_of(config: RunConfig) -> EvalConfig | None:
    """Return the evaluation that ``config`` asks for besides training, or None."""
    if config.trainer.noise_aware or not has_conditions(config.noise, config.backend):
        return None
    return EvalConfig(noise=config.noise, backend=config.backend, changes={}, split="test", place=config.place)


def without_conditions(backend: Component) -> Component:
    """Return a backend with the default of every option that acts with noise or shots only."""
    defaults = {field.name: _default(field) for field in conditional(backend.options)}
    return dataclasses.replace(backend, options=dataclasses.replace(backend.options, **defaults))


def conditional(options: Any) -> list[dataclasses.Field[Any]]:
    """Return the options that act with noise or shots only."""
    return [field for field in dataclasses.fields(options) if field.metadata.get("with_noise_only")]


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
