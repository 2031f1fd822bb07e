import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.nifti import read_nifti, write_nifti
from napari_seg.imaging.scan import Source

SHAPE = (6, 5, 4)
AFFINE = np.array(
    [[-1.5, 0.0, 0.0, 80.0], [0.0, 0.0, 3.0, -40.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]]
)
VOXELS = np.arange(120, dtype=np.int16).reshape(SHAPE)


def save(
    path: Path,
    voxels: Any = VOXELS,
    *,
    affine: Any = AFFINE,
    kind: Any = nib.Nifti1Image,
    **fields: Any,
) -> Path:
    """Write a file with nibabel, then set header fields that nibabel would mend."""
    plain = path.with_name("made.nii")
    image = kind(voxels, affine)
    image.to_filename(plain)
    raw, length = bytearray(plain.read_bytes()), image.header.sizeof_hdr
    header = type(image.header)(bytes(raw[:length]), check=False)
    for name, value in fields.items():
        header[name] = value
    raw[:length] = header.binaryblock
    path.write_bytes(gzip.compress(bytes(raw)) if path.suffix == ".gz" else bytes(raw))
    return path


def codes(scan: Any) -> list[str]:
    return [notice.code for notice in scan.notices]


@pytest.mark.parametrize("name", ["scan.nii", "a scan, größer.nii.gz"])
def test_reads_voxels_and_affine(tmp_path: Path, name: str) -> None:
    scan = read_nifti(save(tmp_path / name))
    assert scan.array.dtype == np.int16
    assert np.array_equal(scan.array, VOXELS)
    assert np.allclose(scan.geometry.affine, AFFINE)
    assert scan.notices == ()
    assert scan.source == Source(
        "NIfTI", qform_code=0, sform_code=2, units="unknown", frame="aligned"
    )


def test_progress_ends_at_one(tmp_path: Path) -> None:
    parts: list[float] = []
    read_nifti(save(tmp_path / "scan.nii.gz"), on_progress=parts.append)
    assert parts[-1] == 1


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    scan = read_nifti(save(tmp_path / "scan.nii", scl_slope=0.5, scl_inter=-10))
    assert scan.array.dtype == np.float32
    assert np.allclose(scan.array, VOXELS * 0.5 - 10)


def test_big_end_first_and_nifti_2_are_read(tmp_path: Path) -> None:
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    nib.Nifti1Image(VOXELS, AFFINE, header).to_filename(tmp_path / "big.nii")
    assert (tmp_path / "big.nii").read_bytes()[:4] == b"\0\0\x01\x5c"
    nib.Nifti2Image(VOXELS, AFFINE).to_filename(tmp_path / "two.nii.gz")
    for name in ("big.nii", "two.nii.gz"):
        scan = read_nifti(tmp_path / name)
        assert scan.array.dtype == np.dtype("=i2")
        assert np.array_equal(scan.array, VOXELS)


def test_one_volume_is_squeezed_and_several_are_channels(tmp_path: Path) -> None:
    one = read_nifti(save(tmp_path / "one.nii", VOXELS[..., np.newaxis]))
    assert one.array.shape == SHAPE
    assert codes(one) == ["one-volume"]
    two = read_nifti(save(tmp_path / "two.nii", np.stack([VOXELS, VOXELS + 1], axis=-1)))
    assert two.array.shape == (*SHAPE, 2)
    assert two.channel_names == ("volume 1", "volume 2")
    assert codes(two) == ["axis-unsure"]
    five = read_nifti(save(tmp_path / "five.nii", np.zeros((6, 5, 4, 1, 3), np.float32)))
    assert five.array.shape == (*SHAPE, 3)


def test_a_flat_image_has_one_slice(tmp_path: Path) -> None:
    scan = read_nifti(save(tmp_path / "flat.nii", VOXELS[..., 0]))
    assert scan.array.shape == (6, 5, 1)


