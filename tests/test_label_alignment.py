import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap

AFFINE = np.array(
    [[1.0, 0.0, 0.0, -5.0], [0.0, 2.0, 0.0, 7.0], [0.0, 0.0, 3.0, 9.0], [0.0, 0.0, 0.0, 1.0]]
)
GEOMETRY = Geometry((6, 5, 4), AFFINE)
ARRAY = np.arange(120, dtype=np.uint8).reshape(6, 5, 4)
LABELS = LabelMap(ARRAY, GEOMETRY, LabelTable())


def turned_grid() -> Geometry:
    """Return the same voxels, counted along k backwards, then i, then j backwards."""
    columns = np.stack([-AFFINE[:3, 2], AFFINE[:3, 0], -AFFINE[:3, 1]], axis=1)
    affine = np.eye(4)
    affine[:3, :3] = columns
    affine[:3, 3] = GEOMETRY.to_mm((0, 4, 3))
    return Geometry((4, 6, 5), affine)


def test_another_order_of_the_same_voxels_is_exact() -> None:
    aligned = align_labels(LABELS, turned_grid())
    assert np.array_equal(aligned.array, ARRAY.transpose(2, 0, 1)[::-1, :, ::-1])
    assert aligned.geometry.matches(turned_grid())
    assert aligned.notices == ()
    assert np.array_equal(align_labels(aligned, GEOMETRY).array, ARRAY)


@pytest.mark.parametrize(
    "shift_mm", [pytest.param(0.5, id="half a voxel"), pytest.param(60.0, id="far")]
)
def test_another_grid_is_refused_with_both_described(shift_mm: float) -> None:
    affine = AFFINE.copy()
    affine[0, 3] += shift_mm
    expected = r"\(6, 5, 4\) voxels of 1 x 2 x 3 mm at .* against .* resample"
    with pytest.raises(ValueError, match=expected):
        align_labels(LABELS, Geometry((6, 5, 4), affine))


def test_nearest_labels_on_request_with_a_notice() -> None:
    fine = Geometry((12, 5, 4), AFFINE @ np.diag([0.5, 1, 1, 1]))
    aligned = align_labels(LABELS, fine, resample=True)
    assert np.array_equal(aligned.array[::2], ARRAY)
    assert set(np.unique(aligned.array)) == set(np.unique(ARRAY))
    assert [notice.code for notice in aligned.notices] == ["resampled"]


def test_outside_the_labels_is_background() -> None:
    affine = AFFINE.copy()
    affine[:3, 3] = GEOMETRY.to_mm((4, 0, 0))
    aligned = align_labels(LABELS, Geometry((6, 5, 4), affine), resample=True)
    assert np.array_equal(aligned.array[:2], ARRAY[4:])
    assert not aligned.array[2:].any()
