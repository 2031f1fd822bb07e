"""The brushes of the Edit tab: which is in hand, how large it is, where it may draw."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.notifications import show_info
from napari.utils.theme import get_theme
from qtpy.QtCore import QTimer, Signal

from napari_seg.imaging.label_edits.strokes import Brush, BrushStroke, Ground, Kind
from napari_seg.viewer.actions import Action
from napari_seg.viewer.brushing.below import intensities
from napari_seg.viewer.brushing.controls import Controls
from napari_seg.viewer.brushing.drawing import Drawing
from napari_seg.viewer.brushing.earlier import Unpacking, earlier_states
from napari_seg.viewer.brushing.hand import Hand, spacing_of
from napari_seg.viewer.brushing.kinds import DESCRIPTIONS
from napari_seg.viewer.brushing.reasons import reason_not_to_begin, reasons_not_to_draw
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.label_list.unseen import show_selected
from napari_seg.viewer.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_seg.viewer.viewing.three_views import ThreeViews

_GROUP = "Brushes"
# So many voxels wide a brush is at first, and so many mm at least.
_FIRST_VOXELS, _FIRST_MM = 10, 1.0
# Their names among napari's preferences.
_DIAMETER, _SPHERE = "brush_mm", "brush_sphere"


class Brushes(Controls):
    """Take a brush in hand and draw with it, until `release`.

    Parameters
    ----------
    viewer
        On whose canvas it draws.
    three_views
        Whose canvases it draws on, too.

    Attributes
    ----------
    hand
        What holds the brush.
    taken
        Signal: a brush was taken in hand.
    """

    taken = Signal()

    def __init__(self, viewer: ViewerModel, three_views: ThreeViews | None = None) -> None:
        super().__init__()
        # Through the proxy nothing of a callback's viewer would be the same object as here.
        self._viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self._layer: Labels | None = None
        self._scan: Image | None = None
        self._kept: KeptLayer | None = None
        self._reasons = dict.fromkeys(Kind, "")
        self._is_released = self._is_fitting = False
        self._preferences = Preferences("editing")
        self._unpacking = Unpacking(self)
        self.hand = Hand(self._viewer, three_views, self._begin)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._on_theme()
        self._update()
        self._connect()
        self._shape()
        self._size()

    @property
    def offers(self) -> tuple[Action, ...]:
        """One for each brush, and one to make it round or a sphere."""
        sphere = Action(
            "brush_sphere", "Round or spherical brush", _GROUP, None, self.sphere.toggle
        )
        return (*(self._action(kind) for kind in DESCRIPTIONS), sphere)

    def set_layer(self, layer: Labels | None) -> None:
        """Draw on other labels from now on; the brush in hand is put down."""
        if layer is self._layer:
            return
        self._leave()
        self._layer = layer
        if layer is not None:
            for event in self._events(layer):
                event.connect(self._on_layer)
            self._size()
        self._update()
        # The layer may become one that is kept in this moment.
        self._later.start(0)

    def set_scan(self, layer: Image | None) -> None:
        """Let the brushes look at another scan."""
        self._scan = layer
        self.intensities.set_scan(layer)
        self._update()

    def show_keys(self, key_of: Callable[[str], str]) -> None:
        """Write on each button the key that takes its brush, given what tells that of an action."""
        self.row.show_keys({kind: key_of(_name(kind)) for kind in Kind})

    def take(self, kind: Kind) -> None:
        """Take a brush in hand, or put it down if it is; refused in a sentence where it must be."""
        if self.hand.kind is kind:
            self.hand.put_down()
            return
        self._update()
        reason = self._reasons[kind]
        if reason or self._layer is None:
            show_info(reason)
            return
        self.hand.take(kind, self._layer)
        self.taken.emit()

    def release(self) -> None:
        """Give viewer and layers back; more than once does no harm."""
        if self._is_released:
            return
        self._is_released = True
        self._later.stop()
        self._viewer.dims.events.ndisplay.disconnect(self._on_display)
        self._viewer.events.theme.disconnect(self._on_theme)
        self._leave()
        self._scan = None
        self._preferences.release()
        self.intensities.release()
        self.hand.release()

    def _connect(self) -> None:
        self.row.wanted.connect(self.take)
        self.diameter.valueChanged.connect(self._on_diameter)
        self.sphere.toggled.connect(self._on_sphere)
        self.earlier.currentIndexChanged.connect(self._on_earlier)
        self.hand.changed.connect(self._on_hand)
        self.hand.sized.connect(self.diameter.setValue)
        self._later.timeout.connect(self._on_later)
        self._preferences.changed.connect(self._on_preferences)
        self._viewer.dims.events.ndisplay.connect(self._on_display)
        self._viewer.events.theme.connect(self._on_theme)

    @staticmethod
    def _events(layer: Labels) -> tuple[Any, ...]:
        events = layer.events
        return events.metadata, events.editable, events.visible, events.data

    def _leave(self) -> None:
        self.hand.put_down()
        self._unpacking.drop()
        if self._kept is not None:
            self._kept.ready.disconnect(self._update)
            self._kept = None
        if self._layer is not None:
            for event in self._events(self._layer):
                event.disconnect(self._on_layer)
            self._layer = None

    def _action(self, kind: Kind) -> Action:
        about = DESCRIPTIONS[kind]
        return Action(_name(kind), about.name, _GROUP, about.key, partial(self.take, kind))

    # How brushes are set, here and on napari's page of preferences.

    def _on_preferences(self, name: str) -> None:
        if name == _SPHERE:
            self._shape()
        elif name == _DIAMETER:
            self._size()

    def _shape(self) -> None:
        self.sphere.setChecked(bool(self._preferences.value(_SPHERE, False)))

    def _size(self) -> None:
        """Make brushes as large as was chosen; as suits the labels where nobody chose."""
        self._is_fitting = True
        if chosen := float(self._preferences.value(_DIAMETER, 0.0)):
            self.diameter.setValue(chosen)
        else:
            voxel = 1.0 if self._layer is None else float(min(spacing_of(self._layer)))
            self.diameter.setValue(max(round(_FIRST_VOXELS * voxel), _FIRST_MM))
        self._is_fitting = False

    def _on_diameter(self, diameter_mm: float) -> None:
        self.hand.set_diameter(diameter_mm)
        if not self._is_fitting:
            self._preferences.choose(_DIAMETER, diameter_mm)

    def _on_sphere(self, is_sphere: bool) -> None:
        self._preferences.choose(_SPHERE, is_sphere)

    # What happens elsewhere.

    def _on_layer(self, event: Any) -> None:
        if event.type == "data":
            if self.hand.drawing is not None:
                self.hand.drawing.stop()
            self.hand.put_down()
        self._update()

    def _on_later(self) -> None:
        kept = None if self._layer is None else KeptLayer.of(self._layer)
        if kept is not None and self._kept is None:
            self._kept = kept
            kept.ready.connect(self._update)
            self._update()

    def _on_display(self, _event: object) -> None:
        self._update()

    def _on_theme(self, _event: object = None) -> None:
        self.row.set_accent(get_theme(self._viewer.theme).current.as_hex())

    def _on_hand(self) -> None:
        self.show_kind(self.hand.kind)
        self._on_earlier()
        if self.hand.kind is not Kind.RESTORE:
            self._unpacking.drop()

    def _on_earlier(self, _index: int = 0) -> None:
        state = self.earlier.currentData()
        if state is not None and self.hand.kind is Kind.RESTORE:
            self._unpacking.want(state.kept)

    def _update(self) -> None:
        layer = self._layer
        self._reasons = reasons_not_to_draw(self._viewer, layer, self._scan)
        self.row.show_reasons(self._reasons)
        self.only_in.show_labels(layer)
        self.show_earlier(() if layer is None else earlier_states(layer))
        held = self.hand.kind
        if held is not None and self._reasons[held]:
            self.hand.put_down()

    # A stroke.

    def _begin(self, kind: Kind, place: NDArray[Any], axis: int | None) -> Drawing | None:
        layer = self._layer
        if layer is None:
            return None
        reason = self._reasons[kind] or reason_not_to_begin(kind, layer)
        if kind is Kind.RESTORE and self._unpacking.array is None:
            reason = reason or "The earlier labels are being unpacked; draw again in a moment"
        if reason:
            show_info(reason)
            return None
        show_selected(layer)
        nearest = np.rint(place)
        if kind is Kind.NUDGE and not ((nearest >= 0) & (nearest < layer.data.shape)).all():
            return None
        scan = None
        if kind in (Kind.ADAPTIVE, Kind.THRESHOLD) and self._scan is not None:
            scan = intensities(self._scan, layer, self._viewer.dims.point)
        ground = Ground(layer.data, tuple(spacing_of(layer)), scan, self._unpacking.array)
        stroke = BrushStroke(
            self._brush(kind, layer), ground, layer.selected_label, place, axis=axis
        )
        return Drawing(layer, stroke, DESCRIPTIONS[kind].step, self)

    def _brush(self, kind: Kind, layer: Labels) -> Brush:
        return Brush(
            kind,
            self.diameter.value(),
            is_sphere=self.sphere.isChecked(),
            over=_over(kind, layer, self.only_in.over),
            intensities=self.intensities.limits,
        )


def _name(kind: Kind) -> str:
    return f"brush_{kind.value}"


def _over(kind: Kind, layer: Labels, chosen: int | None) -> frozenset[int] | None:
    """Tell which labels a brush may draw over; None for all."""
    if kind is Kind.ERASE and chosen == 0:
        chosen = None
    over = None if chosen is None else frozenset({chosen})
    if layer.preserve_labels:
        # As napari's own tools do: painting leaves all labels, erasing all but the selected one.
        kept = {layer.selected_label} if kind is Kind.ERASE else {0}
        over = frozenset(kept) if over is None else over & kept
    if over is not None and kind is Kind.NUDGE:
        over |= {layer.selected_label}
    return over
