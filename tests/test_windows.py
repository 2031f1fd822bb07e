import pytest
import torch
from monai.inferers import (
    SaliencyInferer,
    SimpleInferer,
    SliceInferer,
    SlidingWindowInferer,
    sliding_window_inference,
)

from napari_seg.segmentation.windows import slide, window_of


def stop(fraction: float) -> None:
    raise InterruptedError


def run(image, inferer, network=lambda batch: torch.cat([batch, -batch], 1), **options):
    settings = {"overlap": 0.25, "on_progress": lambda fraction: None, **options}
    return slide(image, network, inferer, **settings)


def test_scores_are_those_of_monais_own_inferer():
    image = torch.randn(1, 1, 17, 12, 9)
    network = torch.nn.Conv3d(1, 3, 3, padding=1)
    ours = run(image, SlidingWindowInferer((8, 8, 8), 2), network)
    theirs = sliding_window_inference(image, (8, 8, 8), 2, network, 0.25, "gaussian")
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("size", [(5, 6, 7), (8, 8, 8), (9, 20, 8)], ids=str)
@pytest.mark.parametrize("batch", [1, 3])
def test_progress_is_told_for_each_window_and_ends_at_one(size, batch):
    told, windows = [], []
    run(
        torch.zeros(1, 1, *size),
        SlidingWindowInferer((8, 8, 8), batch),
        on_progress=told.append,
        on_window=lambda start, scores: windows.append(start),
    )
    assert len(told) == len(windows) == len(set(windows))
    assert told == pytest.approx([(n + 1) / len(told) for n in range(len(told))])


def test_windows_lie_where_their_scores_say():
    image = torch.arange(12 * 9 * 10.0).reshape(1, 1, 12, 9, 10)
    seen = torch.zeros(12, 9, 10)

    def keep(start, scores):
        i, j, k = start
        seen[i : i + 6, j : j + 6, k : k + 6] = scores[0]

    run(image, SlidingWindowInferer((6, 6, 6)), on_window=keep)
    assert torch.equal(seen, image[0, 0])


def test_window_larger_than_the_scan_begins_before_it():
    starts = []
    image = torch.ones(1, 1, 4, 6, 3)
    scores = run(
        image, SlidingWindowInferer((8, 6, 6)), on_window=lambda start, _: starts.append(start)
    )
    assert starts == [(-2, 0, -1)]
    assert scores.shape == (1, 2, 4, 6, 3)
    assert torch.equal(scores[0, 0], image[0, 0])


def test_slices_go_through_a_2d_network():
    network = torch.nn.Conv2d(1, 2, 3, padding=1)
    image = torch.randn(1, 1, 10, 8, 3)
    scores = run(image, SliceInferer(roi_size=(10, 8), spatial_dim=2), network)
    assert torch.allclose(scores[..., 1], network(image[..., 1]), atol=1e-6)


def test_simple_inferer_sees_the_whole_scan_at_once():
    assert run(torch.zeros(1, 1, 5, 4, 3), SimpleInferer()).shape == (1, 2, 5, 4, 3)


def test_a_processor_stops_within_one_window_whatever_the_batch():
    calls = []

    def network(batch):
        calls.append(len(batch))
        return batch

    with pytest.raises(InterruptedError):
        run(
            torch.zeros(1, 1, 32, 32, 32),
            SlidingWindowInferer((8, 8, 8), 4),
            network,
            on_progress=stop,
        )
    assert calls == [1]


def test_other_inferers_are_refused_by_name():
    with pytest.raises(ValueError, match="got SaliencyInferer"):
        window_of(SaliencyInferer("GradCAM", "layer"))
