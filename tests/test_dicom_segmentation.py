"""DICOM segmentations out: valid, on the source's voxels, and with no text too many."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.config import disable_value_validation
from segmented_series import (
    COLUMNS,
    CORONAL,
    OBLIQUE,
    ROWS,
    STEP_MM,
    UPRIGHT,
    Lie,
    write_enhanced,
    write_slices,
)

from napari_seg import read_labels, write_labels
from napari_seg.imaging.dicom.reading import read_dicom
from napari_seg.imaging.dicom.segmentation.reading import is_segmentation, read_segmentation
from napari_seg.imaging.dicom.segmentation.writing import write_segmentation
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_files.recognition import is_label_file
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.scan import LabelMap, Notice, Scan

TABLE = LabelTable(
    (
        Label(2, "liver", (230, 97, 60), "10200004"),
        Label(3, "Übergröße 肝臓", (1, 2, 3)),
        Label(205, "mass", (255, 255, 255), "4147007"),
    )
)
# dciodvfy 1.00 counts bytes, where the standard (PS3.5, 6.2) counts letters; the second line
# follows from the first.
LONG_IN_BYTES = (
    r"Error - Value invalid for this VR - .* Length invalid for this VR = \d+, expected <= 64",
    r"Error - Dicom dataset contains invalid data values for Value Representations",
)


def drawn() -> NDArray[np.uint8]:
    """Return labels ``(i, j, k)`` with no symmetry; slice 0 is empty."""
    array = np.zeros((COLUMNS, ROWS, 5), np.uint8)
    array[1:4, 2:4, 1:3] = 2
    array[7, 5, 4] = 3
    array[5:9, 0, 2:5] = 205
    return array


def labels_on(scan: Scan, array: NDArray[np.integer] | None = None) -> LabelMap:
    return LabelMap(drawn() if array is None else array, scan.geometry, TABLE)


def scan_of(folder: Path, lie: Lie = UPRIGHT) -> Scan:
    write_slices(folder, range(5), lie)
    return read_dicom(folder)


def require_valid(path: Path, *, false_errors: tuple[str, ...] = ()) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is absent (Debian's dicom3tools)")
    command = [program, str(path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    known = [line for line in lines if any(re.fullmatch(one, line) for one in false_errors)]
    assert lines == known
    assert "Segmentation" in done.stderr.splitlines()  # which kind of object it checked


def require_placed(path: Path, expected: NDArray[np.integer], places: NDArray[np.float64]) -> None:
    """Compare each frame with the slice ``expected[..., k]`` whose first pixel lies where it does.

    `places` is ``(k, 3)``, in mm, LPS. Bits and functional groups are read by pydicom alone.
    """
    dataset = pydicom.dcmread(path)
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
    frames = bits[: dataset.NumberOfFrames * ROWS * COLUMNS].reshape(-1, ROWS, COLUMNS)
    values = sorted({int(value) for value in np.unique(expected)} - {0})
    shared = dataset.SharedFunctionalGroupsSequence[0]
    left = expected.copy()
    for frame, item in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        position = item.PlanePositionSequence[0].ImagePositionPatient
        off_mm = np.linalg.norm(places - np.array(position, float), axis=1)
        k = int(off_mm.argmin())
        assert off_mm[k] < 1e-4
        segment = item if "SegmentIdentificationSequence" in item else shared
        number = segment.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        mask = expected[..., k] == values[number - 1]
        assert mask.any()
        assert np.array_equal(frame.astype(bool), mask.T)
        left[..., k][mask] = 0
    assert not left.any()


def places_of(lie: Lie) -> NDArray[np.float64]:
    return np.array([lie.place(0, 0, k) for k in range(5)])


def upright(tmp_path: Path) -> tuple[Scan, Lie]:
    return scan_of(tmp_path / "source"), UPRIGHT


def coronal(tmp_path: Path) -> tuple[Scan, Lie]:
    return scan_of(tmp_path / "source", CORONAL), CORONAL


def oblique(tmp_path: Path) -> tuple[Scan, Lie]:
    return scan_of(tmp_path / "source", OBLIQUE), OBLIQUE


def reversed_order(tmp_path: Path) -> tuple[Scan, Lie]:
    write_slices(tmp_path / "source", range(4, -1, -1), OBLIQUE)
    return read_dicom(tmp_path / "source"), OBLIQUE


def mixed_order(tmp_path: Path) -> tuple[Scan, Lie]:
    """Give the files in no order: places count, not the order of the files."""
    write_slices(tmp_path / "source", (3, 0, 4, 2, 1))
    scan = read_dicom(tmp_path / "source")
    files = scan.source.dicom_files
    mixed = tuple(files[index] for index in (2, 4, 0, 3, 1))
    return replace(scan, source=replace(scan.source, dicom_files=mixed)), UPRIGHT


def enhanced(tmp_path: Path) -> tuple[Scan, Lie]:
    """Give one multi-frame file, its frames in no order."""
    path = write_enhanced(tmp_path / "source" / "one.dcm", (3, 0, 4, 2, 1), OBLIQUE)
    return read_dicom(path), OBLIQUE


@pytest.mark.parametrize("make", [upright, coronal, oblique, reversed_order, mixed_order, enhanced])
def test_a_segmentation_is_valid_and_lies_on_the_voxels_of_its_source(
    tmp_path: Path, make: Callable[[Path], tuple[Scan, Lie]]
) -> None:
    scan, lie = make(tmp_path)
    labels = labels_on(scan)
    for index in np.ndindex(2, 2, 2):
        ijk = np.array(index) * (COLUMNS - 1, ROWS - 1, 4)
        assert np.allclose(scan.geometry.to_mm(ijk), lie.place(*ijk) * (-1, -1, 1), atol=1e-4)
    path = tmp_path / "labels.dcm"
    assert write_segmentation(labels, path, source=scan) == ()
    require_placed(path, drawn(), places_of(lie))
    back = read_segmentation(path)
    assert back.table == TABLE
    assert back.notices == ()
    aligned = align_labels(back, scan.geometry)
    assert np.array_equal(aligned.array, labels.array)
    assert aligned.notices == ()
    assert back.source.frame == scan.source.frame
    require_valid(path)


def all_lies() -> list[Lie]:
    """All 24 ways of laying rows and columns along the patient's axes, and the same turned."""
    turned = np.column_stack([OBLIQUE.across, OBLIQUE.down, OBLIQUE.normal])
    lies = []
    for across, down in permutations(range(3), 2):
        for signs in product((1, -1), repeat=2):
            axes = np.eye(3)[[across, down]] * np.array(signs)[:, None]
            for turn in (np.eye(3), turned):
                lies.append(Lie(*(tuple(turn @ axis) for axis in axes)))
    return lies


