import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Source

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


def test_a_part_of_the_grid_in_another_order_is_placed_exactly() -> None:
    # Voxels i 1..3, j 2..4, k 1..2 of the grid, counted k first and j backwards.
    affine = np.eye(4)
    affine[:3, :3] = np.stack([AFFINE[:3, 2], AFFINE[:3, 0], -AFFINE[:3, 1]], axis=1)
    affine[:3, 3] = GEOMETRY.to_mm((1, 4, 1))
    array = np.arange(1, 19, dtype=np.uint8).reshape(2, 3, 3)
    part = LabelMap(array, Geometry((2, 3, 3), affine), LabelTable())
    aligned = align_labels(part, GEOMETRY)
    expected = np.zeros((6, 5, 4), np.uint8)
    for k, i, j in np.ndindex(2, 3, 3):
        expected[1 + i, 4 - j, 1 + k] = array[k, i, j]
    assert np.array_equal(aligned.array, expected)
    assert aligned.geometry is GEOMETRY
    assert [notice.code for notice in aligned.notices] == ["extended"]


def test_a_larger_grid_is_cut_only_where_it_is_empty() -> None:
    affine = AFFINE.copy()
    affine[:3, 3] = GEOMETRY.to_mm((-2, 0, 0))
    array = np.zeros((9, 5, 4), np.uint8)
    array[2:8] = ARRAY
    larger = LabelMap(array, Geometry((9, 5, 4), affine), LabelTable())
    assert np.array_equal(align_labels(larger, GEOMETRY).array, ARRAY)
    array = array.copy()
    array[0, 0, 0] = 7
    with pytest.raises(ValueError, match="another grid than the scan"):
        align_labels(larger.with_array(array), GEOMETRY)


def test_a_single_slice_is_placed_whatever_its_thickness_says() -> None:
    affine = AFFINE @ np.diag([1, 1, 5 / 3, 1])
    affine[:3, 3] = GEOMETRY.to_mm((0, 0, 2))
    slice_of_it = LabelMap(ARRAY[..., 2:3], Geometry((6, 5, 1), affine), LabelTable())
    aligned = align_labels(slice_of_it, GEOMETRY)
    assert np.array_equal(aligned.array[..., 2], ARRAY[..., 2])
    assert np.count_nonzero(aligned.array) == np.count_nonzero(ARRAY[..., 2])


def test_labels_a_rounding_off_are_placed_with_a_notice() -> None:
    # Programs come to such grids for oblique slices whose places are rounded to 0.1 mm.
    affine = AFFINE.copy()
    affine[2, 3] += 0.05
    aligned = align_labels(LabelMap(ARRAY, Geometry((6, 5, 4), affine), LabelTable()), GEOMETRY)
    assert np.array_equal(aligned.array, ARRAY)
    assert aligned.geometry is GEOMETRY
    (notice,) = aligned.notices
    assert notice.code == "rounded-places"
    assert notice.figures["shift_mm"] == pytest.approx(0.05)
    fine = np.diag([0.1, 0.1, 0.1, 1.0])
    labels = LabelMap(ARRAY, Geometry((6, 5, 4), AFFINE @ fine), LabelTable())
    affine[:3, :3] *= 0.1
    with pytest.raises(ValueError, match="another grid"):
        align_labels(labels, Geometry((6, 5, 4), affine))


@pytest.mark.parametrize("modality", ["SEG", None])
def test_only_dicom_segmentations_may_begin_a_rounding_off(modality: str | None) -> None:
    affine = AFFINE.copy()
    affine[2, 3] += 0.15
    labels = LabelMap(
        ARRAY, Geometry((6, 5, 4), affine), LabelTable(), source=Source(modality=modality)
    )
    if modality is None:
        with pytest.raises(ValueError, match="another grid"):
            align_labels(labels, GEOMETRY)
    else:
        assert np.array_equal(align_labels(labels, GEOMETRY).array, ARRAY)


def test_values_beyond_what_a_float_holds_are_resampled_unchanged() -> None:
    array = np.where(ARRAY % 2 == 0, np.uint64(2**60 + 1), np.uint64(0))
    fine = Geometry((12, 5, 4), AFFINE @ np.diag([0.5, 1, 1, 1]))
    aligned = align_labels(LabelMap(array, GEOMETRY, LabelTable()), fine, resample=True)
    assert np.array_equal(aligned.array[::2], array)
    assert np.unique(aligned.array).tolist() == [0, 2**60 + 1]


def test_empty_voxels_beyond_the_scan_are_told_as_they_are() -> None:
    array = np.zeros((9, 8, 7), np.uint8)
    array[2:8, 2:7, 2:6] = ARRAY
    affine = AFFINE.copy()
    affine[:3, 3] = GEOMETRY.to_mm((-2, -2, -2))
    labels = LabelMap(array, Geometry(array.shape, affine), LabelTable())
    aligned = align_labels(labels, GEOMETRY)
    assert np.array_equal(aligned.array, ARRAY)
    [notice] = aligned.notices
    assert "(9, 8, 7) voxels of the same grid, the scan (6, 5, 4)" in notice.message
