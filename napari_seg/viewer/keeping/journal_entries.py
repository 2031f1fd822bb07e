"""What a journal of unsaved labels holds, as bytes: each entry with its length and a checksum."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.viewer.display_order import DisplayOrder
from napari_seg.viewer.kept_labels import KeptLabels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Box = tuple[slice, ...]

MAGIC = b"napari-seg journal 1\n"
"""How a journal begins."""
_HEAD = struct.Struct("<QI")


@dataclass(frozen=True, eq=False)
class Base:
    """The labels as they were last saved, and where they lie; nothing that names a person or file.

    Attributes
    ----------
    scan_sha256
        Of the scan that they were drawn on; None where it is not known.
    geometry, order
        Where their voxels lie and how they are shown.
    labels
        In display order.
    table
        Their names and colours.
    sides_known
        Whether the scan says which side of the patient is which.
    """

    scan_sha256: str | None
    geometry: Geometry
    order: DisplayOrder
    labels: KeptLabels
    table: LabelTable
    sides_known: bool = True


@dataclass(frozen=True, eq=False)
class Patch:
    """What changed since the entry before.

    Attributes
    ----------
    seconds
        When, since 1970.
    table
        The names and colours of the labels by then.
    parts
        Boxes in display order, and the labels in each.
    """

    seconds: float
    table: LabelTable
    parts: tuple[tuple[Box, NDArray[Any]], ...]


def pack_base(base: Base) -> bytes:
    """Turn the beginning of a journal into bytes."""
    kept, order = base.labels, base.order
    facts = {
        "scan_sha256": base.scan_sha256,
        "shape": [int(length) for length in base.geometry.shape],
        "affine": base.geometry.affine.tolist(),
        "axes": [int(axis) for axis in order.axes],
        "flipped": [bool(flip) for flip in order.flipped],
        "dropped": None if order.dropped is None else int(order.dropped),
        "shown": list(kept.shape),
        "dtype": kept.dtype,
        "box": _numbers(kept.box),
        "table": _rows(base.table),
        "sides_known": base.sides_known,
    }
    return _entry(facts, kept.packed)


def pack_patch(patch: Patch) -> bytes:
    """Turn what changed into bytes."""
    facts = {
        "seconds": patch.seconds,
        "table": _rows(patch.table),
        "boxes": [_numbers(box) for box, _ in patch.parts],
    }
    packer = zlib.compressobj(1)
    packed = [packer.compress(np.ascontiguousarray(part).data) for _, part in patch.parts]
    return _entry(facts, b"".join([*packed, packer.flush()]))


def unpack(content: bytes) -> tuple[Base, list[Patch]]:
    """Read a journal up to its last whole entry.

    Raises
    ------
    ValueError
        If it is no journal, or not even its beginning is whole.
    """
    if not content.startswith(MAGIC):
        raise ValueError("not a journal of labels of this version of napari-seg")
    entries = _whole_entries(content)
    first = next(entries, None)
    if first is None:
        raise ValueError("the beginning of the journal is missing")
    base = _base(*first)
    return base, [_patch(facts, packed, base.labels.dtype) for facts, packed in entries]


def replay(base: Base, patches: list[Patch]) -> NDArray[Any]:
    """Return the labels after the last entry, in display order."""
    labels = base.labels.restore()
    for patch in patches:
        for box, part in patch.parts:
            labels[box] = part
    return labels


def _entry(facts: dict[str, Any], packed: bytes) -> bytes:
    # In ASCII, so that no line of the facts is broken.
    payload = json.dumps(facts).encode("ascii") + b"\n" + packed
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def _whole_entries(content: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    place = len(MAGIC)
    while place + _HEAD.size <= len(content):
        length, checksum = _HEAD.unpack_from(content, place)
        place += _HEAD.size
        payload = content[place : place + length]
        if len(payload) < length or zlib.crc32(payload) != checksum:
            return
        place += length
        facts, _, packed = payload.partition(b"\n")
        yield json.loads(facts), packed


def _base(facts: dict[str, Any], packed: bytes) -> Base:
    i, j, k = facts["shape"]
    axes, flipped = facts["axes"], facts["flipped"]
    order = DisplayOrder(
        (axes[0], axes[1], axes[2]), (flipped[0], flipped[1], flipped[2]), facts["dropped"]
    )
    kept = KeptLabels(tuple(facts["shown"]), facts["dtype"], _box(facts["box"]), packed)
    geometry = Geometry((i, j, k), np.array(facts["affine"]))
    # Journals of earlier versions do not tell.
    known = bool(facts.get("sides_known", True))
    return Base(facts["scan_sha256"], geometry, order, kept, _table(facts["table"]), known)


def _patch(facts: dict[str, Any], packed: bytes, dtype: str) -> Patch:
    voxels = np.frombuffer(zlib.decompress(packed), dtype)
    parts, start = [], 0
    for box in map(_box, facts["boxes"]):
        shape = [side.stop - side.start for side in box]
        count = int(np.prod(shape))
        parts.append((box, voxels[start : start + count].reshape(shape)))
        start += count
    return Patch(facts["seconds"], _table(facts["table"]), tuple(parts))


def _rows(table: LabelTable) -> list[list[Any]]:
    return [
        [int(label.value), label.name, [int(part) for part in label.colour], label.code]
        for label in table
    ]


def _table(rows: list[list[Any]]) -> LabelTable:
    return LabelTable(
        tuple(
            Label(value, name, (colour[0], colour[1], colour[2]), code)
            for value, name, colour, code in rows
        )
    )


def _numbers(box: Box) -> list[list[int]]:
    return [[int(side.start), int(side.stop)] for side in box]


def _box(numbers: list[list[int]]) -> Box:
    return tuple(slice(start, stop) for start, stop in numbers)
