from math import isnan

import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import count_voxels, label_volumes, measure_labels
from napari_seg.imaging.scan import LabelMap, Scan

GEOMETRY = Geometry((12, 10, 8), np.diag([1.0, 2.0, 5.0, 1.0]))


def cubes() -> LabelMap:
    array = np.zeros((12, 10, 8), np.uint16)
    array[:2, :5, :2] = 2
    array[6:, 6:, 6:] = 420
    return LabelMap(array, GEOMETRY, LabelTable.from_names({2: "liver", 5: "spleen"}))


def test_volume_and_mean_of_each_label() -> None:
    intensity = np.zeros((12, 10, 8), np.float32)
    intensity[:2, :5, 0] = 10
    intensity[:2, :5, 1] = 30
    intensity[6:, 6:, 6:] = -7
    liver, spleen, other = measure_labels(cubes(), Scan(intensity, GEOMETRY))
    assert (liver.value, liver.name, liver.mean_intensity) == (2, "liver", 20)
    assert liver.volume_ml == pytest.approx(0.2)
    assert (spleen.volume_ml, isnan(spleen.mean_intensity)) == (0, True)
    assert (other.value, other.name, other.mean_intensity) == (420, "label 420", -7)


def test_voxels_that_are_no_number_are_left_out_of_the_mean() -> None:
    intensity = np.full((12, 10, 8, 2), 4.0)
    intensity[0, 0, 0, 0] = np.nan
    intensity[0, 1, 0, 0] = np.inf
    assert measure_labels(cubes(), Scan(intensity, GEOMETRY))[0].mean_intensity == 4


def test_labels_of_another_grid_are_refused() -> None:
    scan = Scan(np.zeros((12, 10, 8)), Geometry((12, 10, 8), np.eye(4)))
    with pytest.raises(ValueError, match="on the scan's grid"):
        measure_labels(cubes(), scan)


@pytest.mark.parametrize("high", [3, 70_000])
def test_counts_do_not_depend_on_the_size_of_values(high: int) -> None:
    array = np.array([[[0, 1, high, high]]], dtype=np.uint32)
    assert count_voxels(array) == {1: 1, high: 2}
    assert label_volumes(array, 0.5) == {1: 0.5, high: 1.0}