def test_colour_is_read_for_pictures_only(tmp_path: Path) -> None:
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    picture = np.zeros((6, 5, 1), rgb)
    picture["G"] = 200
    scan = read_nifti(save(tmp_path / "colour.nii", picture))
    assert scan.array.shape == (6, 5, 1, 3)
    assert scan.array[0, 0, 0].tolist() == [0, 200, 0]
    with pytest.raises(ValueError, match=r"'volume.nii' is a colour volume"):
        read_nifti(save(tmp_path / "volume.nii", np.zeros(SHAPE, rgb)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"dim": [3, 6, 0, 4, 1, 1, 1, 1]}, "states the shape", id="no voxels"),
        pytest.param({"dim": [3, 6, -5, 4, 1, 1, 1, 1]}, "states the shape", id="negative"),
        pytest.param({"dim": [9, 6, 5, 4, 1, 1, 1, 1]}, "states the shape", id="nine axes"),
        pytest.param({"dim": [5, 3, 5, 4, 1, 1, 1, 1]}, None, id="axes of one"),
        pytest.param({"dim": [5, 1, 1, 1, 3, 2, 1, 1]}, "more axes", id="times and channels"),
        pytest.param({"dim": [3, 6, 5, 8, 1, 1, 1, 1]}, "cut short", id="claims twice"),
        pytest.param({"dim": [3, 30000, 30000, 30000, 1, 1, 1, 1]}, "cut short", id="27 TB"),
        pytest.param({"datatype": 7}, "unknown kind", id="unknown type"),
        pytest.param({"datatype": 32, "bitpix": 64}, "complex", id="complex"),
        pytest.param({"magic": b"ni1"}, "pair of files", id="pair"),
    ],
)
@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz"])
def test_broken_headers_are_refused(
    tmp_path: Path, name: str, fields: dict[str, Any], message: str | None
) -> None:
    path = save(tmp_path / name, **fields)
    if message is None:
        assert read_nifti(path).array.shape == (3, 5, 4)
        return
    with pytest.raises(ValueError, match=f"'{name}'.*{message}"):
        read_nifti(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is an empty file", id="empty"),
        pytest.param(b"<!doctype html>", "is a web page", id="web page"),
        pytest.param(b"hello", "is an unknown kind of file", id="text"),
        pytest.param(gzip.compress(b"hello"), "no NIfTI header", id="packed text"),
        pytest.param(gzip.compress(b"\x5c\x01\0\0" + bytes(50)), "within its header", id="head"),
    ],
)
def test_what_is_no_scan_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"'scan.nii.gz'.*{message}"):
        read_nifti(path)


@pytest.mark.parametrize(
    ("made", "name", "really"),
    [
        ("scan.nii", "plain.nii.gz", "not compressed"),
        ("scan.nii.gz", "packed.nii", "gzip-compressed"),
    ],
)
def test_packing_is_told_by_content_with_a_notice(
    tmp_path: Path, made: str, name: str, really: str
) -> None:
    save(tmp_path / made).rename(tmp_path / name)
    scan = read_nifti(tmp_path / name)
    assert np.array_equal(scan.array, VOXELS)
    assert codes(scan) == ["mislabelled"]
    assert scan.notices[0].figures == {"is": really}


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).integers(0, 1000, (20, 20, 20)).astype(np.int16)
    whole = save(tmp_path / "scan.nii.gz", voxels).read_bytes()
    cut, flipped = tmp_path / "cut.nii.gz", tmp_path / "flipped.nii.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    flipped.write_bytes(whole[:9000] + bytes([whole[9000] ^ 1]) + whole[9001:])
    for path in (cut, flipped):
        with pytest.raises(ValueError, match=f"'{path.name}' is damaged or cut short"):
            read_nifti(path)


def test_write_keeps_voxels_and_makes_equal_bytes(tmp_path: Path) -> None:
    labels = (VOXELS > 50).astype(np.uint8)
    geometry = Geometry(SHAPE, AFFINE)
    for name in ("one.nii.gz", "two.nii.gz", "three.nii"):
        write_nifti(labels, geometry, tmp_path / name, Source())
        back = nib.load(tmp_path / name)
        assert np.array_equal(np.asanyarray(back.dataobj), labels)
        assert np.allclose(back.affine, AFFINE, atol=1e-4)
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()


