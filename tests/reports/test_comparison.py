"""What a comparison ends in: six files, verdicts first, nothing hidden."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import qlab.reports.comparison
from qlab.evaluation.comparison import CIRCUIT, Scores, Setting, compare
from qlab.reports.comparison import write_comparison
from qlab.reports.comparison_cells import comparison_cells, note
from qlab.reports.comparison_effort import effort_cells
from qlab.reports.comparison_figure import MOST_SETTINGS, comparison_figure, undrawn_settings
from qlab.reports.comparison_findings import seeds_in_words
from qlab.reports.comparison_rows import Row, rows_of
from tests.reports.made_up import ENVIRONMENT, points, record
from tests.reports.pages import Page

FILES = {"results.csv", "comparison.csv", "comparison.md", "comparison.tex", "figure.svg", "report.html"}
SHIFTS = {CIRCUIT: 0.0, "linear": 0.0, "frozen": -0.3, "mlp": 0.01}
VARIED = {"first weights": True, "order of batches": True, "split": False}
QUBITS = "head.n_qubits"
HOSTILE = "<script>alert(1)</script> | a_b & 100 % $x$"


def made_up(
    n_qubits: Sequence[int] = (), n_seeds: int = 10, names: Sequence[str] = tuple(SHIFTS)
) -> tuple[pd.DataFrame, list[str]]:
    """Return points in which twins differ from the circuit by what ``SHIFTS`` says, not by the same for each seed."""
    axes: dict[str, Any] = {QUBITS: list(n_qubits)} if n_qubits else {}
    settings = list(axes)

    def accuracy(point: dict[str, Any]) -> float:
        shift, seed = SHIFTS.get(point["twin"], 0.0), int(point["seed"])
        wobble = (0.002 if seed % 2 == 0 else -0.002) * (point["twin"] != CIRCUIT) + 0.001 * seed * abs(shift)
        return float(0.8 + 0.01 * seed + shift + wobble)

    return points({**axes, "twin": list(names), "seed": list(range(n_seeds))}, accuracy), settings


def diverge(table: pd.DataFrame, twin: str, seed: int) -> pd.DataFrame:
    table = table.copy()
    where = table["twin"].eq(twin) & table["seed"].eq(seed)
    table.loc[where, ["n", "accuracy"]] = None
    table.loc[where, ["status", "error"]] = ["diverged", "the loss is nan"]
    return table


def rows(table: pd.DataFrame, settings: list[str], **descriptions: str) -> list[Row]:
    """Return the rows of points, those that diverged as such and those that failed left out."""
    parts = [((), table)] if not settings else list(table.groupby(settings, sort=False))
    found = []
    for values, part in parts:
        seen = part[part["status"].isin(["done", "diverged"])]
        scores = {
            str(twin): Scores(
                {int(s): None if a != a else float(a) for s, a in zip(own["seed"], own["accuracy"], strict=True)}
            )
            for twin, own in seen.groupby("twin", sort=False)
        }
        circuit = scores.pop(CIRCUIT, Scores({}))
        found.append(Setting(dict(zip(settings, values, strict=True)), circuit, scores, 0.5))
    return rows_of(compare(found), table, descriptions)


def write(folder: Path, table: pd.DataFrame, settings: list[str], **changes: Any) -> Page:
    arguments: dict[str, Any] = {
        "settings": settings,
        "metric": "accuracy",
        "title": "made-up",
        "request": {"overrides": ["dataset=digits", "seed=range(10)"]},
        "records": lambda: [record(table["train_key"].iloc[0])],
        "varied": VARIED,
        **changes,
    }
    write_comparison(folder, table, arguments.pop("rows", None) or rows(table, settings), **arguments)
    return Page((folder / "report.html").read_bytes())


def test_six_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, *made_up())
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_the_same_points_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, *made_up([4, 8]))
    for file in FILES - {"report.html"}:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_page_says_verdicts_first(tmp_path: Path) -> None:
    page = write(tmp_path, *made_up(), rows=rows(*made_up(), linear="one linear layer"))
    assert page.loads == []
    said = (
        "The circuit is better than 1 of 3 models (frozen), worse than 1 (mlp), not distinguishable from 1.",
        "The circuit is not distinguishable from linear: 0.0000 (95 % interval -0.0015 to 0.0015), p 1.00.",
        "The circuit is better than frozen: +0.2987",
        "Always answering the most frequent class would give 0.5000.",
        "adjusted by Holm's method for all 3 comparisons",
        "linear one linear layer",
        "Different for each seed: first weights, order of batches. The same for all seeds: split.",
        "All 40 runs",
        "n_qubits: 4",
    )
    places = [page.text.index(text) for text in said]
    assert places == sorted(places)
    assert "qlab compare dataset=digits 'seed=range(10)'" in page.text
    assert "40 points: 40 done · digits (real data) · 1000 test examples" in page.text


def test_the_table_shows_the_circuit_above_its_twins() -> None:
    table, settings = made_up([4, 8])
    cells = comparison_cells(rows(table, settings), settings)
    assert cells.header[:3] == [QUBITS, "twin", "parameters"]
    assert [line[:2] for line in cells.rows] == [[q, twin] for q in ("4", "8") for twin in SHIFTS]
    assert cells.rows[0][2:] == ["72", "0.8450", "0.8233–0.8667", "–", "–", "–", "–", "–"]
    frozen = dict(zip(["difference", "interval", "p", "effect", "verdict"], cells.rows[2][5:], strict=True))
    assert frozen["difference"] == "+0.2987"
    assert frozen["interval"].startswith("0.29")
    assert (frozen["p"], frozen["verdict"]) == ("0.0117", "better")
    assert cells.numeric == [True, False, *[True] * 7, False]


def test_every_number_stands_in_the_csv(tmp_path: Path) -> None:
    table, settings = made_up([4, 8])
    write(tmp_path, table, settings)
    back = pd.read_csv(tmp_path / "comparison.csv")
    found = rows(table, settings)
    assert list(back[QUBITS]) == [4] * 3 + [8] * 3
    assert list(back["twin"]) == ["linear", "frozen", "mlp"] * 2
    for name, values in {
        "difference": [row.comparison.paired.difference for row in found],
        "p_holm": [row.comparison.adjusted_p for row in found],
        "twin_mean": [row.comparison.against.mean for row in found],
        "circuit_parameters": [72] * 6,
        "twin_seconds": [1.5] * 6,
    }.items():
        assert back[name].tolist() == pytest.approx(values, abs=0, rel=1e-15)
    assert back["test_set_error"].isna().all()
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "results.csv"), pd.read_csv(io.StringIO(table.to_csv(index=False)))
    )


def test_what_training_took_is_told_for_each_model(tmp_path: Path) -> None:
    table, settings = made_up([4, 8])
    for name in ("comparison.md", "report.html"):  # of older code
        write(tmp_path, table, settings)
        assert "What training took" not in (tmp_path / name).read_text()
    quantum = table["twin"].eq(CIRCUIT)
    took = table.assign(
        epoch_median=[1.0 + seed for seed in table["seed"]], epoch_first=3.5, epochs=4, cpu_seconds=10.0,
        peak_memory_mib=512.0, convolution_flops=1_234_567, denormal_share=0.25, quantum=np.where(quantum, 24, 0),
    )  # fmt: skip
    took.loc[took["twin"].eq("mlp"), list(took.columns[len(table.columns) :])] = np.nan
    page = write(tmp_path, took, settings)
    cells = effort_cells(took, settings)
    assert cells is not None
    assert [row[:2] for row in cells.rows] == [[q, twin] for q in ("4", "8") for twin in SHIFTS]
    assert cells.rows[0][2:] == ["5.500", "3.500", "2.500", "512", "1234567", "0.2500", "24", "48"]
    assert cells.rows[1][-2:] == ["0", "72"]
    assert cells.rows[3][2:] == ["–"] * 8
    text = (tmp_path / "comparison.md").read_text()
    assert "## What training took" in text
    for words in ("no quantum speed-up", "of this machine and its load", "An epoch includes its validation"):
        assert words in text
        assert words in page.text
    assert "1234567" in page.text
    assert "epoch_median" in (tmp_path / "results.csv").read_text().splitlines()[0]


def test_diverged_runs_are_counted_and_told(tmp_path: Path) -> None:
    table, settings = made_up()
    table = diverge(diverge(table, "linear", 3), CIRCUIT, 4)
    page = write(tmp_path, table, settings)
    assert "2 runs diverged and count as what a constant answer scores." in page.text
    assert "1 of 10 seeds of linear diverged" in page.text
    assert "failed;" not in page.text
    assert "diverged at twin = circuit, seed = 4" in page.text
    (first, *_) = rows(table, settings)
    assert first.comparison.n == 10
    assert first.comparison.differences[3] == pytest.approx(0.83 - 0.5)
    assert "one seed, diverged" in (tmp_path / "figure.svg").read_text()


def test_failed_and_missing_runs_are_told(tmp_path: Path) -> None:
    table, settings = made_up()
    table.loc[table["twin"].eq("mlp"), ["accuracy", "n"]] = None
    table.loc[table["twin"].eq("mlp"), ["status", "error"]] = ["failed", "not enough memory"]
    table.loc[table.index[10], ["accuracy", "n", "status"]] = [None, None, "not run"]
    page = write(tmp_path, table, settings)
    assert "10 of 40 runs failed; their seeds are left out of the pairs with them." in page.text
    assert "1 of 40 runs has not been run." in page.text
    assert "Nothing can be said of mlp: no seed is done for both it and the circuit." in page.text
    assert "not enough memory" in page.text
    assert [row.comparison.n for row in rows(table, settings)] == [9, 10]


def test_nothing_done_gives_whole_files(tmp_path: Path) -> None:
    table, settings = made_up()
    table[["accuracy", "n"]] = None
    table["status"] = "not run"
    page = write(tmp_path, table, settings, records=list)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert "No model has a seed in common with the circuit, so there is nothing to compare." in page.text


@pytest.mark.parametrize("n_seeds", [1, 2, 5])
def test_too_few_seeds_are_told_in_the_page_and_beside_the_table(n_seeds: int, tmp_path: Path) -> None:
    page = write(tmp_path, *made_up(n_seeds=n_seeds))
    words = f"{n_seeds} seed{'' if n_seeds == 1 else 's'} cannot reach p < 0.05"
    assert words in page.text
    assert words in (tmp_path / "comparison.md").read_text().replace("&lt;", "<")


def test_a_verdict_that_another_test_set_could_undo_has_a_star() -> None:
    right = {seed: [True] * 100 for seed in range(6)}
    worse = {seed: [False, *[True] * 99] for seed in range(6)}
    circuit, twin = Scores(dict.fromkeys(range(6), 1.0), right), Scores(dict.fromkeys(range(6), 0.99), worse)  # type: ignore[arg-type]
    table, _ = made_up()
    found = rows_of(compare([Setting({}, circuit, {"linear": twin}, 0.5)]), table, {})
    assert comparison_cells(found).rows[1][-1] == "better*"
    assert "* Within 2 standard errors of the test set" in note(found, "accuracy")
    assert "*" not in note(rows(*made_up()), "accuracy")


def test_the_request_can_be_repeated_and_what_it_left_out_is_told(tmp_path: Path) -> None:
    request = {
        "overrides": ["dataset=digits"],
        "seeds": 10,
        "tune": 3,
        "metric": "accuracy",
        "twins": ["linear", "mlp"],
        "vary": ["seed"],
        "left_out": {"q = 4": {"fourier": "no angles"}, "q = 8": {"fourier": "no angles"}},
        "tuned": {"circuit": {"trainer.lr": 0.01}},
    }
    page = write(tmp_path, *made_up(), request=request)
    words = "qlab compare dataset=digits seeds=10 tune=3 metric=accuracy 'twins=[linear,mlp]' 'vary=[seed]'"
    assert words in page.text
    assert "fourier at q = 4; q = 8 is left out: no angles." in page.text
    assert "Tuning Every model had as many trials." in page.text
    assert "circuit trainer.lr = 0.01" in page.text
    plain = write(
        tmp_path, *made_up(), request={"overrides": [], "tune": 0, "twins": None, "left_out": {"": {"a": "b"}}}
    )
    assert "tune=" not in plain.text
    assert "a is left out: b." in plain.text
    assert "Tuning" not in plain.text


def test_what_seeds_vary_may_be_all_or_nothing() -> None:
    assert seeds_in_words({"first weights": True}) == ["Different for each seed: first weights."]
    (said,) = seeds_in_words({"split": False})
    assert said.startswith("The same for all seeds: split.")
    assert seeds_in_words({}) == []


def test_the_figure_shows_every_pair_and_the_interval() -> None:
    table, settings = made_up()
    found = rows(table, settings)
    left, right = comparison_figure(found, metric="accuracy").axes
    dots = sorted(float(np.ravel(line.get_xdata())[0]) for line in left.lines if line.get_markersize() == 3)
    expected = sorted(value for row in found for value in row.comparison.differences.values())
    assert dots == pytest.approx(expected)
    drawn = [segment for bars in left.collections for segment in bars.get_segments()]  # type: ignore[attr-defined]
    for (start, end), row in zip(drawn, found, strict=True):
        student = row.comparison.paired.student
        assert student is not None
        assert (start[0], end[0]) == pytest.approx((student.low, student.high))
    assert [label.get_text() for label in left.get_yticklabels()] == ["linear", "frozen", "mlp"]
    assert "test accuracy" in right.get_xlabel()


def test_differences_far_apart_are_both_seen() -> None:
    table, settings = made_up()
    left, _ = comparison_figure(rows(table, settings), metric="accuracy").axes
    assert left.get_xscale() == "symlog"
    assert "(logarithmic beyond ±" in left.get_xlabel()
    low, high = left.get_xlim()
    assert low < -0.01
    assert high > 0.3
    near = table[~table["twin"].eq("frozen")]
    assert comparison_figure(rows(near, settings), metric="accuracy").axes[0].get_xscale() == "linear"


def test_a_figure_has_room_for_so_many_settings() -> None:
    table, settings = made_up(range(1, MOST_SETTINGS + 3), n_seeds=2, names=(CIRCUIT, "linear"))
    found = rows(table, settings)
    assert undrawn_settings(found) == 2
    assert len(comparison_figure(found, metric="accuracy").axes) == 2 * MOST_SETTINGS


def test_everything_is_escaped_everywhere(tmp_path: Path) -> None:
    table, settings = made_up(names=(CIRCUIT, HOSTILE))
    page = write(tmp_path, table, settings, title=HOSTILE, varied={HOSTILE: True}, draw=lambda run: HOSTILE)
    assert page.loads == []
    assert not any(tag == "script" for tag, _ in page.tags)
    assert page.text.count(HOSTILE) > 5
    for name in ("comparison.md", "figure.svg"):
        assert "<script>" not in (tmp_path / name).read_text()
    assert r"\textless{}script\textgreater{}" in (tmp_path / "comparison.tex").read_text()


def test_where_results_come_from_is_told(tmp_path: Path) -> None:
    table, settings = made_up()
    other = record("2" * 12, environment=ENVIRONMENT | {"commit": "fedcba9876543210"})
    page = write(tmp_path, table, settings, records=lambda: [record(), other])
    assert "The results were not all made by the same code" in page.text


def test_seventy_comparisons_are_quick(tmp_path: Path) -> None:
    """Processor seconds: the machine may be busy with other things."""
    names = (CIRCUIT, *(f"twin {number}" for number in range(10)))
    table, settings = made_up(range(2, 16, 2), names=names)
    found = rows(table, settings)
    write(tmp_path / "warm", *made_up())
    before = time.process_time()
    write(tmp_path / "seven", table, settings, rows=found)
    assert time.process_time() - before < 6.0
    text = (tmp_path / "seven" / "comparison.md").read_text()
    assert "10 seeds cannot reach p &lt; 0.05 in a table of 70 comparisons" in text


def test_a_full_disk_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, *made_up())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(qlab.reports.comparison, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path, *made_up([4]))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
