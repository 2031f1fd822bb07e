"""Segment radiology scans with a U-Net in napari and on the command line.

The names below are loaded when they are first used: ``import napari_seg`` alone
imports neither torch nor an image library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_seg.imaging.dicom.reading import NeedsRepairError, SeveralSeriesError
    from napari_seg.imaging.dicom.series import Series, find_series
    from napari_seg.imaging.files import (
        read_label_table,
        read_labels,
        read_scan,
        write_label_table,
        write_labels,
        write_masks,
        write_surfaces,
    )
    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.label_table import Label, LabelTable
    from napari_seg.imaging.scan import LabelMap, Notice, Scan
    from napari_seg.segmentation.bundle import load_bundle
    from napari_seg.segmentation.ensemble import load_ensemble
    from napari_seg.segmentation.execution.plan import Plan
    from napari_seg.segmentation.inference import segment

    __version__: str

__all__ = [
    "Geometry",
    "Label",
    "LabelMap",
    "LabelTable",
    "NeedsRepairError",
    "Notice",
    "Plan",
    "Scan",
    "Series",
    "SeveralSeriesError",
    "__version__",
    "find_series",
    "load_bundle",
    "load_ensemble",
    "read_label_table",
    "read_labels",
    "read_scan",
    "segment",
    "write_label_table",
    "write_labels",
    "write_masks",
    "write_surfaces",
]

_HOMES = {
    "Geometry": "imaging.geometry",
    "Label": "imaging.label_table",
    "LabelTable": "imaging.label_table",
    "LabelMap": "imaging.scan",
    "Notice": "imaging.scan",
    "Scan": "imaging.scan",
    "NeedsRepairError": "imaging.dicom.reading",
    "Series": "imaging.dicom.series",
    "SeveralSeriesError": "imaging.dicom.reading",
    "find_series": "imaging.dicom.series",
    "read_label_table": "imaging.files",
    "read_labels": "imaging.files",
    "read_scan": "imaging.files",
    "write_label_table": "imaging.files",
    "write_labels": "imaging.files",
    "write_masks": "imaging.files",
    "write_surfaces": "imaging.files",
    "load_bundle": "segmentation.bundle",
    "load_ensemble": "segmentation.ensemble",
    "Plan": "segmentation.execution.plan",
    "segment": "segmentation.inference",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("napari-seg")
    if name not in _HOMES:
        raise AttributeError(f"module 'napari_seg' has no attribute {name!r}")
    return getattr(import_module(f"napari_seg.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
