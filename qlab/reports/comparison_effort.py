"""What training the models of a comparison took, as a table for a reader."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qlab.reports.tables import Cells
from qlab.reports.values import decimals, shown

TITLE = "What training took"
NOTE = (
    "Medians over seeds. Seconds are of this machine and its load; those of a simulated circuit say nothing of a "
    "quantum processor and are no quantum speed-up. An epoch includes its validation; the first one has what is done "
    "only once. Processor seconds are of all threads. Memory is that of the process at its highest in the run, with "
    "what earlier runs left behind. Convolutions are floating-point operations forward for an example. Denormal is the "
    "share of the trained weights that are not zero, at the end."
)
_COLUMNS = (
    *("epoch_median", "epoch_first", "cpu_seconds", "epochs", "peak_memory_mib", "convolution_flops"),
    *("denormal_share", "quantum", "trainable"),
)


def effort_cells(points: pd.DataFrame, settings: Sequence[str] = ()) -> Cells | None:
    """Return a row for each setting and model; None where no record tells what its epochs took.

    Args:
        points: as ``qlab.reports.comparison.write_comparison`` takes them; columns of effort may be missing.
        settings: the keys that get a column.
    """
    keys = [*settings, "twin"]
    numbers = points.reindex(columns=_COLUMNS).astype("float64")
    if not numbers["epoch_median"].notna().any():
        return None
    numbers["classical"] = numbers["trainable"] - numbers["quantum"]
    numbers["cpu_seconds"] /= numbers["epochs"]
    medians = numbers.groupby([points[key].map(shown) for key in keys], sort=False).median()
    header = [*settings, "twin", "seconds of an epoch", "of the first", "processor seconds of an epoch"]
    header += ["peak memory (MiB)", "convolutions", "denormal", "quantum parameters", "classical parameters"]
    return Cells(header, [[*_names(where), *_cells(row)] for where, row in medians.iterrows()])


def _names(where: object) -> list[str]:
    return [str(name) for name in where] if isinstance(where, tuple) else [str(where)]


def _cells(row: pd.Series[float]) -> list[str]:
    return [
        *(decimals(row[name], 3) for name in ("epoch_median", "epoch_first", "cpu_seconds")),
        *(decimals(row[name], 0) for name in ("peak_memory_mib", "convolution_flops")),
        decimals(row["denormal_share"]),
        *(decimals(row[name], 0) for name in ("quantum", "classical")),
    ]
