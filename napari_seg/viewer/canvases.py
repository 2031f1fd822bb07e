"""napari's canvas of a viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.qt import QtViewer
from qtpy.QtWidgets import QApplication, QMainWindow

if TYPE_CHECKING:
    from napari.components import ViewerModel


def canvas_of(viewer: ViewerModel) -> QtViewer | None:
    """Return the widget that shows a viewer; None without a window."""
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QMainWindow):
            for canvas in window.findChildren(QtViewer):
                if canvas.viewer is viewer:
                    return canvas
    return None
