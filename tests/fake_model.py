"""A model of three lines that stands for the network, and scans to run it on."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.segmentation.bundle_description import BundleDescription
from napari_seg.segmentation.preview import LabelWindow
from napari_seg.viewer.segmenting.model_run import Tools

TABLE = LabelTable.from_names({1: "anterior", 2: "posterior"})


@dataclass(frozen=True)
class FakeBundle:
    variant: str | None = None
    name: str = "Hippocampus"
    version: str = "0.0.0"
    sha256: str = "0" * 64
    table: LabelTable = TABLE
    ensemble: None = None


def describe(folder=None, *, variant=None):
    return BundleDescription(
        folder=Path(folder or "shipped"),
        variant=variant,
        name="Hippocampus",
        version="0.0.0",
        spatial_dims=2 if variant else 3,
        in_channels=1,
        labels=((1, "anterior"), (2, "posterior")),
        channel_names=("T1",),
    )


def load(folder=None, *, variant=None, further=(), folds=False):
    return FakeBundle(variant)


def segment(scan, bundle, *, region, on_progress, on_window, **_options):
    """Label what is bright 1 and what is very bright 2, in four windows along i."""
    labels = (scan.array > 50).astype(np.uint8) + (scan.array > 150)
    region = region or tuple((0, length) for length in scan.geometry.shape)
    inside = np.zeros(labels.shape, bool)
    inside[tuple(slice(*span) for span in region)] = True
    labels = np.where(inside, labels, 0).astype(np.uint8)
    edges = np.linspace(*region[0], 5).astype(int)
    for done, (start, stop) in enumerate(pairwise(edges), start=1):
        if stop > start:
            part = ((int(start), int(stop)), *region[1:])
            first = tuple(span[0] for span in part)
            window = labels[tuple(slice(*span) for span in part)]
            on_window(LabelWindow(window, first, scan.geometry, scan.geometry))
        on_progress(done / 4)
    return LabelMap(labels, scan.geometry, bundle.table)


def fake_tools(segment=segment, load=load, describe=describe, **more):
    """The functions of a panel, in which no library is loaded."""
    return Tools(
        **{
            "segment": segment,
            "load_models": load,
            "describe_bundle": describe,
            "choose_device": lambda name: "cpu",
            "load_libraries": lambda on_step, *more: None,
            "make_ready": lambda bundle, **how: None,
        }
        | more
    )


def head(brightness=100, shape=(12, 10, 8)):
    """A cube of 4×3×2 voxels of one brightness, of which one column is brighter by 100."""
    array = np.zeros(shape, np.int16)
    array[4:8, 3:6, 3:5] = brightness
    array[4, 3:6, 3:5] += 100
    return Scan(array, Geometry(shape, np.diag([1.0, 2.0, 3.0, 1.0])))
