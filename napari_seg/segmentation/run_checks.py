"""What must be right before a run begins."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from napari_seg.imaging.geometry import clip_region
from napari_seg.segmentation.locating.sides import Sides

if TYPE_CHECKING:
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.run_settings import RunSettings

# Of each voxel and channel: float32, and what MONAI resamples from and to in float64.
_PREPARING_BYTES = 20


def check_run(scan: Scan, bundle: Bundle, settings: RunSettings) -> None:
    """See that a scan fits a bundle, choices are in range, and there is memory to prepare it.

    Raises
    ------
    ValueError
        If a scan does not fit, or a choice is out of range.
    MemoryError
        If there is too little memory, with the figures.
    """
    _check_fit(scan, bundle)
    _check_settings(settings, bundle)
    _check_memory(scan, settings)


def _check_memory(scan: Scan, settings: RunSettings) -> None:
    import torch

    from napari_seg.segmentation.slabs.memory import require

    preparing = _PREPARING_BYTES * (not settings.finds_place)
    spans = [(0, count) for count in scan.geometry.shape]
    if settings.box is not None:
        spans = list(clip_region(settings.box, scan.geometry.shape))
    voxels = prod(stop - start for start, stop in spans)
    channels = scan.array.shape[3] if scan.array.ndim == 4 else 1
    needed = voxels * (preparing * channels + 4 * len(settings.maps))
    require(needed, torch.device("cpu"), f"preparing {voxels / 1e6:.0f} million voxels")


def _check_fit(scan: Scan, bundle: Bundle) -> None:
    channels = scan.array.shape[3] if scan.array.ndim == 4 else 1
    if channels != bundle.in_channels:
        names = ", ".join(bundle.description.channel_names)
        raise ValueError(
            f"the bundle {bundle.name!r} expects {bundle.in_channels} channel(s) ({names}), "
            f"the scan has {channels}; stack_channels (--channel on the command line) makes one "
            "scan of several"
        )
    if bundle.spatial_dims == 3 and 1 in scan.geometry.shape:
        raise ValueError(
            f"the bundle {bundle.name!r} is 3D and the scan is a single slice of shape "
            f"{scan.geometry.shape}; choose a 2D bundle"
        )


def _check_settings(settings: RunSettings, bundle: Bundle) -> None:
    from napari_seg.segmentation.slabs.score_maps import classes_of

    if not 0 <= settings.overlap < 1:
        raise ValueError(f"overlap must be from 0 to below 1, got {settings.overlap}")
    if not set(settings.mirror) <= {0, 1, 2}:
        raise ValueError(f"axes to mirror must be among 0, 1 and 2, got {settings.mirror}")
    locator = bundle.description.locator if settings.finds_place else None
    if locator is None:
        classes_of(settings.maps, bundle.table)
        return
    sides = Sides(bundle.table, locator)
    for name in settings.maps:
        sides.maps_of(name)
