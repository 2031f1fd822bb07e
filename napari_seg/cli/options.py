"""Options that several commands have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand


class Command(TyperCommand):
    """A command that refuses empty words: most come from a variable that the shell does not know."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a command line.

        Raises
        ------
        typer.BadParameter
            If one of them is empty.
        """
        options = {name for each in self.params for name in each.opts if _takes_value(each)}
        for before, word in zip(["", *args], args, strict=False):
            name, equals, value = word.partition("=")
            if not word:
                raise _empty(before if before in options else self._arguments(), ctx)
            if name in options and equals and not value:
                raise _empty(name, ctx)
        return super().parse_args(ctx, args)

    def _arguments(self) -> str:
        found = [each for each in self.params if each.param_type_name == "argument"]
        return " ".join(str(each.metavar or each.name) for each in found) or "a word"


def _takes_value(parameter: object) -> bool:
    is_option = getattr(parameter, "param_type_name", "") == "option"
    return is_option and not getattr(parameter, "is_flag", False)


def _empty(what: str, ctx: Any) -> typer.BadParameter:
    cause = "an empty text came, as of a variable that the shell does not know"
    way_out = "give a value, or leave it out"
    return typer.BadParameter(f"{cause}; {way_out}", ctx=ctx, param_hint=what)


def series_of(text: str | None) -> str | int | None:
    """Read which series is meant: its number in a list, or its UID."""
    return int(text) if text and text.isdigit() else text


def home_path(text: str | Path) -> Path:
    """Read a path; no shell turns the ~ of ``--output=~/folder`` into a home."""
    return Path(text).expanduser()


def home_text(text: str) -> str:
    """Read a path as `home_path` does, and keep the slash at its end, which says: a folder."""
    return os.path.expanduser(text)  # noqa: PTH111 - a Path drops the slash


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