def test_labels_come_back_on_series_in_all_orders_of_axes(tmp_path: Path) -> None:
    for number, lie in enumerate(all_lies()):
        scan = scan_of(tmp_path / str(number), lie)
        path = tmp_path / f"{number}.dcm"
        write_labels(labels_on(scan), path, source=scan)
        back = read_labels(path, onto=scan)
        assert np.array_equal(back.array, drawn())
        assert np.abs(back.geometry.affine - scan.geometry.affine).max() < 1e-4
    assert number == 47


def test_highdicom_reads_the_segments_and_their_volume(tmp_path: Path) -> None:
    scan, lie = oblique(tmp_path)
    record = {"bundle": {"name": "abdomen_ct", "version": "1.2"}}
    path = tmp_path / "labels.dcm"
    write_segmentation(replace(labels_on(scan), record=record), path, source=scan)
    found = hd.seg.segread(path)
    assert found.segmentation_type == hd.seg.SegmentationTypeValues.BINARY
    segments = [found.get_segment_description(number) for number in found.segment_numbers]
    assert [segment.segment_label for segment in segments] == [label.name for label in TABLE]
    assert [segment.segmented_property_type.value for segment in segments] == [
        *("10200004", "85756007", "4147007")
    ]
    assert segments[0].segmented_property_type.meaning == "Liver"
    assert [segment.segmented_property_category.meaning for segment in segments] == [
        *("Anatomical Structure", "Tissue", "Morphologically Abnormal Structure")
    ]
    stored = segments[0].RecommendedDisplayCIELabValue
    assert hd.color.CIELabColor.from_dicom_value(list(stored)).to_rgb() == (230, 97, 60)
    algorithm = segments[0].algorithm_identification[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("abdomen_ct", "1.2")
    assert {segment.algorithm_type.value for segment in segments} == {"AUTOMATIC"}
    volume = found.get_volume(combine_segments=True)
    ranks = np.searchsorted([0, 2, 3, 205], drawn())
    # highdicom keeps (slice, row, column), of the slices that hold labels, in LPS.
    for index in np.ndindex(*volume.shape):
        k, j, i = np.rint(_index_in(lie, volume.affine @ (*index, 1))).astype(int)[::-1]
        assert volume.array[index] == ranks[i, j, k]
    assert volume.shape == (4, ROWS, COLUMNS)
    require_valid(path)


def _index_in(lie: Lie, place: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = np.stack([lie.place(*axis) - lie.place(0, 0, 0) for axis in np.eye(3)], axis=1)
    return np.linalg.solve(columns, place[:3] - lie.place(0, 0, 0))


def test_each_frame_refers_to_the_slice_it_lies_on(tmp_path: Path) -> None:
    write_slices(tmp_path / "source", (3, 0, 4, 2, 1))
    scan = read_dicom(tmp_path / "source")
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    sources = [pydicom.dcmread(path) for path in sorted((tmp_path / "source").iterdir())]
    places = {one.SOPInstanceUID: list(one.ImagePositionPatient) for one in sources}
    found = pydicom.dcmread(tmp_path / "labels.dcm")
    assert found.StudyInstanceUID == sources[0].StudyInstanceUID
    assert found.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
    assert found.SeriesInstanceUID != sources[0].SeriesInstanceUID
    series = found.ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == sources[0].SeriesInstanceUID
    assert {one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence} == {*places}
    for item in found.PerFrameFunctionalGroupsSequence:
        image = item.DerivationImageSequence[0].SourceImageSequence[0]
        position = item.PlanePositionSequence[0].ImagePositionPatient
        assert places[image.ReferencedSOPInstanceUID] == list(position)


def test_each_frame_refers_to_the_frame_of_an_enhanced_file(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path / "one.dcm", (3, 0, 4, 2, 1), OBLIQUE)
    scan = read_dicom(path)
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    source, found = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "labels.dcm")
    for item in found.PerFrameFunctionalGroupsSequence:
        (image,) = item.DerivationImageSequence[0].SourceImageSequence
        assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
        group = source.PerFrameFunctionalGroupsSequence[int(image.ReferencedFrameNumber) - 1]
        position = group.PlanePositionSequence[0].ImagePositionPatient
        assert item.PlanePositionSequence[0].ImagePositionPatient == position


@pytest.mark.parametrize("time", [1, 2])
def test_frames_of_another_time_are_not_referred_to(tmp_path: Path, time: int) -> None:
    # Frames 1 to 5 are the first time, 6 to 10 the second, in the same places.
    path = write_enhanced(tmp_path / "one.dcm", (*range(5), *range(5)))
    source = pydicom.dcmread(path)
    for number, item in enumerate(source.PerFrameFunctionalGroupsSequence):
        item.FrameContentSequence[0].TemporalPositionIndex = 1 + number // 5
    source.save_as(path)
    scan = read_dicom(path, series=time)
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    found = pydicom.dcmread(tmp_path / "labels.dcm")
    for item in found.PerFrameFunctionalGroupsSequence:
        (image,) = item.DerivationImageSequence[0].SourceImageSequence
        k = (item.PlanePositionSequence[0].ImagePositionPatient[2] - 30) / STEP_MM
        assert image.ReferencedFrameNumber == 5 * (time - 1) + 1 + k
    require_valid(tmp_path / "labels.dcm")


def test_positions_that_jitter_keep_their_slices(tmp_path: Path) -> None:
    # Steps of 2.46 to 2.54 mm, as scanners round them.
    jitter = (0.0, 0.04, -0.03, 0.04, 0.0)
    for number, off in enumerate(jitter):
        lie = Lie(first=(-10, -20, 30 + off))
        write_slices(
            tmp_path / str(number),
            [number],
            lie,
            SeriesInstanceUID="1.2.3",
            StudyInstanceUID="1.2.4",
            FrameOfReferenceUID="1.2.5",
        )
    scan = read_dicom(tmp_path)
    labels = labels_on(scan)
    write_segmentation(labels, tmp_path / "labels.dcm", source=scan)
    places = places_of(UPRIGHT) + np.outer(jitter, (0, 0, 1))
    require_placed(tmp_path / "labels.dcm", drawn(), places)
    back = align_labels(read_segmentation(tmp_path / "labels.dcm"), scan.geometry)
    assert np.array_equal(back.array, labels.array)


def test_the_patient_and_the_study_are_copied_and_no_other_text(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "CANARY folder")
    path = tmp_path / "labels.dcm"
    write_segmentation(labels_on(scan), path, source=scan)
    found = pydicom.dcmread(path)
    assert found.PatientName == "Müller^Änne"
    assert (found.PatientID, found.PatientBirthDate, found.PatientSex) == (
        *("patient 7", "19500203", "F"),
    )
    assert (found.StudyDate, found.StudyTime) == ("20240506", "070809.5")
    assert (found.StudyID, found.AccessionNumber) == ("study 8", "access 9")
    assert found.ReferringPhysicianName == ""
    content = path.read_bytes()
    assert b"CANARY" not in content
    for text in (b"077Y", b"77.7", b"19991231", b"000.dcm", str(tmp_path).encode()):
        assert text not in content
    allowed = {"study 8", "patient 7", "access 9", "Müller^Änne"}
    source = pydicom.dcmread(scan.source.dicom_files[0])
    texts = {str(one.value) for one in source.iterall() if one.VR in ("LO", "SH", "PN", "ST", "LT")}
    kept = {str(one.value) for one in found.iterall()} & texts
    assert kept <= {*allowed, ""}


def test_what_is_asked_before_a_file_is_replaced_is_asked_of_dicom_too(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "series")
    path = tmp_path / "labels.dcm"
    path.write_bytes(b"what somebody else wrote")

    def refuse(hidden: Path) -> None:
        assert is_segmentation(hidden)
        raise RuntimeError("changed meanwhile")

    labels = replace(labels_on(scan), record={"napari_seg": "0"})
    with pytest.raises(RuntimeError, match="changed meanwhile"):
        write_labels(labels, path, source=scan, before_replacing=refuse)
    assert path.read_bytes() == b"what somebody else wrote"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["labels.dcm", "series"]


def test_a_name_in_another_alphabet_is_kept(tmp_path: Path) -> None:
    name = "Yamada^Tarou=山田^太郎"
    charsets = ["", "ISO 2022 IR 87"]
    write_slices(tmp_path / "source", SpecificCharacterSet=charsets, PatientName=name)
    scan = read_dicom(tmp_path / "source")
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    assert str(pydicom.dcmread(tmp_path / "labels.dcm").PatientName) == name


def test_values_that_dicom_does_not_allow_are_left_empty(tmp_path: Path) -> None:
    write_slices(tmp_path / "source", PatientSex="U", PatientID="")
    for path in (tmp_path / "source").iterdir():
        dataset = pydicom.dcmread(path)
        dataset["StudyDate"]._value = "unknown"
        dataset.save_as(path)
    scan = read_dicom(tmp_path / "source")
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    found = pydicom.dcmread(tmp_path / "labels.dcm")
    assert (found.PatientSex, found.StudyDate, found.PatientID) == ("", "", "")
    require_valid(tmp_path / "labels.dcm")


def test_texts_that_dicom_does_not_allow_are_left_empty_with_a_notice(tmp_path: Path) -> None:
    # In each alphabet a name has up to 64 letters; a StudyID has 16.
    wrong = {"PatientName": "x" * 65, "StudyID": "s" * 17, "PatientID": "CANARY\r\nb"}
    with disable_value_validation():
        write_slices(tmp_path / "source", **wrong, AccessionNumber="a" * 16)
    scan = read_dicom(tmp_path / "source")
    (notice,) = write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    assert notice.code == "identity-left-out"
    assert "states PatientName, PatientID, StudyID in a form that DICOM" in notice.message
    assert "CANARY" not in f"{notice}"
    found = pydicom.dcmread(tmp_path / "labels.dcm")
    assert (found.PatientName, found.PatientID, found.StudyID) == ("", "", "")
    assert found.AccessionNumber == "a" * 16
    require_valid(tmp_path / "labels.dcm")


def test_a_name_of_64_letters_in_each_of_three_alphabets_is_kept(tmp_path: Path) -> None:
    name = "=".join(("a" * 64, "b" * 64, "c" * 64))
    write_slices(tmp_path / "source", PatientName=name)
    scan = read_dicom(tmp_path / "source")
    assert write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan) == ()
    assert pydicom.dcmread(tmp_path / "labels.dcm").PatientName == name
    # dciodvfy counts the three as one.
    require_valid(tmp_path / "labels.dcm", false_errors=LONG_IN_BYTES)


