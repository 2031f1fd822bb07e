"""How the panel was set comes back with the next one."""

import json
import logging

import numpy as np
import pytest
from fake_model import fake_tools
from napari.components import ViewerModel
from qtpy.QtCore import QObject

from napari_seg.viewer.panel import Panel
from napari_seg.viewer.panel_parts import remembered
from napari_seg.viewer.panel_parts.remembered import Remembered, remembered_path


class Part:
    def __init__(self, **settings):
        self.settings = settings

    def restore(self, settings):
        self.settings = dict(settings)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "not there yet" / "panel.json"


@pytest.fixture
def owner(qtbot):
    return QObject()


def test_settings_come_back(owner, path):
    part = Part(mm=1.0)
    first = Remembered({"brush": part}, owner, path=path)
    part.settings = {"mm": 3.5}
    first.release()
    later = Part(mm=1.0)
    Remembered({"brush": later, "new": Part()}, owner, path=path)
    assert later.settings == {"mm": 3.5}


def test_many_changes_are_kept_once_and_soon(owner, path, qtbot, monkeypatch):
    monkeypatch.setattr(remembered, "_SECONDS", 0.05)
    written = []
    monkeypatch.setattr(remembered, "write_text", lambda _path, text: written.append(text))
    part = Part(mm=1.0)
    kept = Remembered({"brush": part}, owner, path=path)
    for mm in (2.0, 3.0, 4.0):
        part.settings = {"mm": mm}
        kept.note_change()
    qtbot.waitUntil(lambda: bool(written))
    kept.release()
    assert [json.loads(text) for text in written] == [{"brush": {"mm": 4.0}}]


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"brush": 3}'], ids=["cut off", "a list", "a number"]
)
def test_a_file_that_makes_no_sense_changes_nothing(owner, path, text):
    path.parent.mkdir()
    path.write_text(text)
    part = Part(mm=1.0)
    kept = Remembered({"brush": part}, owner, path=path)
    assert part.settings == {"mm": 1.0}
    kept.release()
    assert json.loads(path.read_text()) == {"brush": {"mm": 1.0}}


def test_where_nothing_can_be_written_that_is_logged(owner, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    kept = Remembered({"brush": Part(mm=1.0)}, owner, path=tmp_path / "file" / "panel.json")
    with caplog.at_level(logging.WARNING):
        kept.release()
    assert "was not kept" in caplog.text


def test_a_panel_is_set_as_the_last_one(qtbot, preferences):
    def panel():
        panel = Panel(ViewerModel(), fake_tools())
        qtbot.addWidget(panel)
        panel._viewer.add_image(np.zeros((4, 5, 6)))
        panel._viewer.add_labels(np.zeros((4, 5, 6), np.uint8))
        return panel

    first = panel()
    assert first.tabs.section is first.segment
    first.tabs.show_section(first.edit)
    first.edit.brushes.diameter.setValue(7.5)
    first.edit.brushes.sphere.setChecked(True)
    first.comparing.toggle_contour()
    first._release()
    second = panel()
    assert second.tabs.section is second.edit
    assert second.edit.brushes.diameter.value() == 7.5
    assert second.edit.brushes.sphere.isChecked()
    assert second._viewer.layers[-1].contour == 2
    second._release()
    assert set(json.loads(remembered_path().read_text())) == {"tabs", "tools"}


def test_a_brush_that_no_labels_gave_a_size_is_not_remembered(qtbot, preferences):
    first = Panel(ViewerModel(), fake_tools())
    qtbot.addWidget(first)
    first._release()
    second = Panel(ViewerModel(), fake_tools())
    qtbot.addWidget(second)
    second._viewer.add_image(np.zeros((4, 5, 6)))
    second._viewer.add_labels(np.zeros((4, 5, 6), np.uint8))
    assert second.edit.brushes.diameter.value() == 10.0
    second._release()
