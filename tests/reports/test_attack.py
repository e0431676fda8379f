"""The tables, the figure and the page of an attack, from numbers that are made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from qlab.reports.attack import write_attack
from qlab.reports.attack_figure import attack_figure
from qlab.reports.attack_tables import check_cells, curve_cells, flat_rows, note, published_cells, verdict
from qlab.reports.figure import svg
from tests.reports.made_up_attack import made_up, share
from tests.reports.pages import Page


def test_tables() -> None:
    result = made_up("pgd", "square")
    curves = curve_cells(result)
    assert list(curves.header) == ["eps", "PGD", "Square", "all together"]
    assert curves.rows[0] == ["0", *["0.900 (0.850–0.950)"] * 3]
    assert curves.rows[1] == ["8/255", "0.600 (0.550–0.650)", "0.590 (0.540–0.640)", "0.500 (0.450–0.550)"]
    assert list(curve_cells(made_up("fgsm")).header) == ["eps", "FGSM"]
    published, checks = published_cells(result), check_cells(result)
    assert published is not None
    assert checks is not None
    assert published.rows[0] == ["no attack", "0.9000", "0.8500–0.9500"]
    assert [row[1] for row in checks.rows] == ["passed", "unclear"]
    assert published_cells(made_up("pgd", published=False)) is None
    assert check_cells(made_up("square")) is None


def test_every_number_is_in_the_rows() -> None:
    rows = flat_rows(made_up("pgd", "square"))
    assert len(rows) == 1 + 3 * 2 + 2
    assert rows[2] == {"attack": "pgd", "eps": 0.1, **share(30)}


def test_the_verdict() -> None:
    assert verdict(made_up("pgd")) == "No sign of masked gradients; not told: reaches zero."
    assert verdict(made_up("pgd", masked=True)).startswith("Gradients may be masked (more steps): ")
    assert verdict(made_up("square")).startswith("Without PGD nothing was checked")


def test_the_note_says_what_was_run() -> None:
    text = note(made_up("pgd", "transfer"))
    assert "PGD: 20 steps of 2.5 eps / steps from 3 random starts" in text
    assert "where PGD on twin-1 ends" in text
    assert "Square" not in text
    assert "Gradients are of the cross entropy." in text
    both = made_up("pgd")
    both["options"]["loss"] = "both"
    assert "of the cross entropy and of the margin: starts take turns, FGSM tries both." in note(both)
    both["options"]["restarts"] = 1
    assert "the cross entropy for the only start" in note(both)
    assert "without noise and shots" in text


def test_lines_go_through_the_values() -> None:
    figure = attack_figure(made_up("pgd", "square"))
    pgd, square, together, chance = figure.axes[0].lines
    for line, ends in ((pgd, [0.9, 0.6, 0.3]), (square, [0.9, 0.59, 0.29]), (together, [0.9, 0.5, 0.2])):
        assert list(map(float, line.get_ydata())) == pytest.approx(ends)  # type: ignore[arg-type]
        assert list(map(float, line.get_xdata())) == pytest.approx([0, 8 / 255, 0.1])  # type: ignore[arg-type]
    assert chance.get_label() == "chance"
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0", "8/255", "0.1"]


@pytest.mark.parametrize("masked", [True, False])
def test_the_files(masked: bool, tmp_path: Path) -> None:
    write_attack(tmp_path, made_up("pgd", "square", masked=masked), title="<mine>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.svg", "report.html", "table.csv", "table.md"]
    assert len(pd.read_csv(tmp_path / "table.csv")) == 9
    page = Page((tmp_path / "report.html").read_bytes())
    assert page.loads == []
    for text in ("<mine>", "at eps <0.1> PGD leaves", "The published attack", "2.5 eps / steps", "name: vqc"):
        assert text in page.text
    assert ("Gradients may be masked" in page.text) == masked


def test_the_same_result_gives_the_same_figure() -> None:
    result = made_up("fgsm", "pgd")
    assert svg(attack_figure(result)) == svg(attack_figure(result))
