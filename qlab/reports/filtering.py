"""Rows of a table of records that fulfil conditions such as ``metrics.accuracy>0.9``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from qlab.errors import OptionError, did_you_mean
from qlab.reports.values import is_missing, shown

_CONDITION = re.compile(r"(?P<column>[^=<>!]+?)\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?P<value>(?![=<>]).*)", re.DOTALL)
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
CONFIG = "config."


def select(table: pd.DataFrame, conditions: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that fulfil every condition, and the columns that the conditions are about.

    A condition is ``COLUMN=VALUE``, with ``!=``, ``<``, ``<=``, ``>`` or ``>=`` in place of ``=``. An option may be
    named as on the command line: ``head.n_qubits`` is ``config.head.n_qubits``. ``null`` stands for a missing value.

    Raises:
        OptionError: a word is no condition, or compares what is no number; or there is no such column.
    """
    columns = []
    for word in conditions:
        match = _CONDITION.fullmatch(word)
        if match is None:
            raise OptionError(f"'{word}' is no filter: write COLUMN=VALUE, or !=, <, <=, >, >= in quotes")
        column = _column(table, match["column"])
        table = table[_fulfils(table[column], word, match["sign"], match["value"])]
        columns.append(column)
    return table, columns


def _column(table: pd.DataFrame, name: str) -> str:
    for candidate in (name, CONFIG + name):
        if candidate in table:
            return candidate
    known = [str(column) for column in table]
    near = did_you_mean(name, [*known, *(column.removeprefix(CONFIG) for column in known)])
    raise OptionError(f"there is no column '{name}'{near or '; qlab results --csv shows them all'}")


def _fulfils(column: pd.Series[Any], word: str, sign: str, value: str) -> pd.Series[bool]:
    if sign in ("=", "!="):
        same = column.map(lambda found: _is(found, value)).astype(bool)
        return same if sign == "=" else ~same
    try:
        limit = float(value)
    except ValueError:
        raise OptionError(f"'{word}': a number is wanted after {sign}, not '{value}'") from None
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    if column.notna().any() and numbers.isna().all():
        raise OptionError(f"'{word}': {column.name} holds no numbers; only = and != compare it")
    return _COMPARISONS[sign](numbers, limit)  # type: ignore[no-any-return]


def _is(found: object, value: str) -> bool:
    """Return whether a value is what a word says: numbers by what they are, the rest by how it is written."""
    if is_missing(found):
        return value in ("null", "")
    if isinstance(found, int | float) and not isinstance(found, bool):
        try:
            return float(found) == float(value)
        except ValueError:
            return False
    return shown(found) == value