def test_one_slice_of_lossy_compression_makes_the_images_lossy(tmp_path: Path) -> None:
    paths = write_slices(tmp_path / "source", LossyImageCompression="00")
    dataset = pydicom.dcmread(paths[3])
    dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", "8"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    dataset.save_as(paths[3])
    scan = read_dicom(tmp_path / "source")
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    found = pydicom.dcmread(tmp_path / "labels.dcm")
    assert (found.LossyImageCompression, found.LossyImageCompressionRatio) == ("01", 8)
    assert found.LossyImageCompressionMethod == "ISO_10918_1"
    require_valid(tmp_path / "labels.dcm")


def test_three_hundred_labels_keep_their_values_names_and_colours(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    array = np.zeros(scan.geometry.shape, np.uint16)
    array.reshape(-1)[:260] = 1000 + 7 * np.arange(260)
    names = {1000 + 7 * number: f"Muskel № {number}" for number in range(260)}
    labels = LabelMap(array, scan.geometry, LabelTable.from_names(names))
    path = tmp_path / "labels.dcm"
    assert write_segmentation(labels, path, source=scan) == ()
    back = read_segmentation(path)
    assert back.table == labels.table
    assert np.array_equal(align_labels(back, scan.geometry).array, array)
    require_valid(path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [((2**53, 2**53 + 1, 2**63 - 1), np.int64), ((7, 2**53 + 1, 2**64 - 1), np.uint64)],
    ids=["signed", "unsigned"],
)
def test_values_of_64_bits_come_back(
    tmp_path: Path, values: tuple[int, ...], kind: type[np.integer]
) -> None:
    scan, _ = upright(tmp_path)
    array = np.array([0, *values], kind)[np.searchsorted([0, 2, 3, 205], drawn())]
    labels = LabelMap(array, scan.geometry, LabelTable())
    write_labels(labels, tmp_path / "labels.dcm", source=scan)
    back = read_labels(tmp_path / "labels.dcm", onto=scan)
    assert tuple(back.table.names) == values
    assert np.array_equal(back.array, array)
    description = pydicom.dcmread(tmp_path / "labels.dcm").SegmentSequence[2].SegmentDescription
    assert description == f"label value {values[2]}"


def test_a_value_that_no_voxel_can_hold_is_not_taken(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)
    dataset = pydicom.dcmread(tmp_path / "labels.dcm")
    dataset.SegmentSequence[2].SegmentDescription = f"label value {2**64}"
    dataset.save_as(tmp_path / "labels.dcm")
    assert set(read_segmentation(tmp_path / "labels.dcm").table.names) == {1, 2, 3}


def test_a_single_slice_and_a_single_label(tmp_path: Path) -> None:
    write_slices(tmp_path / "source", [0])
    scan = read_dicom(tmp_path / "source")
    array = drawn()[..., 2:3]
    array[array != 2] = 0
    labels = LabelMap(array, scan.geometry, TABLE.keep([2]))
    write_segmentation(labels, tmp_path / "labels.dcm", source=scan)
    back = read_segmentation(tmp_path / "labels.dcm")
    assert back.geometry.matches(scan.geometry)
    assert np.array_equal(back.array, array)
    require_valid(tmp_path / "labels.dcm")


def test_names_that_dicom_cannot_hold_are_changed_with_a_notice(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    table = LabelTable(
        (
            Label(2, "left\\right", (1, 2, 3)),
            Label(3, "ä" * 70, (1, 2, 3)),
            Label(205, "", (1, 2, 3)),
            Label(206, "absent", (1, 2, 3)),
        )
    )
    labels = replace(labels_on(scan), table=table)
    notices = write_segmentation(labels, tmp_path / "labels.dcm", source=scan)
    assert [notice.code for notice in notices] == ["names-changed", "empty-labels"]
    assert "'left\\right'" in notices[0].message
    assert "'absent'" in notices[1].message
    back = read_segmentation(tmp_path / "labels.dcm")
    assert back.table.names == {2: "left/right", 3: "ä" * 64, 205: "label 205"}
    require_valid(tmp_path / "labels.dcm", false_errors=LONG_IN_BYTES)


def test_codes_of_other_terminologies_are_kept(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    codes = {2: "FMA:7197", 3: "T-62000", 205: "our own code, longer than sixteen letters"}
    table = LabelTable(tuple(Label(value, "x", (1, 2, 3), code) for value, code in codes.items()))
    write_segmentation(replace(labels_on(scan), table=table), tmp_path / "labels.dcm", source=scan)
    assert read_segmentation(tmp_path / "labels.dcm").table == table
    kind = pydicom.dcmread(tmp_path / "labels.dcm").SegmentSequence[0]
    kind = kind.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodingSchemeDesignator, kind.CodeValue) == ("FMA", "7197")
    require_valid(tmp_path / "labels.dcm")


def test_uids_come_from_the_file_meta_where_the_data_set_has_none(tmp_path: Path) -> None:
    write_slices(tmp_path / "source")
    instances = set()
    for path in (tmp_path / "source").iterdir():
        dataset = pydicom.dcmread(path)
        instances.add(dataset.SOPInstanceUID)
        dataset.SOPClassUID = dataset.SOPInstanceUID = ""
        pydicom.dcmwrite(path, dataset, enforce_file_format=False)
    scan = read_dicom(tmp_path / "source")
    assert write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan) == ()
    series = pydicom.dcmread(tmp_path / "labels.dcm").ReferencedSeriesSequence[0]
    found = {one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence}
    assert found == instances
    require_valid(tmp_path / "labels.dcm")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("StudyInstanceUID", "Study Instance UID"),
        ("SeriesInstanceUID", "Series Instance UID"),
        ("FrameOfReferenceUID", "Frame of Reference UID"),
    ],
)
def test_a_series_without_a_uid_is_refused_or_gets_the_same_one_each_time(
    tmp_path: Path, tag: str, name: str
) -> None:
    write_slices(tmp_path / "source", **{tag: ""})
    scan = read_dicom(tmp_path / "source")
    path = tmp_path / "labels.dcm"
    message = f"'labels.dcm' cannot be saved: the series states no {name} .*new_uids=True"
    with pytest.raises(ValueError, match=message):
        write_segmentation(labels_on(scan), path, source=scan)
    assert not path.exists()
    made = []
    for _ in range(2):
        (notice,) = write_segmentation(labels_on(scan), path, source=scan, new_uids=True)
        assert notice.code == "new-uids"
        found = pydicom.dcmread(path)
        series = found.ReferencedSeriesSequence[0].SeriesInstanceUID
        uid = series if tag == "SeriesInstanceUID" else found[tag].value
        assert notice.figures == {tag: uid}
        made.append(uid)
    assert made[0] == made[1]
    assert re.fullmatch(r"2\.25\.[1-9]\d{30,38}", made[0])
    require_placed(path, drawn(), places_of(UPRIGHT))
    require_valid(path)


