import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.itk_files import read_itk_file, write_itk_file
from napari_seg.imaging.scan import Source

SHAPE = (6, 5, 4)
VOXELS = np.arange(120, dtype=np.int16).reshape(SHAPE)
NRRD_HEADER = """NRRD0004
type: short
dimension: 3
space: left-posterior-superior
sizes: {sizes}
space directions: {directions}
space origin: (0,0,0)
encoding: raw
endian: little
"""
META_HEADER = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
{orientation}Offset = 0 0 0
ElementSpacing = {spacing}
DimSize = 6 5 4
ElementType = MET_SHORT
ElementDataFile = {file}
"""


def nrrd(
    sizes: str = "6 5 4", directions: str = "(1,0,0) (0,2,0) (0,0,3)", more: str = ""
) -> bytes:
    header = NRRD_HEADER.format(sizes=sizes, directions=directions)
    return (header + more + "\n").encode() + VOXELS.tobytes("F")


def meta(
    spacing: str = "1 2 3",
    file: str = "LOCAL",
    orientation: str = "TransformMatrix = 1 0 0 0 1 0 0 0 1\n",
) -> bytes:
    return META_HEADER.format(
        spacing=spacing, file=file, orientation=orientation
    ).encode() + VOXELS.tobytes("F")


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd", ".nhdr"])
def test_reads_the_sides_and_axes_of_other_programs(tmp_path: Path, suffix: str) -> None:
    image = sitk.GetImageFromArray(VOXELS.transpose(2, 1, 0))
    image.SetSpacing((1.0, 2.0, 3.0))
    image.SetOrigin((10.0, 20.0, 30.0))
    sitk.WriteImage(image, str(tmp_path / f"scan{suffix}"))
    scan = read_itk_file(tmp_path / f"scan{suffix}")
    assert np.array_equal(scan.array, VOXELS)
    assert np.allclose(scan.geometry.to_mm((0, 0, 0)), (-10, -20, 30))
    assert scan.geometry.axis_codes == ("L", "P", "S")
    assert scan.geometry.spacing == (1, 2, 3)
    assert scan.notices == ()


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("channels", [(), (2,)], ids=["one volume", "two channels"])
def test_oblique_and_sheared_grids_survive(
    tmp_path: Path, suffix: str, channels: tuple[int, ...]
) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0] * (0.7, 1, 3)
    affine[:3, 1] += (0.1, 0.2, 0)
    geometry = Geometry(SHAPE, affine)
    voxels = np.random.default_rng(2).integers(0, 99, (*SHAPE, *channels)).astype(np.uint16)
    write_itk_file(voxels, geometry, tmp_path / f"x{suffix}", Source())
    back = read_itk_file(tmp_path / f"x{suffix}")
    assert back.geometry.matches(geometry)
    assert np.array_equal(back.array, voxels)
    assert len(back.channel_names) == sum(channels)


def test_a_grid_without_orientation_is_noticed(tmp_path: Path) -> None:
    header = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 6 5 4\nencoding: raw\nendian: little\n\n"
    (tmp_path / "x.nrrd").write_bytes(header + VOXELS.tobytes("F"))
    (tmp_path / "x.mha").write_bytes(meta(orientation=""))
    for name, more in (("x.nrrd", ["no-spacing"]), ("x.mha", [])):
        scan = read_itk_file(tmp_path / name)
        assert [notice.code for notice in scan.notices] == ["no-orientation", *more]
        assert np.array_equal(scan.array, VOXELS)


def test_flat_and_four_dimensional_images(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS[..., 0].T), str(tmp_path / "flat.nrrd"))
    assert np.array_equal(read_itk_file(tmp_path / "flat.nrrd").array, VOXELS[..., :1])
    for count in (1, 2):
        voxels = np.stack([VOXELS + part for part in range(count)], axis=-1)
        image = sitk.GetImageFromArray(voxels.transpose(3, 2, 1, 0), isVector=False)
        sitk.WriteImage(image, str(tmp_path / "four.nrrd"))
        scan = read_itk_file(tmp_path / "four.nrrd")
        assert np.array_equal(scan.array, voxels if count > 1 else VOXELS)
        assert len(scan.channel_names) == (count if count > 1 else 0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("x.nrrd", nrrd()[:-40], "damaged, cut short", id="NRRD cut"),
        pytest.param("x.mha", meta()[:-40], "cut short or damaged", id="MetaImage cut"),
        pytest.param("x.nrrd", nrrd("60000 50000 4"), "more than the file can hold", id="claims"),
        pytest.param(
            "x.nrrd", nrrd(directions="(1,0,0) (0,0,0) (0,0,1)"), "no usable place", id="no size"
        ),
        pytest.param(
            "x.nrrd", nrrd(directions="(1,0,0) (1,0,0) (0,0,1)"), "no usable place", id="flat"
        ),
        pytest.param("x.mha", meta("1 0 1"), "no usable place", id="zero spacing"),
        pytest.param("x.mha", b"", "is an empty file", id="empty"),
        pytest.param("x.nrrd", b"<html>", "is a web page", id="web page"),
        pytest.param("x.nrrd", nrrd(more="data file: /etc/passwd\n"), "outside its folder", id="/"),
        pytest.param("x.mha", meta(file="../x.raw"), "outside its folder", id=".."),
        pytest.param("x.nrrd", nrrd(more="data file: LIST\n"), "several files", id="list"),
        pytest.param("x.mha", meta(file="x%03d.raw 1 4 1"), "several files", id="pattern"),
    ],
)
def test_bad_files_are_refused_by_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"'{name}'.*{message}"):
        read_itk_file(tmp_path / name)


def test_a_missing_voxel_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.mhd").write_bytes(meta(file="x.raw"))
    with pytest.raises(FileNotFoundError, match=r"'x.mhd' keeps its voxels in 'x.raw'"):
        read_itk_file(tmp_path / "x.mhd")


def test_complex_voxels_are_refused(tmp_path: Path) -> None:
    image = sitk.Image((6, 5, 4), sitk.sitkComplexFloat32)
    sitk.WriteImage(image, str(tmp_path / "x.nrrd"))
    with pytest.raises(ValueError, match=r"'x.nrrd' holds complex numbers"):
        read_itk_file(tmp_path / "x.nrrd")


def test_what_the_library_says_names_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "Doe_John"
    folder.mkdir()
    header = NRRD_HEADER.format(sizes="6 5 4", directions="(1,0,0) (0,1,0) (0,0,1)")
    (folder / "x.nrrd").write_bytes(header.encode() + b"\n\x01\x02")
    with pytest.raises(ValueError, match=r"^'x.nrrd' is damaged") as read:
        read_itk_file(folder / "x.nrrd")
    geometry = Geometry(SHAPE, np.eye(4))
    with pytest.raises(OSError, match="ImageIO") as written:
        write_itk_file(VOXELS, geometry, folder / "x.unknown", Source())
    for error in (read, written):
        assert "Doe_John" not in str(error.value)


@pytest.mark.parametrize("name", ["x.nrrd", "x.seg.nrrd", "x.mha"])
def test_a_disk_without_room_is_called_so(tmp_path: Path, name: str) -> None:
    # A limit on the size of files stands for the disk; the library says only that it failed.
    code = f"""
