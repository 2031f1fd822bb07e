import numpy as np
import pytest

from napari_seg.imaging.drawn_voxels import look_drawn
from napari_seg.imaging.files import read_labels, read_scan, sample_data_folder


def test_areas_of_one_value_look_drawn():
    labels = np.zeros((12, 10, 8), np.uint8)
    labels[2:9, 2:5, 1:6] = 1
    labels[2:9, 5:8, 1:6] = 2
    assert look_drawn(labels)


def test_dots_and_nothing_look_drawn():
    dots = np.zeros((5, 5, 5), np.uint8)
    dots[1, 1, 1] = dots[3, 3, 3] = 1
    assert look_drawn(dots)
    assert look_drawn(np.zeros((5, 5, 5), np.uint8))


def test_noise_in_few_values_looks_measured():
    assert not look_drawn(np.random.default_rng(0).integers(0, 40, (20, 20, 20)))


@pytest.mark.parametrize("levels", [16, 60])
def test_a_real_scan_in_few_greys_looks_measured(levels):
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz").array
    greys = np.rint(scan / scan.max() * levels).astype(np.uint8)
    assert not look_drawn(greys)


def test_real_labels_look_drawn(shared_data):
    assert look_drawn(read_labels(shared_data / "ct" / "torso_ct_labels.nii.gz").array)
    labels = sorted((shared_data / "hippocampus").rglob("labels*/*.nii.gz"))
    assert labels
    assert all(look_drawn(read_labels(path).array) for path in labels[:5])
