"""Series of one stack: how their slices are stored, and what may be wrong with some of them."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from dicom_case import Case
from dicom_slices import (
    pixels,
    set_tags,
    strip_preamble,
    transcode,
    write_series,
    write_slice,
)
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

# Slices of 8 x 6 at (-10, -20, 30 + 2.5 k) LPS, 0.5 mm across, 0.75 mm down.
PLACES = {(0, 0, 0): (10.0, 20.0, 30.0), (7, 5, 4): (6.5, 16.25, 40.0)}
# i + 8 j + 1000 k - 1024
VALUES = {(0, 0, 0): -1024.0, (1, 0, 0): -1023.0, (0, 1, 0): -1016.0, (7, 5, 4): 3023.0}


def each(folder: Path, change: Any) -> Path:
    """Write the plain series, and change each of its files."""
    for path in write_series(folder).iterdir():
        change(path)
    return folder


def _odd_third(folder: Path, odd: dict[str, Any], **tags: Any) -> Path:
    """Write five slices, of which the third says something else of its values."""
    for number in range(5):
        write_slice(folder / str(number), number, **{**tags, **(odd if number == 2 else {})})
    return folder


def _one_differs(name: str, *notices: str, odd: dict[str, Any], **tags: Any) -> Case:
    read = {"places": PLACES, "notices": notices}
    slope, intercept = tags.get("RescaleSlope", 1), tags.get("RescaleIntercept", -1024)
    values = {(7, 5, 4): 4047 * slope + intercept}
    return Case(name, partial(_odd_third, odd=odd, **tags), values=values, **read)


def _single(folder: Path, **tags: Any) -> Path:
    write_slice(folder / "one.dcm", 0, **tags)
    return folder


def _oblique(folder: Path) -> Path:
    # Across (0.6, 0.8, 0), down (0, 0, -1): their normal is (-0.8, 0.6, 0).
    for number in (2, 0, 1):
        write_slice(
            folder / str(number),
            number,
            ImageOrientationPatient=[0.6, 0.8, 0, 0, 0, -1],
            ImagePositionPatient=[5 - 2.4 * number, 6 + 1.8 * number, 7],
        )
    return folder


def _rescaled_each(folder: Path) -> Path:
    for number in range(3):
        write_slice(folder / str(number), number, RescaleSlope=number + 0.5, RescaleIntercept=1)
    return folder


def _jittered(folder: Path) -> Path:
    # 6.4999, 6.5001, … mm apart, directions that differ by 1e-7.
    for number in range(5):
        sign = (-1) ** number
        write_slice(
            folder / str(number),
            number,
            ImagePositionPatient=[-10, -20, 30 + 6.5 * number + 5e-5 * sign],
            ImageOrientationPatient=[1, 1e-7 * sign, 0, 0, 1, -1e-7 * sign],
        )
    return folder


def _real_world(folder: Path, slope: float | None) -> Path:
    item = pydicom.Dataset()
    if slope is None:
        item.RealWorldValueLUTData = [0.0, 1.5]
    else:
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, -1024
    return write_series(folder, RealWorldValueMappingSequence=[item])


def _overlays_in_high_bits(folder: Path) -> Path:
    for number in range(5):
        drawn = pixels(number) | 0xA000
        write_slice(folder / str(number), number, pixels=drawn, BitsStored=13, HighBit=12)
    return folder


def _in_upper_bits(folder: Path) -> Path:
    for number in range(5):
        write_slice(folder / str(number), number, pixels=pixels(number) << 3, BitsStored=13)
    return folder


def _of_floats(folder: Path) -> Path:
    tags = dict.fromkeys(("BitsStored", "HighBit", "PixelRepresentation", "RescaleIntercept"))
    for number in range(5):
        values = (pixels(number) + 0.25).astype("<f4")
        path = write_slice(folder / str(number), number, BitsAllocated=32, **tags)
        dataset = pydicom.dcmread(path)
        del dataset.PixelData
        dataset.FloatPixelData = values.tobytes()
        dataset.save_as(path, enforce_file_format=True)
    return folder


def _thickness_in_words(folder: Path) -> Path:
    for path in write_series(folder, SliceThickness="12345678").iterdir():
        path.write_bytes(path.read_bytes().replace(b"12345678", b"unknown "))
    return folder


def _colour(folder: Path) -> Path:
    colours = np.zeros((6, 8, 3), np.uint8)
    colours[..., 1] = 200
    bits = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    rgb = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB"}
    return _single(folder, pixels=colours, **bits, **rgb)


def _one_changed(folder: Path, **tags: Any) -> Path:
    set_tags(write_series(folder) / "slice_88", **tags)
    return folder


def _cut(folder: Path, number: int, keep: int, **tags: Any) -> Path:
    path = write_series(folder, **tags) / f"slice_{90 - number}"
    path.write_bytes(path.read_bytes()[:keep])
    return folder


def _cut_picture(folder: Path) -> Path:
    # A whole file with half a picture in it.
    path = transcode(write_slice(folder / "one.dcm", 0), JPEGLosslessSV1)
    dataset = pydicom.dcmread(path)
    picture = get_frame(dataset.PixelData, 0, number_of_frames=1)
    dataset.PixelData = encapsulate([picture[: len(picture) // 2 * 2 - 20]])
    dataset.save_as(path, enforce_file_format=True)
    return path


def _turned(folder: Path) -> Path:
    # By half a degree: 0.4 mm at the edge of 45 mm.
    write_series(folder, PixelSpacing=[7.5, 5])
    set_tags(folder / "slice_88", ImageOrientationPatient=[1, 0, 0, 0, 0.99996, 0.00873])
    return folder


def _claims_more(folder: Path) -> Path:
    return _single_changed(folder, Rows=60000, Columns=60000)


def _single_changed(folder: Path, **tags: Any) -> Path:
    set_tags(_single(folder) / "one.dcm", **tags)
    return folder


def _film_syntax(folder: Path) -> Path:
    dataset = pydicom.dcmread(_single(folder) / "one.dcm")
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
    dataset.PixelData = encapsulate([b"\x00" * 64])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(folder / "one.dcm", enforce_file_format=True)
    return folder


def _stored(name: str, change: Any) -> Case:
    return Case(name, partial(each, change=change), places=PLACES, values=VALUES)


def _coded(name: str, syntax: str) -> Case:
    return _stored(name, partial(transcode, syntax=syntax))


def _refused(name: str, refused: str, *, error: str = "ValueError", **tags: Any) -> Case:
    return Case(name, partial(_one_changed, **tags), refused=refused, error=error)


SLICES = (
    Case("a plain series", write_series, places=PLACES, values=VALUES),
    _coded("implicit VR", ImplicitVRLittleEndian),
    _coded("big-endian", ExplicitVRBigEndian),
    _coded("deflated", DeflatedExplicitVRLittleEndian),
    _coded("run lengths", RLELossless),
    _coded("JPEG Lossless 57", JPEGLossless),
    _coded("JPEG Lossless 70", JPEGLosslessSV1),
    _coded("JPEG-LS", JPEGLSLossless),
    _stored("no preamble, implicit VR", partial(strip_preamble, implicit=True)),
    _stored("no preamble, explicit VR", partial(strip_preamble, implicit=False)),
    Case(
        "JPEG-LS near-lossless",
        partial(each, change=partial(transcode, syntax=JPEGLSNearLossless)),
        places=PLACES,
    ),
    Case(
        "a single slice",
        _single,
        # The slice thickness of 5 mm stands for the distance to a next slice.
        places={(0, 0, 0): (10, 20, 30), (7, 5, 0): (6.5, 16.25, 30)},
        values={(7, 5, 0): 47 - 1024},
        shape=(8, 6, 1),
    ),
    Case(
        "oblique slices",
        _oblique,
        places={(0, 0, 0): (-5, -6, 7), (2, 4, 1): (-3.2, -8.6, 4)},
        values={(2, 4, 1): 2 + 32 + 1000 - 1024},
    ),
    Case(
        "rows that run to the right, so that k runs down",
        partial(write_series, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0]),
        places={(0, 0, 0): (10, 20, 40), (7, 5, 4): (13.5, 16.25, 30)},
        values={(0, 0, 0): 4000 - 1024, (7, 5, 4): 47 - 1024},
    ),
    Case(
        "slices each with a rescaling of its own",
        _rescaled_each,
        places={(0, 0, 0): (10, 20, 30), (7, 5, 2): (6.5, 16.25, 35)},
        values={(7, 5, 0): 47 * 0.5 + 1, (7, 5, 1): 1047 * 1.5 + 1, (7, 5, 2): 2047 * 2.5 + 1},
    ),
    Case(
        "places and directions that jitter",
        _jittered,
        places={(0, 0, 0): (10, 20, 30), (7, 5, 4): (6.5, 16.25, 56)},
        values=VALUES,
    ),
    Case("overlays in unused bits", _overlays_in_high_bits, places=PLACES, values=VALUES),
    Case("values in the upper bits", _in_upper_bits, places=PLACES, values=VALUES),
    Case(
        "values with fractions",
        _of_floats,
        places=PLACES,
        values={(7, 5, 4): 4047.25},
        notices=("no-rescaling",),
    ),
    Case("a thickness in words", _thickness_in_words, places=PLACES, values=VALUES),
    Case(
        "a CT in another unit than HU",
        partial(write_series, RescaleType="Z_EFF"),
        places=PLACES,
        values=VALUES,
        notices=("other-unit",),
    ),
    Case(
        "spacing measured at the detector",
        partial(write_series, PixelSpacing=None, ImagerPixelSpacing=[0.75, 0.5]),
        places=PLACES,
        values=VALUES,
        notices=("detector-spacing",),
    ),
    Case(
        "another scale to the real world",
        partial(_real_world, slope=0.25),
        places=PLACES,
        values=VALUES,
        notices=("real-world-unused",),
    ),
    Case(
        "its own scale to the real world",
        partial(_real_world, slope=1),
        places=PLACES,
        values=VALUES,
    ),
    Case(
        "a table to the real world",
        partial(_real_world, slope=None),
        places=PLACES,
        values=VALUES,
        notices=("real-world-unused",),
    ),
    Case(
        "high values dark",
        partial(write_series, PhotometricInterpretation="MONOCHROME1"),
        places=PLACES,
        values=VALUES,
        notices=("inverted",),
    ),
    Case(
        "a CT without rescaling",
        partial(write_series, RescaleSlope=None, RescaleIntercept=None),
        places=PLACES,
        values={(7, 5, 4): 4047},
        notices=("no-rescaling",),
    ),
    Case(
        "a CT without an intercept",
        partial(write_series, RescaleIntercept=None),
        places=PLACES,
        values={(7, 5, 4): 4047},
        notices=("no-rescaling",),
    ),
    *(
        _one_differs(
            f"{modality} with {what} in one slice",
            "no-rescaling",
            odd=odd,
            Modality=modality,
            RescaleSlope=2.5,
            RescaleIntercept=0,
        )
        for modality, what, odd in (
            ("PT", "no slope", {"RescaleSlope": None, "RescaleIntercept": None}),
            ("MR", "no slope", {"RescaleSlope": None}),
            ("PT", "a slope of NaN", {"RescaleSlope": "NaN"}),
        )
    ),
    _one_differs(
        "PT without the intercept of 0 in one slice",
        odd={"RescaleIntercept": None},
        Modality="PT",
        RescaleSlope=2.5,
        RescaleIntercept=0,
    ),
    _one_differs(
        "MR without the slope of 1 in one slice",
        odd={"RescaleSlope": None, "RescaleIntercept": None},
        Modality="MR",
        RescaleIntercept=0,
    ),
    _one_differs(
        "high values dark in one slice",
        "inverted",
        odd={"PhotometricInterpretation": "MONOCHROME1"},
    ),
    _one_differs("another unit in one slice", "other-unit", odd={"RescaleType": "Z_EFF"}),
    _one_differs(
        "one slice measured at the detector",
        "detector-spacing",
        odd={"PixelSpacing": None, "ImagerPixelSpacing": [0.75, 0.5]},
    ),
    Case(
        "an intercept beyond all whole numbers",
        partial(write_series, RescaleIntercept="1E30"),
        places=PLACES,
        values={(0, 0, 0): 1e30},
        notices=("odd-intercept",),
    ),
    Case(
        "an intercept far below all whole numbers",
        partial(write_series, RescaleIntercept="-1E19"),
        places=PLACES,
        values={(0, 0, 0): -1e19},
        notices=("odd-intercept",),
    ),
    Case(
        "a large intercept beside a small slope",
        partial(write_series, RescaleSlope="0.1", RescaleIntercept="100000000"),
        places=PLACES,
        # 0.1 (i + 8 j + 1000 k)
        values={(0, 0, 0): 1e8, (1, 0, 0): 1e8 + 0.1, (7, 5, 4): 1e8 + 404.7},
    ),
    Case(
        "a slope beyond small floats",
        partial(write_series, RescaleSlope="1E300", RescaleIntercept=0),
        places=PLACES,
        values={(0, 0, 0): 0, (1, 0, 0): 1e300},
    ),
    Case(
        "a slope of zero",
        partial(write_series, RescaleSlope=0),
        places=PLACES,
        values=VALUES,
        notices=("no-rescaling",),
    ),
    Case(
        "a colour picture",
        _colour,
        places={(0, 0, 0): (10, 20, 30), (7, 5, 0): (6.5, 16.25, 30)},
        shape=(8, 6, 1, 3),
    ),
    Case(
        "an X-ray without a place",
        partial(
            _single,
            Modality="DX",
            ImagePositionPatient=None,
            ImageOrientationPatient=None,
            PixelSpacing=None,
            ImagerPixelSpacing=[0.2, 0.1],
            SliceThickness=None,
        ),
        # Left and front are assumed: x = -0.1 i, y = -0.2 j.
        places={(0, 0, 0): (0, 0, 0), (7, 5, 0): (-0.7, -1.0, 0)},
        values={(7, 5, 0): 47 - 1024},
        notices=("detector-spacing", "no-orientation", "no-thickness"),
    ),
    _refused("one slice without a position", "no position .* in 1 of", ImagePositionPatient=None),
    _refused(
        "one slice without a direction", "no direction .* in 1 of", ImageOrientationPatient=None
    ),
    _refused("one slice without a spacing", "no spacing .* in 1 of", PixelSpacing=None),
    _refused("pixels without a size", "pixels without a size", PixelSpacing=[0, 0.5]),
    _refused("another pixel spacing", "different pixel spacing", PixelSpacing=[0.75, 0.6]),
    Case("a slice that is turned", _turned, refused="not parallel"),
    Case(
        "no positions at all",
        partial(write_series, ImagePositionPatient=None),
        refused=r"no position \(ImagePositionPatient\) in 5 of its 5 slices",
    ),
    Case(
        "directions at no right angle",
        partial(write_series, ImageOrientationPatient=[1, 0, 0, 0.1, 0.995, 0]),
        refused="not at right angles",
    ),
    Case(
        "a slice whose pixels are cut off",
        partial(_cut, number=2, keep=-20),
        refused="'slice_88' cannot be read .*fetch it again, or .*repair=True",
        error="NeedsRepairError",
    ),
    Case(
        "a slice whose pixels are cut off, repaired",
        partial(_cut, number=2, keep=-20),
        options={"repair": True},
        places=PLACES,
        # Between its neighbours, whose mean it is.
        values={**VALUES, (7, 5, 2): 1023},
        notices=("damaged-left-out", "resampled"),
    ),
    Case(
        "a slice whose header is cut off",
        partial(_cut, number=2, keep=400),
        refused="'slice_88' is a damaged DICOM file.*fetch it again.*--repair",
        error="NeedsRepairError",
    ),
    Case(
        "the last slice's header cut off, repaired",
        partial(_cut, number=4, keep=400),
        options={"repair": True},
        places={(0, 0, 0): (10, 20, 30), (7, 5, 3): (6.5, 16.25, 37.5)},
        values={(7, 5, 3): 2023},
        shape=(8, 6, 4),
        notices=("damaged-left-out",),
    ),
    Case("a header that claims more pixels than there are", _claims_more, refused="cannot be read"),
    Case("a JPEG picture that is cut off", _cut_picture, refused="ends before its last pixel"),
    Case("a film's coding", _film_syntax, refused="'one.dcm' cannot be read"),
    Case(
        "colours of a palette",
        partial(_single_changed, PhotometricInterpretation="PALETTE COLOR"),
        refused="palette",
    ),
)
