"""Which components exist: a name in a group stands for a dataclass of options, which names its factory.

Built-in components are listed here by text, so that listing them imports nothing. Installed packages add their own
through the entry-point groups ``qlab.datasets``, ``qlab.encoders``, ``qlab.heads``, ``qlab.noise``, ``qlab.backends``
and ``qlab.launchers``; an entry point names a dataclass of options with a class variable
``FACTORY = "module:attribute"``.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from qlab.errors import RequestError, UnknownNameError

_OPTIONS = "qlab.config.options"
BUILT_IN: dict[str, dict[str, str]] = {
    "dataset": {
        "cifar100": f"{_OPTIONS}.datasets:Cifar100",
        "digits": f"{_OPTIONS}.datasets:Digits",
        "entanglement": f"{_OPTIONS}.datasets:Entanglement",
        "fashion_mnist": f"{_OPTIONS}.datasets:FashionMnist",
        "mnist": f"{_OPTIONS}.datasets:Mnist",
        "quantum_dot": f"{_OPTIONS}.datasets:QuantumDot",
        "stl10": f"{_OPTIONS}.datasets:Stl10",
        "tfbs": f"{_OPTIONS}.datasets:Tfbs",
        "tfim": f"{_OPTIONS}.datasets:Tfim",
        "xxz": f"{_OPTIONS}.datasets:Xxz",
    },
    "encoder": {
        "batch_pca": f"{_OPTIONS}.encoders:BatchPCA",
        "block_means": f"{_OPTIONS}.encoders:BlockMeans",
        "cnn": f"{_OPTIONS}.encoders:CNN",
        "fft_pca": f"{_OPTIONS}.encoders:FFTPCA",
        "identity": f"{_OPTIONS}.encoders:Identity",
        "kmer": f"{_OPTIONS}.encoders:Kmer",
        "pauli": f"{_OPTIONS}.encoders:Pauli",
        "pca": f"{_OPTIONS}.encoders:PCA",
        "pooled_signs": f"{_OPTIONS}.encoders:PooledSigns",
        "pwm": f"{_OPTIONS}.encoders:PWM",
        "resnet": f"{_OPTIONS}.encoders:ResNet",
        "sequence_cnn": f"{_OPTIONS}.encoders:SequenceCNN",
        "resnet18_published": f"{_OPTIONS}.encoders:ResNet18Published",
        "tensor_train": f"{_OPTIONS}.encoders:TensorTrain",
    },
    "head": {
        "amplitude_vqc": f"{_OPTIONS}.heads:AmplitudeVQC",
        "dense": f"{_OPTIONS}.heads:Dense",
        "fourier": f"{_OPTIONS}.heads:Fourier",
        "linear": f"{_OPTIONS}.heads:Linear",
        "logistic_regression": f"{_OPTIONS}.heads:LogisticRegression",
        "mlp": f"{_OPTIONS}.heads:MLP",
        "nearest_neighbours": f"{_OPTIONS}.heads:NearestNeighbours",
        "quantized": f"{_OPTIONS}.heads:Quantized",
        "residual": f"{_OPTIONS}.heads:Residual",
        "vqc": f"{_OPTIONS}.heads:VQC",
    },
    "noise": {
        "amplitude_damping": f"{_OPTIONS}.noise:AmplitudeDamping",
        "bit_flip": f"{_OPTIONS}.noise:BitFlip",
        "composed": f"{_OPTIONS}.noise:Composed",
        "dephasing": f"{_OPTIONS}.noise:Dephasing",
        "depolarizing": f"{_OPTIONS}.noise:Depolarizing",
        "device": f"{_OPTIONS}.noise:Device",
        "lego": f"{_OPTIONS}.noise:Lego",
        "none": f"{_OPTIONS}.noise:NoNoise",
        "over_rotation": f"{_OPTIONS}.noise:OverRotation",
        "pauli": f"{_OPTIONS}.noise:Pauli",
        "phase_damping": f"{_OPTIONS}.noise:PhaseDamping",
        "readout": f"{_OPTIONS}.noise:Readout",
        "thermal_relaxation": f"{_OPTIONS}.noise:ThermalRelaxation",
    },
    "backend": {
        "aer": f"{_OPTIONS}.backends:Aer",
        "engine": f"{_OPTIONS}.backends:Engine",
        "pennylane": f"{_OPTIONS}.backends:PennyLane",
    },
    "launcher": {
        "dask": f"{_OPTIONS}.launchers:Dask",
        "joblib": f"{_OPTIONS}.launchers:Joblib",
        "ray": f"{_OPTIONS}.launchers:Ray",
        "serial": f"{_OPTIONS}.launchers:Serial",
        "slurm": f"{_OPTIONS}.launchers:Slurm",
        "submitit_local": f"{_OPTIONS}.launchers:SubmititLocal",
    },
}
ENTRY_POINT_GROUPS = {
    "dataset": "qlab.datasets",
    "encoder": "qlab.encoders",
    "head": "qlab.heads",
    "noise": "qlab.noise",
    "backend": "qlab.backends",
    "launcher": "qlab.launchers",
}


@cache
def plugins(group: str) -> dict[str, EntryPoint]:
    """Return the entry points that installed packages add to ``group``, by name.

    Raises:
        RequestError: a package claims the name of a built-in component or of another package's.
    """
    found: dict[str, EntryPoint] = {}
    if group not in ENTRY_POINT_GROUPS:
        return found
    for point in entry_points(group=ENTRY_POINT_GROUPS[group]):
        if point.name in BUILT_IN[group] or (point.name in found and found[point.name].value != point.value):
            raise RequestError(f"{group} '{point.name}' of {point.value} is already taken; rename that entry point")
        found[point.name] = point
    return found


def origin(group: str, name: str) -> str | None:
    """Return the package and version that add a component, or None for a built-in one."""
    if name in BUILT_IN[group]:
        return None
    point = plugins(group)[name]
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value


def names(group: str) -> list[str]:
    """Return the names of all components of ``group``, sorted."""
    return sorted([*BUILT_IN[group], *plugins(group)])


def options_class(group: str, name: str) -> type[Any]:
    """Return the dataclass of options of a component.

    Raises:
        UnknownNameError: there is no such component.
        RequestError: a plugin cannot be imported or is not a dataclass with a ``FACTORY``.
    """
    if name in BUILT_IN[group]:
        built_in: type[Any] = _load(BUILT_IN[group][name])
        return built_in
    if name not in plugins(group):
        raise UnknownNameError(group, name, names(group))
    point = plugins(group)[name]
    try:
        found = point.load()
    except Exception as error:
        raise RequestError(f"{group} '{name}' of {point.value} cannot be imported: {error}") from error
    if not (dataclasses.is_dataclass(found) and isinstance(found, type) and hasattr(found, "FACTORY")):
        raise RequestError(f"{group} '{name}' of {point.value} must be a dataclass with a FACTORY = 'module:attribute'")
    return found


def factory(options: Any) -> Any:
    """Import and return what a dataclass of options says it is the options of."""
    return _load(options.FACTORY)


def build(options: Any, *required: Any, leave_out: frozenset[str] = frozenset()) -> Any:
    """Construct a component: ``required`` first, then each of its options as a keyword."""
    fields = (field.name for field in dataclasses.fields(options) if field.name not in leave_out)
    return factory(options)(*required, **{name: getattr(options, name) for name in fields})


def _load(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)
