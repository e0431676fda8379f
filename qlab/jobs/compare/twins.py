"""The classical twins and the ablations of a config with a quantum head."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from qlab.config import registry
from qlab.config.conditions import NO_NOISE, without_conditions
from qlab.config.options.option import check
from qlab.config.schema import RunConfig
from qlab.config.validate import component
from qlab.errors import OptionError
from qlab.heads.head import Head

Twin = Callable[[RunConfig], RunConfig]


def linear(config: RunConfig) -> RunConfig:
    """One linear layer on the same features."""
    return _classical(config, "linear")


def mlp(config: RunConfig) -> RunConfig:
    """A perceptron on the same features with as many trainable parameters, within 2 %."""
    options = dataclasses.asdict(config.head.options)
    return _classical(config, "mlp", match=config.head.name, match_options=options)


def linear_map(config: RunConfig) -> RunConfig:
    """The same head with a linear map in the place of the circuit."""
    return without_circuit(_changed(config, layer="linear"))


def tanh_map(config: RunConfig) -> RunConfig:
    """The same head with the tanh of a linear map, bounded as expectation values are, in the place of the circuit."""
    return without_circuit(_changed(config, layer="tanh"))


def identity_map(config: RunConfig) -> RunConfig:
    """The same head without the circuit: its readout sees what would be encoded."""
    return without_circuit(_changed(config, layer="identity"))


def no_entanglers(config: RunConfig) -> RunConfig:
    """The same circuit without gates on two qubits."""
    if getattr(config.head.options, "n_qubits", 0) == 1:
        raise OptionError("a circuit of one qubit has no gates on two")
    return _changed(config, entanglers=False)


def frozen(config: RunConfig) -> RunConfig:
    """The same circuit frozen at its random start, with a trained linear readout."""
    readout = {"readout": "linear"} if hasattr(config.head.options, "readout") else {}
    return _changed(config, layer="frozen", **readout)


def fourier(config: RunConfig) -> RunConfig:
    """A linear layer on 64 random Fourier features of the same angles; of the features where these are amplitudes."""
    options = config.head.options
    if getattr(options, "encoding", None) == "amplitude":
        return _classical(config, "fourier", spectrum="gaussian", squash="none", angle_scale=1.0)
    if not all(hasattr(options, name) for name in ("encoding", "squash", "angle_scale")):
        raise OptionError(f"head={config.head.name} does not say by which angles it encodes")
    shared = {"squash": options.squash, "angle_scale": options.angle_scale}
    if options.encoding != "angle":  # products of angles have no spectrum of whole numbers
        return _classical(config, "fourier", spectrum="gaussian", **shared)
    return _classical(config, "fourier", degree=options.n_layers if options.reuploading else 1, **shared)


def logistic(config: RunConfig) -> RunConfig:
    """Logistic regression on the same features."""
    return _classical(config, "logistic_regression")


def neighbours(config: RunConfig) -> RunConfig:
    """The vote of the 5 nearest training examples, by the same features."""
    return _classical(config, "nearest_neighbours")


def logistic_raw(config: RunConfig) -> RunConfig:
    """Logistic regression on the inputs themselves, without the block."""
    return _without_block(logistic(config))


def neighbours_raw(config: RunConfig) -> RunConfig:
    """The vote of the 5 nearest training examples, by the inputs themselves."""
    return _without_block(neighbours(config))


TWINS: Mapping[str, Twin] = MappingProxyType(
    {
        twin.__name__: twin
        for twin in (
            linear,
            mlp,
            linear_map,
            tanh_map,
            identity_map,
            no_entanglers,
            frozen,
            fourier,
            logistic,
            neighbours,
            logistic_raw,
            neighbours_raw,
        )
    }
)


def described(name: str) -> str:
    """Return what a twin is, in one line."""
    return str(TWINS[name].__doc__)


def require_quantum(config: RunConfig, model: Head) -> None:
    """Raise ``OptionError`` where nothing quantum is trained in the ``model`` of ``config``."""
    if not any(parameter.requires_grad for parameter in model.quantum_parameters()):
        options = config.head.options
        layer = f" with head.layer={options.layer}" if hasattr(options, "layer") else ""
        raise OptionError(f"head={config.head.name}{layer} has no trained circuit; compare one that has, e.g. head=vqc")


def _classical(config: RunConfig, head: str, **options: Any) -> RunConfig:
    given = component("head", {"name": head, **options})
    return without_circuit(dataclasses.replace(config, head=given))


def without_circuit(config: RunConfig) -> RunConfig:
    """Return the config without what acts on circuits only."""
    trainer = dataclasses.replace(config.trainer, gradient="backend", noise_aware=False)
    backend = without_conditions(config.backend)
    return dataclasses.replace(config, trainer=trainer, noise=NO_NOISE, backend=backend)


def _without_block(config: RunConfig) -> RunConfig:
    return dataclasses.replace(config, encoder=component("encoder", {"name": "identity"}))


def _changed(config: RunConfig, **changes: Any) -> RunConfig:
    """Return the config with other options of its head; raises ``OptionError`` where it has none such."""
    options = config.head.options
    known = {field.name for field in dataclasses.fields(registry.options_class("head", config.head.name))}
    lacking = sorted(set(changes) - known)
    if lacking:
        raise OptionError(f"head={config.head.name} has no option {', '.join(lacking)}")
    head = dataclasses.replace(config.head, options=dataclasses.replace(options, **changes))
    check(head.options, "head")
    return dataclasses.replace(config, head=head)
