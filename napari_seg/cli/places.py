"""Where results go, and that nothing there is lost."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_seg.imaging.scan import Scan


# A kind of file, such as bz2; not what folders are told apart by, such as study.v2 or sub-1.ses-1.
_FILE_ENDING = re.compile(r"\.(?=\d*[a-z]\d*[a-z])([a-z\d]{2,4}|nifti|dicom)", re.IGNORECASE)


def label_paths(cases: Sequence[str], output: str | Path) -> list[Path]:
    """Choose the label file of each scan.

    Parameters
    ----------
    cases
        What the case of each scan is called.
    output
        The label file of a single scan, or a folder: one that is there, or a name with a slash
        at its end or without a file's ending.

    Raises
    ------
    typer.BadParameter
        If `output` is a file name for several scans or of a format that is not written, or two
        scans would share one.
    """
    from napari_seg.imaging.file_formats import suffix_of

    is_folder = str(output).endswith(("/", os.sep)) or Path(output).is_dir()
    output = Path(output)
    if not is_folder:
        _check_ending(output)
    if suffix_of(output) and not is_folder:
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


def _check_ending(output: Path) -> None:
    from napari_seg.imaging.file_formats import DICOM_SUFFIXES, WRITABLE_SUFFIXES, suffix_of

    written = (*WRITABLE_SUFFIXES, *DICOM_SUFFIXES)
    known = suffix_of(output)
    if known not in written and (known or _FILE_ENDING.fullmatch(output.suffix)):
        raise typer.BadParameter(
            f"labels are written to {', '.join(written)}, got {output.name!r}; "
            f"for a folder of that name end it in / or make it first",
            param_hint="--output",
        )


def check_places(places: Sequence[Path], scans: Sequence[Path], *, overwrite: bool) -> None:
    """See that nothing is written over that should stay.

    Raises
    ------
    ValueError
        If a place is one of the scans, or is taken and `overwrite` is not given.
    """
    for place in filter(Path.exists, places):
        if any(scan.exists() and place.samefile(scan) for scan in scans):
            raise ValueError(f"{place.name} is read itself and is not written over")
        if not overwrite:
            raise ValueError(f"{place.name} is already there; --overwrite replaces it")


def check_sidecars(labels: Path, scans: Sequence[Path], *, with_record: bool) -> None:
    """See that the table and the record beside labels take the place of no scan's sidecar.

    Raises
    ------
    FileExistsError
        If they would; nothing replaces it.
    """
    from napari_seg.imaging.label_files.beside import require_places_beside

    # What stands in a record to come is no matter: a scan's sidecar says more.
    record: dict[str, str] | None = {} if with_record else None
    # Of any other file there `check_places` says how it is replaced.
    require_places_beside(labels, record, overwrite=True, given=scans)


def check_format(labels: Path, scan: Scan, *, name: str) -> None:
    """See that the labels of a scan, by its name, can be written in the format of their file.

    Raises
    ------
    ValueError
        If a picture would have to hold several slices, or a DICOM segmentation refer to no series.
    """
    from napari_seg.imaging.file_formats import WRITABLE_PICTURE_SUFFIXES, suffix_of
    from napari_seg.imaging.pictures import require_picture_grid

    suffix = suffix_of(labels)
    if suffix == ".dcm" and not scan.source.dicom_files:
        raise ValueError(
            f"'{labels.name}' needs the DICOM series that it refers to, and {name} is none; "
            "write .nii.gz or .seg.nrrd"
        )
    if suffix in WRITABLE_PICTURE_SUFFIXES:
        require_picture_grid(scan.geometry)


def check_folder(folder: Path) -> None:
    """See that files can be written to a folder, which may be still to be made.

    Raises
    ------
    NotADirectoryError, PermissionError
        If it, or the folder that it is to be made in, is none or may not be written to.
    """
    nearest = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    # The name alone: the folders above may be named after a patient.
    name = nearest.absolute().name or str(nearest)
    if not nearest.is_dir():
        is_lost = nearest.is_symlink() and not nearest.exists()
        what = "a link to a folder that is not there" if is_lost else "a file, not a folder"
        raise NotADirectoryError(f"'{name}' is {what}; choose another folder for the labels")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(
            f"the folder '{name}' may not be written to, or lies on a read-only drive; "
            "choose another one for the labels"
        )


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
