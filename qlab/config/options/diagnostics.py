"""Options of diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

from qlab.config.options.option import option


@dataclass
class Diagnostics:
    """How the circuit of a quantum head is diagnosed."""

    samples: int = option(
        1000, "pairs of states, and draws of the weights for each variance of gradients", at_least=10, at_most=10**7
    )
    bins: int = option(75, "of the histogram of fidelities", at_least=2, at_most=100_000)
    binning: str = option("haar", "bins of equal Haar probability, or of equal width", choices=("haar", "width"))
    inputs: str = option(
        "random", "what the head makes of standard normal features, or zero", choices=("random", "zero")
    )
