"""Every action has its entry in the menus, in the command palette and among the preferences."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from fake_model import fake_tools
from napari.components import ViewerModel
from napari.settings import get_plugin_settings
from npe2 import PluginManifest

import napari_seg
from napari_seg.viewer.keys.key_text import read_key
from napari_seg.viewer.panel import Panel

MARK = "napari_seg.viewer.action_commands:"
HOW = "run scripts/write_manifest.py"


@pytest.fixture
def manifest():
    return PluginManifest.from_file(Path(napari_seg.__file__).with_name("napari.yaml"))


@pytest.fixture
def actions(qtbot):
    panel = Panel(ViewerModel(), fake_tools())
    qtbot.addWidget(panel)
    yield {action.name: action for action in panel.keys.actions}
    panel._release()


def test_names_and_keys_are_used_once(actions, qtbot):
    assert len(actions) > 5
    keys = Counter(read_key(action.key) for action in actions.values() if action.key)
    assert max(keys.values()) == 1, keys


def test_every_action_is_a_command_and_the_reverse(manifest, actions):
    commands = {
        command.python_name.removeprefix(MARK): command.title
        for command in manifest.contributions.commands
        if str(command.python_name).startswith(MARK)
    }
    assert commands == {name: action.full_title for name, action in actions.items()}, HOW


def test_there_is_a_command_for_every_action_and_for_nothing_else(actions):
    commands = import_module("napari_seg.viewer.action_commands")
    assert set(actions) == commands.NAMES, HOW
    assert commands.clear_slice.__name__ == "clear_slice"
    with pytest.raises(AttributeError, match="no attribute 'clear_slices'"):
        commands.clear_slices  # noqa: B018 - asking is what is tested


def test_every_action_is_in_one_menu_under_annotate(manifest, actions):
    contributions = manifest.contributions
    names = {each.id: each.python_name.removeprefix(MARK) for each in contributions.commands}
    labels = {each.id: each.label for each in contributions.submenus}
    entries = contributions.menus["napari/layers/annotate"]
    found = [
        (names[item.command], labels[entry.submenu].removesuffix(" (napari-seg)"))
        for entry in entries
        if hasattr(entry, "submenu")
        for item in contributions.menus[entry.submenu]
    ]
    # A submenu for one entry would be a click too many.
    alone = [names[entry.command] for entry in entries if hasattr(entry, "command")]
    counts = Counter(action.group for action in actions.values())
    assert set(alone) == {name for name, act in actions.items() if counts[act.group] == 1}, HOW
    found += [(name, actions[name].group) for name in alone]
    assert sorted(found) == sorted((name, act.group) for name, act in actions.items()), HOW


def test_every_key_can_be_changed(npe2pm, plugin_settings, manifest, actions):
    npe2pm.register(manifest)
    keys = get_plugin_settings("napari-seg").keys.model_dump()
    assert keys == {name: action.key or "" for name, action in actions.items()}, HOW


def test_a_command_opens_the_panel_once_and_acts_in_it(
    make_napari_viewer, npe2pm, manifest, monkeypatch
):
    npe2pm.register(manifest)
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.zeros((6, 8, 10)))
    commands = import_module("napari_seg.viewer.action_commands")
    for order in ((1, 0, 2), (2, 0, 1)):
        commands.next_plane()
        assert viewer.dims.order == order
    window = viewer.window._qt_window
    [panel] = window.findChildren(Panel)
    viewer.window.remove_dock_widget(panel)
    commands.next_plane()
    assert viewer.dims.order == (0, 1, 2)
    [panel] = [each for each in window.findChildren(Panel) if each.is_of(viewer)]
    viewer.window.remove_dock_widget(panel)


def test_a_command_without_a_window_says_so():
    commands = import_module("napari_seg.viewer.action_commands")
    with pytest.raises(ValueError, match="open a napari viewer first"):
        commands.next_plane()
