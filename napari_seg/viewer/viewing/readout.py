"""One line on the point under the cursor, and one on the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Image, Labels
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_seg.viewer.intensity_unit import unit_of
from napari_seg.viewer.viewing.layer_at_hand import image_at_hand
from napari_seg.viewer.viewing.mouse_place import MousePlace
from napari_seg.viewer.viewing.point import point_at
from napari_seg.viewer.viewing.still_line import StillLine
from napari_seg.viewer.viewing.windows import Windows

if TYPE_CHECKING:
    from napari.components import ViewerModel

# Thirty times a second, however fast the mouse is.
_MILLISECONDS = 33
_BY_HAND = "by hand"
# What changes that lies under a mouse that stands still: undo, a tool, a new name.
_CHANGES = ("set_data", "visible", "metadata")


class Readout(QWidget):
    """Say where in the patient the cursor is, and on what; choose a window.

    Parameters
    ----------
    viewer
        Whose image at hand has the window.

    Attributes
    ----------
    point
        The line on the point under the cursor.
    choice
        The choice of a window.
    width_and_level
        The numbers of the window.
    windows
        The windows to choose from.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._followed: dict[ViewerModel, MousePlace] = {}
        self._moved_in: ViewerModel | None = None
        self._is_behind = False
        self._image: Image | None = None
        self._layers: list[Image | Labels] = []
        self._units: WeakKeyDictionary[Image, str] = WeakKeyDictionary()
        self.windows = Windows(viewer)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_MILLISECONDS)
        self._timer.timeout.connect(self._on_timer)
        self.choice.activated.connect(self._on_window_chosen)
        for signal in self._layer_signals():
            signal.connect(self._on_layers)
        self.follow(viewer)
        self._on_layers()

    def follow(self, viewer: ViewerModel) -> None:
        """Tell of the cursor on this viewer's canvas, too."""
        place = MousePlace(viewer)
        place.moved.connect(self._on_moved)
        place.shifted.connect(self._on_changed)
        self._followed[viewer] = place
        viewer.dims.events.point.connect(self._on_scrolled)

    def leave(self, viewer: ViewerModel) -> None:
        """Follow this viewer's cursor no longer."""
        self._followed.pop(viewer).release()
        viewer.dims.events.point.disconnect(self._on_scrolled)
        if self._moved_in is viewer:
            self._moved_in = None
            self._on_changed()

    def release(self) -> None:
        """Let go of all viewers and layers."""
        for viewer in tuple(self._followed):
            self.leave(viewer)
        self._timer.stop()
        for signal in self._layer_signals():
            signal.disconnect(self._on_layers)
        self._watch(None)
        self._look_at([])

    def _lay_out(self) -> None:
        self.point = StillLine()
        self.point.label.setAccessibleName("Point under the cursor")
        self.choice = QComboBox()
        self.choice.setAccessibleName("Window")
        self.choice.setToolTip("Which values are shown from black to white (W: the next one)")
        self.width_and_level = QLabel()
        self.width_and_level.setAccessibleName("Width and level of the window")
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.width_and_level)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.point)

    def _layer_signals(self) -> tuple[Any, ...]:
        layers = self._viewer.layers
        return (
            layers.events.inserted,
            layers.events.removed,
            layers.events.reordered,
            layers.selection.events.active,
        )

    def _watch(self, image: Image | None) -> None:
        if self._image is not None:
            self._image.events.contrast_limits.disconnect(self._on_window)
        if image is not None:
            image.events.contrast_limits.connect(self._on_window)
        self._image = image

    def _look_at(self, layers: list[Image | Labels]) -> None:
        for changed in self._changes():
            changed.disconnect(self._on_changed)
        self._layers = layers
        for changed in self._changes():
            changed.connect(self._on_changed)

    def _changes(self) -> tuple[Any, ...]:
        of_all = [getattr(layer.events, name) for layer in self._layers for name in _CHANGES]
        drawn = [one.events.labels_update for one in self._layers if isinstance(one, Labels)]
        return (*of_all, *drawn)

    def _on_changed(self, _event: object = None) -> None:
        # It ends by a look, so that a stroke waits for none of its own.
        if not self._timer.isActive():
            self._timer.start()

    def _on_layers(self, _event: object = None) -> None:
        self._look_at([one for one in self._viewer.layers if isinstance(one, Image | Labels)])
        self._on_changed()
        image = image_at_hand(self._viewer)
        # Shown before it is in the panel, it would be a window of its own.
        if image is None or self.parentWidget() is not None:
            self.setVisible(image is not None)
        if image is not self._image:
            self._watch(image)
        self._on_window()

    def _on_window(self, _event: object = None) -> None:
        choices, current = self.windows.choices, self.windows.current
        names = [window.name for window in choices]
        if current is not None and current not in choices:
            names.append(_BY_HAND)
        if names != [self.choice.itemText(n) for n in range(self.choice.count())]:
            self.choice.clear()
            self.choice.addItems(names)
        if current is None:
            return
        self.choice.setCurrentIndex(choices.index(current) if current in choices else len(choices))
        self.width_and_level.setText(f"W {current.width:.4g}  L {current.centre:.4g}")

    def _on_window_chosen(self, index: int) -> None:
        if index < len(self.windows.choices):
            self.windows.show(self.windows.choices[index])

    def _on_moved(self) -> None:
        place = self.sender()
        self._moved_in = next(viewer for viewer, one in self._followed.items() if one is place)
        self._tell()

    def _on_scrolled(self, event: Any) -> None:
        # A view without the mouse may be turned by one that has it.
        if self._moved_in is not None and event.source is self._moved_in.dims:
            self._tell()

    def _tell(self) -> None:
        # At once, so that it is drawn together with what the move draws; and once more when
        # that is done, for a stroke changes what lies under the cursor.
        self._is_behind = self._timer.isActive()
        if not self._is_behind:
            self._timer.start()
            self._show_point()

    def _on_timer(self) -> None:
        self._show_point()
        if self._is_behind:
            self._is_behind = False
            self._timer.start()

    def _show_point(self) -> None:
        viewer = self._moved_in
        position = None if viewer is None else self._followed[viewer].world()
        point = None if viewer is None or position is None else point_at(viewer, position)
        self.point.setText("" if point is None else point.text(self._unit()))

    def _unit(self) -> str:
        image = image_at_hand(self._viewer)
        if image is None:
            return ""
        if image not in self._units:
            self._units[image] = unit_of(image)
        return self._units[image]
