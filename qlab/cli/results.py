"""``qlab results``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qlab.cli.arguments import Json, output_folder

if TYPE_CHECKING:
    import pandas as pd

# What a person wants to see of any record: column, and how it is called in the table.
SHOWN = {
    "key of run": "run",
    "dataset.name": "dataset",
    "config.encoder.name": "encoder",
    "config.head.name": "head",
    "config.head.n_qubits": "qubits",
    "noise model": "noise",
    "execution.shots": "shots",
    "split": "split",
    "config.seed": "seed",
    "metrics.accuracy": "accuracy",
    "metrics.n": "n",
}


def command(
    filters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILTER]...", help="COLUMN=VALUE, or with != < <= > >= in quotes; output_dir=DIR."),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print every column as CSV.")] = False,
    json: Json = False,
) -> None:
    """List every training run and evaluation that is there.

    Columns are those of --csv; an option may be named as on the command line, e.g. head.n_qubits.

    Example: qlab results dataset.name=digits 'metrics.accuracy>0.9'
    """
    from qlab.cli.output import print_json
    from qlab.reports.collection import all_records
    from qlab.reports.filtering import select
    from qlab.reports.tables import plain_rows

    if csv and json:
        raise typer.BadParameter("--csv and --json cannot both be printed")
    folder, conditions = output_folder(filters)
    table = all_records(folder)
    found, compared = select(table, conditions) if len(table) else (table, [])
    if csv:
        found.to_csv(sys.stdout, index=False, lineterminator="\n")
    elif json:
        print_json(plain_rows(found))
    elif found.empty:
        print(f"no record under {folder}" + (" is like that" if len(table) else ""), file=sys.stderr)
    else:
        _print(found, compared, len(table))


def _print(table: pd.DataFrame, compared: Sequence[str], total: int) -> None:
    """Print what tells records apart as a table, below a line with what they have in common."""
    from qlab.cli.output import print_table
    from qlab.reports.tables import Cells

    names = {**SHOWN, **{name: name.removeprefix("config.") for name in compared if name not in SHOWN}}
    rows = [_cells(row, names) for row in table.to_dict("records")]
    cells, common = Cells(list(names.values()), rows).apart({"run", "accuracy"})
    told = ", ".join(f"{title} {value}" for title, value in common.items())
    count = f"{len(table)} of {total} records" if len(table) < total else f"{total} records"
    print(f"{count}; all: {told}" if told else count)
    print_table("", cells.header, cells.rows)


def _cells(row: Mapping[Any, Any], names: Iterable[str]) -> list[str]:
    """Return what stands in each column for a record."""
    from qlab.reports.values import component, decimals, shown

    noise = {name.removeprefix("noise."): value for name, value in row.items() if name.startswith("noise.")}
    made = {
        "key of run": row["run"].rpartition("-")[2],
        "noise model": component(noise),
        "split": row["split"] if row["kind"] == "evaluation" else "test",
        "metrics.accuracy": decimals(row["metrics.accuracy"]),
    }
    return [made[name] if name in made else shown(row.get(name)) for name in names]
