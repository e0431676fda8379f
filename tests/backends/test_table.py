"""What a head asks of a device, and its logits from what the device found."""

from __future__ import annotations

import pytest
import torch

from qlab.backends.engine import EngineBackend
from qlab.backends.table import Notebook, Table
from qlab.circuits import Circuit
from qlab.engine import expectations
from qlab.errors import CapabilityError
from qlab.heads.vqc import VQC

FEATURES = torch.randn(7, 4, generator=torch.Generator().manual_seed(1))


def head(backend: Notebook | Table | EngineBackend, classes: int) -> VQC:
    return VQC(4, classes, backend, torch.Generator().manual_seed(3), n_qubits=4, n_layers=2)


def applied(model: VQC, size: int) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([model(part) for part in FEATURES.split(size)])


@pytest.mark.parametrize("classes", [2, 6])
def test_logits_of_a_table_are_those_of_the_backend_that_filled_it(classes: int) -> None:
    """Once from the expectations themselves, once through a trained readout; in batches of any size, repeatedly."""
    noted = Notebook()
    applied(head(noted, classes), 3)
    assert noted.inputs.shape == (7, 4)
    assert [str(word) for word in noted.words] == [f"Z{qubit}" for qubit in range(2 if classes == 2 else 4)]
    values = expectations(noted.circuit, noted.inputs, noted.weights, noted.words, torch.complex128)
    answering = head(Table(noted, values), classes)
    expected = applied(head(EngineBackend(precision="double"), classes), 7)
    for size in (3, 7, 2):
        torch.testing.assert_close(applied(answering, size), expected, atol=1e-6, rtol=0)


def test_equal_samples_keep_values_of_their_own() -> None:
    noted = Notebook()
    with torch.no_grad():
        head(noted, 2)(FEATURES[:1].expand(2, 4))
        values = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
        logits = head(Table(noted, values), 2)(FEATURES[:1].expand(2, 4))
    torch.testing.assert_close(logits, 5 * values)


def test_other_samples_or_weights_are_refused() -> None:
    noted = Notebook()
    applied(head(noted, 2), 7)
    answering = head(Table(noted, torch.zeros(7, 2)), 2)
    with torch.no_grad():
        with pytest.raises(CapabilityError, match="of other samples"):
            answering(FEATURES[1:])
        answering.weights.mul_(2)  # type: ignore[union-attr]
        with pytest.raises(CapabilityError, match="of other weights"):
            answering(FEATURES)


def test_a_device_is_given_one_circuit() -> None:
    noted = Notebook()
    noted.expectations(Circuit(1, [("RX", 0, 0.3)]), torch.zeros(2, 0), torch.zeros(0))
    with pytest.raises(CapabilityError, match="more than one circuit"):
        noted.expectations(Circuit(1, [("RX", 0, 0.4)]), torch.zeros(2, 0), torch.zeros(0))
