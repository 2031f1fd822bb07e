"""What was noticed while the selected labels were read, and whether they are labels at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels

from napari_seg.viewer.layers import metadata_of
from napari_seg.viewer.notice_list import NoticeList, Offer
from napari_seg.viewer.opening.layer_kind import offer_of, show_as_scan
from napari_seg.viewer.opening.reading import KIND_GUESSED

if TYPE_CHECKING:
    from napari.components import ViewerModel


class LabelsNotices(NoticeList):
    """The notices of the labels that are selected; seen where there are any.

    Parameters
    ----------
    viewer
        Whose selected layer is followed.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.unfold(True)
        self.taken.connect(self._on_taken)
        viewer.layers.selection.events.active.connect(self._on_active)
        self._describe(viewer.layers.selection.active)

    def release(self) -> None:
        """Let go of the viewer."""
        self._viewer.layers.selection.events.active.disconnect(self._on_active)

    def _on_active(self, event: Any) -> None:
        self._describe(event.value)

    def _describe(self, layer: object) -> None:
        if not isinstance(layer, Labels):
            self.show_lines([])
            return
        notices = metadata_of(layer).get("notices", ())
        self.show_lines(
            [
                (
                    f"{layer.name}: {notice.message}",
                    Offer(*offer_of(layer), layer) if notice.code == KIND_GUESSED else None,
                )
                for notice in notices
            ]
        )

    def _on_taken(self, layer: Labels) -> None:
        if layer in self._viewer.layers:
            show_as_scan(layer, self._viewer.layers)
