"""Global folding: a circuit followed by its inverse and itself, which does the same and suffers more."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2

from qlab.errors import OptionError
from qlab.hardware.native import Located, native


def folded(circuit: QuantumCircuit, device: BackendV2, scale: int) -> QuantumCircuit:
    """Return G (G^-1 G)^k with 2 k + 1 = ``scale``: the same unitary with ``scale`` times the gates and their noise.

    Eq. 3 of arXiv:2005.10921 with whole numbers alone. Barriers keep the parts apart, so that nothing cancels. The
    inverse has as many pulses as the circuit: where a device has SX but not its inverse, that is SX between two RZ,
    which take no time. Parameters stay what they are.

    Args:
        circuit: gates of the device on its qubits, without measurements.
        device: what it is for.
        scale: an odd number.

    Raises:
        OptionError: ``scale`` is not 1, 3, 5, ...
    """
    if scale < 1 or scale % 2 == 0:
        raise OptionError(f"global folding scales noise by 1, 3, 5, ..., not by {scale}")
    found = circuit.copy_empty_like()
    gates: Located = [
        (instruction.operation, tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits))
        for instruction in circuit.data
    ]
    used = sorted({qubit for _, qubits in gates for qubit in qubits})
    inverse = _inverse(gates, device) if scale > 1 else []
    for part in range(scale):
        if part:
            found.barrier(used)
        for operation, qubits in inverse if part % 2 else gates:
            found.append(operation, qubits)
    return found


def _inverse(gates: Located, device: BackendV2) -> Located:
    known: dict[tuple[str, tuple[int, ...]], Located] = {}
    found: Located = []
    for operation, qubits in reversed(gates):
        if operation.name == "barrier":
            found.append((operation, qubits))
            continue
        inverse: Any = operation.inverse()
        if inverse.name in device.operation_names:
            found.append((inverse, qubits))
        elif inverse.params:
            found += native([inverse], qubits, device)
        else:
            key = (inverse.name, qubits)
            known[key] = known[key] if key in known else native([inverse], qubits, device)
            found += known[key]
    return found
