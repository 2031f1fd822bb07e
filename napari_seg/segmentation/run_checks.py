"""What must be right before a run begins."""

from __future__ import annotations

from math import nan, prod
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from napari_seg.segmentation.locating.sides import Sides

if TYPE_CHECKING:
    from napari_seg.imaging.geometry import Region
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.run_settings import RunSettings


def check_kinds(scan: object, bundle: object, plan: object) -> None:
    """See that scan, model and plan are such, with real numbers for voxels.

    Raises
    ------
    TypeError
        If the one is no `Scan` or the other no `Bundle`.
    ValueError
        If the voxels are complex numbers, or the plan is none that this machine can run.
    """
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle

    if not isinstance(scan, Scan):
        raise TypeError(f"scan must be a Scan, as read_scan gives, got {type(scan).__name__}")
    if not isinstance(bundle, Bundle):
        raise TypeError(
            f"bundle must be a Bundle, as load_bundle gives, got {type(bundle).__name__}"
        )
    if scan.array.dtype.kind == "c":
        raise ValueError("the scan holds complex numbers; give a scan of their magnitude")
    _check_plan(plan)


def as_region(region: Any) -> Region | Literal["auto"] | None:
    """Give a region of any kind of numbers, such as an array ``(3, 2)``, as tuples of integers.

    Raises
    ------
    ValueError
        If it is neither ``"auto"`` nor None, nor three pairs of whole numbers.
    """
    if region is None or (isinstance(region, str) and region == "auto"):
        return cast('Literal["auto"] | None', region)
    try:
        spans = np.asarray(region)
    except ValueError:  # of ranges of unequal lengths NumPy makes no array
        spans = np.empty(0)
    is_whole = spans.dtype.kind in "iu" or (
        spans.dtype.kind == "f" and bool(np.isfinite(spans).all() and (spans % 1 == 0).all())
    )
    if spans.shape != (3, 2) or not is_whole:
        raise ValueError(f"region must be 'auto' or three (start, stop) in voxels, got {region!r}")
    i, j, k = ((int(start), int(stop)) for start, stop in spans)
    return i, j, k


def as_overlap(overlap: Any) -> float:
    """Give an overlap of any kind of number.

    Raises
    ------
    ValueError
        If it is no number from 0 to below 1.
    """
    number = float(overlap) if isinstance(overlap, Real) else nan
    if not 0 <= number < 1:
        raise ValueError(f"overlap must be from 0 to below 1, got {overlap!r}")
    return number


def check_run(scan: Scan, bundle: Bundle, settings: RunSettings) -> None:
    """See that a scan fits a bundle, and choices are in range.

    Raises
    ------
    ValueError
        If a scan does not fit, or a choice is out of range.
    MemoryError
        If the labels alone cannot be held and written, with the figures.
    """
    _check_fit(scan, bundle)
    _check_settings(settings, bundle)
    _check_memory(scan, bundle, settings)


def _check_plan(plan: object) -> None:
    from napari_seg.segmentation.execution import Plan, choose_device
    from napari_seg.segmentation.execution.openvino_engine import is_installed

    if plan is None:
        return
    if not isinstance(plan, Plan):
        raise ValueError(f"plan must be a Plan, as Plan.from_dict gives, got {plan!r}")
    choose_device(Plan.from_dict(plan.as_dict()).device)
    if plan.way.engine == "openvino" and not is_installed():
        raise ValueError("the plan runs the network in OpenVINO, which is not installed here")


def _check_memory(scan: Scan, bundle: Bundle, settings: RunSettings) -> None:
    """See that labels fit, with what writing them takes, and maps of all boxes that are found.

    Maps of a given box count with its labels.
    """
    import torch

    from napari_seg.imaging.label_files.writing import COPIES_WRITTEN
    from napari_seg.segmentation.slabs.memory import available_bytes, require

    voxels, on_cpu = prod(scan.geometry.shape), torch.device("cpu")
    label_bytes = 1 if max(bundle.table.names, default=0) <= 255 else 2
    needed, free = COPIES_WRITTEN * label_bytes * voxels, available_bytes(on_cpu)
    if free is not None and needed > free:
        raise MemoryError(
            f"labels of {voxels / 1e6:.0f} million voxels take {needed / 1e9:.1f} GB of memory until "
            f"they are written, {free / 1e9:.1f} GB are free; cut the scan into parts"
        )
    if settings.finds_place and settings.maps:
        needed = 4 * len(settings.maps) * voxels
        require(needed, on_cpu, f"probabilities of {voxels / 1e6:.0f} million voxels")


def _check_fit(scan: Scan, bundle: Bundle) -> None:
    channels, wanted = scan.array.shape[3] if scan.array.ndim == 4 else 1, bundle.in_channels
    if channels != wanted:
        names = ", ".join(bundle.description.channel_names)
        raise ValueError(
            f"the bundle {bundle.name!r} expects {wanted} channel{'s' * (wanted != 1)} ({names}), "
            f"the scan has {channels}; {_other_channels(scan, channels, wanted)}"
        )
    if bundle.spatial_dims == 3 and 1 in scan.geometry.shape:
        raise ValueError(
            f"the bundle {bundle.name!r} is 3D and the scan is a single slice of shape "
            f"{scan.geometry.shape}; choose a 2D bundle"
        )


def _other_channels(scan: Scan, channels: int, wanted: int) -> str:
    """Name the way to a scan of as many channels as are wanted."""
    from napari_seg.imaging.channels import RGB_NAMES

    if channels < wanted:
        return "stack_channels (--channel on the command line) makes one scan of several"
    if wanted > 1:
        return "save those that the model knows as a scan of their own"
    if scan.channel_names == RGB_NAMES:
        return "it is a colour picture: turn it grey, and save it again"
    return "take_volume (--volume N on the command line) gives one volume of it"


def _check_settings(settings: RunSettings, bundle: Bundle) -> None:
    from napari_seg.segmentation.execution import PRECISIONS
    from napari_seg.segmentation.slabs.score_maps import classes_of

    if settings.precision not in PRECISIONS:
        raise ValueError(f"precision must be 'exact' or 'fast', got {settings.precision!r}")
    if not set(settings.mirror) <= {0, 1, 2}:
        raise ValueError(f"axes to mirror must be among 0, 1 and 2, got {settings.mirror}")
    locator = bundle.description.locator if settings.finds_place else None
    if locator is None:
        classes_of(settings.maps, bundle.table)
        for name in settings.labels or ():
            bundle.table.value_of(name)
        return
    sides = Sides(bundle.table, locator)
    for name in settings.maps:
        sides.maps_of(name)
