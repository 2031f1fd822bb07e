import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import (
    Compose,
    EnsureTyped,
    NormalizeIntensityd,
    Orientationd,
    ScaleIntensityRanged,
    Spacingd,
    ThresholdIntensityd,
)
from test_way_back import tilted

from napari_seg.segmentation.preparing import voxels as voxels_module
from napari_seg.segmentation.preparing.grid import find_grid
from napari_seg.segmentation.preparing.steps import NotByParts, read_steps
from napari_seg.segmentation.preparing.voxels import PreparedVoxels

SHAPE = (21, 17, 13)
ON_IMAGE = {"keys": "image"}
RAS = Orientationd(**ON_IMAGE, axcodes="RAS", labels=None)
CT_WINDOW = ScaleIntensityRanged(**ON_IMAGE, a_min=10, a_max=90, b_min=0, b_max=1, clip=True)
AFFINES = {
    "plain": np.diag([0.7, 0.8, 1.5, 1.0]),
    "flipped": np.diag([-1.2, -0.6, 2.5, 1.0]),
    "other axes": tilted("PIR", 0.0),
    "oblique": tilted("LSA"),
}


def spacing(*sizes, **options):
    return Spacingd(**ON_IMAGE, pixdim=sizes, **options)


def normalized(**options):
    return NormalizeIntensityd(**ON_IMAGE, **options)


CHAINS = {
    "orientation": [RAS],
    "canonical": [Orientationd(**ON_IMAGE, as_closest_canonical=True, labels=None)],
    "other codes": [Orientationd(**ON_IMAGE, axcodes="LPI", labels=None), spacing(1.1, 0.9, 1.3)],
    "finer": [RAS, spacing(0.5, 0.6, 1.1)],
    "coarser": [RAS, spacing(1.9, 2.2, 3.1)],
    "one size": [RAS, spacing(1.0)],
    "in the plane only": [RAS, spacing(1.0, 1.0, -1.0)],
    "within limits": [RAS, spacing(1.0, 1.0, 1.0, min_pixdim=(0.5,), max_pixdim=(1.0,))],
    "typed": [RAS, EnsureTyped(keys="image")],
    "window of a CT": [RAS, spacing(1.0, 1.0, 1.0), CT_WINDOW],
    "window first": [CT_WINDOW, RAS, spacing(1.0, 1.0, 1.0)],
    "open window": [RAS, ScaleIntensityRanged(**ON_IMAGE, a_min=10, a_max=90)],
    "cut": [
        RAS,
        ThresholdIntensityd(**ON_IMAGE, threshold=20, above=True, cval=20),
        ThresholdIntensityd(**ON_IMAGE, threshold=80, above=False, cval=80),
    ],
    "normalized": [RAS, spacing(1.0, 1.0, 1.0), normalized()],
    "normalized, not 0": [RAS, spacing(1.0, 1.0, 1.0), normalized(nonzero=True)],
    "each channel": [RAS, spacing(1.3, 1.3, 1.3), normalized(nonzero=True, channel_wise=True)],
    "normalized first": [normalized(channel_wise=True), RAS, spacing(1.3, 1.3, 1.3)],
    "given": [RAS, normalized(subtrahend=40.0, divisor=12.0, nonzero=True)],
    "given for each": [RAS, normalized(subtrahend=[40, 3], divisor=[12, 2], channel_wise=True)],
    "one after the other": [RAS, normalized(), spacing(1.1, 1.2, 1.3), CT_WINDOW, normalized()],
}


def scan_of(channels=1, dtype=np.int16, order="F"):
    values = np.random.default_rng(0).integers(0, 120, (*SHAPE, channels)).astype(dtype)
    values[:, :6] = 0
    return np.asarray(values[..., 0] if channels == 1 else values, order=order)


def by_monai(array, affine, chain):
    channels = np.moveaxis(array, -1, 0) if array.ndim == 4 else array[None]
    image = MetaTensor(torch.from_numpy(channels.astype(np.float32)), affine=torch.tensor(affine))
    return Compose(chain)({"image": image})["image"]


def ours(array, affine, chain):
    steps = read_steps(Compose(chain))
    return PreparedVoxels(array, find_grid(SHAPE, affine, steps), steps, torch.device("cpu"))


