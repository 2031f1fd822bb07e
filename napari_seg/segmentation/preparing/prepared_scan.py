"""Prepare a scan for a network as its bundle asks: part by part, or by MONAI's own transforms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from napari_seg.segmentation.model_failure import telling
from napari_seg.segmentation.network_input import as_network_input, network_affine
from napari_seg.segmentation.preparing.grid import find_grid
from napari_seg.segmentation.preparing.steps import NotByParts, read_steps
from napari_seg.segmentation.preparing.voxels import PreparedVoxels, bytes_at_once
from napari_seg.segmentation.slabs.finish import NotBySlabs, read_finish
from napari_seg.segmentation.slabs.memory import require
from napari_seg.segmentation.slabs.way_back import Trace, trace_of
from napari_seg.segmentation.windows import window_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from monai.data import MetaTensor
    from torch import Tensor

    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.preparing.grid import PreparedGrid
    from napari_seg.segmentation.preparing.steps import Steps

# Prepared scans of at most so many numbers are held whole: 256 MiB.
_HELD_WHOLE = 1 << 26
# Of each voxel and channel: float32, and what MONAI resamples from and to in float64.
_BYTES_BY_MONAI = 20


@dataclass(frozen=True, eq=False)
class PreparedScan:
    """A scan as a network sees it.

    Attributes
    ----------
    voxels
        ``(1, channel, i, j, k)``: held whole, or worked out as they are asked for.
    trace
        Of the way there.
    image
        Gives the scan as MONAI's transforms prepare it, for what needs that.
    """

    voxels: Tensor | PreparedVoxels
    trace: Trace
    image: Callable[[], MetaTensor]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along ``(i, j, k)``."""
        i, j, k = (int(count) for count in self.voxels.shape[2:])
        return i, j, k


def prepare_scan(
    scan: Scan, bundle: Bundle, *, maps: int = 0, spare_bytes: int = 0
) -> PreparedScan:
    """Prepare a scan, or what is left to do where it is asked for.

    Parameters
    ----------
    scan
        Or the box of it that the network gets.
    bundle
        Whose steps prepare it.
    maps
        How many maps of probability are held beside the labels.
    spare_bytes
        Memory that others are about to take.

    Raises
    ------
    MemoryError
        If there is too little memory, with the figures; before a voxel is read.
    ValueError
        If the bundle's preparing raises an error.
    """
    label_bytes = 1 if max(bundle.table.names, default=0) <= 255 else 2
    further_bytes = prod(scan.geometry.shape) * (label_bytes + 4 * maps) + spare_bytes
    try:
        if read_finish(bundle.postprocess, bundle.prepare).on_labels:
            raise NotByParts("what is done with labels may look at the prepared image")
        steps = read_steps(bundle.prepare)
        steps.require_channels(_channels(scan))
        grid = find_grid(scan.geometry.shape, network_affine(scan, bundle), steps)
    except (NotByParts, NotBySlabs):
        _require(scan, _by_monai_bytes(scan), further_bytes)
        image = _by_monai(scan, bundle)
        return PreparedScan(_plain(image), trace_of(image), lambda: image)
    return _by_parts(scan, bundle, steps, grid, further_bytes)


def _by_parts(
    scan: Scan, bundle: Bundle, steps: Steps, grid: PreparedGrid, further_bytes: int
) -> PreparedScan:
    import torch

    voxels = PreparedVoxels(scan.array, grid, steps, torch.device("cpu"))
    # MONAI would need more memory, but is asked only where a way back is unknown.
    image = partial(_by_monai, scan, bundle)
    if prod(voxels.shape) <= _HELD_WHOLE:
        _require(scan, 4 * prod(voxels.shape) + bytes_at_once(voxels), further_bytes)
        return PreparedScan(voxels.whole(), grid.trace, image)
    window = window_of(bundle.inferer).shape[voxels.slow_axis] or grid.shape[voxels.slow_axis]
    rows = min(2 * window, grid.shape[voxels.slow_axis])
    # While the band moves on, its old rows and its new ones are there beside it.
    band = 4 * prod(voxels.shape) // grid.shape[voxels.slow_axis] * rows
    _require(scan, 2 * band + bytes_at_once(voxels), further_bytes)
    return PreparedScan(voxels, grid.trace, image)


def _by_monai(scan: Scan, bundle: Bundle) -> MetaTensor:
    image = as_network_input(scan, bundle)
    with telling("preparing", bundle.name, "the scan"):
        prepared: MetaTensor = bundle.prepare({"image": image})["image"]
    return prepared


def _by_monai_bytes(scan: Scan) -> int:
    return prod(scan.geometry.shape) * _BYTES_BY_MONAI * _channels(scan)


def _channels(scan: Scan) -> int:
    return scan.array.shape[3] if scan.array.ndim == 4 else 1


def _plain(image: MetaTensor) -> Tensor:
    from monai.utils import convert_to_tensor

    plain: Tensor = convert_to_tensor(image)
    return plain[None]


def _require(scan: Scan, needed: int, further: int) -> None:
    import torch

    voxels = prod(scan.geometry.shape)
    require(needed + further, torch.device("cpu"), f"preparing {voxels / 1e6:.0f} million voxels")
