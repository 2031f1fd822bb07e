import pytest
import torch
from torch.nn import Conv3d
from torch.profiler import ProfilerActivity, profile

from napari_seg import load_bundle
from napari_seg.segmentation.execution import available_devices, choose_device, fast_inference


def test_cpu_is_always_there():
    assert available_devices()[-1] == "cpu"
    assert choose_device("cpu") == "cpu"


def test_auto_prefers_the_first_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == choose_device("cuda") == "cuda:0"
    assert choose_device("cuda:1") == "cuda:1"


def test_unknown_device_is_named():
    with pytest.raises(ValueError, match="no device 'tpu' on this machine"):
        choose_device("tpu")


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
