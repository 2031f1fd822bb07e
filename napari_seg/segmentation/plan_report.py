"""Measure what a plan is worth: a network as it is run here, against torch left to itself."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.execution import Plan, Precision

_ROUNDS = 3


@dataclass(frozen=True)
class PlanReport:
    """How a network is run, and how long one batch of windows takes.

    Attributes
    ----------
    plan
        The way that was found.
    plan_ms, plain_ms
        By the plan, and by torch in float32 without any of it.
    """

    plan: Plan
    plan_ms: float
    plain_ms: float

    def __str__(self) -> str:
        gain = self.plain_ms / self.plan_ms
        return (
            f"{self.plan.way} on {self.plan.device}: {self.plan_ms:.1f} ms a batch of windows, "
            f"{gain:.1f} times as fast as torch by itself; {self.plan.reason}"
        )


def measure_plan(
    bundle: Bundle, scan: Scan, *, device: str = "auto", precision: Precision = "exact"
) -> PlanReport:
    """Find the plan of a bundle's network on a scan, and time it against plain torch.

    Parameters
    ----------
    bundle
        Of which the network is run.
    scan
        Of one channel, that the bundle knows.
    device, precision
        As in `segment`.
    """
    import torch
    from monai.data import MetaTensor
    from monai.utils import convert_to_tensor

    from napari_seg.segmentation.execution import choose_device
    from napari_seg.segmentation.execution.samples import sample_windows
    from napari_seg.segmentation.windows import window_of

    voxels = torch.from_numpy(scan.array.astype("float32"))[None]
    affine = torch.from_numpy(scan.geometry.affine.copy())
    image = bundle.prepare({"image": MetaTensor(voxels, affine=affine)})["image"]
    prepared, window = convert_to_tensor(image)[None], window_of(bundle.inferer)
    place = choose_device(device)
    plan = bundle.runner.plan(prepared, window, device=place, precision=precision)
    batch = next(sample_windows(prepared, window)).to(place)
    network = bundle.network.to(place)
    try:
        with torch.inference_mode():
            plain, planned = _interleaved(batch, network, bundle.runner.run(plan))
    finally:
        bundle.network.to("cpu")
    return PlanReport(plan, planned, plain)


def _interleaved(batch: Tensor, *networks: Callable[[Tensor], Tensor]) -> list[float]:
    """Return the median milliseconds of each, run in turns after one turn that warms up."""
    times: list[list[float]] = [[] for _ in networks]
    for round_ in range(_ROUNDS + 1):
        for network, taken in zip(networks, times, strict=True):
            start = perf_counter()
            float(network(batch).sum())  # the sum waits for a graphics card
            if round_:
                taken.append((perf_counter() - start) * 1e3)
    return [median(taken) for taken in times]
