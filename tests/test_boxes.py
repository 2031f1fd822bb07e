import numpy as np
import pytest
from fake_model import head
from napari.components import ViewerModel

from napari_seg.viewer.layers import image_layer, scan_of
from napari_seg.viewer.segmenting.boxes import (
    box_around,
    box_of_rectangle,
    outline,
    size_mm,
    through_axis,
)


@pytest.fixture
def layer():
    """12×10×8 voxels of 1×2×3 mm, shown as (z, y, x) from the far corner."""
    return ViewerModel().add_layer(image_layer(head(), name="head"))


def world_of(layer, index):
    marked = np.zeros((12, 10, 8))
    marked[index] = 1
    shown = image_layer(scan_of(layer).with_array(marked), name="mark")
    return shown.data_to_world(np.argwhere(shown.data)[0])


def test_a_box_in_mm_lies_around_its_centre(layer):
    region = box_around(layer, world_of(layer, (5, 4, 3)), (9, 6, 3))
    assert region == ((4, 7), (3, 6), (2, 5))
    assert size_mm(layer, region) == (9, 6, 3)


def test_a_box_is_cut_at_the_edge_of_the_scan(layer):
    assert box_around(layer, world_of(layer, (0, 0, 0)), (9, 6, 3)) == ((0, 2), (0, 2), (0, 2))


def test_a_box_far_away_is_refused(layer):
    with pytest.raises(ValueError, match="no voxel of the scan"):
        box_around(layer, (900, 900, 900), (9, 6, 3))


def test_a_box_is_never_thinner_than_a_voxel(layer):
    region = box_around(layer, world_of(layer, (5, 4, 3)), (1, 1, 1))
    assert region == ((5, 6), (4, 5), (3, 4))


def test_a_rectangle_goes_through_the_chosen_slices(layer):
    corners = [world_of(layer, (i, j, 5)) for i, j in ((2, 3), (2, 7), (6, 7), (6, 3))]
    # Slices are counted from the top: 1 and 4 of 8 are k = 6 and 3.
    assert box_of_rectangle(layer, corners, (1, 4), through=0) == ((2, 7), (3, 8), (3, 7))


def test_a_rectangle_in_a_coronal_view_goes_through_coronal_slices(layer):
    corners = [world_of(layer, (i, 5, k)) for i, k in ((2, 3), (2, 6), (6, 6), (6, 3))]
    assert box_of_rectangle(layer, corners, (0, 1), through=1) == ((2, 7), (8, 10), (3, 7))


def test_the_outline_runs_along_the_voxels_edges_on_each_slice(layer):
    rectangles = outline(layer, ((2, 7), (3, 8), (3, 7)), through=0)
    assert [rectangle[0, 0] for rectangle in rectangles] == [1, 2, 3, 4]
    assert np.ptp(rectangles[0], axis=0) == pytest.approx((0, 5, 5))


def test_slices_follow_each_other_along_what_is_not_shown(layer):
    viewer = ViewerModel()
    viewer.add_layer(layer)
    assert through_axis(viewer) == 0
    viewer.dims.order = (1, 0, 2)
    assert through_axis(viewer) == 1
