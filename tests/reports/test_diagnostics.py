"""The tables, the figure and the page of diagnostics, from numbers that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from qlab.reports.diagnostics import write_diagnostics
from qlab.reports.diagnostics_figure import diagnostics_figure
from qlab.reports.diagnostics_tables import fit_cells, flat_rows, gradient_cells, state_cells
from qlab.reports.figure import svg
from tests.reports.pages import Page

KINDS = [(observable, init) for observable in ("local", "global") for init in ("uniform", "own")]
FILES = ["figure.svg", "report.html", "table.csv", "table.md"]


def made_up(*points: dict[str, Any], qubits: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return a result with numbers that follow from the number of qubits, which is 3 where none is given."""
    found = [
        {
            "values": values,
            "n_qubits": n,
            "n_weights": 9 * n,
            "depth": 7,
            "two_qubit_gates": n,
            "parameter": {"index": 1, "name": "first RY of qubit 0"},
            "expressibility": {
                "divergence": 0.1 * n,
                "standard_error": 0.01,
                "haar": 0.05,
                "haar_deviation": 0.002,
                "edges": [0, 0.5, 1],
                "counts": [20, 10],
            },
            "entanglement": {"mean": 0.5, "standard_error": 0.001, "haar": 0.7},
            "gradients": [
                {
                    "init": init,
                    "observable": observable,
                    "parameter": {"value": 0.0 if observable == "global" else 2.0**-n, "standard_error": 0.004},
                    "mean": {"value": 0.25, "standard_error": 0.001},
                }
                for observable, init in KINDS
            ],
        }
        for values, n in zip(points, qubits or [3] * len(points), strict=True)
    ]
    fit = {"slope": -0.693, "low": -0.8, "high": -0.6, "n_qubits": [4, 6, 8]}
    kind = {"values": points[0], "init": "uniform", "observable": "local", "of": "parameter"}
    versions = {"qlab": "0.1.0"}
    return {
        "overrides": ["head.n_qubits=4,6,8", "name=<b>"],
        "options": {"samples": 30, "bins": 2, "binning": "haar", "inputs": "random"},
        "swept": list(points[0]),
        "heads": [{"name": "vqc", **{key.removeprefix("head."): v for key, v in values.items()}} for values in points],
        "points": found,
        "fits": [{**kind, **fit}] if len(set(qubits)) > 2 else [],
        "finished": "2026-01-01T00:00:00+00:00",
        "environment": {
            "python": "3.11", "versions": versions, "commit": None, "dirty": None, "platform": "Linux x86_64",
            "cpu_count": 2, "threads": 1,
        },
    }  # fmt: skip


def widths(*qubits: int) -> dict[str, Any]:
    return made_up(*({"head.n_qubits": n} for n in qubits), qubits=qubits)


def drawn(axes: Axes) -> list[list[float]]:
    """Return the points of the first line."""
    found: list[list[float]] = np.round(np.asarray(axes.lines[0].get_xydata(), float), 12).tolist()
    return found


def test_tables_say_values_with_their_errors() -> None:
    result = widths(4, 6, 8)
    states, gradients, fits = state_cells(result), gradient_cells(result), fit_cells(result)
    assert states.rows[1] == ["6", "0.6000 ± 0.0100", "0.0500 ± 0.0020", "0.5000 ± 0.0010", "0.7000"]
    assert gradients.rows[0] == ["4", "local", "uniform", "6.25e-02 ± 6 %", "2.50e-01 ± 0.4 %"]
    assert gradients.rows[2][3] == "0"
    assert fits is not None
    assert fits.rows == [["local", "uniform", "one parameter", "-0.693", "-0.800 to -0.600", "4, 6, 8"]]
    assert fit_cells(made_up({})) is None


def test_the_number_of_qubits_stands_in_the_table_where_it_is_not_swept() -> None:
    cells = state_cells(made_up({"head.ansatz": "ring"}, {"head.ansatz": "chain"}))
    assert list(cells.header[:2]) == ["head.ansatz", "qubits"]
    assert [list(row[:2]) for row in cells.rows] == [["ring", "3"], ["chain", "3"]]


def test_every_number_is_in_the_rows() -> None:
    row = flat_rows(widths(4, 6, 8))[2]
    assert (row["head.n_qubits"], row["kl"], row["meyer_wallach_haar"]) == (8, 0.8, 0.7)
    assert (row["variance_local_own_parameter"], row["variance_local_own_parameter_se"]) == (2.0**-8, 0.004)
    assert row["variance_global_uniform_mean"] == 0.25


def test_lines_go_through_the_values_and_leave_out_what_no_logarithm_shows() -> None:
    figure = diagnostics_figure(widths(8, 4, 6))
    divergence, _, local, everywhere = figure.axes
    assert drawn(divergence) == [[4, 0.4], [6, 0.6], [8, 0.8]]
    assert drawn(local) == [[4, 2.0**-4], [6, 2.0**-6], [8, 2.0**-8]]
    assert drawn(everywhere) == []


def test_heads_of_one_width_are_points_that_nothing_joins() -> None:
    figure = diagnostics_figure(made_up({"head.ansatz": "ring"}, {"head.ansatz": "chain"}))
    assert figure.axes[0].lines[0].get_linestyle() == "None"
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["ansatz ring", "ansatz chain"]


@pytest.mark.parametrize("qubits", [(4, 6, 8), (3,)])
def test_the_files(qubits: tuple[int, ...], tmp_path: Path) -> None:
    result = widths(*qubits)
    write_diagnostics(tmp_path, result, title="<vqc>")
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert pd.read_csv(tmp_path / "table.csv")["n_qubits"].tolist() == list(qubits)
    assert (tmp_path / "table.md").read_text().startswith("# &lt;vqc&gt;\n\n| head.n\\_qubits | KL to Haar |")
    page = Page((tmp_path / "report.html").read_bytes())
    assert page.loads == []
    for text in ("<vqc>", "qlab diagnose head.n_qubits=4,6,8 'name=<b>'", "first RY of qubit 0", "Haar's own"):
        assert text in page.text
    assert ("The straight line" in page.text) == (len(qubits) > 1)


def test_the_same_result_gives_the_same_figure() -> None:
    result = widths(4, 6, 8)
    assert svg(diagnostics_figure(result)) == svg(diagnostics_figure(result))
