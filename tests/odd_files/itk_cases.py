"""NRRD and MetaImage files, written by hand, so that each states just what its name says.

The grid is the same in all: voxels of 1, 2 and 3 mm, the first one at 10, 20, 30 mm to left,
posterior and superior, which is -10, -20, 30 in RAS+.
"""

import bz2
import gzip
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from odd_files.odd_case import Case, Place, from_bytes, is_read, is_refused

VOXELS = np.arange(120, dtype="<i2").reshape(6, 5, 4)
RAW = VOXELS.tobytes("F")
TWO = np.stack([VOXELS, VOXELS + 200])
TWO_FIRST, TWO_LAST = TWO.tobytes("F"), np.moveaxis(TWO, 0, -1).tobytes("F")
# Voxel (1, 2, 3) lies 1, 4 and 9 mm on: 1 * 20 + 2 * 4 + 3 = 31.
PLACES = (Place((0, 0, 0), (-10.0, -20.0, 30.0), 0), Place((1, 2, 3), (-11.0, -24.0, 39.0), 31))
AT_ZERO = (Place((0, 0, 0), (0.0, 0.0, 0.0), 0), Place((1, 2, 3), (-1.0, -4.0, 9.0), 31))
OF_ONE_MM = (Place((0, 0, 0), (-10.0, -20.0, 30.0), 0), Place((1, 2, 3), (-11.0, -22.0, 33.0), 31))
BOTH = tuple(Place(place.index, place.mm, [place.value, place.value + 200]) for place in PLACES)


def mm(*points: tuple[float, float, float]) -> tuple[Place, ...]:
    """Return the two voxels at other places."""
    return tuple(
        Place(place.index, point, place.value) for place, point in zip(PLACES, points, strict=True)
    )


def nrrd(content: bytes = RAW, **fields: str | None) -> bytes:
    """Return an NRRD file; a field that is None is left out, blanks are written for underscores."""
    stated: dict[str, str | None] = {
        "type": "short",
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": "6 5 4",
        "space_directions": "(1,0,0) (0,2,0) (0,0,3)",
        "kinds": None,
        "space_origin": "(10,20,30)",
        "encoding": "raw",
        "endian": "little",
        **fields,
    }
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in stated.items() if value]
    return "\n".join(["NRRD0005", *lines, "", ""]).encode() + content


def meta(content: bytes = RAW, *, end: str = "\n", **fields: str | None) -> bytes:
    """Return a MetaImage file; a field that is None is left out."""
    stated: dict[str, str | None] = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "10 20 30",
        "ElementSpacing": "1 2 3",
        "DimSize": "6 5 4",
        "ElementType": "MET_SHORT",
        **fields,
    }
    last = stated.pop("ElementDataFile", None) or "LOCAL"
    lines = [f"{name} = {value}" for name, value in stated.items() if value]
    return end.join([*lines, f"ElementDataFile = {last}", ""]).encode() + content


def beside(verdict: Any, name: str, header: bytes, voxel_file: str, voxels: bytes) -> Case:
    """Return the case of a header, and of voxels in a file beside it."""

    def build(folder: Path) -> Path:
        (folder / voxel_file).write_bytes(voxels)
        (folder / name).write_bytes(header)
        return folder / name

    case: Case = verdict(build)
    return case


def of_nrrd(verdict: Any, content: bytes = RAW, **fields: str | None) -> Case:
    return from_bytes(verdict, "scan.nrrd", nrrd(content, **fields))


def of_meta(verdict: Any, content: bytes = RAW, **fields: str | None) -> Case:
    return from_bytes(verdict, "scan.mha", meta(content, **fields))


FOUR = {"dimension": "4", "sizes": "6 5 4 2", "space_directions": "(1,0,0) (0,2,0) (0,0,3) none"}
LISTED = FOUR | {"kinds": "domain domain domain list"}
FIRST = {
    "dimension": "4",
    "sizes": "2 6 5 4",
    "kinds": "vector domain domain domain",
    "space_directions": "none (1,0,0) (0,2,0) (0,0,3)",
}
NO_SPACE: dict[str, str | None] = {"space": None, "space_directions": None, "space_origin": None}
SEQUENCE = {
    "kinds": "list domain domain domain",
    "endian": "little\naxis 0 index type:=numeric\naxis 0 index values:=0 1.5",
}
ENDS = NO_SPACE | {"axis_mins": "0 0 0", "axis_maxs": "12 25 40"}
TIMED = FOUR | {
    "space": "right-anterior-superior-time",
    "space_directions": "(1,0,0,0) (0,2,0,0) (0,0,3,0) (0,0,0,5)",
    "space_origin": "(-10,-20,30,0)",
}
IN_TIME = tuple(
    Place(place.index, point, place.value)
    for place, point in zip(BOTH, ((-10.0, -20.0, 30.0), (-9.0, -16.0, 39.0)), strict=True)
)

