import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import (
    Conv3d,
    GroupNorm,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LeakyReLU,
    Module,
    Sequential,
)

from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.execution import openvino_engine
from napari_seg.segmentation.execution.model_files import ModelFiles
from napari_seg.segmentation.execution.openvino_engine import OpenVinoNetwork

pytest.importorskip("openvino_telemetry", reason="OpenVINO is not installed")

# Ends the process where anything touches the network, before it does.
GUARD = """
import os, sys
touched = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
sys.addaudithook(lambda event, _: os._exit(7) if event in touched else None)
"""
RUN = """
import torch
from napari_seg.segmentation.execution.openvino_engine import OpenVinoNetwork
network = torch.nn.Conv3d(1, 2, 3).eval()
assert OpenVinoNetwork(lambda: network)(torch.zeros(1, 1, 6, 6, 6)).shape == (1, 2, 4, 4, 4)
assert "openvino" in sys.modules
"""


def small_network():
    torch.manual_seed(0)
    return Sequential(
        Conv3d(2, 8, 3, padding=1), InstanceNorm3d(8), LeakyReLU(), Conv3d(8, 3, 3, padding=1)
    ).eval()


def run_guarded(code, home):
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home)}
    environment.pop("CI", None)  # the telemetry is quiet there by itself
    done = subprocess.run(
        [sys.executable, "-c", GUARD + code + "\nimport time; time.sleep(1)"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done


def test_nothing_is_sent_and_nothing_is_written_for_the_telemetry(tmp_path):
    done = run_guarded(RUN, tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_by_itself_openvino_would_report_its_import(tmp_path):
    # What the test above guards against is real.
    done = run_guarded("import openvino", tmp_path)
    assert done.returncode == 7 or list(tmp_path.rglob("openvino_ga_cid*"))


@pytest.mark.parametrize("variant", [None, "two_d"])
def test_scores_of_the_shipped_networks_are_those_of_torch(variant):
    network = load_bundle(variant=variant).network
    shape = (1, 1, 40, 56, 40) if variant is None else (8, 1, 40, 56)
    window = torch.rand(shape)
    with torch.inference_mode():
        expected = network(window)
    scores = OpenVinoNetwork(lambda: network, threads=1)(window)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, expected, atol=2e-3, rtol=1e-3)
    # A label may differ where two scores are as good as equal; few are.
    differ = scores.argmax(1) != expected.argmax(1)
    assert differ.float().mean() < 1e-4


@pytest.mark.parametrize("dims", [2, 3])
def test_an_instance_norm_over_much_of_one_value_is_as_precise_as_in_torch(dims):
    norm = (InstanceNorm2d, InstanceNorm3d)[dims - 2](2, affine=True).eval()
    torch.manual_seed(0)
    window = torch.full((1, 2, *((1024, 800) if dims == 2 else (96, 88, 97))), 3.7)
    window[:, :, :40] += torch.randn(window[:, :, :40].shape)
    exact = norm.double()(window.double())
    norm.float()
    scores = OpenVinoNetwork(lambda: norm, threads=1)(window)
    assert (scores - exact).abs().max() < 5e-5
    # In its own way OpenVINO is further off: the step is needed.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino_engine, "make_norms_precise", lambda _model: None)
        own = OpenVinoNetwork(lambda: norm, threads=1)(window)
    assert (own - exact).abs().max() > 1e-4


def test_other_norms_are_left_alone():
    network = Sequential(Conv3d(2, 4, 1), GroupNorm(2, 4), LayerNorm(6)).eval()
    window = torch.rand(1, 2, 8, 10, 6)
    with torch.inference_mode():
        expected = network(window)
    torch.testing.assert_close(
        OpenVinoNetwork(lambda: network)(window), expected, atol=1e-4, rtol=1e-4
    )


def test_several_channels_and_a_last_batch_that_is_not_full():
    network = small_network()
    run = OpenVinoNetwork(lambda: network)
    batch = torch.rand(4, 2, 8, 6, 10)
    with torch.inference_mode():
        expected = network(batch)
    torch.testing.assert_close(run(batch), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(run(batch[1:2]), expected[1:2], atol=1e-4, rtol=1e-4)


def test_scores_stay_when_the_next_window_is_run():
    network = small_network()
    run = OpenVinoNetwork(lambda: network)
    first = run(torch.zeros(1, 2, 8, 6, 10))
    kept = first.clone()
    run(torch.ones(1, 2, 8, 6, 10))
    assert torch.equal(first, kept)


def test_a_network_that_openvino_does_not_know_is_said_so():
    class Odd(Module):
        def forward(self, batch):
            return torch.special.bessel_j0(batch)

    with pytest.raises(RuntimeError, match="bessel_j0"):
        OpenVinoNetwork(Odd)(torch.zeros(1, 1, 4, 4, 4))


def test_a_converted_network_is_kept_and_torch_is_not_asked_again(tmp_path):
    network, window = small_network(), torch.rand(1, 2, 8, 6, 10)
    files = ModelFiles(tmp_path / "networks", {"network": "a"})
    expected = OpenVinoNetwork(lambda: network, files=files)(window)

    def no_network():
        raise AssertionError("converted again")

    again = OpenVinoNetwork(no_network, files=files)(window)
    assert torch.equal(again, expected)


@pytest.mark.parametrize("name", ["model.bin", "model.xml", "SHA256SUMS"])
def test_a_kept_network_that_is_damaged_is_converted_again(tmp_path, name):
    network, window = small_network(), torch.rand(1, 2, 8, 6, 10)
    files = ModelFiles(tmp_path / "networks", {"network": "a"})
    expected = OpenVinoNetwork(lambda: network, files=files)(window)
    (file,) = tmp_path.rglob(name)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert torch.equal(OpenVinoNetwork(lambda: network, files=files)(window), expected)


def test_another_network_is_not_taken_for_the_kept_one(tmp_path):
    window = torch.rand(1, 2, 8, 6, 10)
    first, second = small_network(), small_network()
    with torch.no_grad():
        second[0].weight.mul_(2)
    found = [
        OpenVinoNetwork(
            lambda net=net: net, files=ModelFiles(tmp_path / "networks", {"network": key})
        )(window)
        for net, key in ((first, "a"), (second, "b"))
    ]
    assert not np.allclose(found[0], found[1])


def test_the_oldest_kept_networks_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_seg.segmentation.execution.model_files._MOST_BYTES", 40_000)
    network = small_network()
    for number in range(4):
        files = ModelFiles(tmp_path / "networks", {"network": str(number)})
        OpenVinoNetwork(lambda: network, files=files)(torch.rand(1, 2, 8, 6, 10))
    kept = list((tmp_path / "networks").iterdir())
    assert 1 <= len(kept) < 4
