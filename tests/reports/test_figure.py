"""Figures: what stands in them, in the SVG that a reader gets."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from qlab.reports.curves import training_curves
from qlab.reports.figure import SERIES, png, svg
from qlab.reports.layout import MOST_PANELS
from qlab.reports.sweep_figure import sweep_figure, undrawn_panels
from tests.reports.made_up import fail, points


def texts(figure: Figure) -> list[str]:
    root = ElementTree.fromstring(svg(figure))
    return ["".join(node.itertext()).strip() for node in root.iter("{http://www.w3.org/2000/svg}text")]


def lines_of(figure: Figure) -> list[np.ndarray[Any, Any]]:
    """Return the data of the joined means."""
    return [np.asarray(line.get_xydata()) for line in figure.axes[0].lines if line.get_linestyle() == "-"]


def test_a_line_goes_through_the_means_and_bars_are_the_intervals() -> None:
    table = points({"q": [8, 4], "seed": [0, 1]}, lambda point: point["q"] / 20 + 0.1 * point["seed"])
    figure = sweep_figure(table, ["q", "seed"])
    (line,) = lines_of(figure)
    np.testing.assert_allclose(line, [[4, 0.25], [8, 0.45]])
    (bars,) = figure.axes[0].collections
    half = 12.706204736432095 * np.std([0, 0.1], ddof=1) / np.sqrt(2)
    lowest = [segment[0][1] for segment in bars.get_segments()]  # type: ignore[attr-defined]
    np.testing.assert_allclose(lowest, [max(0, 0.25 - half), max(0, 0.45 - half)], atol=1e-12)
    assert {"4", "8", "q", "test accuracy"} <= set(texts(figure))


def test_each_name_has_a_line_of_its_own_colour_and_a_legend() -> None:
    table = points({"q": [4, 8], "head": ["vqc", "mlp", "linear"]})
    figure = sweep_figure(table, ["q", "head"])
    joined = [line for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    assert [line.get_color() for line in joined] == list(SERIES[:3])
    assert {"head", "vqc", "mlp", "linear"} <= set(texts(figure))


def test_a_failed_point_leaves_a_gap_and_breaks_nothing() -> None:
    table = fail(points({"q": [4, 8, 12], "head": ["a", "b"]}), 2, "no")
    figure = sweep_figure(table, ["q", "head"])
    assert [len(line) for line in lines_of(figure)] == [2, 3]
    for row in range(6):
        table = fail(table, row, "no")
    assert "test accuracy" in texts(sweep_figure(table, ["q", "head"]))


def test_a_heat_map_has_numbers_in_its_cells() -> None:
    table = points({"q": [4, 8], "p": [0.0, 0.1]}, lambda point: point["q"] / 10 - point["p"])
    shown = texts(sweep_figure(fail(table, 3, "no"), ["q", "p"]))
    assert {"0.400", "0.300", "0.800", "none"} <= set(shown)
    assert "0.700" not in shown


def test_the_most_frequent_class_is_a_line_where_it_is_in_sight() -> None:
    near = points({"q": [4, 8], "seed": [0, 1]}, lambda point: 0.5 + point["seed"] / 100)
    assert "most frequent class" in texts(sweep_figure(near, ["q", "seed"]))
    far = near.assign(majority_accuracy=0.1, accuracy=[0.7, 0.71, 0.72, 0.73])
    assert "most frequent class" not in texts(sweep_figure(far, ["q", "seed"]))


@pytest.mark.parametrize("axes", [{"seed": [0, 1, 2]}, {"head": ["vqc"]}, {"head": ["vqc"], "seed": [3]}])
def test_where_nothing_varies_there_is_a_figure_all_the_same(axes: dict[str, list[Any]]) -> None:
    assert "test accuracy" in texts(sweep_figure(points(axes), list(axes)))


def test_seeds_alone_stand_beside_their_mean() -> None:
    shown = texts(sweep_figure(points({"seed": [5, 6]}), ["seed"]))
    assert {"5", "6", "mean of the seeds"} <= set(shown)


def test_names_are_shown_as_they_are() -> None:
    names = ["$x_1$ <b>", "_hidden", "100 % |", "日本語", "\\alpha & ~"]
    shown = texts(sweep_figure(points({"q": [1, 2], "head": names}), ["q", "head"]))
    assert set(names) <= set(shown)
    shown = texts(sweep_figure(points({"head": names}), ["head"]))
    assert set(names) <= set(shown)


def test_more_panels_than_fit_are_counted() -> None:
    axes: dict[str, list[Any]] = {"q": [1, 2, 3, 4, 5], "head": ["a", "b"], "k": [0, 1, 2], "m": [0.1, 0.2, 0.3]}
    table = points({**axes, "j": [1, 2, 3, 5]})
    drawn = sweep_figure(table, [*axes, "j"]).axes
    assert len(drawn) == MOST_PANELS
    assert undrawn_panels(table, [*axes, "j"]) == 3 * 3 * 4 - MOST_PANELS
    assert undrawn_panels(points({"q": [1, 2]}), ["q"]) == 0


def test_the_same_table_gives_the_same_bytes() -> None:
    table = points({"q": [4, 8], "p": [0, 0.001, 0.01, 0.1], "head": ["a", "b"], "seed": [0, 1]})
    first, second = (sweep_figure(table, ["q", "p", "head", "seed"]) for _ in range(2))
    assert svg(first) == svg(second)
    assert png(first) == png(second)
    assert b"<dc:date>" not in svg(first)


def test_text_stays_text_and_settings_of_others_stay() -> None:
    before = dict(matplotlib.rcParams)
    content = svg(sweep_figure(points({"q": [4, 8]}), ["q"])).decode()
    assert "<text" in content
    assert not re.search(r'<g id="text_\d+">\s*<!--', content)
    assert dict(matplotlib.rcParams) == before


def test_the_png_has_200_dots_per_inch() -> None:
    figure = sweep_figure(points({"q": [4, 8]}), ["q"])
    height, width = imread(io.BytesIO(png(figure))).shape[:2]
    assert (width, height) == tuple((figure.get_size_inches() * 200).astype(int))


def test_curves_mark_the_epoch_kept() -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "val_loss": [3, 2, 2.5], "val_accuracy": [0, 0.5, 1]}
    )
    figure = training_curves(history, kept_epoch=2)
    assert {"training", "validation", "epoch kept", "cross entropy", "accuracy"} <= set(texts(figure))
    marked = [line.get_xdata() for line in figure.axes[0].lines if line.get_label() == "epoch kept"]
    assert [list(np.asarray(data)) for data in marked] == [[2, 2]]
