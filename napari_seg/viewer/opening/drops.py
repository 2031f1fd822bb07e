"""Files dropped on the window while the panel is open: it opens them, one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.plugins.utils import get_preferred_reader
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QDropEvent, QGuiApplication
from qtpy.QtWidgets import QWidget

from napari_seg.imaging.file_formats import is_label_name
from napari_seg.imaging.scan_files import is_dicom_file
from napari_seg.viewer.contributions import get_reader

if TYPE_CHECKING:
    from collections.abc import Iterable

_OURS = "napari-seg"
# With these held, napari stacks what is dropped, or asks which plugin is to read it.
_NAPARIS_OWN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier


class Drops(QObject):
    """Takes what is dropped on the canvas or on the panel, if it is ours, until `release`.

    napari's own way would ask each time which of its readers to take, since its built-in one
    claims all kinds of file, and would make the window wait.

    Parameters
    ----------
    panel
        Owns this object; files can be dropped on it, too.

    Attributes
    ----------
    came
        Signal: there are files in `waiting`.
    waiting
        What is to be opened, scans before labels, so that these find their scan.
    """

    came = Signal()

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self.waiting: list[Path] = []
        panel.setAcceptDrops(True)
        panel.installEventFilter(self)

    def watch(self) -> None:
        """Look for the canvas in the window; one that was there before is none the worse."""
        window = self._panel.window()
        if window is None:
            return
        # A floating dock is a window of its own.
        window = window.parentWidget() or window
        for canvas in window.findChildren(QtViewer):
            # Before the first layer napari shows a page of its own in place of the canvas.
            for widget in (canvas, *canvas.findChildren(QWidget)):
                if widget.acceptDrops():
                    widget.installEventFilter(self)

    def release(self) -> None:
        """Leave what is dropped to napari."""
        self.waiting.clear()
        # The widgets may be gone already; those that are not drop a filter that is gone.
        self.setParent(None)
        self.deleteLater()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take a drop that is ours; let the panel be dropped on."""
        if not isinstance(event, QDropEvent) or (mime := event.mimeData()) is None:
            return False
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        if event.type() == QEvent.Type.DragEnter and watched is self._panel and paths:
            event.acceptProposedAction()
            return True
        is_ours = event.type() == QEvent.Type.Drop and bool(paths) and _are_ours(paths)
        if not is_ours or QGuiApplication.keyboardModifiers() & _NAPARIS_OWN:
            return False
        event.acceptProposedAction()
        self.waiting += in_order(paths)
        self.came.emit()
        return True


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Order what was dropped together: scans before labels, and slices of a folder as their folder.

    Who takes some slices of a series by the hand means the series.
    """
    paths = list(paths)
    slices = [path for path in paths if path.is_file() and is_dicom_file(path)]
    of_series = [path.parent for path in slices]
    several = {folder for folder in of_series if of_series.count(folder) > 1}
    meant = [path.parent if path in slices and path.parent in several else path for path in paths]
    return sorted(dict.fromkeys(meant), key=is_label_name)


def _are_ours(paths: Iterable[Path]) -> bool:
    preferred = {get_preferred_reader(str(path)) for path in paths}
    return preferred <= {None, _OURS} and all(get_reader(str(path)) for path in paths)
