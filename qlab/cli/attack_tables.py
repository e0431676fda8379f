"""What ``qlab attack`` prints for people."""

from __future__ import annotations

from pathlib import Path

from qlab.cli.output import print_table
from qlab.evaluation.sentences import too_few_seeds
from qlab.jobs.attack.attack import Attack
from qlab.jobs.attack.contestants import AttackedComparison
from qlab.reports.attack_tables import check_cells, curve_cells, note, published_cells, verdict
from qlab.reports.attacked_comparison_cells import brief_cells, warnings


def print_attack(attacked: Attack, other_code: str | None) -> None:
    """Print the tables, what they are made of, and where the files are."""
    result = attacked.result
    tables = {
        f"Rightly answered under attack: {result['run']}": curve_cells(result),
        "The published attack, and the same in the proper range": published_cells(result),
        "Signs of masked gradients": check_cells(result),
    }
    for title, cells in tables.items():
        if cells is not None:
            print_table(title, cells.header, cells.rows)
    print(note(result))
    print(verdict(result))
    _print_place(attacked.path, other_code, found=attacked.found)


def print_attacked_comparison(attacked: AttackedComparison, other_code: str | None) -> None:
    """Print the table, what limits it, and where the files are."""
    result = attacked.result
    cells = brief_cells(result)
    print_table(f"Rightly answered under attack: {result['comparison']}", cells.header, cells.rows)
    print("Means over seeds; + where the circuit is better than the model, − where it is worse, nothing where neither")
    print("can be told. Differences with their intervals and p are in table.md.")
    if result["rows"]:
        few = too_few_seeds(max(row["seeds"] for row in result["rows"]), len(result["rows"]))
        print(few, end="\n" if few else "")
    for sentence in warnings(result):
        print(sentence)
    _print_place(attacked.path, other_code, found=attacked.found)


def _print_place(path: Path, other_code: str | None, *, found: bool) -> None:
    made = f", made by {other_code}: --force computes it again" if other_code else ""
    print(f"{'found' if found else 'written'}: {path}{made}")
