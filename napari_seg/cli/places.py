"""Where results go, and that nothing there is lost."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def label_paths(cases: Sequence[str], output: Path) -> list[Path]:
    """Choose the label file of each scan.

    Parameters
    ----------
    cases
        What the case of each scan is called.
    output
        The label file of a single scan, or a folder.

    Raises
    ------
    typer.BadParameter
        If `output` is a file name for several scans or of a format that is not written, or two
        scans would share one.
    """
    from napari_seg.imaging.file_formats import DICOM_SUFFIXES, WRITABLE_SUFFIXES, suffix_of

    if suffix_of(output) and not output.is_dir():
        written = (*WRITABLE_SUFFIXES, *DICOM_SUFFIXES)
        if suffix_of(output) not in written:
            raise typer.BadParameter(
                f"labels are written to {', '.join(written)}, got {output.name!r}",
                param_hint="--output",
            )
        if len(cases) > 1:
            raise typer.BadParameter(
                f"{len(cases)} scans need a folder, got the file name {output.name!r}",
                param_hint="--output",
            )
        return [output]
    places: list[Path] = []
    for case in cases:
        place = output / f"{case}_dseg.nii.gz"
        if place in places:
            raise typer.BadParameter(
                f"two scans would both be written to {place.name}; "
                "give them in two calls, with two folders",
                param_hint="--output",
            )
        places.append(place)
    return places


def check_places(places: Sequence[Path], scans: Sequence[Path], *, overwrite: bool) -> None:
    """See that nothing is written over that should stay.

    Raises
    ------
    ValueError
        If a place is one of the scans, or is taken and `overwrite` is not given.
    """
    for place in filter(Path.exists, places):
        if any(scan.exists() and place.samefile(scan) for scan in scans):
            raise ValueError(f"{place.name} is a scan itself and is not written over")
        if not overwrite:
            raise ValueError(f"{place} is already there; --overwrite replaces it")


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder for what is written inside; an error takes away again what was made."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in missing:
            # Another program may have put something there meanwhile.
            with suppress(OSError):
                place.rmdir()
        raise


def beside(labels: Path, ending: str) -> Path:
    """Name a file beside a label file: ``x_dseg.tsv`` for ``x_dseg.nii.gz`` and ``".tsv"``."""
    return labels.with_name(case_of(labels) + ending)


def map_ending(name: str) -> str:
    """Give the ending of the file with a label's probabilities, or with the entropy of all."""
    if name == "entropy":
        return "_entropy.nii.gz"
    plain = re.sub(r"[^\w.-]+", "-", name)
    return f"_probability-{plain}.nii.gz"


def case_of(scan: Path) -> str:
    """Name the case that a file or folder holds: ``x`` for ``x.nii.gz``."""
    from napari_seg.imaging.files import case_name

    return case_name(scan)
