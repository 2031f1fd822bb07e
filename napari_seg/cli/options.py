"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def series_of(text: str | None) -> str | int | None:
    """Read which series is meant: its number in a list, or its UID."""
    return int(text) if text and text.isdigit() else text


def home_path(text: str | Path) -> Path:
    """Read a path; no shell turns the ~ of ``--output=~/folder`` into a home."""
    return Path(text).expanduser()


Series = Annotated[
    str | None,
    typer.Option(metavar="N", help="Which series of a DICOM folder: its number or its UID."),
]
SeriesOfEach = Annotated[
    list[str] | None,
    typer.Option(
        "--series",
        metavar="N",
        help="Which series of a DICOM folder: its number or its UID. Given again: of each channel, "
        "- where there is nothing to choose.",
    ),
]
Repair = Annotated[
    bool, typer.Option("--repair", help="Mend a bad geometry where that is possible.")
]
NewUids = Annotated[
    bool, typer.Option("--new-uids", help="For .dcm: make the UIDs that the series lacks.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that are already there.")
]
JsonForTable = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout in place of the table.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
