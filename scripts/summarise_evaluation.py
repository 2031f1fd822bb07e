"""Print the tables of monai_bundle/docs/README.md from what an evaluation wrote.

Run after ``python -m monai.bundle run`` of train.json with evaluate.json:
``python scripts/summarise_evaluation.py OUTPUT_DIR bench/records/NAME.csv``. The second file gets
each case's figures.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import mean, median

METRICS = {"Dice": "val_mean_dice", "HD95 (mm)": "val_hd95_mm", "NSD at 1 mm": "val_nsd_1mm"}
LABELS = {"anterior": "class0", "posterior": "class1", "both": "mean"}
WORST_SHOWN = 5


def main(folder: Path, record: Path) -> None:
    """Print one table of all cases and one of the worst; write the record."""
    cases = {metric: read(folder / f"{name}_raw.csv") for metric, name in METRICS.items()}
    write(cases, record)
    print("| label | " + " | ".join(f"{metric}, mean (median)" for metric in METRICS) + " |")
    print("|---|" + "---|" * len(METRICS))
    for label, column in LABELS.items():
        print(f"| {label} | " + " | ".join(spread(rows, column) for rows in cases.values()) + " |")
    dice = cases["Dice"]
    worst = sorted(dice, key=lambda case: dice[case]["mean"])[:WORST_SHOWN]
    print("\n| worst cases | Dice anterior | Dice posterior | HD95 (mm) | NSD at 1 mm |")
    print("|---|---|---|---|---|")
    for case in worst:
        figures = [dice[case]["class0"], dice[case]["class1"]]
        figures += [cases[metric][case]["mean"] for metric in ("HD95 (mm)", "NSD at 1 mm")]
        print(f"| {case} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


def read(path: Path) -> dict[str, dict[str, float]]:
    """Read one metric's figures of each case."""
    with path.open(newline="") as lines:
        return {
            Path(row.pop("filename")).name.split(".")[0]: {
                column: float(figure) for column, figure in row.items()
            }
            for row in csv.DictReader(lines)
        }


def write(cases: dict[str, dict[str, dict[str, float]]], record: Path) -> None:
    """Write a line for each case: every metric of each label."""
    columns = [(metric, label) for metric in METRICS for label in ("anterior", "posterior")]
    with record.open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["case", *(f"{metric} {label}" for metric, label in columns)])
        for case in sorted(cases["Dice"]):
            figures = [cases[metric][case][LABELS[label]] for metric, label in columns]
            table.writerow([case, *(f"{figure:.4f}" for figure in figures)])


def spread(rows: dict[str, dict[str, float]], column: str) -> str:
    """Write mean and median of one column."""
    figures = [row[column] for row in rows.values()]
    return f"{mean(figures):.4f} ({median(figures):.4f})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
