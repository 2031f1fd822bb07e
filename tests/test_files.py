import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from dicom_slices import write_series

from napari_seg.imaging.files import read_labels, read_scan, record_path, write_labels, write_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_files.tables import hash_of_voxels
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.pictures import picture_geometry
from napari_seg.imaging.scan import LabelMap, Scan, Source

AFFINE = np.array(
    [[-1.5, 0.0, 0.0, 80.0], [0.0, 0.0, 3.0, -40.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]]
)
GEOMETRY = Geometry((6, 5, 4), AFFINE)
TABLE = LabelTable((Label(1, "liver", (1, 2, 3), "10200004"), Label(205, "Milz größer", (9, 8, 7))))

SAVE_AGAIN_AND_AGAIN = """
import itertools, sys
from pathlib import Path
import numpy as np
from napari_seg.imaging.files import write_labels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap
noise = np.random.default_rng(0).integers(1, 99, (80, 80, 80)).astype(np.uint8)
for turn in itertools.cycle((0, 100)):
    labels = LabelMap(noise + np.uint8(turn), Geometry(noise.shape, np.eye(4)), LabelTable())
    write_labels(labels, Path(sys.argv[1]))
"""
SAVE_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from napari_seg.imaging.files import write_labels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0).integers(1, 99, (80, 80, 80)).astype(np.uint8)
labels = LabelMap(noise, Geometry(noise.shape, np.eye(4)), LabelTable())
try:
    write_labels(labels, Path(sys.argv[1]))
except OSError as error:
    print(error)
