"""What a simulation found, and the results that PennyLane wants of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from pennylane.devices.qubit.measure import measure
from pennylane.devices.qubit.simulate import measure_final_state

Result = Any  # one measurement's result, or a tuple of several


class Outcome(Protocol):
    """What was found for one tape."""

    def tensors(self) -> list[torch.Tensor]:
        """Return the exact result of each measurement, as differentiable as the simulation."""
        ...

    def result(self, rng: np.random.Generator) -> Result:
        """Return the results as NumPy's arrays, estimated where the tape has shots."""
        ...


@dataclass(frozen=True, eq=False)
class Expectations:
    """Expectation values, one tensor per measurement: () or (batch,)."""

    values: list[torch.Tensor]

    def tensors(self) -> list[torch.Tensor]:
        """Return them."""
        return self.values

    def result(self, rng: np.random.Generator) -> Result:
        """Return them as arrays."""
        return bare([value.detach().cpu().numpy()[()] for value in self.values])


@dataclass(frozen=True, eq=False)
class FinalState:
    """The final state of a tape on wires 0, 1, ...: an axis of 2 per wire, behind that of the batch if there is one."""

    tape: Any
    state: torch.Tensor
    is_batch: bool

    def tensors(self) -> list[torch.Tensor]:
        """Measure it as PennyLane's own simulator does."""
        return [torch.as_tensor(measure(each, self.state, self.is_batch)) for each in self.tape.measurements]

    def result(self, rng: np.random.Generator) -> Result:
        """Measure it, or draw shots from it, as PennyLane's own simulator does."""
        state = self.state.detach().cpu().numpy()
        if self.tape.shots:
            state = state.astype(np.complex128)
        return measure_final_state(self.tape, state, self.is_batch, rng=rng)


def bare(results: list[Any]) -> Result:
    """Return a tuple of results, or the only one by itself."""
    return results[0] if len(results) == 1 else tuple(results)
