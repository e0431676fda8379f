"""From a config to a model: the head on its backend, with a trainable block in front where one is asked for."""

from __future__ import annotations

import dataclasses
import math
from itertools import count
from typing import Any

import torch
from torch import nn

from qlab.backends.base import Backend
from qlab.backends.conditions import Conditions
from qlab.backends.shift import ParameterShift
from qlab.backends.spsa import SPSA
from qlab.config import registry
from qlab.config.conditions import NO_NOISE, as_trained, conditional, has_conditions
from qlab.config.keys import described
from qlab.config.options.heads import MLP
from qlab.config.schema import Component, RunConfig
from qlab.config.validate import component
from qlab.data.dataset import Dataset
from qlab.encoders.trainable import TrainableEncoder
from qlab.errors import CapabilityError, OptionError
from qlab.heads.head import Fronted, Head, Solved, Staged, linear
from qlab.heads.vqc import qubits_for
from qlab.noise.model import Noise, NoiseModel
from qlab.records.record import CircuitResources, Parameters
from qlab.training.seeds import torch_generator

FEWEST_CLASSES = 2
_CONDITIONS = frozenset({"shots", "seed"})  # options that act around the backend


def build_backend(
    chosen: Component, noise: Component = NO_NOISE, gradient: str = "backend", *, seed: int = 0, compare: bool = False
) -> Backend:
    """Return the backend, under noise and shots where there are any, with gradients of the kind wanted.

    ``seed`` is that of simultaneous perturbation. With ``compare`` it keeps account of how far values are from the
    ideal ones.

    Raises:
        CapabilityError: the backend cannot execute noise or shots.
    """
    model: Noise = registry.build(noise.options)
    shots, drawn_by = getattr(chosen.options, "shots", None), getattr(chosen.options, "seed", 0)
    backend: Backend = registry.build(chosen.options, leave_out=_CONDITIONS)
    if has_conditions(noise, chosen):
        backend = Conditions(chosen.name, backend, model, shots, drawn_by, compare=compare)
    if gradient == "parameter_shift":
        return ParameterShift(backend)
    return SPSA(backend, seed) if gradient == "spsa" else backend


def training_backend(config: RunConfig) -> Backend:
    """Return the backend that training executes circuits on.

    Raises:
        CapabilityError: the backend cannot execute noise or shots.
        OptionError: training is to be aware of nothing, or of a gate that turns too far by a rule that does not fit.
    """
    trained, gradient = as_trained(config), config.trainer.gradient
    if config.trainer.noise_aware and not has_conditions(trained.noise, trained.backend):
        raise OptionError("trainer.noise_aware=true needs a noise model or backend.shots; there is neither")
    backend = build_backend(trained.backend, trained.noise, gradient, seed=config.seed)
    conditions = conditions_of(backend)
    if gradient == "parameter_shift" and conditions is not None and turns_too_far(conditions.noise):
        raise OptionError("gates that turn too far have other shifts; with over_rotation set trainer.gradient=spsa")
    return backend


def turns_too_far(noise: Noise) -> bool:
    """Return whether a noise model changes the angles of gates."""
    return isinstance(noise, NoiseModel) and any(error.fraction for error in noise.over_rotations)


def require_gradients(model: Head, backend: Backend, trained: Component) -> None:
    """Raise ``CapabilityError`` where the model's circuit cannot be trained on ``backend``."""
    if model.circuit is None:
        return
    wanted = {"weights", "inputs"} if model.trains_inputs else {"weights"}
    lacking = wanted - backend.capabilities().gradients
    by_amplitudes = model.trains_inputs and model.circuit.embeds_amplitudes
    if by_amplitudes and ("inputs" in lacking or isinstance(backend, ParameterShift)):
        raise CapabilityError(
            "what is trained in front of amplitudes needs gradients by these, which no executions give: train with "
            "trainer.gradient=backend on backend=engine or pennylane, without shots"
        )
    if lacking:
        shots = getattr(trained.options, "shots", None)
        what = f"the backend {trained.name} has" if shots is None else "shots have"
        fitting = "parameter_shift" if "inputs" in lacking else "parameter_shift or spsa"
        raise CapabilityError(f"{what} no gradient by {' or '.join(sorted(lacking))}; set trainer.gradient={fitting}")


def conditions_of(backend: Backend) -> Conditions | None:
    """Return the noise and shots under which a backend executes circuits, or None."""
    if isinstance(backend, ParameterShift | SPSA):
        return conditions_of(backend.inner)
    return backend if isinstance(backend, Conditions) else None


def check_conditions(config: RunConfig, model: Head) -> None:
    """Raise now what an evaluation with the noise and shots of ``config`` would raise after training.

    Raises:
        OptionError: they have no circuit to act on.
        CapabilityError: the backend cannot execute them.
        NoiseError: the noise model is not zero but inserts nothing into the circuit.
    """
    require_circuit(model, config.noise, config.backend)
    conditions = conditions_of(build_backend(config.backend, config.noise))
    if conditions is not None and model.circuit is not None:
        conditions.require(model.circuit, getattr(model, "observables", None))


