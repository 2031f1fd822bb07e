"""Finished windows lie at their true place, in as few voxels as can be."""

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from scipy.spatial.transform import Rotation

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.preview import LabelWindow
from napari_seg.viewer.layers import grid_of, image_layer, is_preview
from napari_seg.viewer.segmenting.preview import Preview

TABLE = LabelTable.from_names({1: "liver"})
SHAPE, SPACING = (24, 20, 30), (0.75, 0.8, 0.5)


def reoriented(grid, codes):
    """The same places, along other axes."""
    turn = nib.orientations.ornt_transform(
        nib.io_orientation(grid.affine), nib.orientations.axcodes2ornt(codes)
    )
    shape = nib.orientations.apply_orientation(np.zeros(grid.shape, np.int8), turn).shape
    return Geometry(shape, grid.affine @ nib.orientations.inv_ornt_aff(turn, grid.shape))


def scan_layer(codes, *, turn=None):
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = (-30, 12, 5)
    if turn is not None:
        affine[:3, :3] = turn.as_matrix() @ affine[:3, :3]
    grid = reoriented(Geometry(SHAPE, affine), codes)
    return image_layer(Scan(np.zeros(grid.shape, np.int16), grid), name="scan")


def prepared_for(grid, spacing=1.5):
    """Lay RAS voxels of another size over a grid, as preparing does."""
    grid = reoriented(grid, "RAS")
    steps = np.array(grid.spacing) / spacing
    shape = tuple(int(np.ceil(n * step)) for n, step in zip(grid.shape, steps, strict=True))
    return Geometry(shape, grid.affine @ np.diag([*(1 / steps), 1.0]))


def shown(layer, window):
    viewer = ViewerModel()
    viewer.add_layer(layer)
    preview = Preview(viewer, layer, TABLE, name="running", first=window)
    preview.add(window)
    return preview.layer


def one_voxel(layer, prepared, start=(3, 4, 5)):
    labels = np.zeros((4, 3, 2), np.uint8)
    labels[1, 2, 1] = 1
    return LabelWindow(labels, start, prepared, grid_of(layer)[0])


@pytest.mark.parametrize("codes", ["RAS", "LPI", "PIR", "SAL", "ILP"])
@pytest.mark.parametrize("turn", [None, Rotation.from_euler("z", 20, degrees=True)])
def test_a_window_lies_at_its_place_in_the_networks_own_voxels(codes, turn):
    layer = scan_layer(codes, turn=turn)
    prepared = prepared_for(grid_of(layer)[0])
    labels = shown(layer, one_voxel(layer, prepared))
    assert sorted(labels.data.shape) == sorted(prepared.shape)
    [place] = np.argwhere(labels.data)
    geometry, order = grid_of(layer)
    index = geometry.to_index(prepared.to_mm((4, 6, 6)))
    here = layer.world_to_data(labels.data_to_world(place))
    back = [
        geometry.shape[a] - 1 - h if f else h
        for a, f, h in zip(order.axes, order.flipped, here, strict=True)
    ]
    np.testing.assert_allclose(back, [index[axis] for axis in order.axes], atol=1e-6)
    assert is_preview(labels)


@pytest.mark.parametrize(
    ("scale", "translate"), [((2, 0.5, 0.5), (0, 0, 0)), ((1, 1, 3), (10, -5, 2))]
)
def test_a_layer_of_another_reader_gets_it_at_its_place_too(scale, translate):
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((30, 20, 24)), scale=scale, translate=translate, name="other")
    geometry, _ = grid_of(layer)
    prepared = prepared_for(geometry, 2.5)
    labels = shown(layer, one_voxel(layer, prepared, (0, 1, 1)))
    [place] = np.argwhere(labels.data)
    index = geometry.to_index(prepared.to_mm((1, 3, 2)))
    here = layer.world_to_data(labels.data_to_world(place))
    np.testing.assert_allclose(here[::-1], index, atol=1e-6)


def test_a_turned_grid_and_a_finer_one_are_shown_in_the_scans_voxels():
    layer = scan_layer("RAS")
    grid = grid_of(layer)[0]
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("x", 10, degrees=True).as_matrix()
    turned = Geometry(SHAPE, turn @ grid.affine)
    finer = prepared_for(grid, 0.3)
    for prepared in (turned, finer):
        window = LabelWindow(np.ones((9, 9, 9), np.uint8), (6, 6, 6), prepared, grid)
        labels = shown(layer, window)
        assert labels.data.shape == layer.data.shape
        region = tuple(slice(*span) for span in window.region)
        assert labels.data.any()
        assert grid_of(layer)[1].restore(labels.data)[region].sum() == labels.data.sum()


def test_the_selected_layer_stays_selected():
    layer = scan_layer("RAS")
    viewer = ViewerModel()
    viewer.add_layer(layer)
    mine = viewer.add_labels(np.zeros(layer.data.shape, np.uint8), name="mine")
    seen = []
    viewer.layers.selection.events.active.connect(lambda event: seen.append(event.value))
    window = one_voxel(layer, prepared_for(grid_of(layer)[0]))
    Preview(viewer, layer, TABLE, name="running", first=window)
    assert viewer.layers.selection.active is mine
    assert seen == []
