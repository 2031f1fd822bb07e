"""Where an enhanced (multi-frame) DICOM file keeps what it says of each frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pydicom

# The functional group of each tag; a group may be shared by all frames or stand at each.
_GROUPS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameContentSequence": (
        *("StackID", "TemporalPositionIndex"),
        *("FrameAcquisitionNumber", "FrameReferenceDateTime"),
    ),
    "TemporalPositionSequence": ("TemporalPositionTimeOffset",),
    "CardiacSynchronizationSequence": (
        *("NominalPercentageOfCardiacPhase", "NominalCardiacTriggerDelayTime"),
    ),
    "MREchoSequence": ("EffectiveEchoTime",),
    "MRModifierSequence": ("InversionTimes",),
    "MRTimingAndRelatedParametersSequence": ("FlipAngle",),
    "MRDiffusionSequence": ("DiffusionBValue",),
    "MRVelocityEncodingSequence": ("VelocityEncodingDirection",),
    "MRArterialSpinLabelingSequence": ("ASLContext",),
    "MRImageFrameTypeSequence": ("FrameType", "ComplexImageComponent"),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTImageFrameTypeSequence": ("FrameType",),
    "PETFrameTypeSequence": ("FrameType",),
}
# A functional group that is read as a whole.
REAL_WORLD = "RealWorldValueMappingSequence"


def frame_values(dataset: pydicom.Dataset) -> Iterator[dict[str, Any]]:
    """Give what an enhanced file says of each frame, by the tag's name, in the stored order."""
    shared_items = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    shared = _values(shared_items[0])
    for item in dataset.PerFrameFunctionalGroupsSequence:
        yield {**shared, **_values(item)}


def _values(item: pydicom.Dataset) -> dict[str, Any]:
    values = {}
    for group, tags in _GROUPS.items():
        inner = item.get(group)
        if not inner:
            continue
        for tag in tags:
            value = inner[0].get(tag)
            if value is not None:
                values[tag] = value
    values.update(_direction_of_diffusion(item))
    if mapped := item.get(REAL_WORLD):
        values[REAL_WORLD] = mapped
    return values


def _direction_of_diffusion(item: pydicom.Dataset) -> dict[str, Any]:
    for outer in item.get("MRDiffusionSequence") or ():
        for inner in outer.get("DiffusionGradientDirectionSequence") or ():
            return {"DiffusionGradientOrientation": inner.get("DiffusionGradientOrientation")}
    return {}