NRRD = (
    of_nrrd(is_read("a plain NRRD", places=PLACES, in_viewer=True)),
    of_nrrd(
        is_read("NRRD to right, anterior, superior", in_viewer=True,
                places=mm((10, 20, 30), (11, 24, 39))),
        space="right-anterior-superior",
    ),
    of_nrrd(
        is_read("NRRD to left, anterior, superior", places=mm((-10, 20, 30), (-11, 24, 39))),
        space="LAS",
    ),
    of_nrrd(is_read("NRRD in a space without sides", "no-orientation", places=PLACES, in_viewer=True),
            space="scanner-xyz"),
    of_nrrd(is_read("NRRD in a left-handed space", "no-orientation", places=PLACES),
            space="3D-left-handed"),
    of_nrrd(is_read("NRRD with spacings alone", "no-orientation", places=AT_ZERO, in_viewer=True),
            **NO_SPACE, spacings="1 2 3"),
    of_nrrd(is_read("NRRD with nothing on its place", "no-orientation", "no-spacing",
                    places=mm((0, 0, 0), (-1, -2, 3))), **NO_SPACE),
    of_nrrd(is_read("NRRD without an origin", "no-origin", places=AT_ZERO), space_origin=None),
    of_nrrd(is_read("NRRD without directions", "no-orientation", "no-spacing", places=OF_ONE_MM),
            space_directions=None),
    of_nrrd(
        is_read("NRRD in centimetres", "units", places=mm((-100, -200, 300), (-110, -240, 390)),
                in_viewer=True),
        space_units='"cm" "cm" "cm"',
    ),
    # 6 cells from 0 to 12, 5 to 25 and 4 to 40: the first centre lies half a cell on.
    of_nrrd(is_read("NRRD with the ends of its cells", "no-orientation",
                    places=mm((-1, -2.5, 5), (-3, -12.5, 35)), in_viewer=True),
            **ENDS, centerings="cell cell cell"),
    of_nrrd(is_read("NRRD with the ends of its axes", "no-orientation",
                    places=mm((-1, -2.5, 5), (-3, -12.5, 35))), **ENDS),
    of_nrrd(is_read("NRRD with the places of its first and last voxels", "no-orientation", in_viewer=True,
                    places=mm((0, 0, 0), (-2.4, -12.5, 40))), **ENDS, centerings="node node node"),
    of_nrrd(is_read("NRRD in older words", "no-orientation",
                    places=mm((0, 0, 0), (-2.4, -12.5, 40))),
            **NO_SPACE, axismins="0 0 0", axismaxs="12 25 40", centers="node node node"),
    of_nrrd(is_read("NRRD with an axis turned round", "no-orientation", in_viewer=True,
                    places=mm((-11, -2.5, 5), (-9, -12.5, 35))),
            **ENDS | {"axis_mins": "12 0 0", "axis_maxs": "0 25 40"}, centerings="cell cell cell"),
    of_nrrd(is_read("NRRD with spacings and other ends", "no-orientation", "sizes-disagree", in_viewer=True,
                    places=mm((0, 0, 0), (-1, -4, 9))),
            **ENDS, spacings="1 2 3", centerings="node node node"),
    of_nrrd(is_read("NRRD with spacings in microns", "no-orientation", "units", in_viewer=True,
                    places=mm((0, 0, 0), (-0.3, -0.6, 6))),
            **NO_SPACE, spacings="300 300 2000", units='"microns" "microns" "microns"'),
    of_nrrd(is_read("NRRD with spacings in pixels", "no-orientation", "unknown-unit",
                    places=AT_ZERO), **NO_SPACE, spacings="1 2 3", units='"pixel" "pixel" "pixel"'),
    of_nrrd(is_refused("NRRD with spacings in mm and cm", "correct the units"),
            **NO_SPACE, spacings="1 2 3", units='"mm" "mm" "cm"'),
    of_nrrd(is_read("NRRD with a list first and spacings", "no-orientation", shape=(6, 5, 4, 2),
                    places=tuple(replace(place, value=[place.value, place.value + 200])
                                 for place in AT_ZERO)),
            TWO_FIRST, **FIRST | NO_SPACE, spacings="nan 1 2 3", units='"s" "mm" "mm" "mm"'),
    of_nrrd(is_read("NRRD with one spacing of nan", "no-orientation", "no-spacing",
                    places=mm((0, 0, 0), (-1, -4, 3))), **NO_SPACE, spacings="1 2 nan"),
    of_nrrd(is_refused("NRRD in mm and metres", "no one unit"), space_units='"mm" "mm" "m"'),
    of_nrrd(is_read("NRRD with a measurement frame", places=PLACES),
            measurement_frame="(1,0,0) (0,1,0) (0,0,1)"),
    of_nrrd(is_read("NRRD with values of programs", places=PLACES),
            endian="little\nspace directions:=(9,9,9)\ndata file:=/etc/passwd"),
    of_nrrd(is_read("NRRD with a list first", places=BOTH, shape=(6, 5, 4, 2)), TWO_FIRST, **FIRST),
    of_nrrd(is_read("NRRD with a list last", places=BOTH, shape=(6, 5, 4, 2)), TWO_LAST, **LISTED),
    of_nrrd(is_read("NRRD with times", places=IN_TIME, shape=(6, 5, 4, 2)), TWO_LAST, **TIMED),
    of_nrrd(is_read("a sequence of 3D Slicer", "axis-unsure", places=BOTH, shape=(6, 5, 4, 2)),
            TWO_FIRST, **FIRST | SEQUENCE),
    of_nrrd(is_read("a sequence of 3D Slicer in seconds", places=BOTH, shape=(6, 5, 4, 2)),
            TWO_FIRST, **FIRST | SEQUENCE, units='"s" "" "" ""'),
    of_nrrd(is_refused("NRRD with a nameless fourth axis", "no direction for axis 4", in_viewer=True),
            TWO_LAST, **FOUR),
    of_nrrd(is_refused("NRRD with an axis of space without direction", "no direction for axis 3"),
            space_directions="(1,0,0) (0,2,0) none"),
    of_nrrd(is_refused("NRRD of a slice in four times", "times that is not the last of four", in_viewer=True),
            **NO_SPACE, kinds="domain domain time", spacings="1 1 0.04", units='"mm" "mm" "s"'),
    of_nrrd(is_refused("NRRD with times first and spacings", "times that is not the last of four"), TWO_FIRST,
            **FIRST | NO_SPACE | {"kinds": "time domain domain domain"}, spacings="0.04 1 2 3"),
    of_nrrd(is_refused("NRRD of tensors", "holds tensors"), bytes(6 * 240), **FIRST
            | {"sizes": "6 6 5 4", "kinds": "3D-symmetric-matrix domain domain domain"}),
    of_nrrd(is_refused("NRRD of blocks", "blocks of bytes"), type="block", block_size="2"),
    of_nrrd(is_read("NRRD packed by gzip", places=PLACES, in_viewer=True), gzip.compress(RAW),
            encoding="gzip"),
    of_nrrd(is_refused("NRRD packed by bzip2", "packed by bzip2", in_viewer=True), bz2.compress(RAW),
            encoding="bzip2"),
    of_nrrd(is_read("NRRD in words", places=PLACES, in_viewer=True), " ".join(map(str, VOXELS.ravel("F"))).encode(),
            encoding="ascii"),
    of_nrrd(is_read("NRRD, big end first", places=PLACES, in_viewer=True), VOXELS.astype(">i2").tobytes("F"),
            endian="big"),
    of_nrrd(is_refused("NRRD cut short", "damaged, cut short", in_viewer=True), RAW[:-40]),
    of_nrrd(is_refused("NRRD that claims 12 billion voxels", "more than the file can hold",
                       in_viewer=True), sizes="60000 50000 4"),
    of_nrrd(is_refused("NRRD with a flat grid", "no usable place", in_viewer=True),
            space_directions="(1,0,0) (1,0,0) (0,0,3)"),
    of_nrrd(is_refused("NRRD with a voxel of NaN", "no space directions that can be read"),
            space_directions="(nan,0,0) (0,2,0) (0,0,3)"),
    of_nrrd(is_read("NRRD with a shear", "sheared", places=mm((-10, -20, 30), (-12, -24, 39))),
            space_directions="(1,0,0) (0.5,2,0) (0,0,3)"),
    beside(is_read("NRRD in two files", places=PLACES),
           "scan.nhdr", nrrd(b"", data_file="größe 1.raw"), "größe 1.raw", RAW),
    beside(is_read("NRRD in two files, voxels at the end", places=PLACES),
           "scan.nhdr", nrrd(b"", byte_skip="-1", data_file="a.raw"), "a.raw", bytes(99) + RAW),
    beside(is_refused("NRRD with voxels elsewhere", "outside its folder"),
           "scan.nhdr", nrrd(b"", data_file="../a.raw"), "a.raw", RAW),
    beside(is_refused("NRRD without its voxels", "'b.raw', which is not beside it"),
           "scan.nhdr", nrrd(b"", data_file="b.raw"), "a.raw", RAW),
    from_bytes(is_refused("NRRD packed as a whole", "unpack it first"), "scan.nrrd",
               gzip.compress(nrrd())),
)  # fmt: skip

