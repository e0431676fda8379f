"""Tables as text: CSV, Markdown and LaTeX, with everything escaped that the language would take for its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from qlab.reports.values import MISSING, decimals, interval, is_missing, shown

_NUMBER = re.compile(r"–|[-+]?[\d.]+(e[-+]?\d+)?(\s*(–|to)\s*[-+]?[\d.]+)?")
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}


@dataclass(frozen=True)
class Cells:
    """A table as a reader sees it: text in every cell."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    @cached_property
    def numeric(self) -> list[bool]:
        """Whether each column holds nothing but numbers and intervals, which stand at the right."""
        return [all(_NUMBER.fullmatch(row[column]) for row in self.rows) for column in range(len(self.header))]

    def apart(self, keep: Collection[str]) -> tuple[Cells, dict[str, str]]:
        """Return the columns named in ``keep`` or telling rows apart, and what all rows have in common."""
        if not self.rows:
            return self, {}
        columns = dict(zip(self.header, zip(*self.rows, strict=True), strict=True))
        common = {name: cells[0] for name, cells in columns.items() if len(set(cells)) == 1 and name not in keep}
        rows = zip(*(cells for name, cells in columns.items() if name not in common), strict=True)
        told = {name: cell for name, cell in common.items() if cell != MISSING}
        return Cells([name for name in columns if name not in common], [list(row) for row in rows]), told


def csv(table: pd.DataFrame) -> str:
    """Return every row and column; floats keep every digit, missing values are empty."""
    return table.to_csv(index=False, lineterminator="\n")


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as plain values by column, None where one is missing."""
    rows = table.astype(object).to_dict("records")
    return [{str(name): None if is_missing(value) else value for name, value in row.items()} for row in rows]


def grouped_cells(groups: pd.DataFrame, keys: Sequence[str], metric: str) -> Cells:
    """Return the rows of ``qlab.reports.grouping.grouped`` for a reader."""
    rows = [
        [
            *(shown(row[key]) for key in keys),
            decimals(row["mean"]),
            interval(row["lower"], row["upper"]),
            row["interval"] or MISSING,
            decimals(row["sd"]),
            *(shown(row[name]) for name in ("n", "failed")),
        ]
        for row in groups.to_dict("records")
    ]
    return Cells([*keys, metric.replace("_", " "), "95 % interval", "over", "sd", "seeds", "failed"], rows)


def markdown(cells: Cells) -> str:
    """Return a table in GitHub's Markdown."""
    lines = [[escape_markdown(cell) for cell in line] for line in (cells.header, *cells.rows)]
    lines.insert(1, ["---:" if number else "---" for number in cells.numeric])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(cells: Cells, caption: str) -> str:
    """Return a table for LaTeX with the package booktabs."""
    header, *rows = (" & ".join(escape_latex(cell) for cell in line) + r" \\" for line in (cells.header, *cells.rows))
    columns = "".join("r" if number else "l" for number in cells.numeric)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        header,
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    one_line = " ".join(text.split())
    return (
        re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", one_line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )


def escape_latex(text: str) -> str:
    """Return text that LaTeX prints as it is, on one line."""
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(text.split())).replace("–", "--")
