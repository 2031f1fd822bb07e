"""Pictures: i is the column and runs to the left, j the row and runs to the back, 1 mm each."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from odd_files.odd_case import Case, Place, as_labels, from_bytes, is_read, is_refused

# 3 rows of 4 columns: 0, 20, 40, 60; 80, …
ROWS = (np.arange(12).reshape(3, 4) * 20).astype(np.uint8)
WIDE = ROWS.astype(np.uint16) * 200
NO_PLACE = "no-orientation"
EXIF_ORIENTATION = 0x0112


def places(factor: int = 1) -> tuple[Place, ...]:
    """Return column 0 of row 0, and column 3 of row 2, which is the last of 12."""
    return (
        Place((0, 0, 0), (0.0, 0.0, 0.0), 0),
        Place((3, 2, 0), (-3.0, -2.0, 0.0), 220 * factor),
    )


def colours(*values: Any) -> tuple[Place, ...]:
    return tuple(
        Place(place.index, place.mm, list(value))
        for place, value in zip(places(), values, strict=True)
    )


def picture(verdict: Any, image: Image.Image, name: str = "picture.png", **how: Any) -> Case:
    """Return the case of a picture that Pillow saves."""

    def build(folder: Path) -> Path:
        image.save(folder / name, **how)
        return folder / name

    case: Case = verdict(build)
    return case


def with_palette() -> Image.Image:
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).convert("P")
    image.putdata(list(range(12)))
    image.putpalette([part for value in range(256) for part in (value, 0, 255 - value)])
    return image


def with_alpha(alpha: int) -> Image.Image:
    image = Image.new("RGBA", (4, 3), (9, 8, 7, 255))
    image.putpixel((3, 2), (6, 5, 4, alpha))
    return image


def exif(orientation: int) -> Image.Exif:
    stated = Image.Exif()
    stated[EXIF_ORIENTATION] = orientation
    return stated


def png_of_16_bit_colour(folder: Path) -> Path:
    # Pillow itself writes no such file.
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        sealed = kind + content
        return struct.pack(">I", len(content)) + sealed + struct.pack(">I", zlib.crc32(sealed))

    rows = b"".join(b"\0" + struct.pack(">12H", *[0x1234] * 12) for _ in range(3))
    header = struct.pack(">IIBBBBB", 4, 3, 16, 2, 0, 0, 0)
    path = folder / "picture.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path


def unsigned_tiff(folder: Path) -> Path:
    # Pillow itself writes no such file.
    import struct

    voxels = ROWS.astype("<u4") * np.uint32(15_000_000)
    words = ((256, 4), (257, 3), (258, 32), (262, 1), (273, 8), (278, 3), (279, 48), (339, 1))
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in words)
    head = b"II*\0" + struct.pack("<I", 8 + voxels.nbytes)
    path = folder / "picture.tif"
    path.write_bytes(head + voxels.tobytes() + struct.pack("<H", len(words)) + fields + bytes(4))
    return path


TURNED = (
    # A quarter turn: row 0 becomes the last column, and its first pixel comes to the top right.
    Place((2, 0, 0), (-2.0, 0.0, 0.0), 0),
    Place((0, 3, 0), (0.0, -3.0, 0.0), 220),
)
DARK, RED = (9, 8, 7), (6, 5, 4)
PNG = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 60)).astype(np.uint8))

CASES: tuple[Case, ...] = (
    picture(is_read("a grey picture", NO_PLACE, places=places()), Image.fromarray(ROWS)),
    picture(is_read("a picture of 16 bits", NO_PLACE, places=places(200)), Image.fromarray(WIDE)),
    picture(is_read("a TIFF of floats", NO_PLACE, places=places()),
            Image.fromarray(ROWS.astype(np.float32)), "picture.tif"),
    picture(is_read("a TIFF, big end first", NO_PLACE, places=places(200)),
            Image.frombytes("I;16B", (4, 3), WIDE.astype(">u2").tobytes()), "picture.tif"),
    is_read("a TIFF of 32 bits without a sign", NO_PLACE, places=places(15_000_000))(
        unsigned_tiff),
    picture(is_read("a palette is its colours", NO_PLACE, shape=(4, 3, 1, 3),
                    places=colours((0, 0, 255), (11, 0, 244))), with_palette()),
    as_labels(picture(is_read("a palette of labels is its numbers", NO_PLACE, places=(
        Place((0, 0, 0), (0.0, 0.0, 0.0), 0), Place((3, 2, 0), (-3.0, -2.0, 0.0), 11),
    )), with_palette())),
    picture(is_read("a picture that is wholly opaque", NO_PLACE, places=colours(DARK, RED)),
            with_alpha(255)),
    picture(is_read("a picture with a clear pixel", NO_PLACE, "alpha-dropped",
                    places=colours(DARK, RED)), with_alpha(0)),
    is_read("a picture of 16 bits a colour", NO_PLACE, "fewer-bits",
            places=colours([0x12] * 3, [0x12] * 3))(png_of_16_bit_colour),
    picture(is_read("a picture to be turned", NO_PLACE, "turned", places=TURNED, shape=(3, 4, 1)),
            Image.fromarray(ROWS), exif=exif(6)),
    picture(is_read("a JPEG named as PNG", NO_PLACE, places=(
        Place((0, 0, 0), (0.0, 0.0, 0.0), 100), Place((3, 2, 0), (-3.0, -2.0, 0.0), 100),
    )), Image.new("L", (4, 3), 100), "picture.png", format="JPEG"),
    picture(is_read("a picture named as a scan", "mislabelled", NO_PLACE, places=places(),
                    in_viewer=True), Image.fromarray(ROWS), "picture.nii", format="PNG"),
    picture(is_refused("a TIFF of three pages", "holds 3 pictures"), Image.fromarray(ROWS),
            "picture.tif", save_all=True, append_images=[Image.fromarray(ROWS)] * 2),
    picture(is_refused("a GIF", "is a GIF picture"), Image.fromarray(ROWS), "picture.gif"),
    from_bytes(is_refused("an empty picture", "is an empty file"), "picture.png", b""),
    from_bytes(is_refused("a web page named as a picture", "is a web page"), "picture.jpg",
               b"<html><body>"),
    from_bytes(is_refused("a PNG cut in its header", "damaged"), "picture.png",
               b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"),
)  # fmt: skip


@is_refused("a picture cut short", "is damaged")
def cut(folder: Path) -> Path:
    path = folder / "picture.png"
    PNG.save(path)
    path.write_bytes(path.read_bytes()[:2000])
    return path


CASES += (cut,)
