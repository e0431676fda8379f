"""What a person reads of a comparison: what it would take, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qlab.cli.output import print_table
from qlab.cli.sweep_tables import about, in_workers, named, print_errors
from qlab.evaluation.sentences import too_few_seeds
from qlab.reports.values import counted

if TYPE_CHECKING:
    from qlab.jobs.compare.compare import Checked, Compared
    from qlab.jobs.sweep.plan import Plan
    from qlab.reports.comparison_rows import Row

_HEADER = ("model", "size", "mean", "circuit − model", "p", "the circuit is")


def summary(checked: Checked, planned: Sequence[Plan]) -> str:
    """Return the line before a comparison runs."""
    options = checked.request.options
    models = sum(len(field.contestants) for field in checked.fields)
    parts = [f"{counted(models, 'model')} at {counted(options.seeds, 'seed')}"]
    for what, stage in zip(("trials", "trainings")[-len(planned) :], planned, strict=True):
        parts += [*named(what, stage.trainings), *named("evaluations", stage.evaluations)]
    if any(stage.seconds for stage in planned):
        total = about(sum(stage.total for stage in planned))
        parts.append(f"{total}{in_workers(checked.launcher.workers)}, preparation of data not counted")
    few = too_few_seeds(options.seeds, models - len(checked.fields))
    return f"comparison {checked.folder.name}: {'; '.join([*parts, *([few] if few else [])])}"


def print_plan(checked: Checked, planned: Sequence[Plan]) -> None:
    """Print the summary, and every model that takes part or does not."""
    print(summary(checked, planned))
    first = checked.fields[0]
    rows = [[one.name, one.description] for one in first.contestants]
    rows += [[name, f"left out: {reason}"] for name, reason in first.left_out.items()]
    print_table("", ["model", "what it is"], rows)


def plan_document(checked: Checked, planned: Sequence[Plan]) -> dict[str, Any]:
    """Return what a comparison would take as plain values."""
    return {
        "path": str(checked.folder),
        "seconds": sum(stage.total for stage in planned),
        "trainings_to_run": sum(len(stage.trainings.run) for stage in planned),
        "evaluations_to_run": sum(len(stage.evaluations.run) for stage in planned),
        "settings": [
            {
                "values": dict(field.values),
                "models": [one.name for one in field.contestants],
                "left_out": dict(field.left_out),
            }
            for field in checked.fields
        ],
    }


def print_compared(compared: Compared) -> None:
    """Print the table, the verdicts in words, what is missing, and where everything is."""
    from qlab.evaluation.sentences import overall
    from qlab.reports.comparison_rows import by_setting

    comparisons = [row.comparison for row in compared.rows]
    for setting, rows in by_setting(compared.rows).items():
        where = ", ".join(f"{key} = {value}" for key, value in setting)
        print_table(where or compared.path.name, _HEADER, _brief(rows))
        print(overall([row.comparison for row in rows]))
    if any(one.within_test_set_error for one in comparisons):
        print("* within 2 standard errors of the test set: another one of this size could undo it")
    if comparisons:
        few = too_few_seeds(max(one.n for one in comparisons), len(comparisons))
        print(few, end="\n" if few else "")
    for sentence in compared.remarks:
        print(sentence)
    for place, reasons in compared.left_out.items():
        for name, reason in reasons.items():
            print(f"left out{f' at {place}' if place else ''}: {name}, {reason}")
    print(f"tables, figure and report: {compared.path}")
    print_errors(compared.path, (*compared.keys, "twin", "seed"), compared.table)


def _brief(rows: Sequence[Row]) -> list[list[str]]:
    """Return what of a setting's table has room in a terminal; the report has the rest."""
    from qlab.evaluation.comparison import CIRCUIT
    from qlab.evaluation.sentences import p_value, signed
    from qlab.reports.comparison_cells import STAR
    from qlab.reports.comparison_rows import fullest
    from qlab.reports.values import MISSING, decimals, shown

    first = fullest(rows)
    own = [CIRCUIT, shown(first.circuit.trainable), decimals(first.comparison.circuit.mean)]
    lines = [[*own, MISSING, MISSING, ""]]
    for row in rows:
        one = row.comparison
        student = one.paired.student
        half = f" ± {(student.high - student.low) / 2:.4f}" if student else ""
        found = [one.twin, shown(row.twin.trainable), decimals(one.against.mean)]
        said = f"{one.verdict}{STAR * one.within_test_set_error}"
        lines.append([*found, f"{signed(one.paired.difference)}{half}", p_value(one.adjusted_p), said])
    return lines


def document(compared: Compared) -> dict[str, Any]:
    """Return a comparison as plain values."""
    from qlab.evaluation.sentences import overall, sentence
    from qlab.reports.comparison_rows import by_setting, comparison_frame
    from qlab.reports.tables import plain_rows

    return {
        "path": str(compared.path),
        "verdicts": [
            {"setting": dict(setting), "verdict": overall([row.comparison for row in rows])}
            for setting, rows in by_setting(compared.rows).items()
        ],
        "comparisons": plain_rows(comparison_frame(compared.rows)),
        "sentences": [sentence(row.comparison) for row in compared.rows],
        "left_out": compared.left_out,
        "tuned": compared.tuned,
        "rows": plain_rows(compared.table),
    }