@pytest.fixture(params=[False, True], ids=["at once", "in small parts"])
def in_parts(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(voxels_module, "_VALUES_AT_ONCE", 700)
    return request.param


@pytest.mark.parametrize("affine", list(AFFINES.values()), ids=list(AFFINES))
@pytest.mark.parametrize("chain", list(CHAINS.values()), ids=list(CHAINS))
def test_voxels_are_those_of_monai(chain, affine, in_parts):
    channels = 2 if chain in (CHAINS["each channel"], CHAINS["given for each"]) else 1
    array = scan_of(channels)
    expected = by_monai(array, affine, chain)
    prepared = ours(array, affine, chain)
    assert tuple(prepared.shape) == (1, *expected.shape)
    assert np.allclose(prepared._grid.trace.affine, expected.affine, atol=1e-9)
    plain = expected.as_tensor()[None]
    assert torch.allclose(prepared.whole(), plain, rtol=1e-5, atol=1e-5)
    everything = tuple(slice(0, count) for count in expected.shape[1:])
    there = prepared[slice(None), slice(None), *everything]
    assert torch.allclose(there, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("order", ["C", "F"])
def test_without_resampling_each_number_is_that_of_monai(order):
    chain = [RAS, spacing(1.0, 1.0, 1.0), normalized(nonzero=True, channel_wise=True)]
    affine = np.diag([-1.0, 1.0, -1.0, 1.0])
    array = scan_of(order=order)
    assert torch.equal(
        ours(array, affine, chain).whole()[0], by_monai(array, affine, chain).as_tensor()
    )


def test_a_box_is_a_part_of_the_whole(in_parts):
    prepared = ours(scan_of(), AFFINES["oblique"], CHAINS["normalized"])
    box = slice(None), slice(None), slice(3, 9), slice(2, 4), slice(5, 11)
    assert torch.allclose(prepared[box], prepared.whole()[box], atol=1e-6)
    assert prepared[box].is_contiguous()


def test_between_equal_voxels_lies_their_value(in_parts):
    array = np.full(SHAPE, 7, np.uint8)
    prepared = ours(array, AFFINES["plain"], CHAINS["finer"])
    assert (prepared.whole() == 7).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_number_becomes_the_lowest_and_what_has_no_end_the_highest(dtype, in_parts):
    array = scan_of(dtype=dtype)
    expected = array.astype(np.float32)
    for place, value, instead in ((0, np.nan, 0), (1, np.inf, 119), (2, -np.inf, 0)):
        array[place, 8, 5], expected[place, 8, 5] = value, instead
    prepared = ours(array, np.eye(4), [RAS])
    assert np.array_equal(prepared.whole()[0, 0].numpy(), expected)
    assert np.isnan(array[0, 8, 5])


def test_the_scan_is_not_written_into(in_parts):
    array = scan_of(dtype=np.float32, order="C")
    before = array.copy()
    array.flags.writeable = False
    prepared = ours(array, np.eye(4), [RAS, normalized(), CT_WINDOW])
    assert not torch.equal(prepared.whole()[0, 0], torch.from_numpy(before))
    assert np.array_equal(array, before)


def test_rows_follow_each_other_as_the_scan_lies_on_disk():
    turned = tilted("PIR", 0.0)
    for order, scan_axis in (("C", 0), ("F", 2)):
        prepared = ours(scan_of(order=order), turned, [RAS])
        assert prepared._grid.axes[prepared.slow_axis] == scan_axis


REFUSED = {
    "unknown": [RAS, EnsureTyped(keys="image", dtype=torch.float64)],
    "another key": [Orientationd(keys="label", axcodes="RAS", labels=None)],
    "lazy": [Orientationd(keys="image", axcodes="RAS", labels=None, lazy=True)],
    "nearest": [RAS, spacing(1.0, mode="nearest")],
    "zeros beyond": [RAS, spacing(1.0, padding_mode="zeros")],
    "spacing first": [spacing(1.0), RAS],
    "spacing twice": [RAS, spacing(1.0), spacing(2.0)],
    "arrays": [RAS, normalized(subtrahend=np.ones((1, *SHAPE)))],
    "half numbers": [RAS, normalized(dtype=np.float16)],
}


@pytest.mark.parametrize("chain", list(REFUSED.values()), ids=list(REFUSED))
def test_what_is_not_known_is_left_to_monai(chain):
    with pytest.raises(NotByParts):
        read_steps(Compose(chain))


def test_axes_that_turn_are_left_to_monai():
    steps = read_steps(Compose([RAS, spacing(1, 1, 1, diagonal=True)]))
    with pytest.raises(NotByParts, match="turns the axes"):
        find_grid(SHAPE, AFFINES["oblique"], steps)
