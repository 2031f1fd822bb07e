"""Plain pictures (PNG, JPEG, TIFF) in and out, through Pillow.

A picture lies on the grid of an axial slice as radiologists hang it: i is the column and runs to
the patient's left, j is the row and runs to the back. It has no place in space and no size, so
its origin is 0 and a pixel 1 mm, which a notice says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from napari_seg.imaging.channels import RGB_NAMES
from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice, Scan, Source

_OPAQUE = 255
_ORIENTATION_TAG, _BITS_TAG, _SAMPLE_FORMAT_TAG, _WHITE_TAG = 0x0112, 0x0102, 0x0153, 0x0106
_SAMPLES_TAG = 0x0115
# Pillow spreads numbers of so many bits over 8.
_STEPS = {(2,): 85, (4,): 17}
_LARGEST = {"1": 1, "L": 255}
# What Pillow raises where a header gives too few values or values of another kind.
_DAMAGE = (TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, struct.error)
_SENSELESS = "what it says of itself makes no sense"
_NO_PLACE = Notice(
    "no-orientation", "a picture stores no place and no size: pixels of 1 mm were assumed"
)


def read_picture(path: Path, *, palette_as_values: bool = False) -> Scan:
    """Read one picture.

    Parameters
    ----------
    path
        A PNG, JPEG or TIFF file.
    palette_as_values
        Whether the pixels of a picture with a palette are its numbers (labels), not its colours.

    Returns
    -------
    Scan
        Grey as ``(i, j, 1)``, colour as ``(i, j, 1, 3)``. The numbers of a TIFF file are those
        that it stores, whatever it shows as white, and their kind is kept.

    Raises
    ------
    ValueError
        If it is no picture, is damaged, or holds several.
    """
    try:
        with Image.open(path) as picture:
            frames = getattr(picture, "n_frames", 1)
            if frames > 1:
                raise ValueError(
                    f"'{path.name}' holds {frames} pictures, which say nothing of their spacing; "
                    "save them as one .nii.gz, or the one of interest as a file of its own"
                )
            # Before anything that loads the pixels, which forgets how they are stored.
            reduced = _reduced(picture)
            notices = [_NO_PLACE]
            if picture.getexif().get(_ORIENTATION_TAG, 1) != 1:
                notices.append(Notice("turned", "the picture was turned as its file asks"))
            stored = _StoredNumbers.of(picture)
            pixels = stored.restored(_pixels(ImageOps.exif_transpose(picture), palette_as_values))
    except UnidentifiedImageError as error:
        raise ValueError(
            f"'{path.name}' is {file_kind(path)}, and its pixels cannot be read; fetch or export "
            "it again"
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"'{path.name}' claims more pixels than are read of one picture; save the part of "
            "interest as a picture of its own"
        ) from error
    except (OSError, SyntaxError) as error:
        raise ValueError(f"'{path.name}' is damaged: {error}; fetch it again") from error
    except _DAMAGE as error:
        raise ValueError(f"'{path.name}' is damaged: {_SENSELESS}; fetch it again") from error
    array = np.swapaxes(pixels, 0, 1)[:, :, np.newaxis]
    return Scan(
        array,
        picture_geometry(array.shape[0], array.shape[1]),
        channel_names=RGB_NAMES if array.ndim == 4 else (),
        notices=(*notices, *reduced),
        source=Source("picture"),
    )


def write_picture(array: NDArray[Any], geometry: Geometry, path: Path, source: Source) -> None:
    """Write one picture.

    Parameters
    ----------
    array
        ``(i, j, 1)`` of uint8 or uint16, or ``(i, j, 1, 3)`` of uint8.
    geometry
        The grid of a picture: another place in space cannot be stored.
    path
        Ends in ``.png``, ``.tif`` or ``.tiff``. Not whole or not at all: see
        `files.write_labels`.
    source
        Passed over: a picture keeps nothing of it.

    Raises
    ------
    ValueError
        If a picture cannot hold it.
    OSError
        If it cannot be written.
    """
    if array.shape[3:] not in ((), (3,)):
        raise ValueError(f"a picture holds one slice, got {array.shape}; save it as .nii.gz")
    require_picture_grid(geometry)
    if array.dtype != np.uint8 and (array.dtype != np.uint16 or array.ndim == 4):
        raise ValueError(f"a picture cannot hold voxels of {array.dtype}; save it as .nii.gz")
    pixels = np.ascontiguousarray(np.swapaxes(array[:, :, 0], 0, 1))
    Image.fromarray(pixels).save(path)


def require_picture_grid(geometry: Geometry) -> None:
    """See that a picture can hold what lies on a grid.

    Raises
    ------
    ValueError
        If it is more than one slice, or lies elsewhere than a picture without a place.
    """
    columns, rows, slices = geometry.shape
    if slices != 1:
        raise ValueError(f"a picture holds one slice, got {geometry.shape}; save it as .nii.gz")
    if not geometry.matches(picture_geometry(columns, rows)):
        raise ValueError("a picture cannot say where a slice lies; save it as .nii.gz")


def picture_geometry(columns: int, rows: int) -> Geometry:
    """Return the grid on which a picture without a place lies: an axial slice, 1 mm a pixel."""
    return Geometry((columns, rows, 1), np.diag([-1.0, -1.0, 1.0, 1.0]))


def _reduced(picture: Image.Image) -> list[Notice]:
    notices = []
    wide = any(";16" in str(tile[3]) for tile in getattr(picture, "tile", []))
    if wide and not picture.mode.startswith(("I", "F")):
        message = "the picture has 16 bits a channel, of which the upper 8 were read"
        notices.append(Notice("fewer-bits", message, {"stored_bits": 16, "read_bits": 8}))
    if _tags(picture).get(_WHITE_TAG) == 0:
        message = "the file shows its lowest value as white: values were read as they are stored"
        notices.append(Notice("white-is-zero", message))
    parts, read = _tags(picture).get(_SAMPLES_TAG, 1), len(picture.getbands())
    if parts > read:
        which = "only the first was" if read == 1 else f"the first {read} were"
        message = f"of the {parts} channels of the picture {which} read"
        notices.append(Notice("fewer-channels", message, {"stored": parts, "read": read}))
    if picture.mode in ("RGBA", "LA", "PA"):
        clear = int((np.asarray(picture.getchannel("A")) < _OPAQUE).sum())
        if clear:
            message = f"{clear} pixels are partly transparent: that was dropped"
            notices.append(Notice("alpha-dropped", message, {"pixels": clear}))
    return notices


def _pixels(picture: Image.Image, palette_as_values: bool) -> NDArray[Any]:
    mode = picture.mode
    if mode == "P" and palette_as_values:
        return np.array(picture)
    if mode in ("L", "I", "F") or mode.startswith("I;16"):
        stored = np.array(picture)
        return stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if mode == "1":
        return np.array(picture, dtype=np.uint8)
    if mode == "LA":
        return np.array(picture.getchannel("L"))
    return np.array(picture.convert("RGB"))


@dataclass(frozen=True)
class _StoredNumbers:
    """How the numbers of a grey TIFF file differ from what Pillow makes of them.

    Parameters
    ----------
    kind
        Theirs, where Pillow has none of its own for it.
    step
        What those of 2 or 4 bits were multiplied by.
    turned_at
        The largest number, from which they were subtracted because the lowest is shown as
        white; ``None`` where they were not.
    """

    kind: np.dtype[Any] | None = None
    step: int = 1
    turned_at: int | None = None

    @classmethod
    def of(cls, picture: Image.Image) -> _StoredNumbers:
        """Ask what a file says of itself, before its pixels are loaded."""
        tags, mode = _tags(picture), picture.mode
        sign, bits = tags.get(_SAMPLE_FORMAT_TAG, (1,)), tags.get(_BITS_TAG)
        if mode == "I" and bits == (32,) and sign == (1,):
            return cls(np.dtype(np.uint32))
        if mode == "L" and bits == (8,) and sign == (2,):
            return cls(np.dtype(np.int8))
        step = _STEPS.get(bits, 1) if mode == "L" else 1
        is_turned = mode in ("1", "L") and tags.get(_WHITE_TAG) == 0
        return cls(None, step, _LARGEST[mode] if is_turned else None)

    def restored(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers as they are stored."""
        if self.kind is not None:
            return pixels.view(self.kind)
        if self.turned_at is not None:
            pixels = self.turned_at - pixels
        return pixels // self.step if self.step > 1 else pixels


def _tags(picture: Image.Image) -> Any:
    """Return what a TIFF file says of itself; nothing of other files."""
    return getattr(picture, "tag_v2", {})
