"""The whole slice stays in view while the canvas changes its size, in a real window."""

import numpy as np
import pytest
from fake_model import fake_tools
from napari.settings import get_plugin_settings
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.panel import Panel

SHAPE = (60, 80, 30)
# The wide window has room at the sides of the slice, the high one above and below it.
WIDE, HIGH = (1300, 500), (900, 900)


@pytest.fixture
def viewer(make_napari_viewer):
    yield make_napari_viewer(show=True)
    WorkerBase.await_workers(5000)
    QApplication.processEvents()


@pytest.fixture
def open_panel(viewer):
    def opened():
        panel = Panel(viewer, fake_tools())
        viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
        settle(viewer)
        return panel

    return opened


def add_scan(viewer, place=(0, 0, 0)):
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[:3, 3] = place
    scan = Scan(np.zeros(SHAPE, np.int16), Geometry(SHAPE, affine))
    return viewer.add_layer(image_layer(scan, name="scan"))


def settle(viewer):
    """Let the canvas come to the size that it keeps."""
    sizes = []
    while len(sizes) < 100 and (len(sizes) < 15 or len(set(sizes[-15:])) > 1):
        QTest.qWait(10)
        sizes.append(tuple(viewer.canvas.size))


def resize(viewer, size):
    viewer.window.resize(*size)
    settle(viewer)


def is_whole(viewer):
    """Whether the slice fills the canvas along one side and is cut at none: napari leaves 5 %."""
    low, high = viewer.layers[0].extent.world
    rows, columns = viewer.dims.displayed
    # From the middle of the first voxel to that of the last are all but one.
    sizes = np.array([high[axis] - low[axis] for axis in (rows, columns)]) + 1
    camera = viewer.scene.camera
    middle = (low[[rows, columns]] + high[[rows, columns]]) / 2
    filled = sizes * camera.zoom / np.array(viewer.canvas.size)
    return bool(abs(filled.max() - 0.95) < 0.01 and np.allclose(camera.center[-2:], middle))


def view_of(viewer):
    camera = viewer.scene.camera
    return (camera.zoom, *camera.center[-2:])


@pytest.mark.parametrize("first", ["the scan", "the panel"])
@pytest.mark.parametrize("sizes", [(WIDE, HIGH), (HIGH, WIDE)], ids=["higher", "wider"])
def test_a_slice_stays_whole_in_every_size_of_the_window(viewer, open_panel, first, sizes):
    resize(viewer, sizes[0])
    if first == "the scan":
        add_scan(viewer)
        settle(viewer)
        open_panel()
    else:
        open_panel()
        add_scan(viewer)
        settle(viewer)
    assert is_whole(viewer)
    resize(viewer, sizes[1])
    assert is_whole(viewer)


def test_a_scan_that_was_fitted_to_another_size_is_whole_once_the_panel_is_docked(
    viewer, open_panel
):
    resize(viewer, (1500, 950))
    add_scan(viewer)
    resize(viewer, (1000, 420))
    assert not is_whole(viewer)
    open_panel()
    assert is_whole(viewer)


def test_several_scans_are_whole_too(viewer, open_panel):
    resize(viewer, WIDE)
    add_scan(viewer)
    # It reaches 10 mm farther to the patient's left.
    add_scan(viewer, (-10, 0, 0))
    open_panel()
    resize(viewer, HIGH)
    shown = np.array(viewer.canvas.size) / viewer.scene.camera.zoom
    assert shown[1] > SHAPE[0] + 10
    assert shown.min() < 1.2 * (SHAPE[1])


@pytest.mark.parametrize("moment", ["before the panel", "after it"])
@pytest.mark.parametrize("act", ["zoom", "pan"])
def test_a_view_that_a_person_moved_stays(viewer, open_panel, moment, act):
    resize(viewer, WIDE)
    add_scan(viewer)
    if moment == "after it":
        open_panel()
    camera = viewer.scene.camera
    # About a cursor at the side, as a person does it.
    camera.zoom *= 1.2 if act == "zoom" else 1
    camera.center = (0.0, camera.center[1] + 3, camera.center[2] - 4)
    before = view_of(viewer)
    if moment == "before the panel":
        open_panel()
    resize(viewer, HIGH)
    assert view_of(viewer) == pytest.approx(before)
    viewer.reset_view()
    assert is_whole(viewer)
    resize(viewer, WIDE)
    assert is_whole(viewer)


def test_with_naparis_mouse_its_own_behaviour_is_back(viewer, open_panel):
    resize(viewer, WIDE)
    add_scan(viewer)
    open_panel()
    settings = get_plugin_settings("napari-seg").viewing
    settings.radiology_mouse = False
    try:
        before = view_of(viewer)
        resize(viewer, HIGH)
        assert view_of(viewer) == pytest.approx(before)
    finally:
        settings.radiology_mouse = True


def test_with_the_panel_closed_naparis_own_behaviour_is_back(viewer, open_panel):
    resize(viewer, HIGH)
    add_scan(viewer)
    panel = open_panel()
    before = view_of(viewer)
    viewer.window.remove_dock_widget(panel)
    settle(viewer)
    resize(viewer, WIDE)
    assert view_of(viewer) == pytest.approx(before)


@pytest.mark.parametrize("three_views", [True, False], ids=["three views", "one view"])
def test_the_slice_stays_the_same_through_3d_and_back(viewer, open_panel, three_views):
    resize(viewer, WIDE)
    layer = add_scan(viewer)
    panel = open_panel()
    if three_views:
        panel.viewing.three_views.open()
        settle(viewer)
    viewer.dims.set_current_step(0, 4)
    for ndisplay in (3, 2):
        viewer.dims.ndisplay = ndisplay
        settle(viewer)
    assert viewer.dims.current_step[0] == 4
    assert viewer.dims.point[0] == pytest.approx(layer.data_to_world((4, 0, 0))[0])
    assert is_whole(viewer)
    if three_views:
        panel.viewing.three_views.close()
        settle(viewer)
        assert is_whole(viewer)
