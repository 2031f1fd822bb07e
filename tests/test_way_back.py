import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import (
    BorderPadd,
    CenterSpatialCropd,
    Compose,
    CropForegroundd,
    DivisiblePadd,
    Flipd,
    Invertd,
    Orientationd,
    Resized,
    ResizeWithPadOrCropd,
    Rotate90d,
    Spacingd,
    SpatialPadd,
    Zoomd,
)

from napari_seg.segmentation.slabs.way_back import NotByAxes, find_way_back, trace_of

SHAPE = (13, 9, 17)
RAS = Orientationd(keys="image", axcodes="RAS", labels=None)


def spacing(*sizes, **options):
    return Spacingd(keys="image", pixdim=sizes, **options)


CHAINS = {
    "orientation": [RAS],
    "finer": [RAS, spacing(0.7, 0.6, 1.1)],
    "coarser": [RAS, spacing(1.9, 2.2, 2.4)],
    "other order": [spacing(0.7, 0.6, 1.1), RAS],
    "zeros beyond": [RAS, spacing(1.1, 1.3, 2.0, padding_mode="zeros")],
    "foreground": [RAS, CropForegroundd(keys="image", source_key="image", margin=1)],
    "pads": [
        SpatialPadd(keys="image", spatial_size=(20, 9, 22)),
        BorderPadd(keys="image", spatial_border=(1, 2, 0)),
        DivisiblePadd(keys="image", k=4),
    ],
    "crops": [RAS, CenterSpatialCropd(keys="image", roi_size=(8, 8, 8))],
    "pad or crop": [RAS, ResizeWithPadOrCropd(keys="image", spatial_size=(20, 7, 12))],
    "flip": [RAS, Flipd(keys="image", spatial_axis=1)],
    "flip all": [RAS, Flipd(keys="image")],
    "rotate": [Rotate90d(keys="image", k=1, spatial_axes=(0, 2)), RAS, spacing(1.0, 1.1, 1.37)],
    "rotate thrice": [Rotate90d(keys="image", k=3, spatial_axes=(1, 2)), spacing(1.0, 1.1, 1.37)],
    "resize": [RAS, Resized(keys="image", spatial_size=(16, 16, 8), mode="trilinear")],
    "resize by corners": [
        Resized(keys="image", spatial_size=(16, 16, 8), mode="trilinear", align_corners=True),
        RAS,
    ],
    "resize by area": [spacing(0.9, 1.1, 1.37), Resized(keys="image", spatial_size=(6, 16, 8))],
    "all": [
        RAS,
        spacing(0.9, 1.1, 1.37),
        CropForegroundd(keys="image", source_key="image"),
        ResizeWithPadOrCropd(keys="image", spatial_size=(20, 7, 12)),
        Rotate90d(keys="image", k=1, spatial_axes=(0, 1)),
        spacing(1.2, 0.7, 1.0),
    ],
}


def tilted(codes="PIR", degrees=12.0):
    """The affine of an oblique, anisotropic scan stored along other axes."""
    angle = np.deg2rad(degrees)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.8, 1.0, 1.7])
    affine[:3, 3] = (-31.5, 12.0, 7.25)
    turned = nib.orientations.ornt_transform(
        nib.io_orientation(affine), nib.orientations.axcodes2ornt(codes)
    )
    return affine @ nib.orientations.inv_ornt_aff(turned, SHAPE)


def scan(codes="PIR"):
    array = np.zeros((1, *SHAPE), np.float32)
    array[0, 2:-1, 1:-2, 4:-3] = 1 + np.random.default_rng(0).random((10, 6, 10))
    return MetaTensor(torch.from_numpy(array), affine=torch.from_numpy(tilted(codes)))


def brought_back(way, scores):
    """What the taps say, summed voxel by voxel."""
    result = scores.astype(np.float64)
    for taps, axis in zip(way.by_prepared_axis, range(1, 4), strict=True):
        picked = np.take(result, taps.index.ravel(), axis)
        shape = (*result.shape[:axis], *taps.index.shape, *result.shape[axis + 1 :])
        weight = taps.weight.reshape(*taps.index.shape, *[1] * (3 - axis))
        result = (picked.reshape(shape) * weight).sum(axis + 1)
    return result.transpose(0, *(axis + 1 for axis in way.axes))


@pytest.mark.parametrize("codes", ["RAS", "PIR", "LSA"])
@pytest.mark.parametrize("nearest", [False, True], ids=["linear", "nearest"])
@pytest.mark.parametrize("chain", list(CHAINS.values()), ids=list(CHAINS))
def test_way_back_is_that_of_monai(chain, nearest, codes):
    prepare = Compose(chain)
    image = scan(codes)
    prepared = prepare({"image": image})["image"]
    scores = torch.rand(2, *prepared.shape[1:], generator=torch.Generator().manual_seed(1))
    theirs = Invertd(keys="pred", transform=prepare, orig_keys="image", nearest_interp=nearest)(
        {"image": prepared, "pred": MetaTensor(scores, meta=prepared.meta)}
    )["pred"]
    way = find_way_back(trace_of(prepared), nearest=nearest)
    assert way.shape == SHAPE
    assert np.allclose(brought_back(way, scores.numpy()), np.asarray(theirs), atol=1e-5)


def test_axes_that_turn_are_refused_by_name():
    prepared = Compose([RAS, spacing(1, 1, 1, diagonal=True)])({"image": scan()})["image"]
    with pytest.raises(NotByAxes, match="SpatialResample turns the axes"):
        find_way_back(trace_of(prepared))


def test_unknown_step_is_refused_by_name():
    prepared = Compose([Zoomd(keys="image", zoom=1.2)])({"image": scan()})["image"]
    with pytest.raises(NotByAxes, match="through Zoom is known"):
        find_way_back(trace_of(prepared))
