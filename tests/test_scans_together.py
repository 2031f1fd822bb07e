"""Scans that are open together show one point in the patient at one place, or a notice says not."""

from itertools import combinations, permutations, product

import nibabel
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_seg.imaging.files import read_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan, Source
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.opening.scans_together import mismatches


def straight(axes, signs, spacing, shape, origin):
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for column, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[axis, column] = sign * spacing[column]
    affine[:3, 3] = origin
    return Geometry(shape, affine)


def turn(degrees):
    radians = np.radians(degrees)
    turned = np.eye(4)
    turned[:2, :2] = [
        [np.cos(radians), -np.sin(radians)],
        [np.sin(radians), np.cos(radians)],
    ]
    return turned


def shear(amount):
    sheared = np.eye(4)
    sheared[1, 2] = amount
    return sheared


def layer_of(geometry, name="x", frame=None):
    scan = Scan(np.zeros(geometry.shape, np.uint8), geometry, source=Source(frame=frame))
    return image_layer(scan, name=name)


def shown_at(layer, geometry, mm):
    """Tell where a layer shows a point of the patient, by the affine and the layer alone."""
    index = np.linalg.inv(geometry.affine) @ (*mm, 1)
    order = layer.metadata["napari_seg"]["order"]
    shown = [
        geometry.shape[axis] - 1 - index[axis] if flip else index[axis]
        for axis, flip in zip(order.axes, order.flipped, strict=True)
    ]
    return np.array(layer.data_to_world(shown))


def worst_gap(first, second):
    """Measure how far apart two layers show the corners of the first grid."""
    ends = np.array(first.shape) - 1
    corners = [first.affine @ (*(ends * corner), 1) for corner in product((0, 1), repeat=3)]
    layers = layer_of(first), layer_of(second)
    return max(
        np.linalg.norm(shown_at(layers[0], first, c[:3]) - shown_at(layers[1], second, c[:3]))
        for c in corners
    )


GRIDS = {
    "straight": straight((0, 1, 2), (1, 1, 1), (1, 1, 1), (20, 22, 18), (-10, -11, -9)),
    "other order": straight((2, 0, 1), (-1, 1, -1), (2, 0.5, 3), (9, 40, 8), (-8, 12, 9)),
    "far away": straight((1, 0, 2), (1, -1, 1), (1, 1, 2), (15, 15, 9), (300, 200, -400)),
    "turned a little": Geometry((20, 22, 18), turn(0.05) @ np.diag([1.0, 1, 1, 1])),
    "turned": Geometry((20, 22, 18), turn(12) @ np.diag([1.0, 1, 1, 1])),
    "sheared": Geometry((20, 22, 18), np.diag([1.0, 1, 2, 1]) @ shear(0.3)),
}


@pytest.mark.parametrize(("first", "second"), list(combinations(GRIDS, 2)))
def test_two_scans_show_a_point_within_half_a_voxel_or_a_notice_gives_the_error(first, second):
    one, other = GRIDS[first], GRIDS[second]
    gap = worst_gap(one, other)
    layer = layer_of(one, "one")
    found = mismatches(layer, [layer, layer_of(other, "other")])
    if gap <= min(*one.spacing, *other.spacing) / 2:
        assert not found
        return
    [mismatch] = found
    assert mismatch.can_resample
    said = float(mismatch.message.removesuffix(" mm").rpartition(" ")[2])
    assert said == pytest.approx(gap, rel=0.05, abs=0.06)


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_straight_scans_of_any_order_show_every_point_at_one_place(axes):
    for signs in product((1, -1), repeat=3):
        other = straight(axes, signs, (1.5, 0.7, 2.2), (8, 9, 10), (3, -40, 12))
        assert worst_gap(GRIDS["straight"], other) < 1e-9


def test_parts_of_one_sheared_grid_show_every_point_at_one_place():
    whole = GRIDS["sheared"]
    part = whole.crop(((3, 12), (4, 20), (5, 15)))
    assert worst_gap(part, whole) < 1e-9
    assert mismatches(layer_of(part), [layer_of(whole)]) == []


@pytest.mark.parametrize(
    ("frames", "is_told"),
    [
        (("scanner", "scanner"), False),
        (("dicom:1", "dicom:2"), True),
        (("scanner", "mni"), True),
        (("scanner", None), False),
        ((None, None), False),
    ],
)
def test_scans_of_two_frames_of_reference_are_not_registered(frames, is_told):
    one = layer_of(GRIDS["straight"], "one", frames[0])
    other = layer_of(GRIDS["straight"], "other", frames[1])
    found = mismatches(one, [one, other])
    assert bool(found) == is_told
    for mismatch in found:
        assert mismatch.message.startswith("not registered to 'other'")
        assert not mismatch.can_resample


@pytest.mark.parametrize(
    "frames", [("scanner", "dicom:1"), ("aligned", "scanner"), ("mni", "aligned")]
)
def test_frames_that_may_be_one_are_told_mildly_unless_the_voxels_are_the_same(frames):
    grid = GRIDS["straight"]
    one = layer_of(grid, "one", frames[0])
    part = layer_of(grid.crop(((3, 9), (0, 22), (4, 18))), "part", frames[1])
    assert mismatches(part, [one, part]) == []
    other = layer_of(GRIDS["other order"], "other", frames[1])
    for layer in (one, other):
        [found] = mismatches(layer, [one, other])
        assert found.message.startswith("may not be registered to")
        assert found.can_resample


def test_layers_of_other_readers_say_nothing_of_their_place():
    viewer = ViewerModel()
    foreign = viewer.add_image(np.zeros((4, 5, 6)), name="foreign")
    ours = viewer.add_layer(layer_of(GRIDS["turned"]))
    assert mismatches(ours, viewer.layers) == []
    assert mismatches(foreign, viewer.layers) == []


def test_real_scans_overlay_by_the_affines_that_nibabel_reads(shared_data):
    paths = [shared_data / "ct" / name for name in ("torso_ct.nii.gz", "torso_ct_labels.nii.gz")]
    scans = [read_scan(path) for path in paths]
    layers = [image_layer(scan, name=path.name) for scan, path in zip(scans, paths, strict=True)]
    for voxel in ((0, 0, 0), (60, 50, 15), (121, 100, 29)):
        mm = nibabel.load(paths[0]).affine @ (*voxel, 1)
        places = [
            shown_at(layer, Geometry(scan.geometry.shape, nibabel.load(path).affine), mm[:3])
            for layer, scan, path in zip(layers, scans, paths, strict=True)
        ]
        assert np.allclose(*places, atol=1e-3)
