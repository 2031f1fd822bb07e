"""The door for DICOM segmentations (DICOM-SEG)."""

from napari_seg.imaging.dicom.segmentation_reading import is_segmentation, read_segmentation
from napari_seg.imaging.dicom.segmentation_writing import write_segmentation

__all__ = ["is_segmentation", "read_segmentation", "write_segmentation"]
