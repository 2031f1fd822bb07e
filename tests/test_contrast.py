import numpy as np
import pytest

from napari_seg.imaging.contrast import SOFT_TISSUE_HU, contrast_limits, is_ct, value_range
from napari_seg.imaging.files import read_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan, Source


def test_a_ct_shows_the_soft_tissue_window():
    values = np.linspace(-1024, 1500, 1000).reshape(10, 10, 10)
    ct = Scan(values, Geometry((10, 10, 10), np.eye(4)))
    assert is_ct(ct)
    assert contrast_limits(ct) == SOFT_TISSUE_HU


def test_the_modality_outweighs_the_values():
    values = np.linspace(-1024, 1500, 1000).reshape(10, 10, 10)
    assert not is_ct(Scan(values, Geometry((10, 10, 10), np.eye(4)), source=Source(modality="MR")))


def test_bright_outliers_and_background_do_not_set_the_contrast():
    values = np.zeros((20, 20, 20))
    values[5:15, 5:15, 5:15] = 100
    values[10, 10, 10:12] = 50_000
    head = Scan(values, Geometry((20, 20, 20), np.eye(4)))
    assert contrast_limits(head) == (0, 100)
    assert value_range(head) == (0, 50_000)


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_a_flat_scan_still_has_a_contrast(value):
    low, high = contrast_limits(Scan(np.full((5, 6, 7), value), Geometry((5, 6, 7), np.eye(4))))
    assert high > low


def test_a_real_ct_is_known_by_its_values(shared_data):
    assert is_ct(read_scan(shared_data / "ct" / "torso_ct.nii.gz"))
