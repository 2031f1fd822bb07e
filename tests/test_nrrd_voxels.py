"""The voxels of NRRD files, against SimpleITK."""

import gzip

import numpy as np
import pytest
import SimpleITK as sitk

from napari_seg.imaging.itk_files import read_itk_file
from napari_seg.imaging.nrrd_header import read_nrrd_header
from napari_seg.imaging.nrrd_voxels import stored_voxels

SHAPE = (6, 5, 4)
TYPES = [
    ("signed char", "i1"),
    ("unsigned char", "u1"),
    ("short", "i2"),
    ("unsigned short", "u2"),
    ("int", "i4"),
    ("unsigned int", "u4"),
    ("float", "f4"),
    ("double", "f8"),
]


def nrrd(path, array, kind, *, order="<", packed=False, sizes=None, more="", data=None):
    """Write an NRRD by hand: `array` with its fastest axis first."""
    sizes = array.shape if sizes is None else sizes
    directions = "(1,0,0) (0,2,0) (0,0,3)"
    directions = f"none {directions}" if len(sizes) == 4 else directions
    header = (
        f"NRRD0005\ntype: {kind}\ndimension: {len(sizes)}\nspace: left-posterior-superior\n"
        f"sizes: {' '.join(str(size) for size in sizes)}\nspace directions: {directions}\n"
        f"endian: {'little' if order == '<' else 'big'}\n"
        f"encoding: {'gzip' if packed else 'raw'}\nspace origin: (0,0,0)\n{more}\n"
    )
    raw = array.astype(array.dtype.newbyteorder(order)).tobytes("F") if data is None else data
    path.write_bytes(header.encode() + (gzip.compress(raw) if packed else raw))
    return path


def by_itk(path):
    image = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(image)
    return array.transpose(2, 1, 0, *range(3, array.ndim))


def ours(path, parts=1, on_progress=None):
    return stored_voxels(read_nrrd_header(path), SHAPE, parts, on_progress)


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gzip"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize(("kind", "dtype"), TYPES, ids=[kind for kind, _ in TYPES])
def test_every_type_is_read_as_by_simpleitk(tmp_path, kind, dtype, order, packed):
    array = np.arange(-60, 60).astype(dtype).reshape(SHAPE)
    path = nrrd(tmp_path / "x.nrrd", array, kind, order=order, packed=packed)
    found = ours(path)
    assert found.dtype == by_itk(path).dtype
    assert np.array_equal(found, by_itk(path))
    assert np.array_equal(read_itk_file(path).array, array)
    assert read_itk_file(path).array.flags.writeable


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gzip"])
def test_the_parts_of_a_voxel_come_last(tmp_path, packed):
    array = np.arange(3 * 120, dtype=np.int16).reshape((3, *SHAPE))
    more = "kinds: vector domain domain domain\n"
    path = nrrd(tmp_path / "x.nrrd", array, "short", packed=packed, more=more)
    assert np.array_equal(ours(path, parts=3), by_itk(path))
    assert np.array_equal(read_itk_file(path).array, np.moveaxis(array, 0, -1))


def test_parts_that_are_not_together_are_left_to_simpleitk(tmp_path):
    array = np.arange(3 * 120, dtype=np.int16).reshape((*SHAPE, 3))
    more = "kinds: domain domain domain list\n"
    path = nrrd(tmp_path / "x.nrrd", array, "short", more=more)
    text = path.read_bytes().replace(
        b"none (1,0,0) (0,2,0) (0,0,3)", b"(1,0,0) (0,2,0) (0,0,3) none"
    )
    path.write_bytes(text)
    assert ours(path, parts=3) is None
    assert np.array_equal(read_itk_file(path).array, array)


def test_four_equal_axes_are_not_mixed_up(tmp_path):
    # By their lengths alone one could not tell the parts of a voxel from the axes of space.
    array = np.arange(81, dtype=np.int16).reshape((3, 3, 3, 3))
    for kinds, directions, axis in (
        ("vector domain domain domain", b"none (1,0,0) (0,2,0) (0,0,3)", 0),
        ("domain domain domain list", b"(1,0,0) (0,2,0) (0,0,3) none", 3),
    ):
        path = nrrd(tmp_path / "x.nrrd", array, "short", more=f"kinds: {kinds}\n")
        path.write_bytes(path.read_bytes().replace(b"none (1,0,0) (0,2,0) (0,0,3)", directions))
        assert np.array_equal(read_itk_file(path).array, np.moveaxis(array, axis, -1))


@pytest.mark.parametrize(
    "change",
    [
        ("encoding: raw", "encoding: ascii"),
        ("\nspace origin", "\nbyte skip: 2\nspace origin"),
        ("endian: little\n", ""),
        ("type: short", "type: int64"),
    ],
    ids=["text", "skipped bytes", "no byte order", "another type"],
)
def test_other_ways_to_store_are_left_to_simpleitk(tmp_path, change):
    array = np.arange(120, dtype=np.int16).reshape(SHAPE)
    path = nrrd(tmp_path / "x.nrrd", array, "short")
    path.write_bytes(path.read_bytes().replace(change[0].encode(), change[1].encode(), 1))
    assert ours(path) is None


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gzip"])
def test_a_cut_file_is_left_to_simpleitk_which_says_so(tmp_path, packed):
    array = np.random.default_rng(0).integers(0, 99, SHAPE).astype(np.int16)
    path = nrrd(tmp_path / "x.nrrd", array, "short", packed=packed)
    path.write_bytes(path.read_bytes()[:-30])
    assert ours(path) is None
    with pytest.raises(ValueError, match="damaged, cut short"):
        read_itk_file(path)


def test_voxels_beside_their_header_are_read(tmp_path):
    array = np.arange(120, dtype=np.int16).reshape(SHAPE)
    path = nrrd(tmp_path / "x.nhdr", array, "short", more="data file: x.raw\n", data=b"")
    (tmp_path / "x.raw").write_bytes(array.tobytes("F"))
    assert np.array_equal(ours(path), array)
    assert np.array_equal(read_itk_file(path).array, array)
