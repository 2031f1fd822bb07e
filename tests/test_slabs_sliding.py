import pytest
import torch
from monai.inferers import (
    SimpleInferer,
    SliceInferer,
    SlidingWindowInferer,
    sliding_window_inference,
)

from napari_seg.segmentation.slabs.sliding import AllScores, choose_axis, slide
from napari_seg.segmentation.slabs.window_scores import Fallback
from napari_seg.segmentation.windows import Window, lay_windows, window_of


def stop(fraction: float) -> None:
    raise InterruptedError


def run(image, inferer, network=lambda batch: torch.cat([batch, -batch], 1), **options):
    """Slide, and return the scores of the whole scan."""
    settings = {"overlap": 0.25, "on_progress": lambda fraction: None, "axis": 0, **options}
    size = tuple(image.shape[2:])
    layout = lay_windows(window_of(inferer), size, settings["overlap"])
    reader = AllScores(layout, size, settings["axis"])
    windows = slide(image, network, inferer, reader, **settings)
    return reader.scores[None], windows


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.8])
def test_scores_are_those_of_monais_own_inferer(axis, overlap):
    image = torch.randn(1, 1, 17, 12, 19)
    network = torch.nn.Conv3d(1, 3, 3, padding=1)
    inferer = SlidingWindowInferer((8, 8, 8), 2)
    ours, _ = run(image, inferer, network, axis=axis, overlap=overlap)
    theirs = sliding_window_inference(image, (8, 8, 8), 2, network, overlap, "gaussian")
    assert torch.allclose(ours, theirs, atol=1e-6)


def monais(image, inferer, network=torch.nn.Identity()):  # noqa: B008 - it holds no state
    """Return what MONAI's own inferer gives, blended with Gaussian weights."""
    inferer.mode = "gaussian"
    return inferer(image, network)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_a_small_scan_is_padded_as_monai_does(mode):
    network = torch.nn.Conv3d(2, 3, 3, padding=1)
    image = torch.randn(1, 2, 7, 20, 5)
    value = 3.0 if mode == "constant" else 0.0
    inferer = SlidingWindowInferer((12, 8, 8), padding_mode=mode, cval=value, mode="gaussian")
    ours, _ = run(image, inferer, network)
    assert torch.allclose(ours, monais(image, inferer, network), atol=1e-6)


def test_small_slices_are_padded_as_monai_does():
    network = torch.nn.Conv2d(1, 2, 3, padding=1)
    image = torch.randn(1, 1, 7, 3, 9)
    inferer = SliceInferer(
        roi_size=(12, 8),
        spatial_dim=1,
        padding_mode="reflect",
        mode="gaussian",
        sigma_scale=(0.3, 0.1, 0.2),
    )
    ours, _ = run(image, inferer, network, axis=1)
    assert torch.allclose(ours, monais(image, inferer, network), atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "least"), [("reflect", 5), ("circular", 4), ("replicate", 1)], ids=lambda one: str(one)
)
def test_a_scan_too_small_for_its_padding_is_refused_as_torch_would(mode, least):
    # Up to a window of 12, 4 voxels get 4 at each end; 5 get 3 before them and 4 behind.
    inferer = SlidingWindowInferer((9, 12, 9), padding_mode=mode)
    for length in range(1, 7):
        image = torch.randn(1, 1, 9, length, 9)
        if length >= least:
            assert torch.allclose(run(image, inferer)[0][0, 0], image[0, 0])
            continue
        with pytest.raises(RuntimeError):
            monais(image, inferer)
        with pytest.raises(
            ValueError, match=rf"by '{mode}', for which 9x{length}x9 voxels are too"
        ):
            run(image, inferer)


def test_unknown_padding_is_refused():
    inferer = SlidingWindowInferer((8, 8, 8), padding_mode="zeros")
    with pytest.raises(ValueError, match="padding_mode must be one of 'constant', 'reflect'"):
        run(torch.randn(1, 1, 9, 3, 9), inferer)


@pytest.mark.parametrize("sigma", [0.3, (0.1, 0.5, 0.05)], ids=["one", "each axis"])
def test_weights_are_as_wide_as_the_inferer_says(sigma):
    image = torch.randn(1, 1, 17, 12, 19)
    network = torch.nn.Conv3d(1, 3, 3, padding=1)
    inferer = SlidingWindowInferer((8, 6, 10), sigma_scale=sigma, mode="gaussian")
    ours, _ = run(image, inferer, network)
    assert torch.allclose(ours, monais(image, inferer, network), atol=1e-6)


