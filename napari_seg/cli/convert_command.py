"""The command that turns labels into another form, and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_seg.cli.options import (
    JsonForTable,
    NewUids,
    Overwrite,
    Repair,
    Series,
    home_path,
    series_of,
)
from napari_seg.cli.terminal import exit_codes, quiet_libraries


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
    series: Series = None,
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
    repair: Repair = False,
    new_uids: NewUids = False,
    overwrite: Overwrite = False,
    as_json: JsonForTable = False,
) -> None:
    """Turn labels from one form into another."""
    from napari_seg.cli.converting import EMPTY_REPORT, Conversion, convert_labels, report

    conversion = Conversion(
        labels,
        output,
        scan=scan,
        series=series_of(series),
        table=table,
        form=form,
        resample=resample,
        repair=repair,
        new_uids=new_uids,
        overwrite=overwrite,
    )
    quiet_libraries()
    with exit_codes(EMPTY_REPORT.copy if as_json else None):
        report(convert_labels(conversion), as_json=as_json)
