"""Tables as text, read back by a parser of the language where there is one."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from qlab.reports.tables import Cells, csv, escape_latex, escape_markdown, grouped_cells, latex, markdown
from qlab.reports.values import component, counted, decimals, interval, shown
from tests.reports.made_up import fail, points

HOSTILE = [
    "a|b",
    "a_b*c*_d_",
    "<b>&amp;</b>",
    "100 % $x_1$ #1 ~tilde~ ^",
    "`code` \\ \\| [link](http://x)",
    "{curly} \"quoted\" 'single'",
    "größer 日本語 ⟨Z⟩",
    "two\nlines\t tab",
]


def cells_of(text: str) -> list[list[str]]:
    """Return the text of every cell of a Markdown table."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows: list[list[str]] = []
    for position, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in ("th_open", "td_open"):
            inline = tokens[position + 1].children or []
            assert {child.type for child in inline} <= {"text", "text_special"}, inline
            rows[-1].append("".join(child.content for child in inline))
    return rows


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_any_text_as_it_is(text: str) -> None:
    written = markdown(Cells([text, "other"], [[text, "1"], ["x", text]]))
    flat = " ".join(text.split())
    assert cells_of(written) == [[flat, "other"], [flat, "1"], ["x", flat]]


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_sees_no_command_in_any_text(text: str) -> None:
    escaped = escape_latex(text)
    known = re.sub(r"\\(text\w+\{\}|[&%$#_{}])", "", escaped)
    assert not re.search(r'[\\&%$#_{}~^<>|"\n]', known)


def test_latex_is_a_whole_table() -> None:
    text = latex(Cells(["head.n_qubits", "accuracy"], [["4", "0.5"], ["8", "–"]]), "50 % of it")
    assert text.splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{50 \% of it}",
        r"\begin{tabular}{rr}",
        r"\toprule",
        r"head.n\_qubits & accuracy \\",
        r"\midrule",
        r"4 & 0.5 \\",
        r"8 & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_csv_gives_back_the_table() -> None:
    table = fail(points({"noise.p": [0, 0.1], "head": ['a,"b"', "c\nd"], "seed": [0, 1]}, lambda point: 1 / 3), 2, "e")
    text = csv(table)
    back = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
    assert back["accuracy"].tolist()[0] == 1 / 3
    assert back["head"].tolist() == table["head"].tolist()
    assert text.splitlines()[1].split(",")[0] == "0.0"
    assert ",1000," in text  # a whole number although another row has none


def test_the_grouped_table_says_what_its_intervals_are_over() -> None:
    table = fail(points({"head": ["a", "b"], "seed": [0, 1]}, lambda point: 0.25 + 0.5 * point["seed"]), 3, "no")
    from qlab.reports.grouping import grouped

    cells = grouped_cells(grouped(table, ["head", "seed"]), ["head"], "accuracy")
    assert cells.header == ["head", "accuracy", "95 % interval", "over", "sd", "seeds", "failed"]
    assert [row[3] for row in cells.rows] == ["seeds", "test set"]
    assert [row[5:] for row in cells.rows] == [["2", "0"], ["1", "1"]]
    assert cells.numeric == [False, True, True, False, True, True, True]


def test_what_rows_have_in_common_is_told_once() -> None:
    cells = Cells(["a", "b", "c", "d"], [["1", "x", "–", "k"], ["2", "x", "–", "k"]])
    apart, common = cells.apart({"d"})
    assert (apart.header, apart.rows) == (["a", "d"], [["1", "k"], ["2", "k"]])
    assert common == {"b": "x"}
    assert Cells(["a"], []).apart(set()) == (Cells(["a"], []), {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
        (True, "true"),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (1e-5, "1e-05"),
        ([1, 2.5], "[1, 2.5]"),
        ("a", "a"),
        ([{"name": "lego", "p": 0.5}], "[{name lego, p 0.5}]"),
    ],
)
def test_values_are_short(value: object, text: str) -> None:
    assert shown(value) == text


def test_one_thing_is_singular() -> None:
    assert [counted(n, "point") for n in (0, 1, 2)] == ["0 points", "1 point", "2 points"]
    assert [counted(n, "quantity", "quantities") for n in (1, 2)] == ["1 quantity", "2 quantities"]


def test_numbers_with_decimals_and_components() -> None:
    assert decimals(0.5) == "0.5000"
    assert decimals(None) == "–"
    assert interval(0.25, 1) == "0.2500–1.0000"
    assert interval(None, None) == "–"
    assert component({"name": "lego", "p": 0.01, "p2": None}) == "lego: p 0.01"
    assert component({"name": "none"}) == "none"


def test_markdown_keeps_numbers_readable() -> None:
    assert escape_markdown("0.5 (n = 3)") == "0.5 (n = 3)"
