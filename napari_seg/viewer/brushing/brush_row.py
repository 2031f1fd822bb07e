"""A row of buttons, one for each kind of brush; the one in hand is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QSizePolicy, QWidget

from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.viewer.brushing.kinds import DESCRIPTIONS
from napari_seg.viewer.brushing.marks import mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtWidgets import QAbstractButton

_COLUMNS = 3


class BrushRow(QWidget):
    """Buttons that take a brush in hand, and put it down again.

    Attributes
    ----------
    wanted
        Signal: the `Kind` of a button that was clicked.
    buttons
        By kind.
    """

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[Kind, QPushButton] = {}
        self._reasons = dict.fromkeys(DESCRIPTIONS, "")
        self._keys = {kind: about.key for kind, about in DESCRIPTIONS.items()}
        # Not exclusive: that would not let the last one be put down.
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for place, kind in enumerate(DESCRIPTIONS):
            button = self._button(kind)
            layout.addWidget(button, *divmod(place, _COLUMNS))
            self.buttons[kind] = button
        for column in range(_COLUMNS):
            layout.setColumnStretch(column, 1)
        self._write()
        self._draw_marks()
        self._group.buttonClicked.connect(self._on_clicked)

    def show_kind(self, held: Kind | None) -> None:
        """Press the button of the brush in hand, and no other."""
        for kind, button in self.buttons.items():
            button.setChecked(kind is held)

    def show_reasons(self, reasons: Mapping[Kind, str]) -> None:
        """Disable each brush that cannot be used, and say why."""
        self._reasons = dict(reasons)
        self._write()

    def show_keys(self, keys: Mapping[Kind, str]) -> None:
        """Write on each button the key that clicks it; empty for none."""
        self._keys = dict(keys)
        self._write()

    def set_accent(self, colour: str) -> None:
        """Mark the pressed button with a colour such as ``"#0000ff"``."""
        self.setStyleSheet(f"QPushButton:checked {{ background-color: {colour}; }}")

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw the marks in the colours of another theme."""
        super().changeEvent(event)
        changes = (QEvent.Type.StyleChange, QEvent.Type.PaletteChange)
        if event is not None and event.type() in changes and self.buttons:
            self._draw_marks()

    def _button(self, kind: Kind) -> QPushButton:
        button = QPushButton()
        button.setAccessibleName(DESCRIPTIONS[kind].name)
        button.setCheckable(True)
        # A click leaves the keys to the canvas: Space would put down what was taken just now.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        side = button.fontMetrics().height()
        button.setIconSize(QSize(side, side))
        self._group.addButton(button)
        return button

    def _write(self) -> None:
        for kind, button in self.buttons.items():
            reason, key, about = self._reasons[kind], self._keys[kind], DESCRIPTIONS[kind]
            # A longer key would need more room than there is.
            button.setText(f"{about.title} {key}" if len(key) == 1 else about.title)
            button.setToolTip(reason or (f"{about.does} ({key})" if key else about.does))
            button.setEnabled(not reason)

    def _draw_marks(self) -> None:
        for kind, button in self.buttons.items():
            colour = button.palette().color(button.foregroundRole())
            button.setIcon(mark_of(kind, colour, button.iconSize().height()))

    def _on_clicked(self, clicked: QAbstractButton) -> None:
        for kind, button in self.buttons.items():
            if button is clicked:
                # Pressed or not, it shows what is in hand, and that is told later.
                button.setChecked(not button.isChecked())
                self.wanted.emit(kind)
