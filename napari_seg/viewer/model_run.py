"""One run of a model on one scan: what it needs, and what it brings back."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.label_edits import keep_largest, remove_islands
from napari_seg.segmentation.record import make_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_seg.imaging.geometry import Region
    from napari_seg.imaging.scan import LabelMap, Scan
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.preview import LabelWindow


@dataclass(frozen=True)
class Tools:
    """The functions that the panel shows: those of `napari_seg.segmentation`, or a test's own."""

    segment: Callable[..., LabelMap]
    load_bundle: Callable[..., Bundle]
    describe_bundle: Callable[..., BundleDescription]
    choose_device: Callable[[str], str]


@dataclass(frozen=True)
class Choices:
    """What a person chose for a run.

    Attributes
    ----------
    folder
        The bundle's folder; None for the shipped one.
    variant
        The overlay of the bundle, such as ``"two_d"``.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    region
        Ranges of voxels ``(i, j, k)``; None for the whole scan.
    overlap
        Of neighbouring windows, from 0 to below 1.
    labels
        Names of the labels to keep; None for all.
    keep_largest
        Keep only the largest part of each label.
    min_ml
        Drop parts smaller than this.
    """

    folder: Path | None = None
    variant: str | None = None
    device: str = "auto"
    region: Region | None = None
    overlap: float = 0.25
    labels: tuple[str, ...] | None = None
    keep_largest: bool = False
    min_ml: float = 0.0

    @property
    def model(self) -> tuple[str | None, str | None]:
        """The folder and variant: runs with equal ones repeat each other."""
        return (None if self.folder is None else str(self.folder)), self.variant

    def command(self, path: Path | None) -> str:
        """Give the command line that repeats the run on the scan at `path`."""
        words = ["napari-seg", "segment", "SCAN" if path is None else str(path), "-o", "OUT.nii.gz"]
        if self.folder is not None:
            words += ["--model", str(self.folder)]
        if self.variant is not None:
            words += ["--variant", self.variant]
        words += ["--device", self.device, "--overlap", str(self.overlap)]
        if self.region is not None:
            words.append("--region=" + ",".join(f"{start}:{stop}" for start, stop in self.region))
        if self.labels is not None:
            words += ["--labels", ",".join(self.labels)]
        if self.keep_largest:
            words.append("--keep-largest")
        if self.min_ml:
            words += ["--min-ml", str(self.min_ml)]
        return shlex.join(words)

    def as_options(self) -> dict[str, Any]:
        """Give the choices as plain values for a record."""
        return {
            "overlap": self.overlap,
            "region": self.region,
            "labels": self.labels,
            "keep_largest": self.keep_largest,
            "min_ml": self.min_ml,
        }


@dataclass(frozen=True, eq=False)
class Result:
    """What a run brought back.

    Attributes
    ----------
    labels
        On the scan's grid.
    choices
        What it was asked for.
    bundle
        The loaded model, to be used again.
    record
        How the labels came about, for the file beside them.
    seconds
        From the loaded model to the labels.
    """

    labels: LabelMap
    choices: Choices
    bundle: Bundle
    record: dict[str, Any]
    seconds: float


def run_model(
    tools: Tools,
    scan: Scan,
    choices: Choices,
    bundle: Bundle | None,
    path: Path | None,
    *,
    on_progress: Callable[[float], None],
    on_window: Callable[[LabelWindow], None],
) -> Result:
    """Load a model unless it is loaded, segment a scan with it, and clean up.

    Parameters
    ----------
    tools
        The functions to call.
    scan
        What to segment.
    choices
        How.
    bundle
        The model, if it was loaded before.
    path
        Where the scan came from, for the record.
    on_progress
        Told 0 once the model is loaded, then the fraction done; what it raises stops the run.
    on_window
        Told each finished window.
    """
    device = tools.choose_device(choices.device)
    if bundle is None:
        bundle = tools.load_bundle(choices.folder, variant=choices.variant)
    on_progress(0.0)
    start = perf_counter()
    labels = tools.segment(
        scan,
        bundle,
        device=device,
        overlap=choices.overlap,
        region=choices.region,
        labels=choices.labels,
        on_progress=on_progress,
        on_window=on_window,
    )
    labels = replace(_clean(labels, choices), source=scan.source)
    seconds = perf_counter() - start
    record = make_record(
        scan,
        bundle,
        device=device,
        options=choices.as_options(),
        seconds=seconds,
        command=choices.command(path),
    )
    return Result(labels, choices, bundle, record, seconds)


def _clean(labels: LabelMap, choices: Choices) -> LabelMap:
    array = labels.array
    if choices.keep_largest:
        array = keep_largest(array)
    if choices.min_ml:
        volume = labels.geometry.voxel_volume_ml
        array = remove_islands(array, min_ml=choices.min_ml, voxel_volume_ml=volume)
    return labels.with_array(array)
