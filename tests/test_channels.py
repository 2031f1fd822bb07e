import numpy as np
import pytest

from napari_seg.imaging.channels import stack_channels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice, Scan, Source

GRID = Geometry((4, 3, 2), np.diag([1.0, 2.0, 3.0, 1.0]))


def scan(value, geometry=GRID, **more):
    return Scan(np.full(geometry.shape, value, np.int16), geometry, **more)


def test_each_scan_is_a_channel_in_the_order_given():
    stacked = stack_channels([scan(1), scan(2), scan(3)], ["T1", "T2", "FLAIR"])
    assert stacked.array.shape == (4, 3, 2, 3)
    assert stacked.array[0, 0, 0].tolist() == [1, 2, 3]
    assert stacked.channel_names == ("T1", "T2", "FLAIR")


def test_grid_and_source_are_those_of_the_first_and_the_notices_of_all():
    first = scan(1, source=Source("NIfTI", 1, 1), notices=(Notice("a", "no unit"),))
    stacked = stack_channels([first, scan(2, notices=(Notice("b", "squeezed"),))], ["T1", "T2"])
    assert stacked.source == first.source
    assert stacked.geometry is first.geometry
    assert [notice.message for notice in stacked.notices] == ["T1: no unit", "T2: squeezed"]


def test_one_scan_stays_as_it_is():
    only = scan(1)
    assert stack_channels([only]) is only


def test_a_scan_with_channels_gives_all_of_them():
    pair = Scan(np.zeros((4, 3, 2, 2)), GRID, channel_names=("in", "out"))
    stacked = stack_channels([scan(1), pair], ["T1", "Dixon"])
    assert stacked.channel_names == ("T1", "Dixon, in", "Dixon, out")


@pytest.mark.parametrize(
    "other",
    [
        Geometry((4, 3, 3), GRID.affine),
        Geometry((4, 3, 2), np.diag([1.0, 2.0, 3.1, 1.0])),
        Geometry((4, 3, 2), np.diag([-1.0, 2.0, 3.0, 1.0])),
    ],
    ids=["shape", "spacing", "side"],
)
def test_another_grid_is_refused_with_the_way_out(other):
    with pytest.raises(ValueError, match=r"FLAIR has .* T1 has .*; resample it to T1 first"):
        stack_channels([scan(1), scan(2, other)], ["T1", "FLAIR"])


def test_no_scan_and_wrong_names_are_refused():
    with pytest.raises(ValueError, match="at least one scan"):
        stack_channels([])
    with pytest.raises(ValueError, match="one name for each of 2 scans, got 1"):
        stack_channels([scan(1), scan(2)], ["T1"])
