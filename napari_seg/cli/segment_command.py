"""The command that segments scans, and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_seg.cli.options import (
    JsonForTable,
    NewUids,
    Overwrite,
    Repair,
    SeriesOfEach,
    home_text,
    series_of,
)
from napari_seg.cli.terminal import exit_codes, quiet_libraries


def segment(
    scans: Annotated[
        list[Path],
        typer.Argument(metavar="SCAN", help="NIfTI, NRRD, MHA, a DICOM folder, or a 2D picture."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            parser=home_text,
            metavar="OUT",
            help="The label file of one scan (its name gives the format), or a folder that "
            "gets <case>_dseg.nii.gz for each; / at its end always means a folder.",
        ),
    ],
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="A MONAI bundle; without it the shipped one. Several, or a folder of several, "
            "are averaged.",
        ),
    ] = None,
    folds: Annotated[
        bool, typer.Option("--folds", help="Average the model's folds, models/*fold*.pt.")
    ] = False,
    variant: Annotated[
        str | None, typer.Option(help='An overlay of the bundle, such as "two_d".')
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[
        Literal["exact", "fast"],
        typer.Option(help="exact: labels as in float32; fast: nearly so, where that is quicker."),
    ] = "exact",
    overlap: Annotated[float, typer.Option(help="Overlap of windows, 0 to below 1.")] = 0.25,
    region: Annotated[
        str | None,
        typer.Option(
            metavar="auto|I0:I1,J0:J1,K0:K1",
            help="auto: the model finds its place itself. Or only this box of voxels; the ends "
            "are left out.",
        ),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only the labels of these names.")
    ] = None,
    keep_largest: Annotated[
        bool, typer.Option("--keep-largest", help="Keep the largest part of each label.")
    ] = False,
    min_ml: Annotated[
        float, typer.Option(min=0, metavar="X", help="Drop parts smaller than X ml.")
    ] = 0.0,
    mirror: Annotated[
        str | None,
        typer.Option(
            metavar="I,J,K",
            help="Average over windows mirrored along these axes, or all that the model knows.",
        ),
    ] = None,
    probabilities: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Write the probability of these labels, too, or their entropy."
        ),
    ] = None,
    skip_air: Annotated[
        bool,
        typer.Option(
            "--skip-air/--no-skip-air",
            help="Run windows of one value throughout, and of noisy air, only once.",
        ),
    ] = True,
    series: SeriesOfEach = None,
    channel: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SCAN",
            help="The next channel, on the grid of the scan; once for each that the model takes.",
        ),
    ] = None,
    volume: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Which volume of a 4D scan, from 1."),
    ] = None,
    repair: Repair = False,
    overwrite: Overwrite = False,
    as_json: JsonForTable = False,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Also draw a picture (PNG) beside the labels.")
    ] = False,
    new_uids: NewUids = False,
    pseudonyms: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Name cases by this table (case,pseudonym) in all outputs."
        ),
    ] = None,
) -> None:
    """Segment scans, and write their labels on each scan's own grid."""
    from napari_seg.cli.choices import Choices, parse_mirror, parse_models, parse_region
    from napari_seg.cli.pseudonyms import Pseudonyms, read_pseudonyms
    from napari_seg.cli.results import Outcome, report
    from napari_seg.cli.segmenting import segment_scans
    from napari_seg.segmentation.run_settings import RunSettings

    quiet_libraries()
    outcome = Outcome()
    with exit_codes(outcome.as_dict if as_json else None):
        first, further = parse_models(model or ())
        settings = RunSettings(
            folder=first,
            further=further,
            folds=folds,
            variant=variant,
            device=device,
            precision=precision,
            overlap=overlap,
            region=parse_region(region) if region else None,
            labels=_names(labels) if labels else None,
            keep_largest=keep_largest,
            min_ml=min_ml,
            skip_air=skip_air,
            mirror=parse_mirror(mirror, (first, *further), variant) if mirror else (),
            maps=_maps(probabilities) if probabilities else (),
        )
        choices = Choices(
            settings,
            series=tuple(None if one == "-" else series_of(one) for one in series or ()),
            repair=repair,
            overwrite=overwrite,
            overlay=overlay,
            channels=tuple(channel or ()),
            volume=volume,
            new_uids=new_uids,
            pseudonyms=read_pseudonyms(pseudonyms) if pseudonyms else Pseudonyms(),
        )
        segment_scans(scans, output, choices, outcome)
        report(outcome, as_json=as_json)
    raise typer.Exit(1 if outcome.failures else 0)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _maps(text: str) -> tuple[str, ...]:
    from napari_seg.segmentation.run_settings import ENTROPY

    return tuple(ENTROPY if name.casefold() == ENTROPY else name for name in _names(text))
