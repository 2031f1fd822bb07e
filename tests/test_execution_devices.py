import os

import pytest
import torch

from napari_seg.segmentation.execution import available_devices, choose_device
from napari_seg.segmentation.execution.devices import device_model


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


def test_a_processor_is_told_from_another_by_what_it_can():
    model = device_model("cpu")
    assert f"{os.cpu_count()} cores" in model
    assert model == device_model("cpu")
    assert os.uname().nodename not in model
