"""Run a network as fast as its device safely can."""

from napari_seg.segmentation.execution.devices import available_devices, choose_device
from napari_seg.segmentation.execution.plan import PRECISIONS, Plan, Precision, Trial, Way
from napari_seg.segmentation.execution.runner import NetworkRunner
from napari_seg.segmentation.execution.torch_engine import fast_inference

__all__ = [
    "PRECISIONS",
    "NetworkRunner",
    "Plan",
    "Precision",
    "Trial",
    "Way",
    "available_devices",
    "choose_device",
    "fast_inference",
]
