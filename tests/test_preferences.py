"""The panel and napari's page of preferences are two sides of one value."""

import logging

import numpy as np
import pytest
from fake_model import fake_tools
from napari._qt.dialogs.preferences_dialog import PreferencesDialog
from napari.components import ViewerModel
from napari.settings import get_plugin_settings
from qtpy.QtWidgets import QDoubleSpinBox
from yaml import safe_load

from napari_seg.viewer import preferences as module
from napari_seg.viewer.panel import Panel
from napari_seg.viewer.preferences import Preferences


@pytest.fixture
def panel(qtbot, preferences):
    panel = Panel(ViewerModel(), fake_tools())
    qtbot.addWidget(panel)
    panel._viewer.add_image(np.zeros((4, 5, 6)), scale=(3.0, 0.5, 0.5))
    add_labels(panel, 0.5)
    yield panel
    panel._release()


@pytest.fixture
def brushes(panel):
    return panel.edit.brushes


def add_labels(panel, size):
    return panel._viewer.add_labels(np.zeros((4, 5, 6), np.uint8), scale=(3.0, size, size))


def on_page(panel):
    return panel_free_values(get_plugin_settings("napari-seg"))


def panel_free_values(settings):
    return settings.editing.model_dump(exclude_defaults=True)


def test_what_is_set_in_the_panel_stands_on_the_page(panel, brushes, preferences, qtbot):
    brushes.diameter.setValue(7.3)
    brushes.sphere.setChecked(True)
    panel.comparing.toggle_contour()
    wanted = {"brush_mm": 7.3, "brush_sphere": True, "contours": True}
    qtbot.waitUntil(lambda: on_page(panel) == wanted)
    kept = safe_load(preferences.config_path.read_text())
    assert kept["editing"] == wanted


def test_what_is_set_on_the_page_is_so_in_the_panel(panel, brushes, preferences):
    layer = panel._viewer.layers[-1]
    preferences.editing.brush_mm = 12.5
    preferences.editing.brush_sphere = True
    preferences.editing.contour_width = 4
    assert layer.contour == 0
    preferences.editing.contours = True
    assert (brushes.diameter.value(), brushes.sphere.isChecked(), layer.contour) == (12.5, True, 4)
    preferences.editing.contour_width = 3
    assert layer.contour == 3
    preferences.editing.contours = False
    assert layer.contour == 0
    panel.comparing.toggle_contour()
    assert layer.contour == 3


def test_a_layer_with_a_contour_of_its_own_keeps_it_while_other_things_are_set(panel, preferences):
    layer = add_labels(panel, 0.5)
    own = panel._viewer.add_labels(np.zeros((4, 5, 6), np.uint8), scale=(3.0, 0.5, 0.5))
    own.contour = 6
    panel._viewer.layers.selection.active = layer
    layer.contour = 0
    panel._viewer.layers.selection.active = own
    preferences.editing.brush_mm = 3.0
    preferences.editing.history_mb = 100
    assert own.contour == 6


def test_until_one_is_chosen_brushes_are_as_large_as_suits_the_labels(panel, brushes, preferences):
    assert brushes.diameter.value() == 5.0
    add_labels(panel, 2.0)
    assert brushes.diameter.value() == 20.0
    assert on_page(panel) == {}
    preferences.editing.brush_mm = 8.0
    add_labels(panel, 0.5)
    assert brushes.diameter.value() == 8.0
    preferences.editing.brush_mm = 0.0
    assert brushes.diameter.value() == 5.0


def test_what_was_chosen_last_is_kept_when_the_panel_is_closed(panel, brushes):
    brushes.diameter.setValue(9.0)
    panel._release()
    assert on_page(panel) == {"brush_mm": 9.0}


def test_two_panels_are_set_alike(panel, brushes, qtbot):
    other = Panel(ViewerModel(), fake_tools())
    qtbot.addWidget(other)
    brushes.diameter.setValue(3.3)
    brushes.sphere.setChecked(True)
    qtbot.waitUntil(lambda: other.edit.brushes.sphere.isChecked())
    assert other.edit.brushes.diameter.value() == 3.3
    other._release()


def test_the_page_itself_changes_the_panel_and_its_cancel_takes_that_back(
    panel, brushes, preferences, qtbot
):
    brushes.diameter.setValue(6.0)
    qtbot.waitUntil(lambda: preferences.editing.brush_mm == 6.0)
    dialog = PreferencesDialog()
    qtbot.addWidget(dialog)
    [box] = [each for each in dialog.findChildren(QDoubleSpinBox) if each.value() == 6.0]
    assert (box.minimum(), box.maximum()) == (0.0, 500.0)
    box.setValue(250.0)
    assert brushes.diameter.value() == 250.0
    brushes.diameter.setValue(40.0)
    qtbot.waitUntil(lambda: box.value() == 40.0)
    dialog.reject()
    assert brushes.diameter.value() == 6.0


def test_many_changes_are_written_once(preferences, qtbot, monkeypatch):
    monkeypatch.setattr(module, "_WRITE_AFTER_MS", 20)
    written = []
    preferences.editing.events.brush_mm.connect(lambda event: written.append(event.value))
    ours = Preferences("editing")
    for size in (1.0, 2.0, 3.0):
        ours.choose("brush_mm", size)
        assert ours.value("brush_mm", 0.0) == size
    qtbot.waitUntil(lambda: bool(written))
    assert written == [3.0]
    ours.choose("brush_mm", 4.0)
    ours.choose("brush_mm", 3.0)
    ours.release()
    assert written == [3.0]


def test_where_nothing_can_be_written_that_is_logged(preferences, qtbot, caplog, monkeypatch):
    monkeypatch.setattr(type(preferences), "save", _fail)
    ours = Preferences("editing")
    ours.choose("brush_mm", 4.0)
    with caplog.at_level(logging.WARNING):
        ours.release()
    assert "was not kept: disk full" in caplog.text


def test_a_plugin_that_is_not_installed_keeps_choices_for_as_long_as_it_runs(
    npe2pm, plugin_settings, qtbot
):
    ours = Preferences("editing")
    assert ours.value("brush_mm", 0.0) == 0.0
    ours.choose("brush_mm", 4.0)
    assert ours.value("brush_mm", 0.0) == 4.0
    ours.release()


def _fail(_self):
    raise OSError("disk full")
