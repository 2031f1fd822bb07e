"""The one door for scans and labels on disk."""

from __future__ import annotations

from pathlib import Path

from napari_seg.imaging.file_formats import SCAN_SUFFIXES, case_name, is_label_name
from napari_seg.imaging.label_files.beside import record_path
from napari_seg.imaging.label_files.mask_folder import write_masks
from napari_seg.imaging.label_files.reading import read_labels
from napari_seg.imaging.label_files.surfaces import write_surfaces
from napari_seg.imaging.label_files.tables import read_label_table, write_label_table
from napari_seg.imaging.label_files.writing import write_labels
from napari_seg.imaging.scan_files import read_scan, write_scan

__all__ = [
    "SCAN_SUFFIXES",
    "case_name",
    "is_label_name",
    "read_label_table",
    "read_labels",
    "read_scan",
    "record_path",
    "sample_data_folder",
    "write_label_table",
    "write_labels",
    "write_masks",
    "write_scan",
    "write_surfaces",
]


def sample_data_folder() -> Path:
    """Return the folder of the sample scans: of the repository, else of the installed package."""
    package = Path(__file__).parents[1]
    # First the repository: an editable install may leave a stale copy in the package.
    in_repository = package.parent / "sample_data"
    return in_repository if (in_repository / "SHA256SUMS").is_file() else package / "sample_data"
