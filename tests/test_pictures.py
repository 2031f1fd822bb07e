import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from napari_seg import read_labels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.pictures import picture_geometry, read_picture, write_picture
from napari_seg.imaging.scan import Source

# 3 rows, 4 columns.
ROWS = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("x.png", np.uint8), ("x.png", np.uint16), ("x.tif", np.uint16), ("x.tif", np.float32)],
)
def test_grey_is_column_row_and_one_slice(tmp_path: Path, name: str, dtype: Any) -> None:
    Image.fromarray(ROWS.astype(dtype) * 20).save(tmp_path / name)
    scan = read_picture(tmp_path / name)
    assert scan.array.shape == (4, 3, 1)
    assert scan.array.dtype == dtype
    assert np.array_equal(scan.array[..., 0].T, ROWS.astype(dtype) * 20)
    assert [notice.code for notice in scan.notices] == ["no-orientation"]


def test_columns_run_to_the_left_and_rows_to_the_back(tmp_path: Path) -> None:
    Image.fromarray(ROWS).save(tmp_path / "x.png")
    assert read_picture(tmp_path / "x.png").geometry.axis_codes == ("L", "P", "S")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_colour_has_three_channels(tmp_path: Path, mode: str) -> None:
    picture = Image.new("RGB", (4, 3), (255, 0, 0)).convert(mode)
    picture.save(tmp_path / "x.tif")
    scan = read_picture(tmp_path / "x.tif")
    assert scan.array.shape == (4, 3, 1, 3)
    assert scan.array[0, 0, 0].tolist() == [255, 0, 0]
    assert scan.channel_names == ("red", "green", "blue")


def test_jpeg_is_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 100, np.uint8)).save(tmp_path / "x.jpg")
    assert np.array_equal(read_picture(tmp_path / "x.jpg").array, np.full((4, 3, 1), 100))


def test_a_palette_holds_values_on_request(tmp_path: Path) -> None:
    picture = Image.fromarray(ROWS).convert("P")
    picture.putdata(list(range(12)))
    picture.putpalette([255, 0, 0] * 256)
    picture.save(tmp_path / "x.png")
    assert np.array_equal(
        read_picture(tmp_path / "x.png", palette_as_values=True).array[..., 0].T, ROWS
    )


def test_a_picture_is_turned_as_its_file_asks(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ROWS).save(tmp_path / "x.png", exif=exif)
    scan = read_picture(tmp_path / "x.png")
    assert scan.array.shape == (3, 4, 1)
    assert [notice.code for notice in scan.notices] == ["no-orientation", "turned"]


def test_a_stack_of_pictures_is_refused(tmp_path: Path) -> None:
    pages = [Image.fromarray(ROWS)] * 3
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r"'x.tif' holds 3 pictures"):
        read_picture(tmp_path / "x.tif")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is an empty file", id="empty"),
        pytest.param(b"<html>", "is a web page", id="web page"),
        pytest.param(None, "is damaged", id="cut"),
    ],
)
def test_bad_pictures_are_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.png"
    noise = np.random.default_rng(0).integers(0, 255, (60, 60)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000] if content is None else content)
    with pytest.raises(ValueError, match=f"'x.png' {message}"):
        read_picture(path)