"""


def labels_of(dtype: Any = np.uint8) -> LabelMap:
    array = np.zeros((6, 5, 4), dtype)
    array[1:3, 1:3, 1:3] = 1
    array[4, 4, 3] = 205
    return LabelMap(array, GEOMETRY, TABLE)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".NII.GZ", ".NRRD", ".MHA"])
def test_labels_survive_a_save_with_names_and_colours(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a case, größer 1.5T{suffix}"
    write_labels(labels_of(np.int64), path)
    back = read_labels(path)
    assert back.array.dtype == np.uint8
    assert np.array_equal(back.array, labels_of().array)
    assert back.geometry.matches(GEOMETRY)
    assert back.table == TABLE
    assert back.notices == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [path.name, "a case, größer 1.5T.tsv"]
    )


@pytest.mark.parametrize(
    ("largest", "dtype"),
    [(255, np.uint8), (256, np.uint16), (65536, np.uint32), (2**33, np.uint64)],
)
def test_labels_take_the_smallest_unsigned_type(tmp_path: Path, largest: int, dtype: Any) -> None:
    array = np.zeros((6, 5, 4), np.int64)
    array[0, 0, 0] = largest
    write_labels(LabelMap(array, GEOMETRY, LabelTable()), tmp_path / "x.nii.gz")
    assert nib.load(tmp_path / "x.nii.gz").get_data_dtype() == dtype
    back = read_labels(tmp_path / "x.nii.gz")
    assert back.array.max() == largest
    assert back.table.names == {largest: f"label {largest}"}


def test_labels_of_a_picture_survive_a_save(tmp_path: Path) -> None:
    array = np.zeros((40, 30, 1), np.uint8)
    array[3, 20] = 205
    labels = LabelMap(array, picture_geometry(40, 30), TABLE)
    write_labels(labels, tmp_path / "x.png")
    assert np.array_equal(read_labels(tmp_path / "x.png").array, array)


def test_a_save_keeps_what_the_file_of_the_scan_states(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_xyzt_units("micron")
    header["descrip"] = b"DOE^JANE 1970"
    image = nib.Nifti1Image(np.zeros((6, 5, 4), np.float32), AFFINE, header)
    image.set_sform(AFFINE, 4)
    image.set_qform(AFFINE, 2)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"DOE^JANE"))
    image.to_filename(tmp_path / "scan.nii")
    scan = read_scan(tmp_path / "scan.nii")
    labels = LabelMap(labels_of().array, scan.geometry, TABLE)
    write_labels(labels, tmp_path / "labels.nii", source=scan)
    back = nib.load(tmp_path / "labels.nii")
    assert (int(back.header["qform_code"]), int(back.header["sform_code"])) == (2, 4)
    assert back.header.get_xyzt_units()[0] == "micron"
    assert np.allclose(back.affine, AFFINE, atol=1e-4)
    assert b"DOE" not in (tmp_path / "labels.nii").read_bytes()


def test_labels_on_another_grid_are_not_saved(tmp_path: Path) -> None:
    scan = Scan(np.zeros((6, 5, 4)), Geometry((6, 5, 4), np.eye(4)))
    with pytest.raises(ValueError, match=r"on the scan's grid"):
        write_labels(labels_of(), tmp_path / "x.nii.gz", source=scan)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.jpg", "must end in one of .nii"),
        ("x", "must end in one of .nii"),
        ("x.png", "'x.png' cannot be saved: a picture holds one slice"),
    ],
)
def test_what_a_format_cannot_hold_leaves_nothing(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_labels(labels_of(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder 'nowhere'"):
        write_labels(labels_of(), tmp_path / "nowhere" / "x.nii.gz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    write_labels(labels_of(), path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", SAVE_ON_A_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"'{path.name}' could not be saved" in done.stdout
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_kill_in_the_middle_of_a_save_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x.nii.gz"
    for pause in (0.0, 0.02, 0.05):
        process = subprocess.Popen([sys.executable, "-c", SAVE_AGAIN_AND_AGAIN, str(path)])
        before = path.stat().st_mtime_ns if path.exists() else 0
        deadline = time.monotonic() + 60
        while not path.exists() or path.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert int(read_labels(path).array.max()) in (98, 198)


@pytest.mark.parametrize("slope", [1.0, 2 / 255])
def test_labels_stored_as_fractions_are_rounded(tmp_path: Path, slope: float) -> None:
    array = np.where(labels_of().array == 205, 2, labels_of().array)
    image = nib.Nifti1Image(array * 0.9999, AFFINE)
    if slope != 1:
        image = nib.Nifti1Image(np.rint(array / slope).astype(np.uint8), AFFINE)
        image.header.set_slope_inter(slope, 0)
    image.to_filename(tmp_path / "x.nii")
    assert np.array_equal(read_labels(tmp_path / "x.nii").array, array)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.full((6, 5, 4), 0.3), "not whole numbers", id="fractions"),
        pytest.param(np.full((6, 5, 4), np.nan), "not whole numbers", id="NaN"),
        pytest.param(np.full((6, 5, 4), np.inf), "not whole numbers", id="infinite"),
        pytest.param(np.full((6, 5, 4), 1e20), "more than a whole number of 64 bits", id="1e20"),
        pytest.param(np.full((6, 5, 4), -1, np.int16), "smallest voxel is -1", id="negative"),
        pytest.param(np.zeros((6, 5, 4, 2), np.uint8), "2 channels", id="two volumes"),
    ],
)
def test_what_is_no_label_is_refused(tmp_path: Path, array: Any, message: str) -> None:
    nib.Nifti1Image(array, AFFINE).to_filename(tmp_path / "x.nii")
    with pytest.raises(ValueError, match=f"'x.nii' holds.*{message}"):
        read_labels(tmp_path / "x.nii")


def test_a_bad_table_costs_the_names_only(tmp_path: Path) -> None:
    write_labels(labels_of(), tmp_path / "x.nii")
    (tmp_path / "x.tsv").write_text("nothing")
    back = read_labels(tmp_path / "x.nii")
    assert back.table.names == {1: "label 1", 205: "label 205"}
    assert [notice.code for notice in back.notices] == ["table-unread"]


def test_labels_are_brought_onto_the_scan(tmp_path: Path) -> None:
    canonical = nib.as_closest_canonical(nib.Nifti1Image(labels_of().array, AFFINE))
    canonical.to_filename(tmp_path / "x.nii")
    scan = Scan(np.zeros((6, 5, 4)), GEOMETRY)
    assert read_labels(tmp_path / "x.nii").geometry.shape == (6, 4, 5)
    for onto in (scan, GEOMETRY):
        assert np.array_equal(read_labels(tmp_path / "x.nii", onto=onto).array, labels_of().array)
    other = Geometry((12, 5, 4), AFFINE @ np.diag([0.5, 1, 1, 1]))
    with pytest.raises(ValueError, match=r"'x.nii': the labels lie on another grid"):
        read_labels(tmp_path / "x.nii", onto=other)
    resampled = read_labels(tmp_path / "x.nii", onto=other, resample=True)
    assert np.array_equal(resampled.array[::2], labels_of().array)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"hello", "'x.txt' is an unknown kind of file, which is not read"),
        ("x.gz", b"\x1f\x8b", "'x.gz' is a gzip file, which is not read"),
        ("x.dcm", b"hello", "'x.dcm' is an unknown kind of file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_scan(tmp_path / name)


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file or folder 'scan.nii.gz'"):
        read_scan(tmp_path / "scan.nii.gz")


def test_a_folder_and_a_file_without_suffix_are_dicom(tmp_path: Path) -> None:
    write_series(tmp_path)
    assert read_scan(tmp_path).geometry.shape == (8, 6, 5)
    assert read_scan(tmp_path / "slice_90").geometry.shape == (8, 6, 1)


def test_only_dicom_has_series(tmp_path: Path) -> None:
    write_labels(labels_of(), tmp_path / "x.nii")
    with pytest.raises(ValueError, match=r"'x.nii' is no DICOM"):
        read_scan(tmp_path / "x.nii", series=1)


def test_voxels_that_are_no_number_are_counted(tmp_path: Path) -> None:
    array = np.zeros((6, 5, 4), np.float32)
    array[0, 0, :3] = np.nan, np.inf, -np.inf
    nib.Nifti1Image(array, AFFINE).to_filename(tmp_path / "x.nii")
    (notice,) = read_scan(tmp_path / "x.nii").notices
    assert (notice.code, notice.figures) == ("not-finite", {"voxels": 3})
    assert notice.message.startswith("3 voxels are not a finite number")
    array[0, 0, 1:3] = 0
    nib.Nifti1Image(array, AFFINE).to_filename(tmp_path / "x.nii")
    (notice,) = read_scan(tmp_path / "x.nii").notices
    assert notice.message.startswith("1 voxel is not a finite number")


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64, bool, np.float16, np.int64])
def test_scans_survive_a_save(tmp_path: Path, suffix: str, dtype: Any) -> None:
    array = np.arange(120).reshape(6, 5, 4).astype(dtype)
    write_scan(Scan(array, GEOMETRY), tmp_path / f"x{suffix}")
    back = read_scan(tmp_path / f"x{suffix}")
    assert np.array_equal(back.array, array)
    assert back.geometry.matches(GEOMETRY)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_channels_survive_a_save(tmp_path: Path, suffix: str) -> None:
    array = np.random.default_rng(0).normal(size=(6, 5, 4, 3)).astype(np.float32)
    write_scan(Scan(array, GEOMETRY), tmp_path / f"x{suffix}")
    assert np.array_equal(read_scan(tmp_path / f"x{suffix}").array, array)


def test_a_nifti_is_read_without_torch_and_simpleitk(tmp_path: Path) -> None:
    write_labels(labels_of(), tmp_path / "x.nii.gz")
    code = (
        "import sys; from napari_seg import read_labels; read_labels(sys.argv[1]); "
        "print([name for name in ('SimpleITK', 'torch') if name in sys.modules])"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "x.nii.gz")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_real_scans_and_labels_are_read_as_nibabel_reads_them(shared_data: Path) -> None:
    paths = [*shared_data.glob("ct/*.nii.gz"), *shared_data.glob("head/*.nii.gz")]
    paths += sorted(shared_data.glob("hippocampus/*Tr/*.nii.gz"))
    assert len(paths) >= 400
    for path in paths:
        scan, image = read_scan(path), nib.load(path)
        assert np.array_equal(scan.array, np.asanyarray(image.dataobj)), path.name
        assert np.allclose(scan.geometry.affine, image.affine, atol=1e-5), path.name
        assert scan.notices == (), path.name


@pytest.mark.parametrize(
    ("scan_name", "labels_name"),
    [
        ("ct/torso_ct.nii.gz", "ct/torso_ct_labels.nii.gz"),
        (
            "hippocampus/imagesTr/hippocampus_003.nii.gz",
            "hippocampus/labelsTr/hippocampus_003.nii.gz",
        ),
        ("head/t1_head.nii.gz", None),
    ],
)
def test_real_labels_survive_a_save(
    tmp_path: Path, shared_data: Path, scan_name: str, labels_name: str | None
) -> None:
    scan, original = read_scan(shared_data / scan_name), nib.load(shared_data / scan_name)
    if labels_name is None:
        labels = LabelMap((scan.array > 99).astype(np.uint8), scan.geometry, TABLE)
    else:
        labels = read_labels(shared_data / labels_name, onto=scan)
    write_labels(labels, tmp_path / "labels.nii.gz", source=scan)
    back = nib.load(tmp_path / "labels.nii.gz")
    assert np.array_equal(np.asanyarray(back.dataobj), labels.array)
    assert np.abs(back.affine - original.affine).max() < 1e-4
    for code in ("qform_code", "sform_code"):
        assert int(back.header[code]) == int(original.header[code])
    assert back.header.get_xyzt_units()[0] == original.header.get_xyzt_units()[0]
    assert (
        read_scan(tmp_path / "labels.nii.gz").source
        == scan.source
        == Source(
            "NIfTI",
            scan.source.qform_code,
            scan.source.sform_code,
            scan.source.units,
            frame=scan.source.frame,
        )
    )


@pytest.mark.parametrize(
    ("labels", "record"),
    [
        ("x_dseg.nii.gz", "x_dseg.json"),
        ("x.seg.nrrd", "x.seg.json"),
        ("a.b.mha", "a.b.json"),
        ("x.tiff", "x.json"),
        ("x", "x.json"),
    ],
)
def test_record_lies_beside_its_labels(labels: str, record: str) -> None:
    assert record_path(Path("folder") / labels) == Path("folder") / record


def test_a_networks_record_lies_beside_its_labels(tmp_path: Path) -> None:
    labels = LabelMap(np.ones((3, 4, 5), np.uint8), Geometry((3, 4, 5), np.eye(4)), LabelTable())
    write_labels(labels, tmp_path / "hand.nii.gz")
    write_labels(replace(labels, record={"bundle": "é"}), tmp_path / "network.nii.gz")
    assert not (tmp_path / "hand.json").exists()
    record = json.loads((tmp_path / "network.json").read_text("utf-8"))
    assert record == {"bundle": "é", "voxels_sha256": hash_of_voxels(labels.array)}


def test_a_dicom_segmentation_goes_through_the_door(tmp_path: Path) -> None:
    write_series(tmp_path / "slices", StudyInstanceUID="1.2", FrameOfReferenceUID="1.2.4")
    scan = read_scan(tmp_path / "slices")
    array = np.zeros(scan.geometry.shape, np.uint8)
    array[2:4, 1:3, 1:3] = 205
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "x.dcm"
    drawn = LabelMap(array, scan.geometry, TABLE)
    with pytest.raises(ValueError, match=r"'x.dcm' cannot be saved: .* give the DICOM series"):
        write_labels(drawn, path)
    for labels, source in ((drawn, scan), (replace(drawn, source=scan.source), None)):
        (notice,) = write_labels(labels, path, source=source)
        assert "liver" in notice.message
        for place in (path, path.parent):
            back = read_labels(place, onto=scan)
            assert np.array_equal(back.array, array)
            assert back.table.names == {205: "Milz größer"}
