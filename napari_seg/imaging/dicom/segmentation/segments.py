"""A label as a segment of a DICOM segmentation, and back: name, colour, code and value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import highdicom as hd
import pydicom
from highdicom.color import CIELabColor
from highdicom.seg import SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from napari_seg.imaging.dicom.segmentation.grid import SegmentationError
from napari_seg.imaging.label_table import Label, LabelTable

_LONGEST_TEXT = 64
_SNOMED_RT = re.compile(r"[A-Z]-[0-9A-F]{5}")
# The terminology of codes that name none.
_OURS = "99NAPARISEG"
# What is said of a structure whose code is not known, as 3D Slicer says it.
_UNKNOWN = codes.cid7150.Tissue
_BACKGROUND = codes.DCM.Background.value
# Segments are numbered from 1 without gaps, labels may have any values.
_VALUE = "label value {}"
_VALUE_READ = re.compile(r"label value ([1-9][0-9]{0,19})")
_LARGEST_VALUE = 2**64 - 1


def segments_of(
    labels: Sequence[Label], record: Mapping[str, Any] | None
) -> list[SegmentDescription]:
    """Describe each label as a segment, numbered from 1 in the order given.

    Parameters
    ----------
    labels
        Names are cut to what DICOM holds, see `segment_name`. A code of digits is one of SNOMED
        CT; another terminology stands before a colon, such as ``"FMA:7197"``.
    record
        How a network drew them; ``None`` for labels that a person drew.
    """
    algorithm = _algorithm(record)
    meanings = _meanings() if any(label.code for label in labels) else {}
    found = []
    for number, label in enumerate(labels, start=1):
        category, kind = _codes_of(label, meanings)
        segment = SegmentDescription(
            number,
            segment_name(label.name) or f"label {label.value}",
            category,
            kind,
            "MANUAL" if algorithm is None else "AUTOMATIC",
            algorithm,
            display_color=CIELabColor.from_rgb(*label.colour),
        )
        if label.value != number:
            segment.SegmentDescription = _VALUE.format(label.value)
        found.append(segment)
    return found


def segment_name(name: str) -> str:
    r"""Return a name as DICOM holds it: up to 64 letters on one line, without a backslash.

    Examples
    --------
    >>> segment_name(" left\\right\n lobe ")
    'left/right lobe'
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(printable.replace("\\", "/").split())[:_LONGEST_TEXT].rstrip()


def labels_of(dataset: pydicom.Dataset) -> dict[int, Label]:
    """Return the label of each segment number; the background of a label map is left out.

    A label has the value it had when it was written by this module, else the number of its
    segment.

    Raises
    ------
    SegmentationError
        If a structure has the number 0.
    """
    background = background_of(dataset)
    segments = {
        number: segment
        for segment in dataset.SegmentSequence
        if (number := int(segment.SegmentNumber)) not in background
    }
    values = _stated_values(segments) or {number: number for number in segments}
    if 0 in values.values():
        # Legal in a label map alone, where another number may stand for background.
        raise SegmentationError("gives a structure the number 0, which is background here")
    return {number: _label(segment, values[number]) for number, segment in segments.items()}


def background_of(dataset: pydicom.Dataset) -> set[int]:
    """Return the numbers that stand for no structure in a segmentation stored as a label map."""
    if dataset.SegmentationType != "LABELMAP":
        return set()
    found = {
        int(segment.SegmentNumber)
        for segment in dataset.SegmentSequence
        if segment.SegmentedPropertyTypeCodeSequence[0].get("CodeValue") == _BACKGROUND
    }
    stated = dataset.get("PixelPaddingValue")
    if stated is not None:
        found.add(int(stated))
    return found or {0}


def _algorithm(record: Mapping[str, Any] | None) -> hd.AlgorithmIdentificationSequence | None:
    if record is None:
        return None
    bundle = record.get("bundle")
    stated = bundle if isinstance(bundle, Mapping) else {}
    return hd.AlgorithmIdentificationSequence(
        segment_name(str(stated.get("name") or "")) or "napari-seg",
        codes.cid7162.ArtificialIntelligence,
        segment_name(str(stated.get("version") or "")) or "unknown",
    )


def _codes_of(label: Label, meanings: Mapping[str, str]) -> tuple[Code, Code]:
    scheme, value = _scheme_and_value((label.code or "").strip())
    if not value:
        return _UNKNOWN, _UNKNOWN
    name = segment_name(label.name) or f"label {label.value}"
    meaning = meanings.get(value, name) if scheme == "SCT" else name
    abnormal = scheme == "SCT" and value in _abnormal()
    category = codes.cid7150.MorphologicallyAbnormalStructure
    return (
        category if abnormal else codes.cid7150.AnatomicalStructure,
        Code(value, scheme, meaning[:_LONGEST_TEXT]),
    )


def _scheme_and_value(code: str) -> tuple[str, str]:
    if code.isdecimal() and code.isascii():
        return "SCT", code
    if _SNOMED_RT.fullmatch(code):
        return "SRT", code
    named = re.fullmatch(r"([A-Z][A-Z0-9_]{1,15}):(.+)", code)
    scheme, value = (named[1], named[2]) if named else (_OURS, code)
    return scheme, segment_name(value)


def _meanings() -> dict[str, str]:
    concepts = [getattr(codes.SCT, keyword) for keyword in codes.SCT.dir()]
    # The shortest of several for one code, such as "Liver".
    concepts.sort(key=lambda concept: len(concept.meaning), reverse=True)
    return {concept.value: concept.meaning for concept in concepts}


def _abnormal() -> set[str]:
    kinds = (getattr(codes.cid7159, keyword) for keyword in codes.cid7159.dir())
    return {kind.value for kind in kinds} - {codes.SCT.Normal.value}


def _stated_values(segments: Mapping[int, pydicom.Dataset]) -> dict[int, int]:
    values = {}
    for number, segment in segments.items():
        stated = _VALUE_READ.fullmatch(str(segment.get("SegmentDescription") or ""))
        values[number] = number if stated is None else int(stated[1])
    # Another program may have added or changed segments.
    are_ours = len({*values.values()}) == len(values)
    return values if are_ours and max(values.values(), default=0) <= _LARGEST_VALUE else {}


def _label(segment: pydicom.Dataset, value: int) -> Label:
    name = str(segment.get("SegmentLabel") or "").strip() or f"label {value}"
    colour = LabelTable.from_names({value: name}).label(value).colour
    stated = segment.get("RecommendedDisplayCIELabValue")
    if stated is not None and len(stated) == 3:
        parts = CIELabColor.from_dicom_value([int(part) for part in stated]).to_rgb(clip=True)
        red, green, blue = (int(part) for part in parts)
        colour = red, green, blue
    return Label(value, name, colour, _code(segment))


def _code(segment: pydicom.Dataset) -> str | None:
    category = segment.SegmentedPropertyCategoryCodeSequence[0]
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    value = next(
        (
            str(kind.get(tag))
            for tag in ("CodeValue", "LongCodeValue", "URNCodeValue")
            if tag in kind
        ),
        "",
    )
    if not value or value == category.get("CodeValue"):
        return None
    scheme = str(kind.get("CodingSchemeDesignator") or "")
    return value if scheme in ("SCT", "SRT", _OURS, "") else f"{scheme}:{value}"
