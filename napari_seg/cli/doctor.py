"""Show what `napari_seg.doctor` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.doctor import Finding

_SIGNS = {"good": ("ok", "green"), "missing": ("--", "yellow"), "broken": ("!!", "red")}


def print_findings(findings: Sequence[Finding]) -> None:
    """Write one line for each finding to stdout, then the commands that mend what is wrong."""
    console = Console()
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        sign, colour = _SIGNS[finding.state]
        line = Text.assemble((sign, colour), f"  {finding.subject:<{width}}  {finding.value}")
        console.print(line, soft_wrap=True)
    commands = {finding.mend: finding.subject for finding in findings if finding.mend}
    if commands:
        typer.echo("\nTo mend it:")
    for command, subject in commands.items():
        typer.echo(f"  {command}    # {subject}")
    broken = [finding.subject for finding in findings if finding.state == "broken"]
    typer.echo(f"\nIt cannot segment: {', '.join(broken)}" if broken else "\nIt can segment.")
