import numpy as np
import pytest
import torch
from test_preparing_voxels import CHAINS, ours

from napari_seg.segmentation.preparing.rows import MovingRows
from napari_seg.segmentation.windows import Padding, Window, lay_windows

WINDOWS = {"small": (8, 6, 7), "beyond the scan": (32, 6, 30), "of one plane": (8, 1, 6)}


def prepared():
    array = np.random.default_rng(0).normal(size=(21, 17, 13)).astype(np.float32)
    return ours(array, np.diag([0.8, 1.0, 1.2, 1.0]), CHAINS["normalized"])


def padded(whole, layout, padding):
    sides = [
        (before, full - have - before)
        for before, full, have in zip(layout.before, layout.size, whole.shape[2:], strict=True)
    ]
    # As NumPy calls them.
    mode = {"replicate": "edge", "circular": "wrap"}.get(padding.mode, padding.mode)
    values = {"constant_values": padding.value} if mode == "constant" else {}
    return torch.from_numpy(np.pad(whole.numpy(), [(0, 0), (0, 0), *sides], mode, **values))


@pytest.mark.parametrize(
    "padding",
    [Padding(value=-3.0), Padding("reflect"), Padding("replicate"), Padding("circular")],
    ids=lambda padding: padding.mode,
)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", list(WINDOWS.values()), ids=list(WINDOWS))
def test_windows_are_those_of_the_whole_scan(shape, axis, padding):
    voxels = prepared()
    layout = lay_windows(Window(shape), tuple(voxels.shape[2:]), 0.25)
    expected = padded(voxels.whole(), layout, padding)
    rows = MovingRows(voxels, layout, axis, padding)
    for place in layout.places(axis):
        part = [slice(a, a + n) for a, n in zip(place, layout.shape, strict=True)]
        window = rows[slice(None), slice(None), *part]
        assert torch.allclose(window, expected[:, :, *part], atol=1e-5)
        assert rows._rows.shape[axis + 2] <= layout.shape[axis]


def test_windows_that_are_asked_for_again_are_made_again():
    voxels = prepared()
    layout = lay_windows(Window((8, 6, 7)), tuple(voxels.shape[2:]), 0.25)
    rows = MovingRows(voxels, layout, 0, Padding())
    place = slice(None), slice(None), slice(0, 8), slice(0, 6), slice(0, 7)
    later = slice(None), slice(None), slice(6, 14), slice(0, 6), slice(0, 7)
    first = rows[place].clone()
    rows[later]
    assert torch.equal(rows[place], first)
    assert torch.equal(rows.cpu()[place], first)
