"""A scan that lies elsewhere than what is shown is brought into view, in a real window."""

import numpy as np
import pytest
from fake_model import fake_tools
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase

from napari_seg.imaging.files import write_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.viewer.panel import Panel

SHAPE = (30, 24, 20)


@pytest.fixture
def viewer(make_napari_viewer):
    yield make_napari_viewer(show=True)
    WorkerBase.await_workers(5000)
    QApplication.processEvents()


@pytest.fixture(params=["panel", "napari"])
def open_scan(request, viewer, qtbot, tmp_path):
    """Write a scan that is bright all over and whose first voxel lies at RAS millimetres, and open it."""
    panel = None
    if request.param == "panel":
        panel = Panel(viewer, fake_tools())
        viewer.window.add_dock_widget(panel, name="napari-seg", area="right")

    def opened(name, place, shape=SHAPE):
        affine = np.diag([1.0, 1.0, 2.0, 1.0])
        affine[:3, 3] = place
        path = tmp_path / f"{name}.nii.gz"
        voxels = np.random.default_rng(0).normal(1100, 20, shape).astype(np.float32)
        write_scan(Scan(voxels, Geometry(shape, affine)), path)
        if panel is None:
            viewer.open(path, plugin="napari-seg")
        else:
            panel.open_path(path)
        qtbot.waitUntil(lambda: name in viewer.layers, timeout=20_000)
        QTest.qWait(50)
        layer = viewer.layers[name]
        layer.contrast_limits = (0, 500)
        return layer

    return opened


def view_of(viewer):
    camera = viewer.scene.camera
    return (viewer.dims.point, camera.zoom, tuple(camera.center))


def shows(viewer, layer):
    """Whether pixels of the canvas are white by this layer alone."""
    visible = {one: one.visible for one in viewer.layers}
    for one in viewer.layers:
        one.visible = one is layer
    QTest.qWait(50)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    for one, was_visible in visible.items():
        one.visible = was_visible
    height, width = picture.shape[:2]
    middle = picture[height // 4 : -height // 4, width // 4 : -width // 4]
    return bool((middle.min(axis=-1) > 250).mean() > 0.05)


@pytest.mark.parametrize("place", [(0, 0, 500), (-600, 0, 0), (300, -500, -900)], ids=str)
def test_a_scan_elsewhere_is_brought_into_view(viewer, open_scan, place):
    assert shows(viewer, open_scan("here", (0, 0, 0)))
    zoom = viewer.scene.camera.zoom
    there = open_scan("there", place)
    assert shows(viewer, there)
    assert viewer.scene.camera.zoom == zoom


@pytest.mark.parametrize("place", [(0, 0, 500), (0, 300, 0)], ids=["above", "in front"])
def test_what_lies_elsewhere_along_one_axis_is_shown_by_its_middle_along_all(
    viewer, open_scan, place
):
    open_scan("here", (0, 0, 0))
    camera = viewer.scene.camera
    camera.zoom *= 3
    camera.center = (0.0, -4.0, -9.0)
    QTest.qWait(30)
    zoom = camera.zoom
    there = open_scan("there", place)
    middle = there.extent.world.mean(axis=0)
    assert np.allclose(camera.center, (0.0, *middle[1:]))
    # Of an even number of slices the middle lies between two.
    assert np.all(np.abs(viewer.dims.point - middle) <= np.abs(there.scale) / 2)
    assert camera.zoom == zoom


@pytest.mark.parametrize("place", [(0, 0, 0), (-20, -12, 10)], ids=str)
def test_the_view_stays_where_a_scan_is_seen(viewer, open_scan, place):
    open_scan("here", (0, 0, 0))
    viewer.dims.set_current_step(0, 7)
    viewer.scene.camera.zoom *= 1.3
    before = view_of(viewer)
    second = open_scan("second", place)
    assert np.allclose(
        np.concatenate([np.ravel(part) for part in view_of(viewer)]),
        np.concatenate([np.ravel(part) for part in before]),
    )
    assert second.visible


def test_a_scan_beside_what_is_zoomed_in_comes_into_view(viewer, open_scan):
    open_scan("here", (0, 0, 0))
    viewer.scene.camera.zoom *= 8
    QTest.qWait(30)
    there = open_scan("there", (0, 23, 0))
    assert shows(viewer, there)


def test_a_scan_elsewhere_is_brought_into_view_in_3d(viewer, open_scan):
    open_scan("here", (0, 0, 0))
    viewer.dims.ndisplay = 3
    QTest.qWait(50)
    there = open_scan("there", (300, -500, -900))
    assert np.allclose(viewer.scene.camera.center, there.extent.world.mean(axis=0))
    before = view_of(viewer)
    open_scan("third", (300, -500, -900))
    assert view_of(viewer) == before


def test_an_image_added_by_others_moves_nothing(viewer, open_scan):
    open_scan("here", (0, 0, 0))
    before = view_of(viewer)
    viewer.add_image(np.ones((4, 5, 6)), translate=(900, 900, 900))
    assert view_of(viewer) == before