def test_an_inferer_of_constant_weights_gets_gaussian_ones():
    image = torch.randn(1, 1, 17, 12, 19)
    network = torch.nn.Conv3d(1, 3, 3, padding=1)
    ours, _ = run(image, SlidingWindowInferer((8, 8, 8), mode="constant"), network)
    theirs = monais(image, SlidingWindowInferer((8, 8, 8)), network)
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("sigma", [0, (0.1, 0.2), "wide"], ids=str)
def test_weights_without_width_are_refused(sigma):
    inferer = SlidingWindowInferer((8, 8, 8), sigma_scale=sigma, mode="gaussian")
    with pytest.raises(ValueError, match="sigma_scale must be one number above 0 or three, got"):
        run(torch.randn(1, 1, 9, 9, 9), inferer)


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
    scores, _ = run(
        image, SlidingWindowInferer((8, 6, 6)), on_window=lambda start, _: starts.append(start)
    )
    assert starts == [(-2, 0, -1)]
    assert scores.shape == (1, 2, 4, 6, 3)
    assert torch.equal(scores[0, 0], image[0, 0])


def test_slices_go_through_a_2d_network():
    network = torch.nn.Conv2d(1, 2, 3, padding=1)
    image = torch.randn(1, 1, 10, 8, 3)
    scores, _ = run(image, SliceInferer(roi_size=(10, 8), spatial_dim=2), network)
    assert torch.allclose(scores[..., 1], network(image[..., 1]), atol=1e-6)


def test_simple_inferer_sees_the_whole_scan_at_once():
    assert run(torch.zeros(1, 1, 5, 4, 3), SimpleInferer())[0].shape == (1, 2, 5, 4, 3)


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


def test_the_slab_moves_along_the_axis_where_it_is_smallest():
    layout = lay_windows(Window((8, 8, 8)), (20, 50, 30), 0.25)
    assert choose_axis(layout) == 1


def test_a_network_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"its window \(8, 8, 8\), got \(4, 4, 4\)"):
        run(torch.zeros(1, 1, 9, 9, 9), SlidingWindowInferer((8, 8, 8)), torch.nn.AvgPool3d(2))


def test_windows_of_one_value_run_once():
    seen = []

    def network(batch):
        seen.append(len(batch))
        return torch.cat([batch, batch * 2 + 1], 1)

    image = torch.zeros(1, 1, 40, 8, 8)
    image[..., 30:, :, :] = torch.rand(10, 8, 8)
    inferer = SlidingWindowInferer((8, 8, 8))
    every, _ = run(image, inferer, network, overlap=0.0)
    assert len(seen) == 5
    few, windows = run(image, inferer, network, overlap=0.0, skip_air=True)
    assert len(seen) == 5 + 3
    assert (windows.run, windows.repeated) == (3, 2)
    assert torch.equal(few, every)


def test_a_window_with_one_other_voxel_is_not_taken_for_air():
    image = torch.zeros(1, 1, 24, 8, 8)
    image[0, 0, 9, 0, 0] = 1e-6
    inferer = SlidingWindowInferer((8, 8, 8))
    scores, windows = run(image, inferer, overlap=0.0, skip_air=True)
    assert windows.run == 2
    assert torch.equal(scores[0, 0], image[0, 0])


class Short:
    """A network with memory for so many windows, and then only for none at all."""

    def __init__(self, most, error):
        self.most, self.error, self.calls = most, error, []

    def __call__(self, batch):
        self.calls.append(len(batch))
        if len(batch) > self.most:
            raise self.error
        return torch.cat([batch, -batch], 1)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    MemoryError("cannot allocate"),
]


@pytest.mark.parametrize("error", ERRORS, ids=["torch on a GPU", "torch on a CPU", "Python"])
def test_where_memory_runs_out_fewer_windows_run_together(error):
    image = torch.rand(1, 1, 9, 9, 12)
    inferer = SliceInferer(roi_size=(9, 9), spatial_dim=2, sw_batch_size=8)
    network = Short(2, error)
    scores, windows = run(image, inferer, network, axis=2)
    assert network.calls == [8, 4, 2, 2, 2, 2, 2, 2]
    assert torch.allclose(scores[0, 0], image[0, 0])
    assert [notice.code for notice in windows.notices] == ["window-batch", "window-batch"]
    assert "4 instead of 8 windows" in windows.notices[0].message


def test_where_nothing_is_left_to_try_the_error_passes():
    with pytest.raises(torch.OutOfMemoryError):
        run(torch.rand(1, 1, 9, 9, 9), SlidingWindowInferer((8, 8, 8)), Short(0, ERRORS[0]))


def test_other_errors_of_a_network_pass():
    with pytest.raises(RuntimeError, match="a bug"):
        run(
            torch.rand(1, 1, 9, 9, 9),
            SlidingWindowInferer((8, 8, 8)),
            Short(0, RuntimeError("a bug")),
            fallback=Fallback(lambda: Short(9, None)),
        )