PACKED = zlib.compress(RAW)
META = (
    of_meta(is_read("a plain MetaImage", places=PLACES, in_viewer=True)),
    of_meta(is_read("MetaImage in centimetres", "units", in_viewer=True,
                    places=mm((-100, -200, 300), (-110, -240, 390))), DistanceUnits="cm"),
    of_meta(is_refused("MetaImage in miles", "lengths in no known unit"),
            DistanceUnits="miles"),
    of_meta(is_read("MetaImage that names its sides alone", "no-orientation", places=PLACES),
            TransformMatrix=None, AnatomicalOrientation="RAI"),
    of_meta(is_read("MetaImage with the size of an element alone", places=PLACES),
            ElementSpacing=None, ElementSize="1 2 3"),
    of_meta(is_read("MetaImage without a voxel size", "no-spacing", places=OF_ONE_MM,
                    in_viewer=True), ElementSpacing=None),
    of_meta(is_read("MetaImage without an origin", "no-origin", places=AT_ZERO), Offset=None),
    of_meta(is_read("MetaImage in older words", places=PLACES), Offset=None, Position="10 20 30",
            TransformMatrix=None, Orientation="1 0 0 0 1 0 0 0 1"),
    of_meta(is_refused("MetaImage with two origins", "states Offset twice"), Position="1 2 3"),
    of_meta(
        # The first axis runs to 0.8, 0.6, the second to -0.6, 0.8.
        is_read("an oblique MetaImage", places=mm((-10, -20, 30), (-8.4, -23.8, 39))),
        TransformMatrix="0.8 0.6 0 -0.6 0.8 0 0 0 1",
    ),
    of_meta(is_read("MetaImage with directions of 2", "sizes-disagree",
                    places=mm((-10, -20, 30), (-12, -28, 48))),
            TransformMatrix="2 0 0 0 2 0 0 0 2"),
    of_meta(is_read("MetaImage with a negative size", "negative-size",
                    places=mm((-10, -20, 30), (-11, -16, 39))), ElementSpacing="1 -2 3"),
    of_meta(is_read("MetaImage with a slope", "scale-unused", places=PLACES),
            ElementToIntensityFunctionSlope="2"),
    of_meta(is_read("MetaImage, big end first", places=PLACES, in_viewer=True),
            VOXELS.astype(">i2").tobytes("F"), BinaryDataByteOrderMSB="True"),
    of_meta(is_read("a packed MetaImage", places=PLACES, in_viewer=True), PACKED, CompressedData="True",
            CompressedDataSize=str(len(PACKED))),
    # SimpleITK reads this one as garbage, and says so on the terminal alone.
    of_meta(is_read("a packed MetaImage without the packed size", "packed-size", places=PLACES, in_viewer=True),
            PACKED, CompressedData="True"),
    of_meta(is_refused("a packed MetaImage cut short", "cut short or damaged", in_viewer=True),
            PACKED[:-9], CompressedData="True"),
    of_meta(is_refused("a packed MetaImage with a flipped bit", "damaged"),
            PACKED[:60] + bytes([PACKED[60] ^ 4]) + PACKED[61:], CompressedData="True"),
    of_meta(is_read("MetaImage in words", places=PLACES, in_viewer=True),
            " ".join(map(str, VOXELS.ravel("F"))).encode(), BinaryData="False",
            ElementType="MET_DOUBLE"),
    of_meta(is_refused("MetaImage in words that are none", "not all of its voxels are numbers"),
            b"1 2 x " * 60, BinaryData="False"),
    of_meta(is_read("MetaImage of two channels", places=BOTH, shape=(6, 5, 4, 2)), TWO_FIRST,
            ElementNumberOfChannels="2"),
    of_meta(
        is_read("MetaImage of two volumes", "axis-unsure", places=BOTH, shape=(6, 5, 4, 2)), TWO_LAST,
        NDims="4", DimSize="6 5 4 2", Offset="10 20 30 0", ElementSpacing="1 2 3 1",
        TransformMatrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
    ),
    of_meta(is_read("more than a MetaImage claims", "more-data", places=PLACES, in_viewer=True), RAW + b"more"),
    of_meta(is_refused("MetaImage cut short", "cut short or damaged", in_viewer=True), RAW[:-2]),
    of_meta(is_refused("MetaImage that claims 24 GB", "claims 24000000000 bytes", in_viewer=True),
            DimSize="60000 50000 4"),
    of_meta(is_refused("MetaImage with an offset of NaN", "states Offset in other than finite numbers"),
            Offset="1 nan 3"),
    of_meta(is_refused("MetaImage with six directions", "3 axes need 9"),
            TransformMatrix="1 0 0 0 1 0"),
    of_meta(is_refused("a flat MetaImage", "no usable place", in_viewer=True),
            TransformMatrix="1 0 0 1 0 0 0 0 1"),
    of_meta(is_read("MetaImage with a line that is no field", "stray-lines", places=PLACES),
            Offset="10 20 30\nElementSpac 2 3"),
    of_meta(is_refused("MetaImage neither plain nor packed", "states CompressedData as neither True nor False"),
            CompressedData="Perhaps"),
    of_meta(is_refused("MetaImage of no known kind", "no kind of voxel"), ElementType="MET_OTHER"),
    from_bytes(is_read("MetaImage with a comment first", places=PLACES, in_viewer=True),
               "scan.mha", b"Comment = made by hand\n" + meta()),
    from_bytes(is_read("MetaImage with lines of Windows", places=PLACES),
               "scan.mha", meta(end="\r\n")),
    beside(is_read("MetaImage in two files", places=PLACES, in_viewer=True), "scan.mhd",
           meta(b"", ElementDataFile="größe 1.raw"), "größe 1.raw", RAW),
    beside(is_read("MetaImage in two files, voxels behind a header", places=PLACES), "scan.mhd",
           meta(b"", ElementDataFile="a.raw", HeaderSize="99"), "a.raw", bytes(99) + RAW),
    beside(is_read("MetaImage in two files, voxels at the end", places=PLACES), "scan.mhd",
           meta(b"", ElementDataFile="a.raw", HeaderSize="-1"), "a.raw", bytes(99) + RAW),
    beside(is_refused("MetaImage with voxels too short", "'scan.mhd' with 'a.raw' is cut short"),
           "scan.mhd", meta(b"", ElementDataFile="a.raw"), "a.raw", RAW[:-2]),
    beside(is_refused("MetaImage in many files", "over several files"), "scan.mhd",
           meta(b"", ElementDataFile="a%03d.raw 1 4 1"), "a001.raw", RAW),
    beside(is_refused("MetaImage with voxels elsewhere", "outside its folder", in_viewer=True),
           "scan.mhd", meta(b"", ElementDataFile="/etc/passwd"), "a.raw", RAW),
    beside(is_refused("MetaImage without its voxels", "'b.raw', which is not beside it"),
           "scan.mhd", meta(b"", ElementDataFile="b.raw"), "a.raw", RAW),
)  # fmt: skip

CASES: tuple[Case, ...] = (*NRRD, *META)
