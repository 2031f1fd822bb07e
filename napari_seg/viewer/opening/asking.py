"""Read and write for napari's File menu and files dropped on it; ask in windows of their own.

napari waits for what its readers and writers return, so they cannot ask in the panel. Where there
is a window they work in a job, and wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from napari.settings import get_settings
from qtpy.QtCore import QThread
from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox, QWidget

from napari_seg.imaging.dicom.reading import SeveralSeriesError
from napari_seg.imaging.dicom.segmentation.uids import MissingUidsError
from napari_seg.imaging.files import write_scan
from napari_seg.imaging.progress import OnProgress, ignore_progress
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.label_forms import write_file
from napari_seg.viewer.opening.opened_layers import grids_of
from napari_seg.viewer.opening.reading import Opened, open_file, place_nearest
from napari_seg.viewer.opening.series_chooser import SeriesDialog
from napari_seg.viewer.opening.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Image

    from napari_seg.imaging.scan import Notice, Scan


@dataclass(frozen=True, eq=False)
class Settled:
    """What was read once all questions were answered, and the series that was chosen."""

    opened: Opened
    series: int | None


def read_and_ask(path: str | Path, scans: Sequence[Image]) -> Settled | None:
    """Read a file or folder, asking the person where there is a choice.

    Parameters
    ----------
    path
        What to open.
    scans
        The layers of the scans that are open, the likeliest for labels first.

    Returns
    -------
    Settled or None
        None where the person does not want it.

    Raises
    ------
    SeveralSeriesError, NeedsRepairError
        If there is a choice and no window to ask in.
    FileNotFoundError, ValueError
        As `read_scan` does, and for labels on another grid where there is no window to ask in.
    """
    path, grids = Path(path), grids_of(scans)
    series, repair = None, False
    while True:
        answer = _beside(f"Opening {path.name}", open_file, path, series, repair, grids)
        if answer is None:
            return None
        if isinstance(answer, Opened):
            settled = Settled(answer, series)
            return settled if answer.fits else _ask_for_grid(settled, path, scans)
        window = main_window()
        if window is None:
            raise answer.error
        if isinstance(answer.error, SeveralSeriesError):
            dialog = SeriesDialog(path.name, answer.error.series, window, theme=_theme())
            dialog.exec()
            if dialog.answer is None:
                return None
            series, repair = dialog.answer[0].number, dialog.answer[1]
        elif chosen_answer(window, answer.error.cause, ("Repair and open",)) is None:
            return None
        else:
            repair = True


def write_and_ask(labels: LabelMap, scan: Scan | None, path: Path) -> tuple[Notice, ...]:
    """Write labels to a file, asking for new identifiers where its series lacks them.

    Raises
    ------
    ValueError, OSError
        As `write_labels` does; also where the person does not want new identifiers.
    """
    # What a network draws meanwhile into the layer is not saved by half.
    labels = replace(labels, array=labels.array.copy(order="K"))
    try:
        return _write_beside(path, labels, scan, False)
    except MissingUidsError as error:
        window = main_window()
        if window is None or not wants_uids(window, str(error)):
            raise
        return _write_beside(path, labels, scan, True)


def write_scan_beside(scan: Scan, path: Path) -> None:
    """Write a scan; errors as in `write_scan`."""
    _beside(f"Saving {path.name}", _write_scan, scan, path, can_cancel=False)


def _write_beside(
    path: Path, labels: LabelMap, scan: Scan | None, new_uids: bool
) -> tuple[Notice, ...]:
    doing = f"Saving {path.name}"
    notices = _beside(doing, _write_labels, labels, scan, path, new_uids, can_cancel=False)
    return () if notices is None else tuple(notices)  # the window went


def _write_labels(
    labels: LabelMap, scan: Scan | None, path: Path, new_uids: bool, *, on_progress: OnProgress
) -> tuple[Notice, ...]:
    on_progress(0.0)
    return write_file(labels, scan, path, new_uids)


def _write_scan(scan: Scan, path: Path, *, on_progress: OnProgress) -> Path:
    on_progress(0.0)
    write_scan(scan, path)
    return path


def wants_uids(window: QWidget, reason: str) -> bool:
    """Ask whether new identifiers may be made for a series that lacks them."""
    cause = reason.partition(";")[0]
    question = f"{cause}. Make new ones? A notice will say so."
    return chosen_answer(window, question, ("Make new identifiers",)) is not None


def _ask_for_grid(settled: Settled, path: Path, scans: Sequence[Image]) -> Settled | None:
    text = (
        f"The labels of '{path.name}' lie on another grid than the scan '{scans[0].name}' that is "
        "open."
    )
    window, labels = main_window(), settled.opened.read
    if window is None or not isinstance(labels, LabelMap):
        raise ValueError(f"{text[:-1]}; close it, or read them with resample=True")
    answer = chosen_answer(window, text, ("Resample to this scan", "Open on their own grid"))
    if answer is None:
        return None
    if answer == 1:
        return settled
    to_place = labels, grids_of(scans)[0], settled.opened.stamp
    opened = _beside(f"Resampling {path.name}", place_nearest, *to_place)
    return None if opened is None else replace(settled, opened=opened)


def _beside(
    doing: str, function: Callable[..., Any], *arguments: Any, can_cancel: bool = True
) -> Any:
    """Call a function: in a job where there is a window to draw meanwhile; None if cancelled."""
    window = main_window()
    if window is None or QThread.currentThread() is not window.thread():
        return function(*arguments, on_progress=ignore_progress)
    return wait_for(window, doing, function, *arguments, can_cancel=can_cancel)


def chosen_answer(window: QWidget, question: str, answers: Sequence[str]) -> int | None:
    """Ask in a window of its own; return the number of the answer, None for Cancel."""
    box = QMessageBox(window)
    box.setWindowTitle("napari-seg")
    box.setText(question)
    buttons = [box.addButton(answer, QMessageBox.ButtonRole.AcceptRole) for answer in answers]
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons[0])
    box.exec()
    clicked = box.clickedButton()
    return buttons.index(clicked) if clicked in buttons else None


def main_window() -> QWidget | None:
    """Return the window that napari shows, if there is one."""
    if QApplication.instance() is None:
        return None
    windows = [one for one in QApplication.topLevelWidgets() if isinstance(one, QMainWindow)]
    return next((one for one in windows if one.isVisible()), None)


def _theme() -> str:
    viewer = napari.current_viewer()
    return str(get_settings().appearance.theme if viewer is None else viewer.theme)
