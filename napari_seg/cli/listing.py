"""List the DICOM series of a folder: what each is, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.cli.terminal import News, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_seg.imaging.dicom.series import Series

_COLUMNS = ("number", "description", "modality", "slices", "size", "spacing (mm)", "orientation")


def list_series(folder: Path, *, as_json: bool) -> None:
    """Write the series of a folder to stdout: a table, or one JSON document.

    Raises
    ------
    FileNotFoundError, PermissionError, ValueError
        As `find_series` does, and ``ValueError`` where there is none.
    """
    from napari_seg.imaging.dicom.damaged_files import apart_words
    from napari_seg.imaging.dicom.folder_files import unfollowed_links
    from napari_seg.imaging.dicom.series import find_series

    news = News()
    with news.following(f"{folder.name}: looking for series") as on_progress:
        found = find_series(folder, on_progress=on_progress)
    if not found:
        raise ValueError(
            f"'{folder.name}' holds no DICOM image; choose the folder with the slices"
            f"{unfollowed_links(folder)}"
        )
    if as_json:
        print_json({"series": [as_dict(series) | _names(series) for series in found]})
    else:
        print_series(found)
    if found[0].damaged_apart:
        news.say(f"{folder.name}: {apart_words(found[0].damaged_apart)}")


def print_series(found: Sequence[Series]) -> None:
    """Write a table of series to stdout."""
    print_table([*_COLUMNS, "problems"], [_row(series) for series in found])


def as_dict(series: Series) -> dict[str, Any]:
    """Give plain values that JSON can hold, without what a person wrote: it may name a patient."""
    rows, columns = series.shape
    return {
        "number": series.number,
        "modality": series.modality,
        "slices": series.count,
        "rows": rows,
        "columns": columns,
        "spacing_mm": series.spacing,
        "orientation": series.orientation,
        "problems": series.problems,
        "can_repair": series.can_repair,
    }


def _names(series: Series) -> dict[str, str]:
    return {
        "uid": series.uid,
        "description": series.description,
        "distinction": series.distinction,
    }


def _row(series: Series) -> list[str]:
    rows, columns = series.shape
    spacing = () if series.spacing is None else series.spacing
    mended = ["--repair mends it"] if series.can_repair else []
    return [
        str(series.number),
        " ".join(filter(None, (series.description, series.distinction))),
        series.modality,
        str(series.count),
        f"{columns} x {rows}",
        " x ".join(f"{step:.4g}" for step in spacing),
        series.orientation,
        "; ".join([*series.problems, *mended]),
    ]