import resource, signal
import numpy as np
from napari_seg import Geometry, LabelMap, LabelTable, write_labels
array = np.random.default_rng(0).integers(0, 9, (60, 50, 40))
labels = LabelMap(array, Geometry(array.shape, np.eye(4)), LabelTable())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_labels(labels, {str(tmp_path / name)!r})
except OSError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"'{name}' could not be saved: File too large; ")
    assert not (tmp_path / name).exists()


def test_what_nrrd_states_as_not_known_is_assumed_with_a_notice(tmp_path: Path) -> None:
    upright = NRRD_HEADER.format(sizes="6 5 4", directions="(1,0,0) (0,1,0) (0,0,1)")
    plain = "NRRD0004\ntype: short\ndimension: 3\nsizes: 6 5 4\nencoding: raw\nendian: little\n"
    for header, codes in (
        (upright.replace("(0,0,0)", "(nan,nan,nan)"), ["no-origin"]),
        (f"{plain}spacings: 1 2 nan\n", ["no-orientation", "no-spacing"]),
        (f"{plain}spacings: 1 2 3\n", ["no-orientation"]),
    ):
        (tmp_path / "x.nrrd").write_bytes(header.encode() + b"\n" + VOXELS.tobytes(order="F"))
        assert [notice.code for notice in read_itk_file(tmp_path / "x.nrrd").notices] == codes


@pytest.mark.parametrize("encoding", ["raw", "ascii"])
def test_voxels_beyond_the_memory_left_are_refused_with_the_figures(
    tmp_path, monkeypatch, encoding
):
    voxels = nrrd()
    if encoding == "ascii":
        head = NRRD_HEADER.format(sizes="6 5 4", directions="(1,0,0) (0,2,0) (0,0,3)")
        numbers = " ".join(map(str, VOXELS.ravel("F")))
        voxels = f"{head.replace('raw', encoding)}\n{numbers}\n".encode()
    path = tmp_path / "scan.nrrd"
    path.write_bytes(voxels)
    assert np.array_equal(read_itk_file(path).array, VOXELS)
    monkeypatch.setattr("napari_seg.imaging.free_memory.free_bytes", lambda: 239)
    with pytest.raises(MemoryError, match=r"'scan.nrrd' takes 0\.0 GB of memory to read, and 0\.0"):
        read_itk_file(path)