def test_a_uid_that_dicom_does_not_allow_is_told_from_one_that_is_empty(tmp_path: Path) -> None:
    with disable_value_validation():
        write_slices(tmp_path / "source", StudyInstanceUID="1.2.03", FrameOfReferenceUID="")
    scan = read_dicom(tmp_path / "source")
    message = (
        r"states no Frame of Reference UID \(a de-identifier may have emptied them\) and states a "
        r"Study Instance UID that DICOM does not allow \(such as one with a leading zero"
    )
    with pytest.raises(ValueError, match=message):
        write_segmentation(labels_on(scan), tmp_path / "x.dcm", source=scan)
    (notice,) = write_segmentation(labels_on(scan), tmp_path / "x.dcm", source=scan, new_uids=True)
    assert re.search(message, notice.message)
    require_valid(tmp_path / "x.dcm")


def test_a_status_is_not_lost_without_a_word(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    table = LabelTable((Label(2, "liver", (1, 2, 3), None, "done"), Label(3, "x", (1, 2, 3))))
    labels = replace(labels_on(scan), table=table)
    (notice,) = write_segmentation(labels, tmp_path / "labels.dcm", source=scan)
    assert (notice.code, notice.figures) == ("status-left-out", {"labels": 1})
    assert notice.message.endswith("'liver'")


def test_slices_without_a_name_of_their_own_get_one(tmp_path: Path) -> None:
    write_slices(tmp_path / "source", SOPInstanceUID="1.2.3")
    for path in (tmp_path / "source").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        dataset.save_as(path)
    scan = read_dicom(tmp_path / "source")
    path = tmp_path / "labels.dcm"
    with pytest.raises(ValueError, match="no SOP Instance UID of each slice"):
        write_segmentation(labels_on(scan), path, source=scan)
    write_segmentation(labels_on(scan), path, source=scan, new_uids=True)
    series = pydicom.dcmread(path).ReferencedSeriesSequence[0]
    assert len({one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence}) == 5
    require_valid(path)


def test_a_real_series_with_emptied_uids(tmp_path: Path, shared_data: Path) -> None:
    scan = read_dicom(shared_data / "ct_dicom")
    array = np.zeros(scan.geometry.shape, np.uint8)
    array[100:140, 200:230, 3:7] = 2
    array[300, 310, 12] = 205
    labels = LabelMap(array, scan.geometry, TABLE)
    path = tmp_path / "labels.dcm"
    with pytest.raises(ValueError, match="no Study Instance UID and Series Instance UID"):
        write_segmentation(labels, path, source=scan)
    assert not list(tmp_path.iterdir())
    notices = write_segmentation(labels, path, source=scan, new_uids=True)
    assert [notice.code for notice in notices] == ["new-uids", "empty-labels"]
    back = align_labels(read_segmentation(path), scan.geometry)
    assert np.array_equal(back.array, array)
    found = pydicom.dcmread(path)
    places = {
        str(one.file_meta.MediaStorageSOPInstanceUID): one
        for one in map(pydicom.dcmread, scan.source.dicom_files)
    }
    for item in found.PerFrameFunctionalGroupsSequence:
        image = item.DerivationImageSequence[0].SourceImageSequence[0]
        source = places[image.ReferencedSOPInstanceUID]
        position = item.PlanePositionSequence[0].ImagePositionPatient
        assert list(position) == list(source.ImagePositionPatient)
    content = path.read_bytes()
    for text in (b"Petersgraben", b"SIEMENS", b"PETCT2", b"Onko", b"2.16.756", b"FDG"):
        assert text not in content
    require_valid(path)


def not_from_dicom(scan: Scan) -> tuple[Scan, LabelMap]:
    scan = replace(scan, source=replace(scan.source, format="NIfTI", dicom_files=()))
    return scan, labels_on(scan)


def repaired(scan: Scan) -> tuple[Scan, LabelMap]:
    scan = replace(scan, notices=(Notice("resampled", "the series misses a slice"),))
    return scan, labels_on(scan)


def cropped(scan: Scan) -> tuple[Scan, LabelMap]:
    region = ((1, COLUMNS), (0, ROWS), (0, 5))
    return scan.crop(region), labels_on(scan).crop(region)


def on_another_grid(scan: Scan) -> tuple[Scan, LabelMap]:
    affine = scan.geometry.affine @ np.diag([1, 1, 2, 1])
    return scan, LabelMap(drawn(), Geometry(scan.geometry.shape, affine), TABLE)


def without_labels(scan: Scan) -> tuple[Scan, LabelMap]:
    return scan, labels_on(scan, np.zeros(scan.geometry.shape, np.uint8))


def below_zero(scan: Scan) -> tuple[Scan, LabelMap]:
    return scan, labels_on(scan, drawn().astype(np.int16) - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (not_from_dicom, r"came from no DICOM file \(NIfTI\); read the scan from its series"),
        (repaired, r"was resampled when its series was repaired.*save the labels as NIfTI"),
        (cropped, "is not that of the slices of its series"),
        (on_another_grid, "labels must be on the scan's grid"),
        (without_labels, "there is no label to store: all voxels are background"),
        (below_zero, "1 to 65535 labels above 0"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_the_old_file_stays(
    tmp_path: Path, change: Callable[[Scan], tuple[Scan, LabelMap]], message: str
) -> None:
    scan, labels = change(scan_of(tmp_path / "source"))
    path = tmp_path / "labels.dcm"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=f"'labels.dcm' cannot be saved: .*{message}"):
        write_segmentation(labels, path, source=scan)
    assert path.read_bytes() == b"old"
    assert {one.name for one in tmp_path.iterdir()} == {"source", "labels.dcm"}


def test_a_repaired_series_is_refused(tmp_path: Path) -> None:
    write_slices(tmp_path / "source", (0, 1, 3, 4))
    scan = read_dicom(tmp_path / "source", repair=True)
    assert scan.geometry.shape == (COLUMNS, ROWS, 5)
    with pytest.raises(ValueError, match="was resampled when its series was repaired"):
        write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)


def test_a_slice_that_is_gone_is_named(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    scan.source.dicom_files[2].unlink()
    with pytest.raises(FileNotFoundError, match=r"the slice '002.dcm' of the scan is gone"):
        write_segmentation(labels_on(scan), tmp_path / "labels.dcm", source=scan)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder 'absent'"):
        write_segmentation(labels_on(scan), tmp_path / "absent" / "x.dcm", source=scan)


def test_a_segmentation_is_known_by_its_header(tmp_path: Path) -> None:
    scan, _ = upright(tmp_path)
    path = tmp_path / "labels.dcm"
    write_segmentation(labels_on(scan), path, source=scan)
    assert is_segmentation(path)
    assert not is_segmentation(scan.source.dicom_files[0])
    (tmp_path / "x.dcm").write_bytes(b"no DICOM")
    assert not is_segmentation(tmp_path / "x.dcm")
    assert not is_segmentation(tmp_path)
    assert not is_segmentation(tmp_path / "absent.dcm")
    assert read_segmentation(path).geometry.spacing[2] == STEP_MM


def test_labels_of_another_frame_of_reference_say_so(tmp_path: Path) -> None:
    scans = [scan_of(tmp_path / name) for name in ("one", "two")]
    assert scans[0].source.frame != scans[1].source.frame
    labels = labels_on(scans[0])
    write_labels(labels, tmp_path / "labels.dcm", source=scans[0])
    own, foreign = (read_labels(tmp_path / "labels.dcm", onto=scan) for scan in scans)
    assert [notice.code for notice in own.notices] == []
    assert [notice.code for notice in foreign.notices] == ["not-registered"]


def test_no_warning_quotes_what_the_series_or_a_segmentation_states(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    wrong = {
        "PatientID": "CANARY\x07" * 20,
        "PatientName": "CANARY\x07^" * 30,
        "StudyDate": "CANARY date",
        "StudyTime": "CANARY time",
        "StudyID": "CANARY " * 20,
    }
    with disable_value_validation():
        write_slices(tmp_path / "CANARY", **wrong)
    scan = read_dicom(tmp_path / "CANARY")
    path = tmp_path / "seg.dcm"
    write_segmentation(labels_on(scan), path, source=scan)
    dataset = pydicom.dcmread(path)
    with disable_value_validation():
        dataset.FrameOfReferenceUID = dataset.ContentDate = "CANARY value"
        dataset.save_as(path)
    recwarn.clear()
    assert is_segmentation(path)
    read_segmentation(path)
    scan = read_dicom(tmp_path / "CANARY")
    write_segmentation(labels_on(scan), tmp_path / "again.dcm", source=scan)
    assert not [str(one.message) for one in recwarn if "CANARY" in str(one.message)]


def test_a_folder_with_a_segmentation_gives_its_labels(tmp_path: Path) -> None:
    # As archives hand them out: one file and a licence, or the series beside it.
    scan = scan_of(tmp_path / "case" / "CT")
    folder = tmp_path / "case" / "SEG"
    folder.mkdir()
    (folder / "LICENSE").write_text("CC BY 4.0")
    write_segmentation(labels_on(scan), folder / "1-1.dcm", source=scan)
    assert is_label_file(folder) is True
    assert is_label_file(tmp_path / "case") is False
    for opened in (folder, tmp_path / "case"):
        assert np.array_equal(read_labels(opened, onto=scan).array, drawn())
    write_segmentation(labels_on(scan), folder / "1-2.dcm", source=scan)
    with pytest.raises(ValueError, match=r"'SEG' holds 2 DICOM segmentations \('1-1.dcm', '1-2"):
        read_labels(folder)
