import pytest
import torch
from torch.nn import Conv3d
from torch.profiler import ProfilerActivity, profile

from napari_seg import load_bundle
from napari_seg.segmentation.execution import Way, fast_inference, torch_engine
from napari_seg.segmentation.execution.torch_engine import TorchNetwork


def test_no_convolution_of_the_shipped_network_is_slow():
    network, window = load_bundle().network, torch.rand(1, 1, 40, 56, 40)
    with torch.inference_mode():
        expected = network(window)
    with fast_inference(), profile(activities=[ProfilerActivity.CPU]) as seen:
        scores = network(window)
    assert "aten::slow_conv3d_forward" not in {event.key for event in seen.key_averages()}
    torch.testing.assert_close(scores, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": (3, 1, 2), "stride": (1, 2, 1), "bias": False},
        {"kernel_size": 3, "dilation": (1, 2, 1), "padding": (1, 0, 1)},
        {"kernel_size": 3, "padding": "same"},
        {"kernel_size": 3, "padding": 1, "padding_mode": "replicate"},
        {"kernel_size": 3, "groups": 2},
    ],
    ids=["plain", "strided", "dilated", "same", "replicated", "grouped"],
)
def test_every_kind_of_convolution_gives_the_same_numbers(options):
    layer, window = Conv3d(4, 6, **options), torch.rand(1, 4, 7, 9, 8)
    with torch.inference_mode():
        expected = layer(window)
    with fast_inference():
        torch.testing.assert_close(layer(window), expected, atol=1e-5, rtol=1e-5)


def test_bfloat16_stays_bfloat16():
    layer, window = Conv3d(1, 4, 3), torch.rand(1, 1, 7, 9, 8)
    with fast_inference(), torch.autocast("cpu", torch.bfloat16):
        assert layer(window).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_layout_in_memory_changes_no_number_and_leaves_the_network_alone(dtype):
    network, window = Conv3d(2, 4, 3, padding=1), torch.rand(1, 2, 7, 9, 8)
    plain = TorchNetwork(network, Way("torch", dtype), "cpu")
    turned = TorchNetwork(network, Way("torch", dtype, channels_last=True), "cpu")
    scores = turned(window)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, plain(window), atol=1e-2, rtol=1e-2)
    assert network.weight.is_contiguous()


def test_no_more_than_two_graphs_are_recorded(monkeypatch):
    # The graph itself needs a card; here what it records runs as it is.
    recorded = []

    def record(forward, batch):
        recorded.append(len(batch))
        return forward

    monkeypatch.setattr(torch_engine, "_Graph", record)
    network = Conv3d(1, 2, 3)
    plain = TorchNetwork(network, Way("torch"), "cpu")
    graph = TorchNetwork(network, Way("torch", graph=True), "cpu")
    for count in (4, 4, 1, 3, 2, 4, 1):
        windows = torch.rand(count, 1, 4, 4, 4)
        assert torch.equal(graph(windows), plain(windows))
    assert recorded == [4, 1]


@pytest.mark.slow
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA card")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_recorded_graph_gives_the_scores_of_each_window(dtype):
    network = load_bundle().network
    graph = TorchNetwork(network, Way("torch", dtype, channels_last=True, graph=True), "cuda:0")
    plain = TorchNetwork(network, Way("torch", dtype), "cuda:0")
    for _ in range(2):
        window = torch.rand(1, 1, 40, 56, 40, device="cuda:0")
        torch.testing.assert_close(graph(window), plain(window), atol=0.1, rtol=0.1)
