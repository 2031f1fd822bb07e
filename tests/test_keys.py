"""Which key does what, without a window."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.settings import get_plugin_settings
from napari.utils.action_manager import action_manager
from npe2 import PluginManifest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent

import napari_seg
from napari_seg.viewer.actions import Action
from napari_seg.viewer.keys import KeyBindings
from napari_seg.viewer.keys.key_text import key_of, napari_key, read_key, shown_key

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
PLAIN, KEYPAD = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def done():
    return []


@pytest.fixture
def bind(viewer, done):
    made = []

    def bind(*actions):
        made.append(KeyBindings(viewer, actions))
        return made[-1]

    yield bind
    for one in made:
        one.release()


@pytest.fixture
def act(done):
    def act(name, key, **options):
        if options.pop("held", False):
            options["stop"] = lambda: done.append(f"no {name}")
        return Action(name, name.title(), "Group", key, lambda: done.append(name), **options)

    return act


@pytest.fixture
def free_labels(monkeypatch):
    """Labels as in a program that bound nothing."""
    monkeypatch.setattr(Labels, "class_keymap", {})
    return Labels.class_keymap


# As text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a", "A"),
        ("shift-d", "Shift+D"),
        ("Shift+D", "Shift+D"),
        ("PageUp", "PgUp"),
        ("pgdown", "PgDown"),
        ("Control+Enter", "Ctrl+Return"),
        ("Shift-Ctrl-K", "Ctrl+Shift+K"),
        (",", ","),
        ("-", "-"),
        ("+", "+"),
        ("Ctrl+-", "Ctrl+-"),
        ("?", "?"),
        ("Shift+?", "?"),
        ("Shift+Tab", "Shift+Tab"),
        (" f5 ", "F5"),
        ("ä", "Ä"),
    ],
)
def test_a_key_is_written_in_one_way(text, key):
    assert read_key(text) == key
    assert read_key(key) == key


@pytest.mark.parametrize("text", ["", "Foo", "Shift", "Ctrl+", "A, B", "Shift+Foo"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="is no key; write one such as A"):
        read_key(text)


@pytest.mark.parametrize(
    ("pressed", "modifiers", "key"),
    [
        (Qt.Key.Key_D, SHIFT, "Shift+D"),
        (Qt.Key.Key_Question, SHIFT, "?"),
        (Qt.Key.Key_Comma, PLAIN, ","),
        (Qt.Key.Key_Backtab, SHIFT, "Shift+Tab"),
        (Qt.Key.Key_Backtab, PLAIN, "Shift+Tab"),
        (Qt.Key.Key_Enter, CTRL | KEYPAD, "Ctrl+Return"),
        (Qt.Key.Key_PageDown, PLAIN, "PgDown"),
        (Qt.Key.Key_Shift, SHIFT, ""),
    ],
)
def test_a_pressed_key_is_written_in_the_same_way(pressed, modifiers, key):
    assert key_of(QKeyEvent(QEvent.Type.KeyPress, pressed, modifiers)) == key


@pytest.mark.parametrize(
    ("key", "same"),
    [("Shift+D", "Shift+D"), ("PgUp", "PageUp"), (",", ","), ("Ctrl+Return", "Ctrl+Enter")],
)
def test_napari_knows_a_key_by_its_own_name(key, same):
    assert str(napari_key(key)) == same


def test_a_key_that_napari_does_not_know_has_no_name_there():
    assert napari_key("?") is None


def test_the_person_reads_enter():
    assert shown_key("Ctrl+Return").endswith("Enter")


# Pressed


def test_a_key_does_its_action_once(bind, act, done):
    keys = bind(act("clear", "Shift+D"), act("delete", "D"))
    assert keys.press("Shift+D")
    assert done == ["clear"]
    assert keys.press("Shift+D", is_repeat=True)
    assert done == ["clear"]


def test_another_key_is_left_to_others(bind, act, done):
    assert not bind(act("clear", "Shift+D"), act("menu", None)).press("K")
    assert done == []


def test_a_key_that_repeats_goes_on(bind, act, done):
    keys = bind(act("next", "PageDown", repeats=True))
    keys.press("PgDown")
    keys.press("PgDown", is_repeat=True)
    assert done == ["next", "next"]


def test_a_key_with_nothing_to_do_is_left_to_others(bind, act, done):
    assert not bind(act("next", "Tab", can_run=lambda: False)).press("Tab")
    assert done == []


def test_a_held_key_ends_when_it_goes_up(bind, act, done):
    keys = bind(act("hide", "Shift+H", held=True))
    assert keys.press("Shift+H")
    assert keys.press("Shift+H", is_repeat=True)
    assert done == ["hide"]
    # Shift was let go first.
    assert not keys.lift("K")
    assert keys.lift("H")
    assert done == ["hide", "no hide"]
    assert not keys.lift("H")


@pytest.mark.parametrize("ending", ["lose_keys", "release", "let_go"])
def test_a_held_key_ends_when_the_keyboard_is_lost(bind, act, done, ending):
    keys = bind(act("hide", "H", held=True))
    keys.press("H")
    getattr(keys, ending)()
    assert done == ["hide", "no hide"]
    keys.lift("H")
    assert done == ["hide", "no hide"]


def test_by_a_menu_a_held_action_goes_on_until_it_is_asked_for_again(bind, act, done):
    keys = bind(act("hide", "H", held=True))
    keys.run("hide")
    keys.lose_keys()
    assert done == ["hide"]
    keys.run("hide")
    assert done == ["hide", "no hide"]


def test_another_held_key_ends_the_first(bind, act, done):
    keys = bind(act("hide", "H", held=True), act("show", "Y", held=True))
    keys.press("H")
    keys.press("Y")
    keys.lift("H")
    keys.lift("Y")
    assert done == ["hide", "no hide", "show", "no show"]


def test_an_action_is_done_by_name(bind, act, done):
    bind(act("clear", None)).run("clear")
    assert done == ["clear"]


def test_released_keys_do_nothing(bind, act, done):
    keys = bind(act("clear", "K"))
    keys.release()
    assert not keys.press("K")
    assert done == []


# Whose key it is


def test_a_free_key_is_ours(bind, act, free_labels):
    keys = bind(act("clear", "PageUp"))
    assert keys.key_text("clear") == shown_key("PgUp")
    assert keys.note("clear") == ""


def _of_viewer(viewer, key, function):
    viewer.bind_key(key, function)


def _of_kind(viewer, key, function):
    ViewerModel.bind_key(key, function)


def _of_labels(viewer, key, function):
    Labels.bind_key(key, function)


@pytest.mark.parametrize("bind_elsewhere", [_of_viewer, _of_kind, _of_labels])
@pytest.mark.parametrize("first", [True, False], ids=["bound before", "bound after"])
def test_a_key_that_another_has_is_theirs(
    viewer, bind, act, done, free_labels, monkeypatch, bind_elsewhere, first
):
    monkeypatch.setattr(ViewerModel, "class_keymap", {})
    viewer.add_labels(np.zeros((3, 4), np.uint8))

    def their_own(_viewer):
        raise AssertionError("it is napari that calls it")

    if first:
        bind_elsewhere(viewer, "K", their_own)
    keys = bind(act("keep", "K"))
    if not first:
        bind_elsewhere(viewer, "K", their_own)
    assert not keys.press("K")
    assert done == []
    assert keys.key_text("keep") == ""
    assert keys.note("keep") == "K is taken (test_keys: their own)"


def test_a_key_that_was_given_back_is_ours_again(viewer, bind, act, done):
    viewer.bind_key("K", print)
    keys = bind(act("keep", "K"))
    assert not keys.press("K")
    viewer.bind_key("K", None)
    assert keys.press("K")


def test_keys_of_another_kind_of_layer_are_theirs_while_it_is_selected(
    viewer, bind, act, done, monkeypatch
):
    shapes = viewer.add_shapes()
    labels = viewer.add_labels(np.zeros((3, 4), np.uint8))
    monkeypatch.setattr(type(shapes), "class_keymap", {napari_key("D"): print})
    keys = bind(act("delete", "D"))
    viewer.layers.selection.active = shapes
    assert not keys.press("D")
    viewer.layers.selection.active = labels
    assert keys.press("D")
    assert keys.note("delete") == ""


def test_a_blocked_key_does_nothing(viewer, bind, act, done):
    viewer.bind_key("K", ...)
    keys = bind(act("keep", "K"))
    assert not keys.press("K")
    assert keys.note("keep") == "K is taken (nothing)"


def test_a_layer_that_catches_all_keys_has_them(viewer, bind, act, done):
    labels = viewer.add_labels(np.zeros((3, 4), np.uint8))
    labels.bind_key(..., print)
    assert not bind(act("keep", "K")).press("K")


def test_what_napari_does_in_3d_alone_takes_no_key_from_slices(
    viewer, bind, act, done, monkeypatch
):
    image = viewer.add_image(np.zeros((3, 4, 5)))

    def orient_plane_normal_along_view_direction(_layer):
        raise AssertionError("it is napari that calls it")

    monkeypatch.setattr(
        type(image), "class_keymap", {napari_key("O"): orient_plane_normal_along_view_direction}
    )
    keys = bind(act("turn", "O"))
    assert keys.press("O")
    viewer.dims.ndisplay = 3
    assert not keys.press("O")


def test_of_two_of_ours_the_first_has_the_key(bind, act, done):
    keys = bind(act("keep", "K"), act("kill", "k"))
    keys.press("K")
    assert done == ["keep"]
    assert keys.key_text("kill") == ""
    assert keys.note("kill") == "K is “Keep”"


# What the person chose


@pytest.fixture
def chosen(npe2pm, plugin_settings):
    npe2pm.register(PluginManifest.from_file(Path(napari_seg.__file__).with_name("napari.yaml")))
    return get_plugin_settings("napari-seg").keys


def test_another_key_is_bound_at_once(bind, act, done, chosen):
    keys = bind(act("next_window", "W"))
    told = []
    keys.changed.connect(lambda: told.append(keys.key("next_window")))
    chosen.next_window = "Shift+W"
    assert told[-1] == "Shift+W"
    assert keys.press("Shift+W")
    assert not keys.press("W")
    keys.release()
    chosen.next_window = "W"
    assert told[-1] == "Shift+W"


def test_no_key_leaves_it_to_others(bind, act, chosen):
    keys = bind(act("next_window", "W"))
    chosen.next_window = ""
    assert not keys.press("W")
    assert keys.note("next_window") == ""


def test_what_is_no_key_is_said(bind, act, chosen):
    keys = bind(act("next_window", "W"))
    chosen.next_window = "Wheel"
    assert not keys.press("W")
    assert keys.note("next_window").startswith("'Wheel' is no key")


def test_a_key_that_the_person_gave_to_another_of_ours_goes_there(bind, act, done, chosen):
    keys = bind(act("next_window", "W"), act("next_plane", "O"))
    chosen.next_plane = "W"
    keys.press("W")
    assert done == ["next_plane"]
    assert keys.note("next_window") == "W is “Next_Plane”"


def test_they_are_freed(viewer, act):
    keys = KeyBindings(viewer, [act("keep", "K")])
    gone = weakref.ref(keys)
    keys.release()
    del keys
    gc.collect()
    assert gone() is None


def test_many_keys_that_napari_binds_anew_are_looked_at_once(bind, act, qtbot):
    # As it does for each canvas: with three views that took ten seconds.
    keys = bind(act("next_window", "W"))
    told = []
    keys.changed.connect(lambda: told.append("changed"))
    for _ in range(200):
        action_manager.events.shortcut_changed(name="napari:undo", shortcut="Ctrl+Z")
    qtbot.waitUntil(lambda: bool(told))
    qtbot.wait(20)
    assert told == ["changed"]
    action_manager.events.shortcut_changed(name="napari:undo", shortcut="Ctrl+Z")
    keys.release()
    qtbot.wait(20)
    assert told == ["changed"]
    assert keys.key("next_window") == ""


def test_what_comes_first_has_a_key_of_others_while_there_is_something_to_do(
    viewer, bind, act, done
):
    viewer.bind_key("K", lambda _viewer: done.append("theirs"))
    there_is = []
    bindings = bind(act("ours", "K", can_run=lambda: bool(there_is), comes_first=True))
    assert bindings.key_text("ours") == "K"
    assert not bindings.press("K")
    there_is.append(1)
    assert bindings.press("K")
    assert done == ["ours"]
