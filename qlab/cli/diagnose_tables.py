"""What ``qlab diagnose`` prints for people."""

from __future__ import annotations

from qlab.cli.output import print_table
from qlab.jobs.diagnose.diagnose import Diagnosed
from qlab.reports.diagnostics_tables import fit_cells, gradient_cells, note, state_cells


def print_diagnosed(diagnosed: Diagnosed, other_code: str | None) -> None:
    """Print the tables, what they are made of, and where the files are."""
    result = diagnosed.result
    tables = {
        "Expressibility and entangling capability": state_cells(result),
        "Variance of gradients": gradient_cells(result),
        "ln(variance of gradients) per qubit": fit_cells(result),
    }
    for title, cells in tables.items():
        if cells is not None:
            columns, common = cells.apart(["head.n_qubits", "qubits"])
            print_table(title, columns.header, columns.rows)
            if common:
                print("; ".join(f"{name}: {value}" for name, value in common.items()))
    print(note(result))
    state = "found" if diagnosed.found else "written"
    made = f", made by {other_code}: --force computes it again" if other_code else ""
    print(f"{state}: {diagnosed.path}{made}")
