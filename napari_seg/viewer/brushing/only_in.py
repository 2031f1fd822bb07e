"""Where brushes may draw: anywhere, on empty voxels, or inside one label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox

from napari_seg.viewer.layers import metadata_of

if TYPE_CHECKING:
    from napari.layers import Labels

_FIXED: dict[str, int | None] = {"anywhere": None, "empty voxels": 0}


class OnlyIn(QComboBox):
    """A list of what may be drawn over; the labels are those of the layer's table."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Only in")
        self.setToolTip(
            "What brushes may draw over; the eraser does not mind 'empty voxels', "
            "and a nudge always moves its own label"
        )
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._fill({})

    @property
    def over(self) -> int | None:
        """The one label that may be drawn over, 0 for empty voxels; None for all."""
        value: int | None = self.currentData()
        return value

    def show_labels(self, layer: Labels | None) -> None:
        """Offer the labels of a layer; one that is chosen stays so if it is still there."""
        table = None if layer is None else metadata_of(layer).get("table")
        names = {} if table is None else dict(table.names)
        offered = {self.itemData(place): self.itemText(place) for place in range(self.count())}
        if offered == {value: text for text, value in _FIXED.items()} | names:
            return
        chosen = self.over
        self._fill(names)
        self.setCurrentIndex(max(self.findData(chosen), 0))

    def _fill(self, names: dict[int, str]) -> None:
        self.clear()
        for text, value in _FIXED.items():
            self.addItem(text, value)
        for value, name in names.items():
            self.addItem(name, value)
