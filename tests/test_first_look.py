"""A result in other slices than those shown is turned to, once and only for who waits for it."""

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_seg.viewer.segmenting.first_look import FirstLook


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer()
    viewer.add_image(np.zeros((20, 30, 40)), scale=(3, 1, 1))
    viewer.dims.set_current_step(0, 10)
    return viewer


@pytest.fixture
def look(viewer):
    owner = QObject()
    look = FirstLook(viewer, owner)
    look.note_start()
    yield look
    look.cancel()
    owner.deleteLater()


def add_labels(viewer, **slices):
    data = np.zeros((20, 30, 40), np.uint8)
    for name, number in slices.items():
        data[number, 5:9, 6:12] = int(name[1:])
    return viewer.add_layer(Labels(data, scale=(3, 1, 1)))


def test_the_slice_of_the_largest_label_is_shown(viewer, look):
    centre = viewer.scene.camera.center
    look.show(add_labels(viewer, l1=3, l2=17), {1: 0.5, 2: 1.5})
    assert viewer.dims.current_step[0] == 17
    assert viewer.scene.camera.center == centre


def test_who_sees_a_label_stays(viewer, look):
    look.show(add_labels(viewer, l1=10, l2=17), {1: 0.5, 2: 1.5})
    assert viewer.dims.current_step[0] == 10


def test_who_turned_to_another_slice_stays_there(viewer, look):
    viewer.dims.set_current_step(0, 12)
    look.show(add_labels(viewer, l2=17), {2: 1.5})
    assert viewer.dims.current_step[0] == 12


def test_a_second_result_without_a_start_turns_nothing(viewer, look):
    layer = add_labels(viewer, l2=17)
    look.show(layer, {2: 1.5})
    viewer.dims.set_current_step(0, 4)
    look.show(layer, {2: 1.5})
    assert viewer.dims.current_step[0] == 4


def test_nothing_found_turns_nothing(viewer, look):
    look.show(add_labels(viewer), {1: 0.0})
    assert viewer.dims.current_step[0] == 10


def test_a_large_result_is_looked_at_beside_the_window(qtbot, viewer, look, monkeypatch):
    monkeypatch.setattr("napari_seg.viewer.search._FEW", 0)
    look.show(add_labels(viewer, l1=3), {1: 0.5})
    qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 3)


def test_a_layer_that_goes_meanwhile_is_not_turned_to(qtbot, viewer, look, monkeypatch):
    monkeypatch.setattr("napari_seg.viewer.search._FEW", 0)
    layer = add_labels(viewer, l1=3)
    look.show(layer, {1: 0.5})
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: not look._search.is_busy)
    assert viewer.dims.current_step[0] == 10