def test_write_says_nothing_of_a_slope(tmp_path: Path) -> None:
    write_nifti(VOXELS, Geometry(SHAPE, AFFINE), tmp_path / "x.nii", Source())
    raw = (tmp_path / "x.nii").read_bytes()
    assert np.frombuffer(raw[112:120], "<f4").tolist() == [1, 0]


def lies_on_disk(array: Any) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


def test_many_voxels_stay_on_disk_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "scan.nii")
    assert not lies_on_disk(read_nifti(path, on_disk=True).array)
    monkeypatch.setattr("napari_seg.imaging.nifti._MOST_IN_MEMORY", VOXELS.nbytes - 1)
    on_disk, in_memory = read_nifti(path, on_disk=True), read_nifti(path)
    assert lies_on_disk(on_disk.array)
    assert not lies_on_disk(in_memory.array)
    assert on_disk.array.strides == in_memory.array.strides
    assert np.array_equal(on_disk.array, VOXELS)
    assert (on_disk.sha256, on_disk.notices) == (in_memory.sha256, in_memory.notices)


@pytest.mark.parametrize(
    ("name", "voxels", "fields"),
    [
        ("packed.nii.gz", VOXELS, {}),
        ("scaled.nii", VOXELS, {"scl_slope": 2.0}),
        ("swapped.nii", VOXELS.astype(">i2"), {}),
    ],
)
def test_voxels_that_must_be_changed_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, voxels: Any, fields: Any
) -> None:
    path = tmp_path / name
    if fields or path.suffix == ".gz":
        save(path, voxels, **fields)
    else:
        header = nib.Nifti1Header(endianness=">")
        nib.Nifti1Image(voxels, AFFINE, header).to_filename(path)
    monkeypatch.setattr("napari_seg.imaging.nifti._MOST_IN_MEMORY", 0)
    found = read_nifti(path, on_disk=True).array
    assert not lies_on_disk(found)
    assert np.array_equal(found, VOXELS * fields.get("scl_slope", 1))


def test_a_file_cut_short_is_refused_on_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "scan.nii")
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setattr("napari_seg.imaging.nifti._MOST_IN_MEMORY", 0)
    with pytest.raises(ValueError, match="claims 240 bytes of voxels, the file holds at most 239"):
        read_nifti(path, on_disk=True)


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz"])
def test_voxels_beyond_the_memory_left_are_refused_with_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = save(tmp_path / name)
    monkeypatch.setattr("napari_seg.imaging.free_memory.free_bytes", lambda: 239)
    with pytest.raises(
        MemoryError, match=r"takes 0\.0 GB of memory to read, and 0\.0 GB are free; of a plain"
    ):
        read_nifti(path)


@pytest.mark.parametrize(
    ("kind", "slope", "intercept"),
    [
        pytest.param(nib.Nifti1Image, 1.0, 1e8, id="NIfTI-1"),
        pytest.param(nib.Nifti2Image, 0.001, 1e8, id="NIfTI-2"),
        pytest.param(nib.Nifti1Image, 1.0, 2.0**24, id="where float32 begins to skip"),
    ],
)
def test_a_large_intercept_keeps_neighbouring_values_apart(
    tmp_path: Path, kind: Any, slope: float, intercept: float
) -> None:
    path = save(tmp_path / "scan.nii", kind=kind, scl_slope=slope, scl_inter=intercept)
    scan = read_nifti(path)
    assert np.abs(scan.array - (VOXELS * np.float64(slope) + intercept)).max() <= slope / 1000
    assert np.array_equal(scan.array, nib.load(path).get_fdata())
    assert scan.notices == ()


def test_an_intercept_that_is_no_number_is_told(tmp_path: Path) -> None:
    scan = read_nifti(save(tmp_path / "scan.nii", scl_slope=2, scl_inter=np.nan))
    assert codes(scan) == ["no-intercept"]
    assert np.array_equal(scan.array, VOXELS * 2)
