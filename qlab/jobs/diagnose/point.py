"""The diagnostics of one head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import psutil
import torch

from qlab.circuits.circuit import Circuit
from qlab.config.options.diagnostics import Diagnostics
from qlab.config.schema import RunConfig
from qlab.diagnostics.draws import chunks, gradients, states, working_bytes
from qlab.diagnostics.entanglement import haar_meyer_wallach, meyer_wallach
from qlab.diagnostics.expressibility import Binning, Expressibility, expressibility, fidelities
from qlab.diagnostics.gradients import Parameter, Variance, named_parameter, variance
from qlab.errors import CapabilityError
from qlab.heads.head import Head
from qlab.jobs.diagnose.draws import Draws, circuit_of, draw, width
from qlab.jobs.threads import for_head
from qlab.progress import Progress

OBSERVABLES = ("local", "global")
INITS = ("uniform", "own")
_STREAM = 2  # of random numbers that resample
_SECONDS = 2.5e-9  # per amplitude, gate and draw, within a factor of some; measured with the ring on 12 qubits


@dataclass(frozen=True)
class Entanglement:
    """The mean Meyer-Wallach measure, its standard error, and the mean of Haar-random states."""

    mean: float
    standard_error: float
    haar: float


@dataclass(frozen=True)
class GradientVariance:
    """How much the derivatives of an expectation value vary between draws of the weights.

    Attributes:
        init: where weights come from: ``uniform`` between -pi and pi, or the head's ``own`` first ones.
        observable: ``local``, Z on qubit 0, or ``global``, the product of Z on all qubits.
        parameter: variance of the derivative by the named parameter.
        mean: mean over all parameters of the variances.
    """

    init: str
    observable: str
    parameter: Variance
    mean: Variance


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one circuit."""

    n_qubits: int
    n_weights: int
    depth: int
    two_qubit_gates: int
    parameter: Parameter
    expressibility: Expressibility
    entanglement: Entanglement
    gradients: tuple[GradientVariance, ...]


def require_memory(config: RunConfig, head: Head, options: Diagnostics) -> None:
    """Raise ``CapabilityError`` where the diagnosis of a head needs more memory than is available."""
    circuit = circuit_of(head)
    drawn = circuit.n_inputs + width(config.head) + 5 * circuit.n_weights  # three sets of weights, gradients twice
    needed = 8 * options.samples * drawn + working_bytes(options.samples, circuit.n_qubits)
    available = psutil.virtual_memory().available
    if needed > available:
        raise CapabilityError(
            f"diagnostics of {circuit.n_qubits} qubits need {needed / 2**30:.1f} GiB of memory, and "
            f"{available / 2**30:.1f} GiB are available: set head.n_qubits or samples lower"
        )


def rough_seconds(head: Head, options: Diagnostics) -> float:
    """Return how long the diagnosis of a head takes, within a factor of some."""
    circuit = circuit_of(head)
    return _SECONDS * options.samples * len(circuit.gates) * 2.0**circuit.n_qubits


def diagnose_head(config: RunConfig, head: Head, options: Diagnostics, progress: Progress) -> Diagnosis:
    """Return the diagnosis of the circuit of ``head``, which is that of ``config``."""
    circuit = circuit_of(head)
    # Threads of PyTorch, which computes states, wait for each other where the machine has other work.
    torch.set_num_threads(config.place.threads or 1)
    drawn = draw(config, circuit, options, progress)
    parameter = named_parameter(circuit)
    found, measures = _of_states(circuit, drawn, progress)
    for_head(config, head)
    rng = np.random.default_rng([config.seed, _STREAM])
    binning = cast("Binning", options.binning)
    return Diagnosis(
        n_qubits=circuit.n_qubits,
        n_weights=circuit.n_weights,
        depth=circuit.depth,
        two_qubit_gates=circuit.two_qubit_gates,
        parameter=parameter,
        expressibility=expressibility(found, circuit.n_qubits, options.bins, binning, rng),
        entanglement=Entanglement(
            float(measures.mean()),
            float(measures.std()) / options.samples**0.5,
            haar_meyer_wallach(circuit.n_qubits),
        ),
        gradients=tuple(
            _gradients(circuit, drawn, init, observable, parameter, progress)
            for observable in OBSERVABLES
            for init in INITS
        ),
    )


def _of_states(circuit: Circuit, drawn: Draws, progress: Progress) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the fidelity of each pair (S,), and the mean Meyer-Wallach measure of the two (S,)."""
    found, measures = [], []
    samples = len(drawn.inputs)
    portions = list(chunks(samples, circuit.n_qubits))
    for part in progress.track(portions, f"{circuit.n_qubits} qubits: states"):
        pair = [states(circuit, drawn.inputs[part], weights[part]) for weights in (drawn.uniform, drawn.partners)]
        found.append(fidelities(*pair))
        measures.append(torch.stack([meyer_wallach(each) for each in pair]).mean(0))
    return torch.cat(found), torch.cat(measures)


def _gradients(
    circuit: Circuit, drawn: Draws, init: str, observable: str, parameter: Parameter, progress: Progress
) -> GradientVariance:
    word = " ".join(f"Z{qubit}" for qubit in range(circuit.n_qubits if observable == "global" else 1))
    weights: torch.Tensor = getattr(drawn, init)
    portions = list(chunks(len(weights), circuit.n_qubits))
    tracked = progress.track(portions, f"{circuit.n_qubits} qubits: gradients, {observable}, {init}")
    found = torch.cat([gradients(circuit, drawn.inputs[part], weights[part], word) for part in tracked])
    own = found[:, [parameter.index]]
    return GradientVariance(init, observable, variance(own), variance(found))
