"""The tables and the figure of attacks on a comparison, from scores that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection

from qlab.evaluation.comparison import Scores, Setting, compare
from qlab.evaluation.statistics import student_interval
from qlab.reports.attacked_comparison import write_attacked_comparison
from qlab.reports.attacked_comparison_cells import brief_cells, labelled, remarks
from qlab.reports.attacked_comparison_figure import attacked_comparison_figure
from qlab.reports.comparison_rows import Facts, Row, comparison_frame
from qlab.reports.figure import svg
from qlab.reports.tables import plain_rows

ATTACKS = (("none", 0.0), ("pgd", 8 / 255), ("pgd", 0.1), ("square", 8 / 255), ("square", 0.1), ("pixel_pgd", None))
SEEDS = 8  # of which the smallest p is 2/256, in a table of six


def scored(start: float) -> Scores:
    return Scores({seed: start + seed / 100 for seed in range(SEEDS)})


def made_up() -> tuple[list[Row], dict[str, Any]]:
    settings = [
        Setting({"attack": name, "eps": eps}, scored(0.5), {"<twin>": scored(0.5 - place / 20)}, 0.1)
        for place, (name, eps) in enumerate(ATTACKS)
    ]
    facts = Facts("", 7, None)
    rows = [Row(one, facts, facts) for one in compare(settings)]
    result = {
        "settings": [],
        "options": {
            "units": "pixel", "steps": 20, "step": None, "restarts": 1, "queries": 50, "loss": "cross_entropy",
            "split": "val",
        },
        "eps": [{"label": "8/255", "value": 8 / 255}, {"label": "0.1", "value": 0.1}],
        "n": 100,
        "chance": 0.1,
        "attacks": ["pgd", "square"],
        "checked": True,
        "masked": {"<twin>": 1},
        "runs": [{"model": model, "seed": seed} for model in ("circuit", "<twin>") for seed in range(SEEDS)],
        "left_out": {"neighbours": "it has no gradient"},
        "missing": [{"model": "<twin>", "seed": 9, "reason": "its training is failed"}],
        "rows": plain_rows(comparison_frame(rows)),
    }  # fmt: skip
    return rows, result


def test_the_table_for_a_terminal() -> None:
    cells = brief_cells(made_up()[1])
    assert list(cells.header) == ["attack", "eps", "circuit", "<twin>"]
    assert cells.rows[0] == ["no attack", "0", "0.535", "0.535"]
    assert cells.rows[1] == ["PGD", "8/255", "0.535", "0.485 +"]
    assert cells.rows[-1][1] == "–"


def test_attacks_and_eps_are_named_as_they_were_written() -> None:
    rows, result = made_up()
    settings = [row.comparison.setting for row in labelled(rows, result)]
    assert settings[2] == {"attack": "PGD", "eps": "0.1"}
    assert settings[-1] == {"attack": "PGD, eps 0.1 in pixels, proper range", "eps": "–"}


def test_what_is_said() -> None:
    text = " ".join(remarks(*made_up()))
    for part in (
        "Validation accuracy under attack over seeds",
        "Holm's method for all 6 comparisons",
        "on 100 examples",
        "PGD: 20 steps of 2.5 eps / steps from 1 random start.",
        "Gradients may be masked in runs of <twin> 1 of 8",
        "Left out: neighbours, it has no gradient.",
        "Missing: <twin>, seed 9: its training is failed.",
    ):
        assert part in text


def test_lines_are_means_and_bands_their_intervals() -> None:
    figure = attacked_comparison_figure(*made_up())
    pgd, square = figure.axes
    assert [axes.get_title("left") for axes in (pgd, square)] == ["PGD", "Square"]
    chance, circuit, twin = pgd.lines
    assert chance.get_label() == "chance"
    assert list(map(float, circuit.get_ydata())) == pytest.approx([0.535] * 3)  # type: ignore[arg-type]
    assert list(map(float, twin.get_xdata())) == pytest.approx([0, 8 / 255, 0.1])  # type: ignore[arg-type]
    assert list(map(float, twin.get_ydata())) == pytest.approx([0.535, 0.485, 0.435])  # type: ignore[arg-type]
    bands = [band for band in square.collections if isinstance(band, PolyCollection)]
    expected = student_interval([0.3 + seed / 100 for seed in range(SEEDS)])
    assert expected is not None
    corners = np.asarray(bands[1].get_paths()[0].vertices)
    at_the_largest = corners[np.isclose(corners[:, 0], 0.1), 1]
    assert (at_the_largest.min(), at_the_largest.max()) == pytest.approx((expected.low, expected.high))


def test_the_files(tmp_path: Path) -> None:
    rows, result = made_up()
    write_attacked_comparison(tmp_path, rows, result, title="a_b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.svg", "table.csv", "table.md"]
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["attack"].tolist() == [name for name, _ in ATTACKS]
    assert table["eps"].tolist()[1] == 8 / 255
    text = (tmp_path / "table.md").read_text()
    assert text.startswith("# a\\_b under attack\n")
    assert "| PGD | 8/255 | &lt;twin&gt; | 7 | 0.4850 |" in text
    assert svg(attacked_comparison_figure(rows, result)) == (tmp_path / "figure.svg").read_bytes()
