"""The ways to run a network that are worth trying on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.segmentation.execution import openvino_engine
from napari_seg.segmentation.execution.plan import Way

if TYPE_CHECKING:
    from napari_seg.segmentation.execution.plan import Precision


def ways_to_try(device: str, precision: Precision, *, is_fixed: bool) -> list[Way]:
    """List what is worth trying, the reference first.

    Parameters
    ----------
    device
        As from `choose_device`.
    precision
        What is asked for.
    is_fixed
        Whether the network has a window; if not, it takes scans of each size whole.
    """
    kind = device.partition(":")[0]
    ways = [Way("torch")]
    if kind == "cuda":
        ways += [Way("torch", channels_last=True)]
        ways += [Way("torch", graph=True)] * is_fixed
        if precision == "fast":
            ways += [Way("torch", "bfloat16"), Way("torch", "bfloat16", channels_last=True)]
            ways += [Way("torch", "bfloat16", channels_last=True, graph=True)] * is_fixed
    elif kind == "mps":
        ways += [Way("torch", "float16")] * (precision == "fast")
    else:
        # For scans of each size that a network takes whole, OpenVINO would convert it again.
        in_openvino = is_fixed and openvino_engine.is_installed()
        # What does not load is tried all the same, so that the plan says why it is not used.
        ways += [Way("openvino")] * in_openvino
        if precision == "fast":
            ways += _reduced_on_processor(in_openvino=in_openvino)
    return ways


def _reduced_on_processor(*, in_openvino: bool) -> list[Way]:
    dtypes = _openvino_dtypes() if in_openvino else None
    if dtypes is not None:
        return [Way("openvino", dtype) for dtype in dtypes]
    return [Way("torch", "bfloat16")] * _torch_has_bfloat16()


def _openvino_dtypes() -> list[str] | None:
    """Name what OpenVINO calculates in fast here; None where it does not load."""
    try:
        return openvino_engine.reduced_dtypes()
    except (ImportError, OSError, RuntimeError):
        return None


def _torch_has_bfloat16() -> bool:
    import torch

    return bool(
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
