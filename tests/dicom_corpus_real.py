"""Slices of a real CT, altered, and what is to become of each folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dicom_case import Case
from dicom_real_slices import (
    COUNT,
    converted,
    copy,
    crop,
    cut,
    each,
    edited,
    jittered,
    leaning,
    moved,
    nested,
    shuffled,
    single,
    slices,
    swap_pixels,
    two_acquisitions,
    with_strays,
)
from dicom_slices import set_tags, strip_preamble, transcode
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

# Slice n lies at (-249.51171875, -437.51171875, -766.5 - 2 n) LPS, 0.9765625 mm both ways; k runs
# up, so that k = 0 is slice 4.
PLACES = {
    (0, 0, 0): (249.51171875, 437.51171875, -774.5),
    (511, 511, 4): (-249.51171875, -61.51171875, -766.5),
}
ALL = {k: COUNT - 1 - k for k in range(COUNT)}
SOME = {0: 4, 1: 3, 4: 0}


def _read(name: str, build: Callable[..., Path], **verdict: Any) -> Case:
    expected: dict[str, Any] = {"places": PLACES, "real_slices": SOME, **verdict}
    return Case(name, build, is_real=True, **expected)


def _refused(name: str, build: Callable[..., Path], refused: str, error: str) -> Case:
    return Case(name, build, is_real=True, refused=refused, error=error)


def _coded(name: str, syntax: str) -> Case:
    return _read(name, partial(each, edit=partial(transcode, syntax=syntax)))


_WITHOUT_2 = (0, 1, 3, 4)

REAL = (
    _read("real slices", slices, real_slices=ALL),
    _refused(
        "real, one removed",
        partial(slices, numbers=_WITHOUT_2),
        "misses 1 slice: there is a gap of 4.00 mm between -772.5 and -768.5 mm.*--repair",
        "NeedsRepairError",
    ),
    _read(
        "real, one removed, repaired",
        partial(slices, numbers=_WITHOUT_2),
        options={"repair": True},
        notices=("resampled",),
        # k = 2 was slice 2.
    ),
    _read("real, one copied", partial(edited, slice_2=copy), notices=("repeated-slices",)),
    _refused(
        "real, one place with two pictures",
        partial(edited, slice_2=swap_pixels),
        "'slice_2.dcm' and 'other.dcm' lie in the same place with different pixels",
        "ValueError",
    ),
    _refused(
        "real, one without a position",
        partial(edited, slice_2=partial(set_tags, ImagePositionPatient=None)),
        r"no position \(ImagePositionPatient\) in 1 of its 5 slices",
        "ValueError",
    ),
    _refused(
        "real, no positions",
        partial(each, edit=partial(set_tags, ImagePositionPatient=None)),
        "no position .* in 5 of its 5 slices",
        "ValueError",
    ),
    _refused(
        "real, pixels cut off",
        partial(edited, slice_2=partial(cut, keep=100_000)),
        "'slice_2.dcm' cannot be read .*the file ends before its last pixel.*--repair",
        "NeedsRepairError",
    ),
    _read(
        "real, pixels cut off, repaired",
        partial(edited, slice_2=partial(cut, keep=100_000)),
        options={"repair": True},
        notices=("damaged-left-out", "resampled"),
    ),
    _refused(
        "real, header cut off",
        partial(edited, slice_2=partial(cut, keep=1000)),
        "'slice_2.dcm' is a damaged DICOM file",
        "NeedsRepairError",
    ),
    _read(
        "real, header cut off, repaired",
        partial(edited, slice_2=partial(cut, keep=1000)),
        options={"repair": True},
        notices=("damaged-left-out", "resampled"),
    ),
    _coded("real in run lengths", RLELossless),
    _coded("real in JPEG-LS", JPEGLSLossless),
    _coded("real in JPEG Lossless", JPEGLosslessSV1),
    _coded("real in implicit VR", ImplicitVRLittleEndian),
    _coded("real in big-endian", ExplicitVRBigEndian),
    _read("real without preamble", partial(each, edit=partial(strip_preamble, implicit=True))),
    _refused(
        "real with a tilt",
        partial(moved, tags=leaning),
        # atan(0.9765625 / 2)
        "tilted gantry: its slices lean by 26.0 degrees",
        "NeedsRepairError",
    ),
    _read(
        "real with a tilt, repaired",
        partial(moved, tags=leaning),
        options={"repair": True},
        notices=("resampled",),
        shape=(512, 516, 5),
        # The others lie k rows further down.
        real_slices={0: 4},
    ),
    _read("real with jitter", partial(moved, tags=jittered)),
    _refused(
        "real, one cropped",
        partial(edited, slice_2=crop),
        r"holds 2 series(.|\n)*1 slice of 256 x 256",
        "SeveralSeriesError",
    ),
    _read("real with other names", shuffled),
    _read("real in nested folders", partial(nested, uid="1.2.3")),
    _refused(
        "real in nested folders, without UIDs",
        partial(nested, uid=""),
        "holds 2 series",
        "SeveralSeriesError",
    ),
    _read("real among strays", with_strays),
    _read(
        "real without frame of reference",
        partial(each, edit=partial(set_tags, FrameOfReferenceUID="")),
    ),
    _read(
        "real without rescaling",
        partial(each, edit=partial(set_tags, RescaleSlope=None, RescaleIntercept=None)),
        notices=("no-rescaling",),
        real_slices={},
    ),
    _refused(
        "real, two acquisitions",
        two_acquisitions,
        r"holds 2 series(.|\n)*AcquisitionNumber 15",
        "SeveralSeriesError",
    ),
    _read(
        "real, two acquisitions, the second chosen",
        two_acquisitions,
        options={"series": 2},
    ),
    _refused(
        "real, one a localizer",
        partial(edited, slice_0=partial(set_tags, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])),
        r"holds 2 series(.|\n)*\(localizer\), 1 slice",
        "SeveralSeriesError",
    ),
    _refused(
        "real, one moved",
        partial(
            edited,
            slice_2=partial(set_tags, ImagePositionPatient=[-249.51171875, -437.51171875, -771.2]),
        ),
        "uneven spacing, from 1.30 to 2.70 mm",
        "NeedsRepairError",
    ),
    _read(
        "real, converted to one file by highdicom",
        partial(converted, syntax=ExplicitVRLittleEndian),
    ),
    _read(
        "real, converted to one file in JPEG 2000",
        partial(converted, syntax=JPEG2000Lossless),
    ),
    _read(
        "one real slice",
        single,
        # The slice thickness is 3 mm.
        places={
            (0, 0, 0): (249.51171875, 437.51171875, -774.5),
            (0, 0, 1): (249.51171875, 437.51171875, -771.5),
        },
        real_slices={0: 4},
    ),
)
