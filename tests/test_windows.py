import pytest
from monai.data.utils import dense_patch_slices
from monai.inferers import SaliencyInferer

from napari_seg.segmentation.windows import Window, lay_windows, window_of


@pytest.mark.parametrize("size", [(17, 12, 9), (8, 8, 8), (64, 9, 23)], ids=str)
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
def test_windows_lie_where_monais_lie(size, overlap):
    layout = lay_windows(Window((8, 8, 8)), size, overlap)
    step = max(int(8 * (1 - overlap)), 1)
    theirs = dense_patch_slices(size, (8, 8, 8), (step,) * 3)
    assert list(layout.places(0)) == [tuple(part.start for part in one) for one in theirs]
    assert layout.count == len(theirs)


def test_windows_come_in_the_order_of_the_chosen_axis():
    places = list(lay_windows(Window((8, 8, 8)), (16, 16, 20), 0.0).places(2))
    assert [place[2] for place in places] == sorted(place[2] for place in places)
    assert len(set(places)) == len(places) == 12


def test_a_scan_smaller_than_a_window_is_padded_on_both_sides():
    layout = lay_windows(Window((8, 6, 0)), (5, 6, 3), 0.25)
    assert (layout.shape, layout.size, layout.before) == ((8, 6, 3), (8, 6, 3), (1, 0, 0))


def test_other_inferers_are_refused_by_name():
    with pytest.raises(ValueError, match="got SaliencyInferer"):
        window_of(SaliencyInferer("GradCAM", "layer"))
