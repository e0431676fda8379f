"""From a config to a model: the head on its backend, with a trainable projection in front where one is asked for."""

from __future__ import annotations

import dataclasses

import torch

from qlab.backends.base import Backend
from qlab.backends.shift import ParameterShift
from qlab.config import registry
from qlab.config.options.heads import MLP
from qlab.config.schema import Component, RunConfig
from qlab.config.validate import component
from qlab.data.dataset import Dataset
from qlab.heads.head import Head, Projected
from qlab.records.record import CircuitResources, Parameters
from qlab.training.seeds import torch_generator

FEWEST_CLASSES = 2


def build_backend(chosen: Component, gradient: str = "backend") -> Backend:
    """Return the backend, wrapped where gradients are to come from the parameter-shift rule."""
    backend: Backend = registry.build(chosen.options)
    return ParameterShift(backend) if gradient == "parameter_shift" else backend


def check_parts(config: RunConfig) -> None:
    """Build what can be built without data, to find now what would fail later.

    The number of classes is known from the data only: it is taken to be the least, and a head whose size depends on it
    is left out.

    Raises:
        RequestError: a part does not exist, or does not fit another.
    """
    backend = build_backend(config.backend, config.trainer.gradient)
    width = _declared_width(config)
    if width is not None and not isinstance(config.head.options, MLP):
        build_model(config, backend, width, FEWEST_CLASSES)


def feature_width(config: RunConfig, dataset: Dataset) -> int:
    """Return how many features the encoder of ``config`` hands over."""
    return _declared_width(config) or dataset.images[0].size


def _declared_width(config: RunConfig) -> int | None:
    """Return the number of features where the options alone decide it."""
    options = config.encoder.options
    width: int | None = getattr(registry.build(options), "n_outputs", getattr(options, "n_features", None))
    return width


def build_model(config: RunConfig, backend: Backend, n_inputs: int, n_classes: int) -> Head:
    """Return the model of ``config`` with its first weights, for features of width ``n_inputs``.

    Raises:
        OptionError: the head does not fit the number of features or of classes.
    """
    generator = torch_generator(config.seed, "weights")
    if getattr(config.encoder.options, "projection", None) != "trainable":
        return build_head(config.head, n_inputs, n_classes, backend, generator)
    n_features: int = config.encoder.options.n_features
    head = build_head(config.head, n_features, n_classes, backend, generator)
    return Projected(n_inputs, n_features, head, generator)


def build_head(
    chosen: Component, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator
) -> Head:
    """Return a head; one that is to match another's size is given the other's number of parameters."""
    required = (n_features, n_classes, backend, generator)
    if not isinstance(chosen.options, MLP):
        head: Head = registry.build(chosen.options, *required)
        return head
    n_parameters = chosen.options.n_parameters or _size_of_match(chosen.options, *required)
    matched: Head = registry.factory(chosen.options)(*required, n_parameters=n_parameters)
    return matched


def _size_of_match(options: MLP, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator) -> int:
    """Return how many trainable parameters the head has that ``options`` names."""
    other = component("head", {"name": options.match, **options.match_options})
    has_qubits = "n_qubits" in {field.name for field in dataclasses.fields(other.options)}
    if has_qubits and "n_qubits" not in options.match_options:
        other.options.n_qubits = n_features
    return sum(p.numel() for p in build_head(other, n_features, n_classes, backend, generator).parameters())


def count_parameters(model: Head, frozen: int) -> Parameters:
    """Return the parameters of ``model`` by kind, beside the ``frozen`` ones of the block before it."""
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    quantum = sum(parameter.numel() for parameter in model.quantum_parameters())
    return Parameters(trainable=trainable, frozen=frozen, quantum=quantum, classical=trainable - quantum)


def circuit_resources(model: Head) -> CircuitResources | None:
    """Return what one execution of the model's circuit takes; None for a classical head."""
    circuit = model.circuit
    if circuit is None:
        return None
    return CircuitResources(
        n_qubits=circuit.n_qubits,
        depth=circuit.depth,
        gates=len(circuit.gates),
        two_qubit_gates=circuit.two_qubit_gates,
        inputs=circuit.n_inputs,
        weights=circuit.n_weights,
    )
