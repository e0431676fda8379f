"""The device itself: what PennyLane asks of one, and which derivatives are whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import DTypeLike
from pennylane import CompilePipeline, math
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.exceptions import DeviceError
from pennylane.math import Interface
from pennylane.measurements import ExpectationMP, StateMeasurement, StateMP
from pennylane.ops import Hermitian, SparseHamiltonian

from qlab.engine.choice import Method
from qlab.pennylane_device.derivatives import Differentiable
from qlab.pennylane_device.execution import Simulation, execute
from qlab.pennylane_device.jobs import job_of
from qlab.pennylane_device.outcomes import Outcome, Result, bare
from qlab.pennylane_device.preprocessing import pipeline

_NATIVE = "backprop"  # PennyLane's word for a device that PyTorch sees through
_OWN = "adjoint"
_ASKED = frozenset({"best", "device", _OWN})
_DTYPES = {np.dtype(np.complex64): torch.complex64, np.dtype(np.complex128): torch.complex128}


@simulator_tracking
@single_tape_support
class EngineDevice(Device):  # type: ignore[misc]
    """qlab's simulator as a device of PennyLane.

    Expectation values of Pauli words and of sums of them come from the engine, for a batch of parameters at once, with
    gradients by the adjoint method. Every other measurement, and shots, is PennyLane's own on the engine's final state.

    Args:
        wires: number of wires, or their labels; None takes those of each circuit.
        shots: default number of shots; PennyLane prefers ``qml.set_shots``.
        seed: of the shots, as for ``numpy.random.default_rng``; "global" draws one from NumPy's global generator.
        c_dtype: ``np.complex128`` or ``np.complex64``, of the state.
        method: the engine's path: "compiled", "torch" or "auto".

    Raises:
        DeviceError: another dtype or method.
    """

    def __init__(
        self,
        wires: Any = None,
        shots: Any = None,
        seed: Any = "global",
        c_dtype: DTypeLike = np.complex128,
        method: Method = "auto",
    ) -> None:
        super().__init__(wires=wires, shots=shots)
        if np.dtype(c_dtype) not in _DTYPES:
            raise DeviceError(f"c_dtype must be np.complex64 or np.complex128, not {c_dtype!r}")
        if method not in get_args(Method):
            raise DeviceError(f"method must be one of {', '.join(get_args(Method))}, not {method!r}")
        self._simulation = Simulation(_DTYPES[np.dtype(c_dtype)], method)
        self._kept: Differentiable | None = None  # the last execution, until the next
        self._rng = np.random.default_rng(np.random.randint(2**31 - 1) if seed == "global" else seed)  # noqa: NPY002

    @property
    def name(self) -> str:
        """The name that ``qml.device`` knows it by."""
        return "qlab.engine"

    def supports_derivatives(self, execution_config: Any = None, circuit: Any = None) -> bool:
        """Return whether the device differentiates: once, exact results that depend on the state smoothly."""
        if execution_config is None:
            return True
        if execution_config.gradient_method not in _ASKED or execution_config.derivative_order != 1:
            return False
        return circuit is None or (not circuit.shots and all(map(_is_smooth, circuit.measurements)))

    def supports_vjp(self, execution_config: Any = None, circuit: Any = None) -> bool:
        """Return the same: every derivative is a vector-Jacobian product."""
        return self.supports_derivatives(execution_config, circuit)

    def setup_execution_config(self, config: Any = None, circuit: Any = None) -> Any:
        """Return the config with what it leaves open.

        PyTorch sees through the device. Other interfaces get vector-Jacobian products, but JAX does only where it asks
        for them, for it may want forward mode, or where results are complex, which PennyLane's forward mode is not.

        Raises:
            DeviceError: mid-circuit measurements in another way than by deferring them.
        """
        config = config or ExecutionConfig()
        method = config.mcm_config.mcm_method
        if method not in (None, "deferred"):
            raise DeviceError(f"{self.name} defers mid-circuit measurements; mcm_method={method} is not possible")
        changed: dict[str, Any] = {"mcm_config": replace(config.mcm_config, mcm_method="deferred")}
        if config.gradient_method in _ASKED:
            products = _takes_products(config, circuit)
            changed |= {
                "gradient_method": _NATIVE if config.interface == Interface.TORCH else _OWN,
                "use_device_gradient": True,
                "use_device_jacobian_product": products,
                "grad_on_execution": False,
                "convert_to_numpy": not (products and config.interface == Interface.JAX_JIT),
            }
        return replace(config, **changed)

    def preprocess_transforms(self, execution_config: Any = None) -> CompilePipeline:
        """Return what PennyLane does to tapes first."""
        config = execution_config or ExecutionConfig()
        return pipeline(
            self.name,
            self.wires,
            differentiates=config.gradient_method in (_NATIVE, _OWN),
            jacobian=config.gradient_method == _OWN and not config.use_device_jacobian_product,
        )

    def execute(self, circuits: Any, execution_config: Any = None) -> Any:
        """Return the results of circuits: tensors where PyTorch differentiates, arrays elsewhere."""
        config = execution_config or ExecutionConfig()
        self._kept = None
        if config.gradient_method == _NATIVE:
            return self._ordered(circuits, lambda outcome: bare(outcome.tensors()))
        if _wants_products(config) and any(circuit.trainable_params for circuit in circuits):
            execution = Differentiable(circuits, self._simulation)
            self._kept = execution if execution.is_recognised else None
            return execution.results()
        with torch.no_grad():
            return self._ordered(circuits, lambda outcome: outcome.result(self._rng))

    def compute_vjp(self, circuits: Any, cotangents: Any, execution_config: Any = None) -> Any:
        """Return for each circuit the gradients of the product of results and cotangents."""
        kept = self._kept
        if kept is None or not kept.is_of(circuits):
            kept = Differentiable(circuits, self._simulation)
        return kept.products(cotangents)

    def compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
        """Return for each circuit the Jacobian: results by trainable parameters."""
        return Differentiable(circuits, self._simulation).jacobians()

    def execute_and_compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
        """Return results and Jacobians of one execution."""
        execution = Differentiable(circuits, self._simulation)
        return execution.results(), execution.jacobians()

    def _ordered(self, circuits: Any, result_of: Callable[[Outcome], Result]) -> tuple[Result, ...]:
        """Return the results of circuits in their order."""
        outcomes = execute([job_of(circuit) for circuit in circuits], self._simulation)
        found = {place: result_of(outcome) for place, outcome in outcomes}
        return tuple(found[place] for place in range(len(found)))


def _takes_products(config: Any, circuit: Any) -> bool:
    """Return whether derivatives are to be vector-Jacobian products, and not whole Jacobians."""
    if config.interface in (Interface.JAX, Interface.JAX_JIT):
        has_complex = circuit is not None and any(isinstance(each, StateMP) for each in circuit.measurements)
        return has_complex or bool(config.use_device_jacobian_product)
    return bool(config.interface != Interface.TORCH)


def _wants_products(config: Any) -> bool:
    """Return whether a backward pass may follow an execution."""
    products = config.gradient_method == _OWN and config.use_device_jacobian_product
    return bool(products and config.interface != Interface.NUMPY)


def _is_smooth(measurement: Any) -> bool:
    """Return whether a measurement can be differentiated: by the state, and by numbers of its own where it has them."""
    observable = measurement.obs
    if not isinstance(measurement, StateMeasurement) or isinstance(observable, SparseHamiltonian):
        return False
    if observable is None or not any(_is_trainable(value) for value in observable.data):
        return True
    has_derivative = observable.pauli_rep is not None or isinstance(observable, Hermitian)
    return isinstance(measurement, ExpectationMP) and has_derivative


def _is_trainable(value: Any) -> bool:
    return bool(math.requires_grad(value)) and "int" not in math.get_dtype_name(value)
