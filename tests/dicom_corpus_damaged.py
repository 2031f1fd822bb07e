"""Folders in which files are damaged before their headers say what they are, or lie apart."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dicom_case import Case
from dicom_corpus_slices import PLACES, VALUES
from dicom_slices import write_series, write_slice

# Slice 4, the last of its places.
LAST = "slice_86"
FOUR = {"places": {(0, 0, 0): (10, 20, 30), (7, 5, 3): (6.5, 16.25, 37.5)}, "shape": (8, 6, 4)}


def _nothing(_: bytes) -> bytes:
    return b""


def _zeros(whole: bytes) -> bytes:
    return bytes(len(whole))


def _kept(whole: bytes, count: int) -> bytes:
    return whole[:count]


def _with_byte(whole: bytes, place: int, value: int) -> bytes:
    return whole[:place] + bytes([value]) + whole[place + 1 :]


def _last(folder: Path, damage: Callable[[bytes], bytes]) -> Path:
    write_series(folder)
    (folder / LAST).write_bytes(damage((folder / LAST).read_bytes()))
    return folder


def _refused(name: str, damage: Callable[[bytes], bytes]) -> Case:
    return Case(
        name,
        partial(_last, damage=damage),
        refused=f"'{LAST}' is a damaged DICOM file.*fetch it again.*--repair",
        error="NeedsRepairError",
    )


def _one_a_folder(folder: Path) -> Path:
    for number in range(5):
        write_slice(folder / f"D{number}" / "IM0", number)
    last = folder / "D4" / "IM0"
    last.write_bytes(last.read_bytes()[:230])
    return folder


def _beside_a_whole_one(folder: Path) -> Path:
    write_series(folder / "a", SeriesInstanceUID="1.2.10")
    for path in write_series(folder / "b", SeriesInstanceUID="1.2.11").iterdir():
        path.write_bytes(path.read_bytes()[:400])
    return folder


def _with_empty_strays(folder: Path) -> Path:
    write_series(folder)
    for name in ("LOCKFILE", "slice.txt", "._slice_86", "empty.dcm"):
        (folder / name).touch()
    # A list of files that was cut: no slice, whatever it holds.
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM\x02\x00\x00\x00")
    return folder


DAMAGED = (
    _refused("a last slice of no bytes", _nothing),
    Case(
        "a last slice of no bytes, repaired",
        partial(_last, damage=_nothing),
        options={"repair": True},
        values={(7, 5, 3): 2023},
        notices=("damaged-left-out",),
        **FOUR,
    ),
    _refused("a last slice of zeros", _zeros),
    _refused("a last slice cut in its free bytes", partial(_kept, count=100)),
    _refused("a last slice cut after its first word", partial(_kept, count=132)),
    _refused("a last slice cut in the name of its kind", partial(_kept, count=175)),
    _refused("a last slice whose first word changed", partial(_with_byte, place=129, value=0)),
    _refused("a last slice whose first length changed", partial(_with_byte, place=138, value=9)),
    _refused("a last slice whose kind has no tag", partial(_with_byte, place=159, value=255)),
    Case("empty files that are no slices", _with_empty_strays, places=PLACES, values=VALUES),
    Case(
        "one slice a folder, the last damaged",
        _one_a_folder,
        notices=("damaged-elsewhere",),
        **FOUR,
    ),
    Case(
        "a series whose neighbour is damaged as a whole",
        _beside_a_whole_one,
        places=PLACES,
        values=VALUES,
        notices=("damaged-elsewhere",),
    ),
)
