"""Labels are kept: saved by one key, asked for before they go, restored after a crash."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels
from napari.utils.notifications import show_warning
from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.file_formats import case_name
from napari_seg.viewer.actions import Action
from napari_seg.viewer.editing.strokes import commit_stroke
from napari_seg.viewer.keeping.closing import Closing
from napari_seg.viewer.keeping.journal_file import journal_folder
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.keeping.preferences import preferred_folder
from napari_seg.viewer.keeping.recovery_offer import RecoveryOffer
from napari_seg.viewer.keeping.save_queue import SaveQueue
from napari_seg.viewer.keeping.saving_places import ScanPlace
from napari_seg.viewer.layers import grid_of, metadata_of, scan_of
from napari_seg.viewer.opening.scan_below import adopt_scan_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.scan import Scan
    from napari_seg.viewer.keeping.label_saving import Request


class Keeping(QObject):
    """Keeps the labels of a viewer, until `release`.

    Parameters
    ----------
    viewer
        The viewer, or the proxy of it that napari hands to plugins.
    folder
        Where journals of unsaved changes lie; None for the person's folder of application data.

    Attributes
    ----------
    unsaved_changed
        Signal: a layer, of which it is otherwise now whether it has unsaved changes.
    said
        Signal: a sentence on what was saved, or why there was nothing to save.
    busy
        Signal: whether labels are being saved now.
    offer
        The widget that offers to restore what a crash left behind; hidden without such.
    offers
        What keys and menus can ask for: saving.
    """

    unsaved_changed = Signal(object)
    said = Signal(str)
    busy = Signal(bool)

    def __init__(self, viewer: ViewerModel, *, folder: Path | None = None) -> None:
        super().__init__()
        # Through the proxy nothing of a callback's viewer would be the same object as here.
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = viewer
        self._folder = journal_folder() if folder is None else folder
        self._is_released = False
        self._queue = SaveQueue(self._make_request, self)
        self._queue.said.connect(self.said)
        self._queue.busy.connect(self.busy)
        self._followed: list[KeptLayer] = []
        for layer in viewer.layers:
            self._keep(layer)
        viewer.layers.events.inserted.connect(self._on_inserted)
        self.offer = RecoveryOffer(viewer, self._folder)
        self._closing = Closing(
            viewer,
            unsaved=self._unsaved_among,
            edited=self._was_edited,
            save=self._save_all,
            discard=self._discard,
            flush=_flush,
            parent=self,
        )
        viewer.layers.events.removed.connect(self._on_removed)
        self.offers = (
            Action("save_labels", "Save the labels", "Labels", "Shift+S", self._on_save_wanted),
        )

    @property
    def unsaved(self) -> tuple[Labels, ...]:
        """The layers of the viewer that have unsaved changes."""
        return tuple(self._unsaved_among(self._viewer.layers))

    def is_unsaved(self, layer: Layer) -> bool:
        """Tell whether a layer has changes that are in no file; undo may take them back."""
        kept = _kept(layer)
        return kept is not None and kept.is_unsaved

    def save(self, layer: Labels | None = None) -> None:
        """Save a layer beside the viewer, without a dialog.

        Parameters
        ----------
        layer
            None for the one that is selected, else the topmost one with unsaved changes.
        """
        layer = self._layer_at_hand() if layer is None else layer
        kept = None if layer is None else _kept(layer)
        if layer is None or kept is None:
            self.said.emit("There are no labels to save")
            return
        # What a stroke has drawn so far is saved, too.
        commit_stroke(layer)
        if kept.is_unsaved:
            self._queue.add([kept])
        else:
            self.said.emit(f"'{layer.name}' has no unsaved changes")

    def ask_first(self) -> None:
        """Ask before anybody else hears of a window that is closed."""
        self._closing.ask_first()

    def release(self) -> None:
        """Free window and layers; unsaved changes go on being kept for after a crash."""
        if self._is_released:
            return
        self._is_released = True
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._closing.release()
        self.offer.release()
        for kept in list(self._followed):
            self._unfollow(kept)

    def _on_save_wanted(self) -> None:
        self.save()

    def _on_inserted(self, event: Any) -> None:
        self._keep(event.value)

    def _on_removed(self, event: Any) -> None:
        kept = _kept(event.value)
        if kept in self._followed and kept is not None:
            self._unfollow(kept)

    def _keep(self, layer: Layer) -> None:
        if not _can_be_kept(layer):
            return
        kept = KeptLayer.of(layer)
        if kept is None:
            kept = KeptLayer(
                layer,
                path=self._free_path(layer),
                find_scan=_ScanFinder(self._viewer),
                folder=self._folder,
            )
        else:
            kept.resume()
        kept.unsaved_changed.connect(self._on_unsaved_changed)
        kept.journalling.noticed.connect(show_warning)
        self._followed.append(kept)

    def _unfollow(self, kept: KeptLayer) -> None:
        self._followed.remove(kept)
        kept.unsaved_changed.disconnect(self._on_unsaved_changed)
        kept.journalling.noticed.disconnect(show_warning)

    def _free_path(self, layer: Labels) -> Path | None:
        path = metadata_of(layer).get("path")
        # A duplicate brings the path of its original along.
        taken = {kept.path for kept in map(_kept, self._viewer.layers) if kept is not None}
        return None if path is None or Path(path) in taken else Path(path)

    def _on_unsaved_changed(self) -> None:
        kept = self.sender()
        if isinstance(kept, KeptLayer) and kept.layer is not None:
            self.unsaved_changed.emit(kept.layer)

    def _layer_at_hand(self) -> Labels | None:
        active = self._viewer.layers.selection.active
        if isinstance(active, Labels):
            return active
        labels = [layer for layer in self._viewer.layers if isinstance(layer, Labels)]
        unsaved = self._unsaved_among(labels)
        return (unsaved or labels or [None])[-1]

    def _unsaved_among(self, layers: Iterable[Layer]) -> list[Labels]:
        return [layer for layer in layers if isinstance(layer, Labels) and self.is_unsaved(layer)]

    def _was_edited(self, layer: Labels) -> bool:
        kept = _kept(layer)
        return kept is not None and kept.was_edited

    def _save_all(self, layers: Sequence[Labels], then: Callable[[bool], None]) -> None:
        self._queue.add([kept for kept in map(_kept, layers) if kept is not None], then)

    def _discard(self, layer: Labels) -> None:
        kept = _kept(layer)
        if kept is not None:
            kept.discard()

    def _make_request(self, kept: KeptLayer) -> Request:
        layer = kept.layer
        if layer is None:
            return kept.request(scan=None, place=ScanPlace(None, None, None))
        adopt_scan_below(layer, self._viewer.layers)
        scan_layer = _scan_layer_of(layer, self._viewer.layers)
        scan = path = case = None
        if scan_layer is not None:
            scan = scan_of(scan_layer)
            path = metadata_of(scan_layer).get("path")
            case = case_name(scan_layer.name)
        scan_path = None if path is None else Path(path)
        return kept.request(scan=scan, place=ScanPlace(scan_path, case, preferred_folder()))


def _flush(layer: Labels) -> None:
    kept = _kept(layer)
    if kept is not None:
        kept.journalling.flush()


class _ScanFinder:
    """Finds the open scan of labels. It lives with the layer, and so holds the list weakly."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._layers = weakref.ref(viewer.layers)

    def __call__(self, layer: Labels) -> Scan | None:
        layers = self._layers() or ()
        adopt_scan_below(layer, layers)
        found = _scan_layer_of(layer, layers)
        return None if found is None else scan_of(found)


