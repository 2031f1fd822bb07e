"""The menu of what can be done with the chosen labels, under ⋮ and the right mouse button."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction, QColor, QIcon
from qtpy.QtWidgets import QMenu, QWidget

from napari_seg.imaging.label_table import STATUSES
from napari_seg.viewer.label_list.marks import colour_icon, status_icon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_seg.viewer.label_list.acts import LabelActs
    from napari_seg.viewer.label_list.rows import Row


class StatusMenu(QMenu):
    """The four statuses.

    Parameters
    ----------
    acts
        Sets what is chosen.
    parent
        The widget that the menu belongs to.
    """

    def __init__(self, acts: LabelActs, parent: QWidget) -> None:
        super().__init__("Status", parent)
        self._acts = acts
        self._values: tuple[int, ...] = ()

    def offer(self, values: Sequence[int], present: str) -> None:
        """Offer all for some labels; mark the one that they have."""
        self.clear()
        self._values = tuple(values)
        colour = self.palette().color(self.foregroundRole())
        for status in STATUSES:
            icon = status_icon(status, colour, ratio=self.devicePixelRatioF())
            action = QAction(icon, status.capitalize(), self)
            action.setData(status)
            action.setCheckable(True)
            action.setChecked(status == present)
            action.triggered.connect(self._on_triggered)
            self.addAction(action)

    def _on_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._acts.set_status(self._values, action.data())


class RowMenu(QMenu):
    """What can be done with the chosen labels, and with all of them.

    Parameters
    ----------
    acts
        Does what is chosen.
    chosen
        Returns the values of the labels that are selected.
    last
        A menu that is the last entry.
    parent
        The widget that the menu belongs to.

    Attributes
    ----------
    rename_wanted
        Signal: the value of a label whose name is to be typed.
    """

    rename_wanted = Signal(int)

    def __init__(
        self,
        acts: LabelActs,
        chosen: Callable[[], tuple[int, ...]],
        last: QMenu,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._acts, self._chosen, self._last = acts, chosen, last
        self.status = StatusMenu(acts, self)
        self.merge = QMenu("Merge into", self)
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)
        self.fill()

    def fill(self) -> None:
        """Offer what fits the labels that are selected now."""
        self.clear()
        values = self._chosen()
        rows = [row for row in self._acts.rows if row.value in values]
        if rows:
            self._fill_for(rows)
            self.addSeparator()
        if self._acts.rows:
            self._fill_for_all()
            self.addSeparator()
        self.addMenu(self._last)

    def _fill_for(self, rows: list[Row]) -> None:
        values, first = tuple(row.value for row in rows), rows[0]
        if len(rows) == 1:
            self._add("Go to it\tEnter", partial(self._acts.jump, first.value))
            self._add("Rename\tF2", partial(self.rename_wanted.emit, first.value))
            self._add("Colour…", partial(self._acts.choose_colour, first.value))
        alike = {row.status for row in rows}
        self.status.offer(values, first.status if len(alike) == 1 else "")
        self.addMenu(self.status)
        locked = all(row.is_locked for row in rows)
        self._add(
            "Unlock" if locked else "Lock", partial(self._acts.set_locked, values, not locked)
        )
        shown = any(row.is_visible for row in rows)
        self._add("Hide" if shown else "Show", partial(self._acts.set_visible, values, not shown))
        self._add(
            "Show only this" if len(rows) == 1 else "Show only these",
            partial(self._acts.show_only, values),
        )
        self.addSeparator()
        reason = self._acts.reason_not_to_delete(values)
        self._fill_merge(rows, reason)
        what = "Delete" if len(rows) == 1 else f"Delete {len(rows)} labels"
        self._add(f"{what}\tDel", partial(self._acts.delete, values), reason)

    def _fill_merge(self, rows: list[Row], reason: str) -> None:
        self.merge.clear()
        values = tuple(row.value for row in rows)
        only = values if len(values) == 1 else ()
        others = [row for row in self._acts.rows if row.value not in only]
        for row in others:
            locked = "it is locked; unlock it to merge into it" if row.is_locked else ""
            text = row.name.replace("&", "&&")
            act = partial(self._acts.merge, values, row.value)
            self._add(text, act, locked, menu=self.merge, icon=colour_icon(QColor(*row.colour)))
        entry = self.merge.menuAction()
        if entry is not None:
            entry.setEnabled(bool(others) and not reason)
            entry.setToolTip(reason)
        self.addMenu(self.merge)

    def _fill_for_all(self) -> None:
        rows = self._acts.rows
        values = tuple(row.value for row in rows)
        hidden = any(not row.is_visible for row in rows)
        self._add(
            "Show all\tShift+Space", self._acts.show_all, "" if hidden else "No label is hidden"
        )
        if any(not row.is_locked for row in rows):
            self._add("Lock all", partial(self._acts.set_locked, values, True))
        if any(row.is_locked for row in rows):
            self._add("Unlock all", partial(self._acts.set_locked, values, False))

    def _add(
        self,
        text: str,
        act: Callable[[], object],
        reason: str = "",
        *,
        menu: QMenu | None = None,
        icon: QIcon | None = None,
    ) -> None:
        action = QAction(text, menu or self)
        if icon is not None:
            action.setIcon(icon)
        action.setData(act)
        action.setEnabled(not reason)
        action.setToolTip(reason)
        action.triggered.connect(self._on_triggered)
        (menu or self).addAction(action)

    def _on_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            action.data()()