def test_a_tiff_file_whose_next_picture_has_no_size_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    Image.fromarray(ROWS.astype(np.uint8)).save(path)
    content = path.read_bytes()
    (first,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, first)
    following = first + 2 + 12 * entries
    another = struct.pack("<HHHIII", 1, 0x00F0, 4, 1, 0, 0)
    place = struct.pack("<I", len(content))
    path.write_bytes(content[:following] + place + content[following + 4 :] + another)
    with pytest.raises(ValueError, match=r"'x\.tif' is damaged: what it says of itself"):
        read_picture(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_labels_survive_a_save(tmp_path: Path, name: str, dtype: Any) -> None:
    array = (ROWS.T[..., np.newaxis] * 20).astype(dtype)
    write_picture(array, picture_geometry(4, 3), tmp_path / name, Source())
    assert np.array_equal(read_picture(tmp_path / name).array, array)


def test_what_a_picture_cannot_hold_is_refused(tmp_path: Path) -> None:
    path, grid = tmp_path / "x.png", picture_geometry(4, 3)
    with pytest.raises(ValueError, match="holds one slice"):
        write_picture(np.zeros((4, 3, 2), np.uint8), Geometry((4, 3, 2), np.eye(4)), path, Source())
    with pytest.raises(ValueError, match="where a slice lies"):
        write_picture(np.zeros((4, 3, 1), np.uint8), Geometry((4, 3, 1), np.eye(4)), path, Source())
    with pytest.raises(ValueError, match="voxels of uint32"):
        write_picture(np.zeros((4, 3, 1), np.uint32), grid, path, Source())


def test_a_picture_that_claims_too_many_pixels_is_refused_as_such(tmp_path: Path) -> None:
    Image.new("L", (7, 6)).save(tmp_path / "x.png")
    content = bytearray((tmp_path / "x.png").read_bytes())
    content[16:24] = (60000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"^'x\.png' claims more pixels than are read"):
        read_picture(tmp_path / "x.png")


def write_tiff(path: Path, pixels: bytes, **tags: int) -> Path:
    """Write an uncompressed TIFF of 3 rows and 4 columns, all of whose tags are one short."""
    said = {"Width": 4, "Length": 3, "Bits": 8, "Compression": 1, "Photometric": 1, **tags}
    said |= {"Offset": 10 + 12 * (len(said) + 2) + 4, "Bytes": len(pixels)}
    numbers = {
        "Width": 256,
        "Length": 257,
        "Bits": 258,
        "Compression": 259,
        "Photometric": 262,
        "Offset": 273,
        "Samples": 277,
        "Bytes": 279,
        "Extra": 338,
        "Format": 339,
    }
    fields = sorted((numbers[name], value) for name, value in said.items())
    entries = b"".join(struct.pack("<HHLHH", tag, 3, 1, value, 0) for tag, value in fields)
    path.write_bytes(
        b"II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + entries + bytes(4) + pixels
    )
    return path


def rows_of(path: Path) -> list[list[int]]:
    rows: list[list[int]] = read_picture(path).array[:, :, 0].T.tolist()
    return rows


def codes_of(path: Path) -> list[str]:
    return [notice.code for notice in read_picture(path).notices][1:]


@pytest.mark.parametrize("compression", [None, "tiff_deflate"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, bool])
def test_a_tiff_whose_lowest_value_is_white_is_read_as_it_is_stored(
    tmp_path: Path, kind: Any, compression: str | None
) -> None:
    values = (ROWS > 4) if kind is bool else ROWS.astype(kind)
    path = tmp_path / "film.tif"
    Image.fromarray(values).save(path, compression=compression)
    raw = bytearray(path.read_bytes())
    # The tag of what zero looks like: a short, one value, 1 for black.
    raw[raw.index(struct.pack("<HHLH", 0x0106, 3, 1, 1)) + 8] = 0
    path.write_bytes(raw)
    assert rows_of(path) == values.astype(int).tolist()
    assert codes_of(path) == ["white-is-zero"]
    if kind is not bool:
        assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(path)), values)


def test_labels_of_a_tiff_whose_lowest_value_is_white_keep_their_values(tmp_path: Path) -> None:
    stored = bytes([0, 0, 1, 1, 0, 2, 2, 0, 0, 0, 0, 255])
    labels = read_labels(write_tiff(tmp_path / "mask.tif", stored, Photometric=0))
    assert labels.array[..., 0].T.tobytes() == stored
    assert "white-is-zero" in [notice.code for notice in labels.notices]


def test_a_tiff_of_signed_bytes_keeps_its_signs(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "x.tif", bytes(range(250, 256)) + bytes(range(6)), Format=2)
    assert rows_of(path) == [[-6, -5, -4, -3], [-2, -1, 0, 1], [2, 3, 4, 5]]
    assert read_picture(path).array.dtype == np.int8
    assert codes_of(path) == []


@pytest.mark.parametrize("white", [0, 1])
def test_a_tiff_of_four_bits_keeps_its_numbers(tmp_path: Path, white: int) -> None:
    stored = bytes([0x01, 0x23, 0x45, 0x67, 0x89, 0xAF])
    path = write_tiff(tmp_path / "x.tif", stored, Bits=4, Photometric=white)
    assert rows_of(path) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 15]]


def test_a_second_channel_that_is_left_out_is_told(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "x.tif", bytes(range(24)), Samples=2, Extra=0)
    assert rows_of(path) == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18, 20, 22]]
    assert codes_of(path) == ["fewer-channels"]
    assert read_picture(path).notices[1].figures == {"stored": 2, "read": 1}
