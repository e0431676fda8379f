"""An encoding and trainable layers make a variational circuit."""

from __future__ import annotations

from qlab.circuits.ansatz import ansatz_named
from qlab.circuits.builder import Ansatz, Builder, Encoding, WithoutEntanglers
from qlab.circuits.circuit import Circuit
from qlab.circuits.encodings import ENCODINGS, encoding_named
from qlab.errors import CircuitError


def variational(
    n_qubits: int,
    n_layers: int,
    encoding: str | Encoding,
    ansatz: str | Ansatz,
    reuploading: bool = False,
    entanglers: bool = True,
) -> Circuit:
    """Return the circuit of an encoding followed by ``n_layers`` layers.

    Args:
        n_qubits: number of qubits.
        n_layers: number of layers.
        encoding: a name of ``ENCODINGS``, or a function ``(builder, n_qubits) -> None``.
        ansatz: a name of ``ANSATZE`` or of an entry point in ``qlab.ansatze``, or a function
            ``(builder, n_qubits, n_layers) -> None``.
        reuploading: encode again before every layer (arXiv:1907.02085); each layer is then the ansatz's first one,
            with fresh weights.
        entanglers: without them every gate on two qubits is left out, of the encoding too: the ablation that shows what
            entanglement is good for.

    Raises:
        UnknownNameError: there is no such encoding or ansatz.
        CircuitError: amplitudes cannot be uploaded again, or an entangler that is to be left out has a weight.
    """
    encode = encoding_named(encoding) if isinstance(encoding, str) else encoding
    entangle = ansatz_named(ansatz) if isinstance(ansatz, str) else ansatz
    if reuploading and n_layers > 1 and encode is ENCODINGS["amplitude"]:
        raise CircuitError("amplitudes cannot be uploaded again: use encoding angle or iqp, or no re-uploading")
    builder = Builder() if entanglers else WithoutEntanglers()
    passes, layers = (n_layers, 1) if reuploading else (1, n_layers)
    for _ in range(passes):
        encode(builder, n_qubits)
        entangle(builder, n_qubits, layers)
    return builder.circuit(n_qubits)
