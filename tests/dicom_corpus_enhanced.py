"""Enhanced (multi-frame) files."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from dicom_case import Case
from dicom_corpus_slices import PLACES, VALUES
from dicom_slices import pixels, set_tags, transcode, write_enhanced, write_slice
from pydicom.uid import JPEGLosslessSV1, JPEGLSLossless, RLELossless


def _one(folder: Path, numbers: Any = range(5), **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    return write_enhanced(folder / "enhanced.dcm", list(numbers), **options)


def _coded(folder: Path, syntax: str) -> Path:
    return transcode(_one(folder), syntax)


def _content(**tags: Any) -> dict[str, Any]:
    return {"FrameContentSequence": tags}


def _two_times(folder: Path) -> Path:
    frames = [_content(TemporalPositionIndex=time) for _ in range(3) for time in (1, 2)]
    return _one(folder, [0, 0, 1, 1, 2, 2], frame_tags=frames)


def _two_stacks(folder: Path) -> Path:
    frames = [_content(StackID=stack) for stack in ("1", "1", "1", "2", "2")]
    return _one(folder, [0, 1, 2, 40, 41], frame_tags=frames)


def _two_diffusions(folder: Path) -> Path:
    frames = [{"MRDiffusionSequence": {"DiffusionBValue": b}} for b in (0.0, 900.0) for _ in "ab"]
    return _one(folder, [0, 1, 0, 1], frame_tags=frames, Modality="MR")


def _rescaled_each(folder: Path) -> Path:
    frames = [
        {"PixelValueTransformationSequence": {"RescaleSlope": slope, "RescaleIntercept": 1}}
        for slope in (0.5, 1.5, 2.5)
    ]
    return _one(folder, range(3), frame_tags=frames)


def _measured_each(folder: Path) -> Path:
    # A group at each frame says more than the shared one.
    measures = {"PixelMeasuresSequence": {"PixelSpacing": [1.5, 1.0], "SliceThickness": 5}}
    turned = {"PlaneOrientationSequence": {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}}
    frames = [
        {
            **measures,
            **turned,
            "PlanePositionSequence": {"ImagePositionPatient": [-10 - 2 * n, -20, 30]},
        }
        for n in range(3)
    ]
    return _one(folder, range(3), frame_tags=frames)


def _cut(folder: Path) -> Path:
    path = _one(folder)
    path.write_bytes(path.read_bytes()[:-60])
    return path


def _in_real_world(folder: Path) -> Path:
    mapping = {"RealWorldValueSlope": 2.0, "RealWorldValueIntercept": 0.0}
    frames = [{"RealWorldValueMappingSequence": mapping}] * 3
    return _one(folder, range(3), frame_tags=frames)


def _film(folder: Path) -> Path:
    shown = np.stack([pixels(number) for number in range(3)])
    path = write_slice(folder / "film.dcm", 0, Modality="US")
    dataset = pydicom.dcmread(path)
    dataset.NumberOfFrames, dataset.PixelData = 3, shown.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


_TIMES = Case(
    "frames of two times",
    _two_times,
    refused=r"holds 2 series(.|\n)*TemporalPositionIndex 2",
    error="SeveralSeriesError",
)
_STACKS = Case(
    "frames of two stacks",
    _two_stacks,
    refused=r"holds 2 series(.|\n)*\(stack 2\), 2 slices",
    error="SeveralSeriesError",
)
_THREE = {(0, 0, 0): (10.0, 20.0, 30.0), (7, 5, 2): (6.5, 16.25, 35.0)}

ENHANCED = (
    Case("frames of one file", _one, places=PLACES, values=VALUES),
    Case(
        "frames with another scale to the real world",
        _in_real_world,
        places=_THREE,
        notices=("real-world-unused",),
    ),
    Case(
        "frames in JPEG-LS",
        partial(_coded, syntax=JPEGLSLossless),
        places=PLACES,
        values=VALUES,
    ),
    Case(
        "frames in JPEG Lossless",
        partial(_coded, syntax=JPEGLosslessSV1),
        places=PLACES,
        values=VALUES,
    ),
    Case(
        "frames in run lengths", partial(_coded, syntax=RLELossless), places=PLACES, values=VALUES
    ),
    Case(
        "frames in another order than their places",
        partial(_one, numbers=(2, 0, 1)),
        places=_THREE,
        values={(0, 0, 0): -1024, (7, 5, 1): 23, (7, 5, 2): 1023},
    ),
    Case(
        "frames each with a rescaling of its own",
        _rescaled_each,
        places=_THREE,
        values={(7, 5, 0): 24.5, (7, 5, 1): 1571.5, (7, 5, 2): 2047 * 2.5 + 1},
    ),
    Case(
        "frames each with spacing and direction of its own",
        _measured_each,
        # Rows run to the back, columns down; the normal is (-1, 0, 0): k runs to the right.
        places={(0, 0, 0): (10, 20, 30), (7, 5, 2): (14, 13, 22.5)},
        values={(7, 5, 2): 1023},
    ),
    _TIMES,
    Case(
        "frames of two times, the second chosen",
        _two_times,
        options={"series": 2},
        places=_THREE,
        values={(7, 5, 2): 1023},
    ),
    _STACKS,
    Case(
        "frames of two stacks, the second chosen",
        _two_stacks,
        options={"series": 2},
        places={(0, 0, 0): (10, 20, 130), (7, 5, 1): (6.5, 16.25, 132.5)},
        values={(7, 5, 1): 47 + 41000 - 1024},
    ),
    Case(
        "frames of two b-values",
        _two_diffusions,
        refused=r"DiffusionBValue 0\.0(.|\n)*DiffusionBValue 900",
        error="SeveralSeriesError",
    ),
    Case(
        "a missing frame",
        partial(_one, numbers=(0, 1, 3, 4)),
        refused="misses 1 slice: there is a gap of 5.00 mm.*repair=True",
        error="NeedsRepairError",
    ),
    Case("frames whose pixels are cut off", _cut, refused="'enhanced.dcm' cannot be read"),
    Case(
        "another number of frames than stated",
        lambda folder: set_tags(_one(folder), NumberOfFrames=9),
        refused="'enhanced.dcm' is a damaged DICOM file",
    ),
    Case("a film", _film, refused="holds 3 pictures in one file without their places"),
)
