"""Scores that are no numbers are an error, in whichever window they are."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from monai.transforms import Orientationd
from slab_case import bundle_of, segment

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.slabs import drawing
from napari_seg.segmentation.slabs.drawing import Sliding
from napari_seg.segmentation.slabs.number_check import NumberCheck
from napari_seg.segmentation.slabs.window_scores import Fallback

REFUSED = "network of the model 'made up' gives scores that are no numbers"


class Root(torch.nn.Module):
    """Gives NaN where a voxel is below 0."""

    def forward(self, batch):
        return torch.cat([1 - batch, batch.sqrt()], 1)


def bundle():
    axes = Orientationd(keys="image", axcodes="RAS", labels=None)
    return bundle_of(Root(), 2, prepare=[axes], window=(8, 8, 8))


@pytest.mark.parametrize("place", [(0, 0, 0), (9, 4, 5), (23, 7, 7)], ids=str)
def test_nan_in_any_window_is_refused(place):
    array = np.random.default_rng(0).random((24, 8, 8)).astype(np.float32)
    scan = Scan(array, Geometry(array.shape, np.eye(4)))
    assert segment(scan, bundle()).array.any()
    array = array.copy()
    array[place] = -1
    with pytest.raises(ValueError, match=REFUSED):
        segment(scan.with_array(array), bundle())


@pytest.mark.parametrize("ends", [(-torch.inf, torch.inf), (3e38, 3e38)], ids=str)
def test_scores_may_be_infinite_or_large_without_a_word(ends, recwarn):
    scores = torch.tensor([[*ends, 0.0]])
    assert NumberCheck("made up").watch(lambda _: scores)(scores) is scores
    assert not recwarn.list


def test_the_network_that_goes_on_when_memory_runs_out_is_watched_too(monkeypatch):
    def slide(image, network, *_arguments, fallback, **_options):
        network(image)
        fallback.network()(-image)

    monkeypatch.setattr(drawing, "slide", slide)
    root = Root()
    sliding = Sliding(root, torch.device("cpu"), 0.0, print, fallback=Fallback(lambda: root))
    with pytest.raises(ValueError, match=REFUSED):
        sliding.run(SimpleNamespace(voxels=torch.ones(1, 1, 8, 8, 8)), bundle(), None, 0, None)


class FarScores:
    """Scores that say they lie on a graphics card, and count how often they are waited for."""

    device = torch.device("cuda")

    def __init__(self, value, waited):
        self._found, self._waited = torch.tensor(value).isnan(), waited

    def isnan(self):
        return self

    def any(self):
        return self

    def __or__(self, other):
        return FarScores(float("nan") if self._found | other._found else 0.0, self._waited)

    def __bool__(self):
        self._waited.append(1)
        return bool(self._found)


def test_a_graphics_card_is_waited_for_at_the_first_scores_and_at_the_end():
    waited = []
    check = NumberCheck("made up")
    network = check.watch(lambda value: FarScores(value, waited))
    for value in (0.0, 0.0, float("nan"), 0.0):
        network(value)
    assert len(waited) == 1
    with pytest.raises(ValueError, match=REFUSED):
        check.require_numbers()
    assert len(waited) == 2


def test_first_scores_of_a_graphics_card_that_are_no_numbers_are_refused_at_once():
    with pytest.raises(ValueError, match=REFUSED):
        NumberCheck("made up").watch(lambda value: FarScores(value, []))(float("nan"))