def check_batches(model: Head, batch_size: int, n_train: int) -> None:
    """Raise ``OptionError`` where a model that normalises batches would be trained on one example alone."""
    normalises = any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in model.modules())
    if not normalises or (n_train - 1) % batch_size:
        return
    if n_train == 1:
        raise OptionError("batch normalisation cannot train on one example: give it more by dataset.n_train")
    fitting = next(size for size in count(batch_size + 1) if (n_train - 1) % size)
    raise OptionError(
        f"trainer.batch_size={batch_size} leaves one of the {n_train} training examples to itself, and batch "
        f"normalisation cannot train on one: set trainer.batch_size={fitting}"
    )


def execution(backend: Backend, model: Head) -> dict[str, Any] | None:
    """Return what a record says of noise and shots; None where there are none."""
    conditions = conditions_of(backend)
    return None if conditions is None or model.circuit is None else conditions.report(model.circuit)


def require_circuit(model: Head, noise: Component, backend: Component) -> None:
    """Raise ``OptionError`` where noise or shots are to act on a head without a circuit."""
    if model.circuit is None and has_conditions(noise, backend):
        what = f"noise={noise.name}" if noise.name != NO_NOISE.name else "backend.shots"
        raise OptionError(f"{what} has nothing to act on: the head has no circuit")


def check_parts(config: RunConfig) -> None:
    """Build what can be built without data, to find now what would fail later.

    The number of classes is known from the data only: it is taken to be the least, and a head whose size depends on it
    is left out.

    Raises:
        RequestError: a part does not exist, or does not fit another.
    """
    backend = training_backend(config)
    width = _declared_width(config)
    if width is not None and not isinstance(config.head.options, MLP):
        model = build_model(config, backend, (width,), FEWEST_CLASSES)
        require_gradients(model, backend, config.backend)
        check_conditions(config, model)


def input_shape(config: RunConfig, dataset: Dataset) -> tuple[int, ...]:
    """Return the shape of an input of the model: (n_features,) from a frozen block, (C, H, W) for a trainable one."""
    if isinstance(registry.build(config.encoder.options), TrainableEncoder):
        return tuple(dataset.images.shape[1:])
    return (_declared_width(config) or dataset.images[0].size,)


def _declared_width(config: RunConfig) -> int | None:
    """Return the number of features where the options alone decide it."""
    options = config.encoder.options
    width: int | None = getattr(registry.build(options), "n_outputs", getattr(options, "n_features", None))
    return width


def build_model(config: RunConfig, backend: Backend, shape: tuple[int, ...], n_classes: int) -> Head:
    """Return the model of ``config`` with its first weights, for inputs of ``shape``, which it takes flattened.

    Raises:
        OptionError: the head does not fit the number of features or of classes, or what is in front of it.
    """
    generator = torch_generator(config.seed, "weights")
    encoder: Any = registry.build(config.encoder.options)
    if isinstance(encoder, TrainableEncoder):
        # A stream of its own: the block begins alike in front of any head, so that heads can be compared in pairs.
        block = encoder.block(shape, torch_generator(config.seed, "block"))
        head = _trained_head(config, block.n_features, n_classes, backend, generator)
        whole = config.trainer.batch_size if block.batch_dependent else None
        return Fronted(nn.Sequential(nn.Unflatten(1, shape), block), head, whole)
    if getattr(config.encoder.options, "projection", None) != "trainable":
        return build_head(config.head, math.prod(shape), n_classes, backend, generator)
    n_features: int = config.encoder.options.n_features
    head = _trained_head(config, n_features, n_classes, backend, generator)
    return Fronted(linear(math.prod(shape), n_features, generator), head)


def _trained_head(
    config: RunConfig, n_features: int, n_classes: int, backend: Backend, generator: torch.Generator
) -> Head:
    """Return a head behind something that is trained with it; raises ``OptionError`` where it cannot be."""
    head = build_head(config.head, n_features, n_classes, backend, generator)
    if isinstance(head, Solved):
        raise OptionError(f"head={config.head.name} is solved at once, and cannot train what is in front of it")
    if isinstance(head, Staged) and head.n_starts * head.n_stages > 1:
        raise OptionError(f"head={config.head.name} trains no block with it in stages or from several starts")
    return head


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
        is_amplitudes = getattr(other.options, "encoding", None) == "amplitude"
        other.options.n_qubits = qubits_for(n_features) if is_amplitudes else n_features
    return count_parameters(build_head(other, n_features, n_classes, backend, generator), 0).trainable


def count_parameters(model: Head, frozen: int) -> Parameters:
    """Return the parameters of ``model`` by kind, beside the ``frozen`` ones of the block before it."""
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    quantum = sum(parameter.numel() for parameter in model.quantum_parameters() if parameter.requires_grad)
    own_frozen = sum(parameter.numel() for parameter in model.parameters() if not parameter.requires_grad)
    return Parameters(trainable=trainable, frozen=frozen + own_frozen, quantum=quantum, classical=trainable - quantum)


def executed_by(chosen: Component, backend: Backend, model: Head, batch: int) -> dict[str, Any]:
    """Return the backend's name and options, with every choice made that is left open for the model's circuit."""
    given = described(chosen)
    if conditions_of(backend) is None:
        given = {
            name: value for name, value in given.items() if name not in {f.name for f in conditional(chosen.options)}
        }
    return given if model.circuit is None else {**given, **backend.resolved(model.circuit, batch)}


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