def _kept(layer: Layer) -> KeptLayer | None:
    return KeptLayer.of(layer) if isinstance(layer, Labels) else None


def _can_be_kept(layer: Layer) -> bool:
    if not isinstance(layer, Labels) or layer.multiscale or not layer.editable:
        return False
    data = layer.data
    has_grid = "geometry" in metadata_of(layer) or layer.ndim in (2, 3)
    return isinstance(data, np.ndarray) and bool(data.flags.writeable) and has_grid


def _scan_layer_of(layer: Labels, layers: Iterable[Layer]) -> Image | None:
    """Find the scan that labels were made on, else one of their grid that lies in memory."""
    ours = metadata_of(layer)
    if "geometry" not in ours:
        return None
    scans = [
        one
        for one in layers
        if isinstance(one, Image)
        and isinstance(one.data, np.ndarray)
        and metadata_of(one).get("geometry") is not None
        and _lies_on(one, ours["geometry"])
    ]
    own = [one for one in scans if one.unique_id == ours.get("scan_id")]
    return next(iter((*own, *reversed(scans))), None)


def _lies_on(scan: Image, geometry: Geometry) -> bool:
    try:
        return grid_of(scan)[0].matches(geometry)
    except ValueError:
        # Another plugin's, with a copy of our metadata.
        return False
