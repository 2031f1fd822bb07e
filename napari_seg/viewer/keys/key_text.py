"""Keys written as text: one way for each, whatever keyboard, Qt event or person it comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app_model.types import KeyBinding, KeyCode, KeyMod
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

_MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Meta": Qt.KeyboardModifier.MetaModifier,
}
_NAPARI_MODIFIERS = {
    "Ctrl": KeyMod.CtrlCmd,
    "Alt": KeyMod.Alt,
    "Shift": KeyMod.Shift,
    "Meta": KeyMod.WinCtrl,
}
# As a person may write them, in small letters.
_OTHER_NAMES = {
    "control": "Ctrl",
    "cmd": "Ctrl",
    "command": "Ctrl",
    "option": "Alt",
    "pageup": "PgUp",
    "pagedown": "PgDown",
    "enter": "Return",
    "escape": "Esc",
    "delete": "Del",
    "insert": "Ins",
}
_NAPARI_NAMES = {
    "PgUp": "PageUp",
    "PgDown": "PageDown",
    "Return": "Enter",
    "Esc": "Escape",
    "Del": "Delete",
    "Ins": "Insert",
}
_SAME_KEYS = {Qt.Key.Key_Backtab: Qt.Key.Key_Tab, Qt.Key.Key_Enter: Qt.Key.Key_Return}
_NO_KEYS = (
    Qt.Key.Key_unknown,
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_Meta,
)
_PORTABLE, _NATIVE = (
    QKeySequence.SequenceFormat.PortableText,
    QKeySequence.SequenceFormat.NativeText,
)


def read_key(text: str) -> str:
    """Write a key in the one way that is used here.

    Raises
    ------
    ValueError
        If it is no key, such as a modifier alone, or several keys after one another.

    Examples
    --------
    >>> read_key("shift-d"), read_key("Control+Enter"), read_key("PageUp")
    ('Shift+D', 'Ctrl+Return', 'PgUp')
    """
    # A separator is followed by something: "-" alone and the last of "Ctrl+-" are keys.
    parts = re.split(r"(?<=\w)[-+](?=.)", text.strip())
    names = [_OTHER_NAMES.get(part.strip().lower(), part.strip()) for part in parts]
    sequence = QKeySequence("+".join(names), _PORTABLE)
    if sequence.count() != 1 or sequence[0].key() in _NO_KEYS:
        raise ValueError(
            f"'{text}' is no key; write one such as A, Shift+D, PgUp or Ctrl+Enter, or nothing"
        )
    return _write(sequence[0].key(), sequence[0].keyboardModifiers())


def key_of(event: QKeyEvent) -> str:
    """Return the key of a Qt event; empty for a modifier alone."""
    key = Qt.Key(event.key())
    if key in _NO_KEYS:
        return ""
    modifiers = event.modifiers()
    if key == Qt.Key.Key_Backtab:
        modifiers |= Qt.KeyboardModifier.ShiftModifier
    return _write(key, modifiers)


def without_modifiers(key: str) -> str:
    """Return the key itself, which is let go at the end whatever was let go before it."""
    return _split(key)[1]


def shown_key(key: str) -> str:
    """Write a key for the person, as this system writes it.

    Examples
    --------
    >>> shown_key("PgDown")
    'PgDown'
    """
    text = QKeySequence(key, _PORTABLE).toString(_NATIVE)
    return text.replace("Return", "Enter")


def napari_key(key: str) -> KeyBinding | None:
    """Return what napari calls a key; None for one that it does not know."""
    modifiers, name = _split(key)
    code = KeyCode.from_string(_NAPARI_NAMES.get(name, name))
    if code == KeyCode.UNKNOWN:
        return None
    whole = int(code)
    for modifier in modifiers:
        whole |= int(_NAPARI_MODIFIERS[modifier])
    return KeyBinding.from_int(whole)


def _split(key: str) -> tuple[list[str], str]:
    *modifiers, name = re.split(r"(?<=\w)\+(?=.)", key)
    return modifiers, name


def _write(key: Qt.Key, modifiers: Qt.KeyboardModifier) -> str:
    key = _SAME_KEYS.get(key, key)
    name = QKeySequence(key).toString(_PORTABLE)
    held = [each for each, flag in _MODIFIERS.items() if modifiers & flag]
    if len(name) == 1 and not name.isalpha() and "Shift" in held:
        # It made the character: "?" is Shift and another key on each keyboard.
        held.remove("Shift")
    return "+".join([*held, name])
