"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_seg.cli.convert_command import convert
from napari_seg.cli.options import Command, Json, home_path
from napari_seg.cli.segment_command import segment
from napari_seg.cli.terminal import exit_codes, print_json, quiet_libraries

app = typer.Typer(
    name="napari-seg",
    help="Segment radiology scans with a U-Net. For research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from napari_seg import __version__

        typer.echo(f"napari-seg {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Segment radiology scans with a U-Net. For research use only."""


app.command(cls=Command)(segment)
app.command(cls=Command)(convert)


@app.command(cls=Command)
def series(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with DICOM files.")],
    as_json: Json = False,
) -> None:
    """List the series of a DICOM folder, and what is wrong with them."""
    from napari_seg.cli.listing import list_series

    quiet_libraries()
    with exit_codes((lambda: {"series": []}) if as_json else None):
        list_series(folder, as_json=as_json)


@app.command(cls=Command)
def demo(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", parser=home_path, metavar="FOLDER", help="Where the results go."
        ),
    ] = Path("napari-seg-demo"),
    window: Annotated[
        bool, typer.Option("--window/--no-window", help="Open napari where there is a screen.")
    ] = True,
) -> None:
    """Find and segment both hippocampi of the sample brain, and show them in napari."""
    from napari_seg.cli.demo import run_demo

    quiet_libraries()
    with exit_codes():
        run_demo(output, window=window)


@app.command(cls=Command)
def doctor(
    as_json: Json = False,
) -> None:
    """Say what is installed, what is missing, and the command that mends it."""
    from napari_seg.cli.doctor import print_findings
    from napari_seg.doctor import examine

    quiet_libraries()
    with exit_codes(dict if as_json else None):
        findings = examine()
        if as_json:
            print_json([finding.as_dict() for finding in findings])
        else:
            print_findings(findings)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)


@app.command("bundle-path", cls=Command)
def bundle_path() -> None:
    """Print the folder of the shipped MONAI bundle."""
    from napari_seg.segmentation.bundle_description import shipped_bundle_folder

    with exit_codes():
        typer.echo(shipped_bundle_folder())
