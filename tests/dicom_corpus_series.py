"""Folders that hold more, or less, than one even stack."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from dicom_case import Case
from dicom_corpus_slices import PLACES, VALUES
from dicom_slices import pixels, set_tags, write_series, write_slice


def _uneven(folder: Path) -> Path:
    for number, height in enumerate((0, 2, 4, 6.5, 9)):
        write_slice(folder / str(number), number, ImagePositionPatient=[-10, -20, 30 + height])
    return folder


def _leaning(folder: Path) -> Path:
    # Each slice lies one row (0.75 mm) further back than the one below.
    for number in range(5):
        place = [-10, -20 + 0.75 * number, 30 + 2.5 * number]
        write_slice(folder / str(number), number, ImagePositionPatient=place)
    return folder


def _shifted(folder: Path) -> Path:
    write_series(folder)
    set_tags(folder / "slice_88", ImagePositionPatient=[-12, -20, 35])
    return folder


def _far_away(folder: Path) -> Path:
    write_series(folder)
    set_tags(folder / "slice_86", ImagePositionPatient=[-10, -20, 330])
    return folder


def _copied(folder: Path) -> Path:
    write_series(folder)
    shutil.copytree(folder, folder / "backup")
    return folder


def _copy_cut(folder: Path) -> Path:
    write_series(folder)
    whole = (folder / "slice_88").read_bytes()
    (folder / "slice_88_again").write_bytes(whole)
    (folder / "slice_88").write_bytes(whole[:-20])
    return folder


def _repeated_otherwise(folder: Path) -> Path:
    write_series(folder)
    write_slice(folder / "again", 2, pixels=pixels(2) + 1)
    return folder


def _side_by_side(folder: Path) -> Path:
    write_series(folder)
    write_slice(folder / "tile", 2, ImagePositionPatient=[10, -20, 35])
    return folder


def _two(folder: Path, *, numbers: Any = (range(5), range(5)), **tags: Any) -> Path:
    for part in (0, 1):
        here = {name: values[part] for name, values in tags.items()}
        for number in numbers[part]:
            shown = pixels(number) + 100 * part
            write_slice(folder / f"{part}_{number}", number, pixels=shown, **here)
    return folder


def _numbered_after(folder: Path) -> Path:
    for part in (0, 1):
        for number in range(5):
            path = folder / f"{part}_{number}"
            shown = pixels(number) + 100 * part
            write_slice(path, number, pixels=shown, InstanceNumber=1 + number + 5 * part)
    return folder


def _diffusion(folder: Path) -> Path:
    # Two b-values, and two directions of the higher one: one tag alone tells no two of them apart.
    for b_value, direction in ((0, [0, 0, 0]), (800, [1, 0, 0]), (800, [0, 1, 0])):
        for number in range(3):
            write_slice(
                folder / f"{b_value}_{direction[0]}_{number}",
                number,
                DiffusionBValue=b_value,
                DiffusionGradientOrientation=[float(part) for part in direction],
            )
    return folder


def _with_localizers(folder: Path) -> Path:
    write_series(folder)
    kind = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write_slice(folder / "scout_1", 0, ImageType=kind, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    write_slice(folder / "scout_2", 1, ImageType=kind, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    return folder


def _with_odd_size(folder: Path) -> Path:
    write_series(folder)
    write_slice(folder / "odd", 5, pixels=np.zeros((4, 4), np.uint16))
    return folder


def _with_colours(folder: Path) -> Path:
    """Write a series with a colour picture of the same size, as programs save the screen."""
    write_series(folder)
    rgb = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB"}
    bits = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    place = {"ImagePositionPatient": None, "ImageOrientationPatient": None}
    write_slice(folder / "screen", 5, pixels=np.zeros((6, 8, 3), np.uint8), **rgb, **bits, **place)
    return folder


def _without_uids(folder: Path, **tags: Any) -> Path:
    return write_series(folder, SeriesInstanceUID="", **tags)


def _without_uids_in_two(folder: Path) -> Path:
    _without_uids(folder / "a")
    return _without_uids(folder / "b").parent


def _two_x_rays(folder: Path) -> Path:
    for number in range(2):
        place = {"ImagePositionPatient": None, "ImageOrientationPatient": None}
        write_slice(folder / str(number), number, Modality="DX", **place)
    return folder


def _nested(folder: Path) -> Path:
    for number in range(5):
        write_slice(folder / f"part {number % 2}" / "Ünter" / str(number), number)
    return folder


def _with_strays(folder: Path) -> Path:
    write_series(folder)
    (folder / "notes.txt").write_text("x")
    (folder / "empty.dcm").touch()
    (folder / ".hidden").write_bytes(b"x" * 500)
    (folder / "chance.bin").write_bytes(b"\x08\x00" + bytes(range(256)) * 4)
    (folder / "preview.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    set_tags(write_slice(folder / "report", 0), Rows=None, Columns=None)
    report = (folder / "report").read_bytes()
    # Basic text SR: no image by its class.
    old, new = b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5.1.4.1.1.88"
    (folder / "report").write_bytes(report.replace(old, new))
    write_slice(folder / "mask", 0, Modality="SEG")
    return folder


def _only(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def _chosen(case: Case, number: int, **verdict: Any) -> Case:
    name = f"{case.name}, number {number} chosen"
    return Case(name, case.build, options={"series": number}, **verdict)


def _several(name: str, build: Any, refused: str) -> Case:
    return Case(name, build, refused=f"{refused}(.|\n)*", error="SeveralSeriesError")


def _repaired(case: Case, **verdict: Any) -> Case:
    return Case(f"{case.name}, repaired", case.build, options={"repair": True}, **verdict)


def _broken(name: str, build: Any, refused: str) -> Case:
    return Case(name, build, refused=f"{refused}.*repair=True", error="NeedsRepairError")


_SECOND = {**{index: value + 100 for index, value in VALUES.items()}}
_PHASES = _several(
    "two phases",
    partial(_two, TemporalPositionIdentifier=(1, 2)),
    r"holds 2 series; .*series=N.*--series N(.|\n)*2: .*TemporalPositionIdentifier 2",
)
_GAP = _broken(
    "a missing slice",
    partial(write_series, numbers=(0, 1, 3, 4)),
    r"misses 1 slice: there is a gap of 5.00 mm between 32.5 and 37.5 mm",
)
_UNEVEN = _broken("uneven spacing", _uneven, "uneven spacing, from 2.00 to 2.50 mm")
_TILT = _broken("a tilted gantry", _leaning, "tilted gantry: its slices lean by 16.7 degrees")
_NUMBERED = _several("volumes that numbers tell apart", _numbered_after, r"\(images 6 to 10\)")
_COLOURS = _several("a colour picture beside", _with_colours, "holds 2 series")
_ODD_SIZE = _several("a slice of another size", _with_odd_size, "holds 2 series(.|\n)*of 4 x 4")
_ECHOES = _several(
    "two echoes, one short of a slice",
    partial(_two, numbers=(range(5), range(4)), EchoTime=(4.6, 30.1)),
    r"EchoTime 4.6\), 5 slices(.|\n)*EchoTime 30.1\), 4 slices",
)

SERIES = (
    _GAP,
    _repaired(_GAP, places=PLACES, values={**VALUES, (7, 5, 2): 1023}, notices=("resampled",)),
    _broken("two gaps", partial(write_series, numbers=(0, 1, 2, 4, 5, 8)), "misses 3 .* 7.50 mm"),
    Case("a slice far away", _far_away, refused="gap of 292.50 mm: of 121 slices .*holds 5"),
    _UNEVEN,
    _repaired(
        _UNEVEN,
        # Four steps of 2.25 mm; the second lies an eighth of the way from slice 1 to slice 2.
        places={(0, 0, 1): (10, 20, 32.25), (7, 5, 4): (6.5, 16.25, 39)},
        values={(0, 0, 1): 1125 - 1024, (7, 5, 4): 3023},
        notices=("resampled",),
    ),
    _TILT,
    _repaired(
        _TILT,
        # Slice k begins k rows further down; what no slice covers is the lowest value.
        places={(0, 0, 0): (10, 20, 30), (7, 5, 4): (6.5, 16.25, 40)},
        values={(7, 5, 4): 7 + 8 + 4000 - 1024, (0, 0, 4): -1024, (7, 9, 4): 3023},
        shape=(8, 10, 5),
        notices=("resampled",),
    ),
    _broken("a slice that is shifted", _shifted, "shifted sideways by up to 2.00 mm"),
    Case("each slice twice", _copied, places=PLACES, values=VALUES, notices=("repeated-slices",)),
    _broken("a slice cut off, and a whole copy", _copy_cut, "'slice_88' cannot be read"),
    _repaired(
        Case("a slice cut off, and a whole copy", _copy_cut),
        places=PLACES,
        values={**VALUES, (7, 5, 2): 1023},
        notices=("damaged-left-out",),
    ),
    Case(
        "another slice in the same place",
        _repeated_otherwise,
        refused="'(again|slice_88)' and '(again|slice_88)' lie in the same place with different",
    ),
    Case("slices side by side", _side_by_side, refused="side by side"),
    _PHASES,
    _chosen(_PHASES, 2, places=PLACES, values=_SECOND),
    _ECHOES,
    _chosen(
        _ECHOES,
        2,
        places={(0, 0, 0): (10, 20, 30), (7, 5, 3): (6.5, 16.25, 37.5)},
        values={(7, 5, 3): 2123},
    ),
    _several("directions of diffusion", _diffusion, "holds 3 series"),
    _NUMBERED,
    _chosen(_NUMBERED, 2, places=PLACES, values=_SECOND),
    _several("localizers", _with_localizers, r"holds 3 series(.|\n)*localizer.*sagittal"),
    _COLOURS,
    _chosen(_COLOURS, 1, places=PLACES, values=VALUES),
    _ODD_SIZE,
    _chosen(_ODD_SIZE, 2, places=PLACES, values=VALUES),
    _several(
        "two frames of reference",
        partial(_two, FrameOfReferenceUID=("1.2.8", "1.2.9")),
        "holds 2 series",
    ),
    Case("no UIDs", _without_uids, places=PLACES, values=VALUES),
    _several("no UIDs, two folders", _without_uids_in_two, "holds 2 series"),
    _several("two X-rays", _two_x_rays, r"\(view 1\)(.|\n)*\(view 2\)"),
    Case("one series in several folders", _nested, places=PLACES, values=VALUES),
    Case("stray files", _with_strays, places=PLACES, values=VALUES),
    Case(
        "a number that is not in the list",
        write_series,
        options={"series": 9},
        refused="no series '9'; choose one by its number",
        error="SeveralSeriesError",
    ),
    Case(
        "a web page named .dcm",
        partial(_only, name="scan.dcm", content=b"<!DOCTYPE html><html></html>"),
        refused="'scan.dcm' is a web page, not a DICOM file",
    ),
    Case(
        "an empty file named .dcm",
        partial(_only, name="scan.dcm", content=b""),
        refused="'scan.dcm' is an empty file",
    ),
    Case(
        "a mask alone",
        lambda folder: write_slice(folder / "mask.dcm", 0, Modality="SEG"),
        refused="'mask.dcm' holds no DICOM image; .*opened as labels",
    ),
    Case(
        "a folder of text",
        lambda folder: _only(folder, "a.txt", b"x").parent,
        refused="holds no DICOM image",
    ),
)
