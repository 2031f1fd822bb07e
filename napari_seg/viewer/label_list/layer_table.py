"""The table of one layer's labels: kept true to what is drawn, and changed by people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer, Signal

from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.viewer.editing.attached import LayerPart
from napari_seg.viewer.label_list.colours import (
    colours_seen,
    has_own_colours,
    hidden_in,
    show_colours,
)
from napari_seg.viewer.label_list.deleted_rows import DeletedRows
from napari_seg.viewer.label_list.features import set_features
from napari_seg.viewer.label_list.followed import Followed
from napari_seg.viewer.label_list.rows import Row, row_of
from napari_seg.viewer.label_list.table_edits import (
    require_free_name,
    require_unlocked,
    with_rows,
    without,
)
from napari_seg.viewer.label_list.whole_labels import told, write_labels_as
from napari_seg.viewer.layers import metadata_of, update_metadata

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.layers import Labels

    from napari_seg.imaging.label_colours import Colour
    from napari_seg.imaging.label_sets import LabelSet
    from napari_seg.viewer.editing.steps import Step

# More rows than a person reads; a file of cells may have a million labels.
_MOST_ROWS = 2000


class LayerTable(LayerPart):
    """The table of one layer's labels.

    Names, colours and status are in the layer's metadata as a `LabelTable`, so that they are
    saved with it. A label that gets voxels gets a row. What others change of the layer is
    followed when they are done: once the program waits for the person again.

    Parameters
    ----------
    layer
        Whose labels they are.

    Attributes
    ----------
    changed
        Signal: the rows are others.

    Raises
    ------
    ValueError
        By all that changes voxels: where the layer cannot be edited, or a label is locked.
    """

    changed = Signal()

    def __init__(self, layer: Labels) -> None:
        super().__init__(layer)
        self._rows: tuple[Row, ...] = ()
        self._hidden: frozenset[int] = frozenset()
        self._deleted = DeletedRows.of(layer)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.follow)
        self._followed = Followed(layer, self)
        self._followed.changed.connect(self._later.start)
        self._followed.applied.connect(self._on_applied)
        self._followed.reverted.connect(self._on_reverted)
        self.follow()

    @property
    def rows(self) -> tuple[Row, ...]:
        """One row for each label, by rising value."""
        return self._rows

    @property
    def table(self) -> LabelTable:
        """Names, colours and status."""
        layer = self._layer()
        table = None if layer is None else metadata_of(layer).get("table")
        return LabelTable() if table is None else table

    @property
    def reason_not_to_edit(self) -> str:
        """Why the voxels of the layer cannot be changed; empty if they can."""
        return self._followed.reason_not_to_edit

    @property
    def label_set(self) -> LabelSet | None:
        """The set that the layer was made from; None without one."""
        layer = self._layer()
        return None if layer is None else metadata_of(layer).get("label_set")

    def add(self, name: str = "") -> int:
        """Add a label without voxels, and return its value.

        Raises
        ------
        ValueError
            If the name is another label's, or the layer's type has no value left.
        """
        table = self.table
        if name:
            require_free_name(table, name)
        layer = self._layer()
        used = {*table.names, *self._followed.voxels}
        if self._followed.is_counting:
            used.add(int(layer.data.max()))
        value = self._deleted.value_for(name, used, layer.dtype)
        own = has_own_colours(layer)
        table = with_rows(table, [value], {} if own else colours_seen(layer, [value]), name=name)
        if own:
            # The value may have been drawn in the colour of a label that was deleted.
            self._show(table, self._hidden - {value})
        else:
            self._set(table)
        return value

    def rename(self, value: int, name: str) -> None:
        """Call a label by another name.

        Raises
        ------
        ValueError
            If another label has it.
        """
        table = self.table
        label = replace(table.label(value), name=name.strip())
        require_free_name(without(table, {value}), label.name)
        self._set(self._with(label))

    def recolour(self, value: int, colour: Colour) -> None:
        """Draw a label in another colour."""
        self._show(self._with(replace(self.table.label(value), colour=colour)), self._hidden)

    def set_status(self, values: Collection[int], status: str) -> None:
        """Say how far one has come with some labels, by one of `label_table.STATUSES`."""
        said = (replace(label, status=status) for label in self.table.keep(values))
        self._set(LabelTable((*without(self.table, values), *said)))

    def set_locked(self, values: Collection[int], locked: bool) -> None:
        """Lock or unlock labels."""
        locks = self._followed.require_locks()
        (locks.lock if locked else locks.unlock)(*values)
        self.follow()

    def set_visible(self, values: Collection[int], visible: bool) -> None:
        """Show or hide labels on the canvas; their voxels stay."""
        hidden = self._hidden - set(values) if visible else self._hidden | set(values)
        self._show(self.table, hidden)

    def show_only(self, values: Collection[int]) -> None:
        """Hide all labels but these."""
        self._show(self.table, frozenset(self.table.names) - set(values))

    def show_all(self) -> None:
        """Show all labels on the canvas."""
        if self._hidden:
            self._show(self.table, frozenset())

    def delete(self, values: Collection[int]) -> str:
        """Delete labels with their voxels and rows, and tell what was done.

        It is one step, whose undo brings both back.

        Raises
        ------
        ValueError
            If one of them is locked, or the layer cannot be edited.
        """
        names = [row.name for row in self._rows if row.value in values]
        step = f"Delete {names[0] if len(names) == 1 else f'{len(names)} labels'}"
        return self._give_voxels(values, 0, step, "delete it")

    def merge(self, values: Collection[int], into: int) -> str:
        """Give labels' voxels to another label and drop their rows, as one step; tell of it.

        Raises
        ------
        ValueError
            If one of them is locked, or the layer cannot be edited.
        """
        values = set(values) - {into}
        if not values:
            return ""
        names = [row.name for row in self._rows if row.value in values]
        what = names[0] if len(names) == 1 else f"{len(names)} labels"
        locked = self._followed.require_locks().labels & {into}
        require_unlocked(self.table, locked, "merge into it")
        step = f"Merge {what} into {self.table.name_of(into)}"
        return self._give_voxels(values, into, step, "merge it")

    def follow(self) -> None:
        """Look what became of the layer, and show it; a painted value without a row gets one."""
        self._later.stop()
        layer = self._layer()
        if layer is None:
            return
        table = self._completed(layer, self.table)
        own = has_own_colours(layer)
        seen = colours_seen(layer, table.names)
        if own:
            self._hidden = hidden_in(layer, table.names)
            table = LabelTable(
                tuple(replace(one, colour=seen.get(one.value, one.colour)) for one in table)
            )
        if table != self.table:
            with self._followed.ignored():
                update_metadata(layer, table=table)
        if own and set(table.names) - set(layer.colormap.color_dict):
            self._show(table, self._hidden)
            return
        self._update_rows(layer, table, {} if own else seen)

    def _completed(self, layer: Labels, table: LabelTable) -> LabelTable:
        # While all is counted anew, what is known may be of labels that are gone.
        voxels = {} if self._followed.is_counting else self._followed.voxels
        missing = [value for value in voxels if value > 0 and value not in table.names]
        missing = missing[: max(_MOST_ROWS - len(table), 0)]
        table = self._deleted.with_back(table, missing)
        drawn = {} if has_own_colours(layer) else colours_seen(layer, missing)
        return with_rows(table, missing, drawn) if missing else table

    def _update_rows(self, layer: Labels, table: LabelTable, seen: dict[int, Colour]) -> None:
        followed, hidden = self._followed, self._hidden if not seen else frozenset()
        volumes, unknown = followed.volumes_ml, followed.unknown_ml
        self._rows = tuple(
            row_of(
                label,
                unknown if volumes is None else volumes.get(label.value, 0.0),
                colours=seen,
                locked=followed.locked,
                hidden=hidden,
            )
            for label in table
        )
        if volumes is not None and followed.has_volumes:
            with followed.ignored():
                set_features(layer, table, volumes)
        self.changed.emit()

    def _with(self, label: Label) -> LabelTable:
        return LabelTable((*without(self.table, {label.value}), label))

    def _set(self, table: LabelTable) -> None:
        with self._followed.ignored():
            update_metadata(self._layer(), table=table)
        self.follow()

    def _set_rows(self, table: LabelTable) -> None:
        layer = self._layer()
        if has_own_colours(layer):
            # Meanwhile other rows may have given the values other colours.
            self._show(table, hidden_in(layer, table.names))
        else:
            self._set(table)

    def _show(self, table: LabelTable, hidden: frozenset[int]) -> None:
        layer = self._layer()
        with self._followed.ignored():
            update_metadata(layer, table=table)
            show_colours(layer, table, hidden)
        self.follow()

    def _give_voxels(self, values: Collection[int], to: int, step: str, what: str) -> str:
        layer = self._layer()
        locks = self._followed.require_locks()
        require_unlocked(self.table, locks.labels & set(values), what)
        voxels = write_labels_as(layer, values, to, name=step)
        done = self._followed.history.last_done if voxels else None
        self._set(self._deleted.delete(self.table, values, done))
        return told(layer, step, voxels if to else -voxels)

    def _on_applied(self, step: Step) -> None:
        table = self._deleted.redone(step, self.table)
        if table != self.table:
            self._set_rows(table)
            self._followed.require_locks().lock(*self._deleted.locked_with(step))

    def _on_reverted(self, step: Step) -> None:
        before = self.table
        table = self._deleted.undone(step, before, self._followed.locked)
        if table != before:
            # A lock without a row could not be taken away.
            self._followed.require_locks().unlock(*set(before.names) - set(table.names))
            self._set_rows(table)
