"""DICOM segmentations (DICOM-SEG) out, against the series that was segmented."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.config import disable_value_validation
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from napari_seg.imaging.dicom.segmentation.reading import read_segmentation
from napari_seg.imaging.dicom.segmentation.segments import segment_name, segments_of
from napari_seg.imaging.dicom.segmentation.source import SegmentedImages, segmented_images
from napari_seg.imaging.dicom.segmentation.uids import MissingUidsError
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_table import STATUSES, Label
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.saving import replace_file
from napari_seg.imaging.scan import LabelMap, Notice, Scan

_MAKER = "napari-seg"
_MOST_SEGMENTS = 65535
# Beside the series of a study that scanners number from 1.
_SERIES_NUMBER = 900


def write_segmentation(
    labels: LabelMap,
    path: str | Path,
    *,
    source: Scan,
    new_uids: bool = False,
    before_replacing: Callable[[Path], None] | None = None,
    beside: Mapping[Path, str] | None = None,
) -> tuple[Notice, ...]:
    """Write labels as a DICOM segmentation of the series they belong to.

    One binary segment for each label that has voxels, one frame for each slice that a segment
    lies on. Of the patient and the study it says what the standard demands, and nothing else of
    the source's texts. Whole or not at all; what was written is read back and compared.

    Parameters
    ----------
    labels
        On the grid of `source`.
    path
        The file, by custom ``.dcm``.
    source
        The scan as it was read from its DICOM series, whose files must still be there.
    new_uids
        Whether UIDs are made that the series lacks: the same each time, with a notice.
    before_replacing
        Called with the hidden file that holds the labels, before it takes its name.
    beside
        Texts of files that take their names together with it, as in `saving.replace_file`.

    Returns
    -------
    tuple of Notice
        What was made up, shortened or left out.

    Raises
    ------
    FileNotFoundError
        If a slice of the source or the folder of `path` is not there.
    ValueError
        If there is no label to store, the labels are on another grid, or the source is no DICOM
        series, was resampled, or lacks UIDs.
    OSError
        If the disk is full or the folder may not be written to.
    """
    path = Path(path)
    try:
        labels.require_grid(source.geometry)
        counts = count_voxels(labels.array)
        if not counts:
            raise ValueError("there is no label to store: all voxels are background")
        if min(counts) < 0 or len(counts) > _MOST_SEGMENTS:
            raise ValueError(
                f"a DICOM segmentation holds 1 to {_MOST_SEGMENTS} labels above 0; "
                "save them as NIfTI (.nii.gz)"
            )
        # Warnings would quote what the series states wrongly, such as an identifier.
        with disable_value_validation():
            images = segmented_images(source, new_uids=new_uids)
    except ValueError as error:
        # Who can ask a person for new identifiers tells that error from the others.
        kind = MissingUidsError if isinstance(error, MissingUidsError) else ValueError
        raise kind(f"'{path.name}' cannot be saved: {error}") from error
    table = labels.table.completed(counts)
    stored = tuple(label for label in table if label.value in counts)
    with disable_value_validation(), warnings.catch_warnings():
        # highdicom quotes a patient's name whose form it does not like.
        warnings.simplefilter("ignore")
        dataset = _segmentation(labels.array, stored, images, labels.record)

    def write(partial: Path) -> None:
        with disable_value_validation():
            dataset.save_as(partial)

    def check(partial: Path) -> None:
        _require_same(partial, labels, stored)
        if before_replacing is not None:
            before_replacing(partial)

    replace_file(path, write, check=check, beside=beside)
    left_out = [label.name for label in table if label.value not in counts]
    return (*images.notices, *_renamed(stored), *_left_out(left_out), *_without_status(stored))


def _segmentation(
    array: NDArray[Any],
    stored: Sequence[Label],
    images: SegmentedImages,
    record: Mapping[str, Any] | None,
) -> hd.seg.Segmentation:
    dataset = hd.seg.Segmentation(
        source_images=images.datasets,
        pixel_array=_numbered(array, [label.value for label in stored]),
        segmentation_type="BINARY",
        segment_descriptions=segments_of(stored, record),
        series_instance_uid=generate_uid(prefix=None),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=_MAKER,
        manufacturer_model_name=_MAKER,
        software_versions=f"{version('napari-seg')}, highdicom {version('highdicom')}",
        device_serial_number="none",
        content_label="SEGMENTATION",
        content_creator_name="",
        series_description=f"{_MAKER} segmentation",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        plane_positions=images.positions,
        omit_empty_frames=True,
        specific_character_set="ISO_IR 192",
    )
    if images.frames:
        _refer_to(images.frames, dataset)
    return dataset


def _refer_to(frames: Sequence[int], dataset: hd.seg.Segmentation) -> None:
    """Take out references to other frames: highdicom makes one to each that lies in the place."""
    for item in dataset.PerFrameFunctionalGroupsSequence:
        for derivation in item.DerivationImageSequence:
            derivation.SourceImageSequence = [
                one
                for one in derivation.SourceImageSequence
                if int(one.ReferencedFrameNumber) in frames
            ]


def _numbered(array: NDArray[Any], values: Sequence[int]) -> NDArray[Any]:
    """Return ``(k, j, i)``, with the rank of each value from 1 instead of the value."""
    kind = np.uint8 if len(values) < 256 else np.uint16
    # Of the same kind: numbers of 64 bits with and without a sign are compared as fractions.
    known = np.array([0, *values], array.dtype)
    frames = np.empty(array.shape[::-1], dtype=kind)
    for k in range(array.shape[2]):
        frames[k] = np.searchsorted(known, array[..., k].T)
    return frames


def _require_same(path: Path, labels: LabelMap, stored: Sequence[Label]) -> None:
    back = read_segmentation(path)
    names, found = {label.value: segment_name(label.name) for label in stored}, back.table.names
    same = all(value in found and name in ("", found[value]) for value, name in names.items())
    try:
        placed = align_labels(back, labels.geometry).array
    except ValueError as error:
        raise OSError("what was read back lies on another grid than what was written") from error
    if not same or not np.array_equal(placed, labels.array):
        raise OSError("what was read back differs from what was written")


def _renamed(stored: Sequence[Label]) -> tuple[Notice, ...]:
    changed = [label.name for label in stored if segment_name(label.name) != label.name]
    if not changed:
        return ()
    message = (
        f"{len(changed)} names were changed, because DICOM holds 64 letters on one line: "
        f"{_some(changed)}"
    )
    return (Notice("names-changed", message, {"labels": len(changed)}),)


def _left_out(names: Sequence[str]) -> tuple[Notice, ...]:
    if not names:
        return ()
    message = f"{len(names)} labels without a voxel are not in the segmentation: {_some(names)}"
    return (Notice("empty-labels", message, {"labels": len(names)}),)


def _without_status(stored: Sequence[Label]) -> tuple[Notice, ...]:
    spoken_of = [label.name for label in stored if label.status != STATUSES[0]]
    if not spoken_of:
        return ()
    message = (
        f"the status of {len(spoken_of)} labels is not in the segmentation, for DICOM has no "
        f"place for it: {_some(spoken_of)}"
    )
    return (Notice("status-left-out", message, {"labels": len(spoken_of)}),)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return f"{shown}, …" if len(names) > 5 else shown
