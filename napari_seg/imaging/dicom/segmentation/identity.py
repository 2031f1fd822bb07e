"""What a DICOM segmentation says of the patient, the study and the losses of the images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pydicom
from pydicom.multival import MultiValue

from napari_seg.imaging.scan import Notice

# What the standard demands of a patient and a study (types 1 and 2), and how many letters it
# allows; of a name, in each of its alphabets. The referring physician, who may stay unnamed, is
# left out.
_TEXTS = {"PatientName": 64, "PatientID": 64, "StudyID": 16, "AccessionNumber": 16}
_FORMS = {
    "PatientBirthDate": r"\d{8}",
    "PatientSex": r"[MFO]",
    "StudyDate": r"\d{8}",
    "StudyTime": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
}
_COMPRESSION = (
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")

IDENTITY_TAGS = (*_TEXTS, *_FORMS, *_COMPRESSION)


def add_patient_and_study(dataset: pydicom.Dataset, header: pydicom.Dataset) -> tuple[Notice, ...]:
    """Copy what the standard demands, empty where it does not allow what the header states.

    Returns
    -------
    tuple of Notice
        What was left empty, without the text that stands there.
    """
    left_out = []
    for tag in (*_TEXTS, *_FORMS):
        value = header.get(tag)
        text = str(value or "").strip()
        # A value that the standard does not allow would make the whole file invalid.
        is_allowed = not isinstance(value, MultiValue) and _is_allowed(tag, text)
        setattr(dataset, tag, text if is_allowed else "")
        if text and not is_allowed:
            left_out.append(tag)
    if not left_out:
        return ()
    message = (
        f"the series states {', '.join(left_out)} in a form that DICOM does not allow, so the "
        "segmentation leaves it empty"
    )
    return (Notice("identity-left-out", message, {"tags": ", ".join(left_out)}),)


def add_compression(
    datasets: Sequence[pydicom.Dataset], headers: Sequence[pydicom.Dataset]
) -> None:
    """Say of all images that they lost something by compression where one of them did."""
    lossy = (header for header in headers if header.get("LossyImageCompression") == "01")
    header = next(lossy, headers[0])
    said: dict[str, Any] = {tag: header[tag].value for tag in _COMPRESSION if header.get(tag)}
    for dataset in datasets:
        for tag, value in said.items():
            setattr(dataset, tag, value)


def _is_allowed(tag: str, text: str) -> bool:
    if tag in _FORMS:
        return not text or re.fullmatch(_FORMS[tag], text) is not None
    parts = text.split("=") if tag == "PatientName" else [text]
    return not _CONTROL.search(text) and all(len(part) <= _TEXTS[tag] for part in parts)
