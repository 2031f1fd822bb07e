"""Bundles made up for the tests of slabs, and MONAI's own way to compare with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.inferers import SliceInferer, SlidingWindowInferer
from monai.transforms import (
    AsDiscreted,
    Compose,
    Invertd,
    NormalizeIntensityd,
    Orientationd,
    Spacingd,
)

from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.segmentation import inference
from napari_seg.segmentation.bundle import Bundle
from napari_seg.segmentation.bundle_description import BundleDescription
from napari_seg.segmentation.execution import Plan, Way

# Without a search for the fastest way, which takes longer than these small networks.
IN_TORCH = Plan("exact", "cpu", Way("torch"))


def segment(scan: Scan, bundle: Bundle, **options: Any) -> LabelMap:
    return inference.segment(scan, bundle, plan=IN_TORCH, **options)


def prepared_at(*spacing: float) -> list[Any]:
    return [
        Orientationd(keys="image", axcodes="RAS", labels=None),
        Spacingd(keys="image", pixdim=spacing, mode="bilinear"),
        NormalizeIntensityd(keys="image"),
    ]


def smooth_network(
    classes: int, *, dims: int = 3, width: int = 5, seed: int = 0
) -> torch.nn.Module:
    """A network whose labels form regions, as a trained one's do."""
    torch.manual_seed(seed)
    convolution = (torch.nn.Conv2d, torch.nn.Conv3d)[dims - 2]
    pool = (torch.nn.AvgPool2d, torch.nn.AvgPool3d)[dims - 2]
    return torch.nn.Sequential(
        pool(width, 1, width // 2),
        convolution(1, 8, 1),
        torch.nn.Tanh(),
        convolution(8, classes, 3, padding=1),
    ).eval()


def noisy_network(classes: int, *, dims: int = 3) -> torch.nn.Module:
    """A network whose labels change from voxel to voxel."""
    torch.manual_seed(1)
    convolution = (torch.nn.Conv2d, torch.nn.Conv3d)[dims - 2]
    return torch.nn.Sequential(convolution(1, classes, 3, padding=1)).eval()


def bundle_of(
    network: torch.nn.Module,
    classes: int,
    *,
    prepare: list[Any],
    window: tuple[int, ...] = (24, 20, 28),
    finish: list[Any] | None = None,
    nearest: bool = False,
    inferer: Any = None,
) -> Bundle:
    """A bundle of these parts; `finish` may hold None in the place of the inverse."""
    steps = Compose(prepare)
    invert = Invertd(keys="pred", transform=steps, orig_keys="image", nearest_interp=nearest)
    default = [None, AsDiscreted(keys="pred", argmax=True)]
    flat = len(window) == 2
    names = {number: f"label {number}" for number in range(1, max(classes, 2))}
    return Bundle(
        description=BundleDescription(
            folder=Path("made up"),
            variant=None,
            name="made up",
            version="1",
            spatial_dims=2 if flat else 3,
            in_channels=1,
            labels=tuple(names.items()),
            channel_names=("image",),
            is_shipped=False,
        ),
        network=network,
        prepare=steps,
        inferer=inferer
        or (
            SliceInferer(roi_size=window, spatial_dim=2, sw_batch_size=4)
            if flat
            else SlidingWindowInferer(window, 2)
        ),
        postprocess=Compose([step or invert for step in finish or default]),
        table=LabelTable.from_names(names),
        sha256="0",
    )


@dataclass(frozen=True, eq=False)
class WholeWay:
    """What MONAI gives: labels, and the scores that they come from, both on the scan's grid."""

    labels: np.ndarray
    scores: np.ndarray

    def worst_gap(self, labels: np.ndarray) -> tuple[int, float]:
        """Count voxels that differ, and give the widest gap between their two best scores."""
        differs = labels != self.labels
        if not differs.any():
            return 0, 0.0
        best = np.sort(self.scores[:, differs], axis=0)
        return int(differs.sum()), float((best[-1] - best[-2]).max())


def whole_way(scan: Scan, bundle: Bundle, *, overlap: float = 0.25) -> WholeWay:
    """Run MONAI's inferer over the whole scan, its inverse, and its argmax."""
    array = np.asarray(scan.array, np.float32)[None]
    image = MetaTensor(torch.from_numpy(array), affine=torch.tensor(scan.geometry.affine))
    with torch.inference_mode():
        prepared = bundle.prepare({"image": image})["image"]
        inferer = bundle.inferer
        options = {"roi_size": inferer.roi_size, "overlap": overlap, "mode": "gaussian"}
        if isinstance(inferer, SliceInferer):
            options = {**options, "roi_size": inferer.orig_roi_size, "spatial_dim": 2}
        ours = type(inferer)(sw_batch_size=1, **options)
        batch = torch.as_tensor(prepared.as_tensor())[None]
        predicted = MetaTensor(ours(batch, bundle.network)[0], meta=prepared.meta)
        invert = next(step for step in bundle.postprocess.transforms if isinstance(step, Invertd))
        scores = invert({"image": prepared, "pred": predicted})["pred"]
        labels = bundle.postprocess({"image": prepared, "pred": predicted.clone()})["pred"]
    return WholeWay(np.asarray(labels)[0].astype(int), np.asarray(scores))
