import pytest
import torch

from napari_seg.segmentation.slabs import window_scores
from napari_seg.segmentation.slabs.rolling_slab import RollingSlab
from napari_seg.segmentation.slabs.window_scores import Fallback, WindowScores
from napari_seg.segmentation.windows import Window, lay_windows

FAR = torch.device("meta")
FULL = torch.OutOfMemoryError("CUDA out of memory")


class FarImage:
    """Voxels in memory that say they lie on a device of their own."""

    device = FAR

    def __init__(self, voxels):
        self.voxels = voxels

    def __getitem__(self, place):
        return self.voxels[place]

    def cpu(self):
        return self.voxels


def full(_batch):
    raise FULL


def source_of(network, fallback=None):
    window = Window((4, 4, 4), batch=4)
    voxels = torch.rand(1, 1, 12, 4, 4, generator=torch.Generator().manual_seed(0))
    layout = lay_windows(window, (12, 4, 4), 0.0)
    return voxels, WindowScores(FarImage(voxels), network, window, layout, fallback=fallback)


def codes(source):
    return [notice.code for notice in source.notices]


def test_a_full_device_hands_the_network_to_the_cpu():
    voxels, source = source_of(full, Fallback(lambda: lambda batch: batch * 2))
    found = dict(source.each(0))
    assert codes(source) == ["window-batch", "network-on-cpu"]
    assert list(found) == [(0, 0, 0), (4, 0, 0), (8, 0, 0)]
    assert torch.equal(found[4, 0, 0][0], voxels[0, 0, 4:8] * 2)


def test_a_slab_on_a_full_device_is_moved_before_the_network_is():
    moved = []

    class Slab:
        scores = torch.empty(1, device=FAR)

        def to(self, device):
            moved.append(device.type)
            self.scores = torch.empty(1)

    calls = []

    def network(batch):
        calls.append(len(batch))
        if not moved:
            raise FULL
        return batch

    _, source = source_of(network, Fallback(lambda: full))
    source._slab = Slab()
    assert len(list(source.each(0))) == 3
    assert (moved, calls) == (["cpu"], [3, 1, 1, 1, 1])
    assert codes(source) == ["window-batch", "accumulation-on-cpu"]


def test_a_slab_that_a_device_has_no_room_for_is_made_on_the_cpu(monkeypatch):
    def make(classes, size, axis, depth, device):
        if device.type != "cpu":
            raise FULL
        return RollingSlab(classes, size, axis, depth, device)

    monkeypatch.setattr(window_scores, "RollingSlab", make)
    _, source = source_of(full)
    slab = source.allocate(3, (12, 4, 4), 0, 5)
    assert slab.scores.device.type == "cpu"
    assert tuple(slab.scores.shape) == (3, 5, 4, 4)
    assert codes(source) == ["accumulation-on-cpu"]


def test_without_a_fallback_the_error_passes():
    _, source = source_of(full)
    with pytest.raises(torch.OutOfMemoryError):
        list(source.each(0))


def halves(classes):
    """Windows that are 0 and 100 in turns, as below and above a plane of a phantom."""
    window = Window((4, 4, 4))
    voxels = torch.zeros(1, 1, 16, 4, 8)
    voxels[..., 4:] = 100.0
    layout = lay_windows(window, (16, 4, 8), 0.0)

    def network(batch):
        return batch.expand(-1, classes, -1, -1, -1)

    return WindowScores(voxels, network, window, layout, skip_air=True)


def test_windows_of_several_values_run_once_for_each():
    source = halves(2)
    for place, scores in source.each(0):
        assert torch.equal(scores, torch.full((2, 4, 4, 4), 25.0 * place[2]))
    assert (source.run, source.repeated) == (2, 6)


def test_of_large_scores_those_of_one_value_are_kept(monkeypatch):
    source = halves(2)
    monkeypatch.setattr(window_scores, "_MOST_BYTES", 2 * 4**3 * 4)
    assert len(list(source.each(0))) == 8
    assert (source.run, source.repeated, len(source._of_value)) == (8, 0, 1)
