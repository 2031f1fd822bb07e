"""The parameters of one tool, unfolded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QWidget

from napari_seg.viewer.edit_tools.controls import controls_of
from napari_seg.viewer.edit_tools.widgets import widget_of

if TYPE_CHECKING:
    from napari_seg.viewer.edit_tools.subject import Subject
    from napari_seg.viewer.edit_tools.tool import Tool


class ToolForm(QWidget):
    """One row for each parameter of a tool.

    Parameters
    ----------
    tool
        Whose parameters they are.
    settings
        As they are set at first, such as at the last use.

    Attributes
    ----------
    changed
        Signal: a person set another value.
    """

    changed = Signal()

    def __init__(self, tool: Tool[Any], settings: Any) -> None:
        super().__init__()
        self._settings = settings
        self._controls = controls_of(type(settings))
        self.widgets: dict[str, Any] = {
            name: widget_of(control) for name, control in self._controls.items()
        }
        self.setAccessibleName(tool.title)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(4)
        for name, control in self._controls.items():
            self._form.addRow(control.title, self.widgets[name])
        self.show_subject(None)
        for widget in self.widgets.values():
            widget.changed.connect(self._on_changed)

    @property
    def settings(self) -> Any:
        """What is set."""
        return self._settings

    def show_subject(self, subject: Subject | None) -> None:
        """Offer the labels, units and ranges of what the tool would work on."""
        for name, widget in self.widgets.items():
            widget.show_setting(getattr(self._settings, name), subject)
        self._take()

    def _take(self) -> None:
        values = {name: widget.setting for name, widget in self.widgets.items()}
        self._settings = replace(self._settings, **values)
        for name, control in self._controls.items():
            if control.shown_if is not None:
                other, value = control.shown_if
                self._form.setRowVisible(self.widgets[name], values[other] == value)

    def _on_changed(self) -> None:
        self._take()
        self.changed.emit()
