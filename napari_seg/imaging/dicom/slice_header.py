"""What the header of a DICOM file says of one of its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_seg.imaging.dicom.tag_values import Numbers


@dataclass(frozen=True)
class SliceHeader:
    """What is said of one picture; lengths in mm, directions and places in LPS.

    Parameters
    ----------
    path
        Its file.
    group
        What slices of one series share: the UID, and a hash of what tells equal UIDs apart.
    study
        A hash of the patient's number and the study's UID.
    study_date
        As stored: it orders, and is not to be told; empty where absent.
    uid, modality, description, series_number, instance_number
        As stored, the description on one line; empty or 0 where absent.
    shape
        ``(rows, columns)``.
    index
        Which picture of the file it is, from 0.
    frames, samples
        Pictures that this header stands for (more than one for a film, whose pictures have no
        place of their own), and parts of a pixel (3 for colour).
    is_capture, is_localizer, is_mosaic, is_inverted
        Whether it is a secondary capture by its class, as of a screen; whether it is a planning
        picture; whether it shows many slices side by side; whether high values show dark
        (MONOCHROME1).
    orientation
        Direction along a row, then along a column; ``None`` where absent.
    position
        Centre of the first pixel; ``None`` where absent.
    spacing
        Between rows, then between columns; ``None`` where absent.
    is_detector_spacing
        Whether the spacing was measured at the detector rather than in the patient.
    aspect
        How high and how wide a pixel is, as a ratio; ``None`` where absent.
    thickness, step
        Of the slice, and what is said to lie between two; ``None`` where absent.
    slope, intercept
        The stored value times `slope` plus `intercept` is what it means; ``None`` where absent.
    has_other_unit
        Whether the rescaled values of a CT are stated in another unit than HU.
    has_other_values
        Whether a mapping to values of the real world is stated that is not that rescaling.
    frame_of_reference
        A hash; ``None`` where absent.
    stack
        StackID of an enhanced file; empty elsewhere.
    phases
        The values of `headers.PHASE_TAGS`.
    """

    path: Path
    group: tuple[str, ...]
    study: str
    study_date: str
    uid: str
    modality: str
    description: str
    series_number: int
    instance_number: int
    shape: tuple[int, int]
    index: int
    frames: int
    samples: int
    is_capture: bool
    is_localizer: bool
    is_mosaic: bool
    is_inverted: bool
    orientation: Numbers | None
    position: Numbers | None
    spacing: Numbers | None
    is_detector_spacing: bool
    aspect: Numbers | None
    thickness: float | None
    step: float | None
    slope: float | None
    intercept: float | None
    has_other_unit: bool
    has_other_values: bool
    frame_of_reference: str | None
    stack: str
    phases: tuple[str, ...]
