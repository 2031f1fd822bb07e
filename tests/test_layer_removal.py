"""Layers of ours go without a collection of all garbage, which would keep the window waiting."""

import gc
import sys
import weakref

import numpy as np
import pytest
from napari.layers import Image

from napari_seg.viewer.layer_removal import remove_all_layers, remove_layer


class Knot:
    """Garbage that the collector alone can take away."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def knot():
    gc.collect()
    gc.disable()
    yield weakref.ref(Knot())
    gc.enable()


@pytest.mark.skipif(sys.platform == "win32", reason="drivers there need the collection")
@pytest.mark.parametrize("all_at_once", [False, True])
def test_a_layer_goes_and_the_garbage_stays(make_napari_viewer, knot, all_at_once):
    viewer = make_napari_viewer()
    layer = viewer.add_layer(Image(np.zeros((4, 5, 6))))
    assert knot() is not None
    if all_at_once:
        remove_all_layers(viewer)
    else:
        remove_layer(viewer, layer)
    assert list(viewer.layers) == []
    assert knot() is not None
    # What was garbage is found again afterwards.
    gc.collect()
    assert knot() is None
    assert gc.get_freeze_count() == 0


def test_a_layer_that_is_gone_is_passed_over(make_napari_viewer):
    viewer = make_napari_viewer()
    other = viewer.add_layer(Image(np.zeros((4, 5, 6))))
    remove_layer(viewer, Image(np.zeros((4, 5, 6))))
    remove_layer(viewer, None)
    assert list(viewer.layers) == [other]
