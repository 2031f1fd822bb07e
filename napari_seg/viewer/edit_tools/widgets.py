"""The widgets that set the parameters of a tool, each with its unit, name and tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QWidget

from napari_seg.viewer.edit_tools.controls import (
    AnyLabel,
    Choice,
    Control,
    Intensities,
    Length,
    OneLabel,
    Scope,
    Volume,
)
from napari_seg.viewer.edit_tools.range_widget import RangeWidget
from napari_seg.viewer.edit_tools.subject import LabelOf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_seg.viewer.edit_tools.subject import Subject

    Entry = tuple[Any, str, str]


class NumberWidget(QDoubleSpinBox):
    """A number of mm or ml."""

    changed = Signal()

    def __init__(self, control: Length | Volume) -> None:
        super().__init__()
        self.setRange(control.least, control.most)
        self.setSingleStep(control.step)
        self.setSuffix(" mm" if isinstance(control, Length) else " ml")
        self.setStyleSheet("QAbstractSpinBox { min-width: 5em; }")
        # Each digit typed would mean another preview.
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self._on_value)

    @property
    def setting(self) -> float:
        """The number."""
        return float(self.value())

    def show_setting(self, value: float, _subject: Subject | None) -> None:
        """Show a number without telling of it."""
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def _on_value(self, _value: float) -> None:
        self.changed.emit()


class ListWidget(QComboBox):
    """One of a few things."""

    changed = Signal()

    def __init__(self, control: Choice | Scope | OneLabel | AnyLabel) -> None:
        super().__init__()
        self._control = control
        self._shown: tuple[Entry, ...] = ()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.activated.connect(self._on_activated)

    @property
    def setting(self) -> Any:
        """What is chosen."""
        index = self.currentIndex()
        return self._shown[index][0] if 0 <= index < len(self._shown) else None

    def show_setting(self, value: Any, subject: Subject | None) -> None:
        """Show a choice without telling of it; one that is not there is the first."""
        entries = tuple(_entries(self._control, subject))
        if entries != self._shown:
            self._shown = entries
            self.clear()
            for place, (_, text, tip) in enumerate(entries):
                self.addItem(text)
                self.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        values = [entry[0] for entry in entries]
        self.setCurrentIndex(values.index(value) if value in values else 0)

    def _on_activated(self, _index: int) -> None:
        self.changed.emit()


def widget_of(control: Control) -> QWidget:
    """Make the widget of a control: it has ``setting``, ``show_setting`` and ``changed``."""
    widget: QWidget
    if isinstance(control, Length | Volume):
        widget = NumberWidget(control)
    elif isinstance(control, Intensities):
        widget = RangeWidget(control)
    elif isinstance(control, Choice | Scope | OneLabel | AnyLabel):
        widget = ListWidget(control)
    else:
        raise TypeError(f"no widget is known for {type(control).__name__}")
    widget.setAccessibleName(control.title)
    widget.setToolTip(control.tip)
    return widget


def _entries(
    control: Choice | Scope | OneLabel | AnyLabel, subject: Subject | None
) -> Iterable[Entry]:
    if isinstance(control, Choice):
        return ((one.value, one.text, one.tip) for one in control.options)
    if isinstance(control, Scope):
        name = "the selected label" if subject is None else subject.name
        return ((False, name, "The selected label alone"), (True, "all labels", "But locked ones"))
    if isinstance(control, OneLabel):
        return _labels(control.none or "choose a label", subject)
    return _any_labels(subject)


def _labels(none: str, subject: Subject | None) -> Iterable[Entry]:
    yield 0, none, ""
    if subject is not None:
        for label, name in subject.names.items():
            if label != subject.label:
                yield label, name, ""


def _any_labels(subject: Subject | None) -> Iterable[Entry]:
    yield None, "choose a label", ""
    if subject is None:
        return
    for label, name in subject.names.items():
        if label != subject.label:
            yield LabelOf("", label), name, "In this layer"
    for layer, other in subject.others.items():
        for label, name in other.names.items():
            yield LabelOf(layer, label), f"{name} of {other.title}", f"In '{other.title}'"
