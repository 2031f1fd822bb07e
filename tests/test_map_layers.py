import numpy as np
from fake_model import head
from napari.components import ViewerModel

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.segmenting.map_layers import show_maps
from napari_seg.viewer.segmenting.run_options import RunOptions


def shown_scan():
    viewer = ViewerModel()
    layer = image_layer(head(), name="t1")
    viewer.add_layer(layer)
    return viewer, layer


def chances(value):
    shape = (12, 10, 8)
    return Scan(np.full(shape, value, np.float32), Geometry(shape, np.diag([1.0, 2.0, 3.0, 1.0])))


def test_maps_lie_above_the_scan_and_below_what_is_above_it():
    viewer, layer = shown_scan()
    viewer.add_labels(np.zeros(layer.data.shape, int), name="labels")
    show_maps(viewer, layer, {"anterior": chances(0.5), "entropy": chances(1.2)}, classes=3)
    names = [one.name for one in viewer.layers]
    assert names == ["t1", "t1: entropy", "t1: probability of anterior", "labels"]
    assert viewer.layers["t1: probability of anterior"].contrast_limits == [0, 1]
    np.testing.assert_allclose(viewer.layers["t1: entropy"].contrast_limits, [0, np.log2(3)])
    assert np.array_equal(viewer.layers["t1: entropy"].extent.world, layer.extent.world)


def test_a_later_run_replaces_the_map_of_an_earlier_one():
    viewer, layer = shown_scan()
    first = show_maps(viewer, layer, {"anterior": chances(0.5)}, classes=3)
    second = show_maps(viewer, layer, {"anterior": chances(0.25)}, classes=3)
    assert first == second
    assert len(viewer.layers) == 2
    assert (first[0].data == 0.25).all()


def test_the_map_of_another_scan_stays():
    viewer, layer = shown_scan()
    other = image_layer(head(), name="t2")
    viewer.add_layer(other)
    show_maps(viewer, layer, {"anterior": chances(0.5)}, classes=3)
    show_maps(viewer, other, {"anterior": chances(0.25)}, classes=3)
    assert len(viewer.layers) == 4
    assert (viewer.layers["t1: probability of anterior"].data == 0.5).all()


def test_options_name_the_maps_and_the_axes(qtbot):
    options = RunOptions()
    qtbot.addWidget(options)
    options.set_labels(["anterior", "posterior"])
    assert (options.maps, options.mirrored_axes) == ((), ())
    options.certainty.setCurrentText("Entropy")
    assert options.maps == ("entropy",)
    options.certainty.setCurrentText("Probabilities")
    options.labels[0].setChecked(False)
    options.mirror.setChecked(True)
    assert (options.maps, options.mirrored_axes) == (("posterior",), (0, 1, 2))
