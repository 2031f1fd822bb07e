"""Save, Discard or Cancel: asked before unsaved labels go."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMessageBox, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence


class Answer(Enum):
    """What to do with unsaved changes."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


def ask(window: QWidget | None, names: Sequence[str], *, doing: str) -> Answer:
    """Ask what to do with unsaved changes; closing the question means Cancel.

    Parameters
    ----------
    window
        That the question belongs to.
    names
        Of the layers that have such changes.
    doing
        What is about to happen, such as ``"closing the window"``.
    """
    box = QMessageBox(window)
    box.setObjectName("napari-seg-unsaved")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("napari-seg")
    listed = "\n".join(f"    {name}" for name in names)
    box.setText(f"Save the changes of these labels before {doing}?\n\n{listed}")
    buttons = QMessageBox.StandardButton
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.setDefaultButton(buttons.Save)
    box.setEscapeButton(buttons.Cancel)
    answer = buttons(box.exec())
    box.deleteLater()
    return {buttons.Save: Answer.SAVE, buttons.Discard: Answer.DISCARD}.get(answer, Answer.CANCEL)
