"""Choose what part of a scan is segmented: what the model finds, a box, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from napari_seg.segmentation.wrong_scan import why_too_large
from napari_seg.viewer.layers import grid_of, metadata_of
from napari_seg.viewer.segmenting.boxes import size_mm
from napari_seg.viewer.segmenting.drawn_box import DrawnBox
from napari_seg.viewer.segmenting.point_box import PointBox
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_seg.imaging.geometry import Region
    from napari_seg.segmentation.bundle_description import BundleDescription

_INDENT = 20


class RegionChoice(QWidget):
    """Four ways to say where to segment.

    Parameters
    ----------
    viewer
        Whose shapes, slices and clicks are used.

    Attributes
    ----------
    changed
        Signal: another region, or another reason why there is none.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._scan: Image | None = None
        self._model: BundleDescription | None = None
        self.auto = _radio("Find it", "The model finds its place in the scan by itself")
        self.whole = _radio("Whole scan", "Segment every voxel of the scan")
        self.drawn = _radio("A box that I draw", "A rectangle of a Shapes layer, through slices")
        self.around = _radio("A box around a point", "A box of a size in mm around a place")
        self.drawn_box, self.point_box = DrawnBox(viewer), PointBox(viewer)
        self.news = WrappedLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.auto)
        layout.addWidget(self.news)
        for radio, box in ((self.drawn, self.drawn_box), (self.around, self.point_box)):
            layout.addWidget(radio)
            layout.addWidget(box)
            box.setContentsMargins(_INDENT, 0, 0, 0)
        layout.addWidget(self.whole)
        self._layout = layout
        self.news.setIndent(_INDENT)
        self._group = QButtonGroup(self)
        self._radios = (self.auto, self.drawn, self.around, self.whole)
        for radio in self._radios:
            self._group.addButton(radio)
        self.auto.hide()
        self.whole.setChecked(True)
        self._connect()
        self._update()

    def set_scan(self, layer: Image | None) -> None:
        """Work on another scan, or on the same one in another place."""
        if layer is not self._scan:
            self._scan = layer
            self.point_box.forget()
            self._choose()
        self._update()

    def set_model(self, model: BundleDescription) -> None:
        """Offer what a model can do: find its place, or be slid over the whole scan."""
        self._model = model
        self.auto.setVisible(model.locator is not None)
        self._choose()
        self._update()

    def region(self) -> Region | Literal["auto"] | None:
        """Return the chosen voxels ``(i, j, k)``; ``"auto"`` to find them, None for all.

        Raises
        ------
        ValueError
            If nothing was drawn yet, the box lies outside the scan, or the whole scan is far larger
            than what the model knows.
        """
        if self._scan is None:
            return None
        if self.auto.isChecked():
            return "auto"
        if self.whole.isChecked():
            reason = self._why_too_large()
            if reason:
                raise ValueError(reason)
            return None
        box = self.drawn_box if self.drawn.isChecked() else self.point_box
        return box.region(self._scan)

    def release(self) -> None:
        """Take away what was put into the viewer, and let go of it."""
        self._viewer.dims.events.order.disconnect(self._on_view)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self.drawn_box.release()
        self.point_box.release()

    def _connect(self) -> None:
        for radio in self._radios:
            radio.toggled.connect(self._on_choice)
        self.drawn_box.draw.clicked.connect(self._on_draw)
        self.drawn_box.changed.connect(self._update)
        self.point_box.changed.connect(self._update)
        self._viewer.dims.events.order.connect(self._on_view)
        self._viewer.layers.events.removed.connect(self._on_removed)

    def _on_choice(self, checked: bool) -> None:
        if not checked:
            return
        self.point_box.pick.setChecked(False)
        above: QWidget = self.whole if self.whole.isChecked() else self.auto
        if self.drawn.isChecked() or self.around.isChecked():
            above = self.drawn_box if self.drawn.isChecked() else self.point_box
        self._layout.removeWidget(self.news)
        self._layout.insertWidget(self._layout.indexOf(above) + 1, self.news)
        if self.drawn.isChecked() and self.drawn_box.shapes is None:
            self._on_draw()
        self._update()

    def _on_draw(self) -> None:
        if self._scan is not None:
            self.drawn_box.add_shapes(self._scan)

    def _on_view(self, _event: Any) -> None:
        self._update()

    def _on_removed(self, event: Any) -> None:
        # Our own outline goes and comes with each change; only what a person drew matters here.
        if self.drawn.isChecked() and event.value is not self._scan:
            self._update()

    def _update(self) -> None:
        self.drawn_box.setVisible(self.drawn.isChecked())
        self.point_box.setVisible(self.around.isChecked())
        try:
            region = self.region()
            news = self._size_of(region)
        except ValueError as error:
            region, news = None, str(error)
        self.news.setText(news)
        self.news.setVisible(bool(news))
        is_there = self._scan is not None and self._scan in self._viewer.layers
        if is_there and self.around.isChecked() and region is not None and region != "auto":
            self.point_box.show_outline(self._scan, region)
        else:
            self.point_box.remove_outline()
        self.changed.emit()

    def _choose(self) -> None:
        """Let the model find its place where it cannot take the whole scan, and the other way."""
        if self.drawn.isChecked() or self.around.isChecked():
            return
        can_find = self._model is not None and self._model.locator is not None
        best = self.auto if can_find and self._why_too_large() else self.whole
        best.setChecked(True)

    def _why_too_large(self) -> str:
        if self._scan is None or self._model is None:
            return ""
        try:
            geometry, _ = grid_of(self._scan)
        except ValueError:
            # What is no scan is said elsewhere.
            return ""
        source = metadata_of(self._scan).get("source")
        is_picture = source is not None and source.format == "picture"
        return why_too_large(
            geometry, self._model, is_picture=is_picture, find=f"choose '{self.auto.text()}'"
        )

    def _size_of(self, region: Region | Literal["auto"] | None) -> str:
        if self._scan is None or region is None:
            return ""
        if region == "auto":
            return self._what_is_found()
        sizes = size_mm(self._scan, region)
        size = " × ".join(f"{mm:.0f}" for mm in reversed(sizes)) + " mm"
        if self.drawn.isChecked():
            return f"The box is {size}"
        wanted = [box.value() for box in self.point_box.sizes]
        geometry, order = grid_of(self._scan)
        step = max(geometry.spacing)
        # A single slice cuts no box: it has no depth.
        deep = [axis for axis in range(3) if geometry.shape[order.axes[axis]] > 1]
        is_cut = any(wanted[axis] - sizes[axis] > step for axis in deep)
        return f"Cut at the edge of the scan: {size}" if is_cut else ""

    def _what_is_found(self) -> str:
        locator = None if self._model is None else self._model.locator
        names = () if locator is None else locator.box_names
        return f"{' and '.join(names).capitalize()}, each by itself" if len(names) > 1 else ""


def _radio(text: str, tip: str) -> QRadioButton:
    radio = QRadioButton(text)
    radio.setToolTip(tip)
    return radio
