import numpy as np
import pytest
import torch
from torch.nn import Conv2d, Conv3d, InstanceNorm3d, LeakyReLU, Module, Sequential

from napari_seg.segmentation.execution.openvino_engine import (
    OpenVinoNetwork,
    convert,
    load_openvino,
    reduced_dtypes,
)
from napari_seg.segmentation.execution.precise_ends import make_ends_precise, split_channels

pytest.importorskip("openvino", reason="OpenVINO is not installed")

DTYPES = ("bfloat16", "float16")


class Residual(Module):
    """A network whose input is used by more than convolutions."""

    def __init__(self):
        super().__init__()
        self.one, self.two = Conv3d(2, 4, 3, padding=1), Conv3d(2, 4, 1)
        self.last = Conv3d(6, 3, 1)

    def forward(self, x):
        return self.last(torch.cat([torch.relu(self.one(x) + self.two(x)), x], 1))


class NoWeightsAtTheEnds(Module):
    def __init__(self):
        super().__init__()
        self.inner = Conv3d(2, 3, 3, padding=1)

    def forward(self, x):
        return torch.sigmoid(self.inner(torch.tanh(x)))


def plain():
    return Sequential(
        Conv3d(2, 8, 3, padding=1), InstanceNorm3d(8), LeakyReLU(), Conv3d(8, 3, 3, padding=1)
    )


CASES = {
    "ends in convolutions": (plain, (2, 2, 8, 9, 10)),
    "one convolution": (lambda: Conv3d(1, 2, 3, dilation=2, padding=1), (1, 1, 8, 9, 10)),
    "in 2D": (lambda: Conv2d(3, 2, 3, stride=2), (4, 3, 9, 10)),
    "the input is used elsewhere, too": (Residual, (1, 2, 8, 8, 8)),
    "no convolution at the ends": (NoWeightsAtTheEnds, (1, 2, 8, 8, 8)),
}


def run(model, voxels):
    compiled = (
        load_openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    )
    return compiled(voxels)[0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("make", "shape"), CASES.values(), ids=CASES)
def test_what_is_calculated_stays(make, shape, dtype):
    torch.manual_seed(0)
    network, voxels = make().eval(), torch.randn(shape)
    model = make_ends_precise(convert(network, voxels), dtype)
    scores = run(model, split_channels(voxels.numpy(), dtype))
    with torch.no_grad():
        expected = network(voxels).numpy()
    # What is left out is a rest times a rest: 2**-16 where plain rounding loses 2**-9.
    others_see_rounded = 0.02 if make in (Residual, NoWeightsAtTheEnds) else 1e-4
    np.testing.assert_allclose(scores, expected, atol=others_see_rounded)


@pytest.mark.parametrize("dtype", DTYPES)
def test_voxels_and_weights_fit_in_16_bits(dtype):
    torch.manual_seed(0)
    voxels = torch.randn(1, 2, 8, 9, 10)
    model = make_ends_precise(convert(plain().eval(), voxels), dtype)
    constants = {
        node.get_friendly_name(): node.data
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Constant"
    }
    convolutions = [n for n in model.get_ordered_ops() if n.get_type_name() == "Convolution"]
    assert len(convolutions) == 3  # the first one and two halves of the last one
    first = constants[convolutions[0].input_value(1).get_node().get_friendly_name()]
    for values in (split_channels(voxels.numpy(), dtype)[:, :2], first[:, :4]):
        there = torch.from_numpy(np.ascontiguousarray(values))
        assert torch.equal(there.to(getattr(torch, dtype)).float(), there)


def test_16_bits_differ_less_from_float32_than_without():
    if "bfloat16" not in reduced_dtypes():
        pytest.skip("this processor has no bfloat16")
    torch.manual_seed(0)
    # The background is even, as air is: there a rounded weight moves all voxels alike.
    network, voxels = plain().eval(), torch.randn(1, 2, 24, 24, 24) + 5
    with torch.no_grad():
        expected = network(voxels)
    plainly = (
        load_openvino()
        .Core()
        .compile_model(convert(network, voxels), "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    )
    before = np.abs(plainly(voxels.numpy())[0] - expected.numpy()).mean()
    now = (OpenVinoNetwork(lambda: network, "bfloat16")(voxels) - expected).abs().mean()
    assert now < 0.8 * before
