"""The command that turns labels into another form, and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_seg.cli.terminal import exit_codes, quiet_libraries


def home_path(text: str | Path) -> Path:
    """Read a path; no shell turns the ~ of ``--output=~/folder`` into a home."""
    return Path(text).expanduser()


def convert(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="A label file, a DICOM or 3D Slicer segmentation, a folder of masks, or a table.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            parser=home_path,
            metavar="OUT",
            help="Its name gives the form: .nii.gz, .seg.nrrd, .nrrd, .mha, .dcm, or a table "
            "alone: .tsv, .txt (ITK-SNAP), .ctbl (3D Slicer). With --as: a folder.",
        ),
    ],
    scan: Annotated[
        Path | None,
        typer.Option(metavar="SCAN", help="Bring the labels onto this scan; .dcm needs it."),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(metavar="N", help="Which series of a DICOM folder: its number or its UID."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Names and colours: .tsv, .txt or .ctbl."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="FORM", help="masks or surfaces: one file a structure."),
    ] = None,
    resample: Annotated[
        bool, typer.Option("--resample", help="Resample labels on another grid than the scan's.")
    ] = False,
    new_uids: Annotated[
        bool, typer.Option("--new-uids", help="Make the UIDs that a DICOM series lacks.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is already there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout in place of the table.")
    ] = False,
) -> None:
    """Turn labels from one form into another."""
    from napari_seg.cli.converting import Conversion, convert_labels, report

    conversion = Conversion(
        labels,
        output,
        scan=scan,
        series=int(series) if series and series.isdigit() else series,
        table=table,
        form=form,
        resample=resample,
        new_uids=new_uids,
        overwrite=overwrite,
    )
    quiet_libraries()
    with exit_codes():
        report(convert_labels(conversion), as_json=as_json)
