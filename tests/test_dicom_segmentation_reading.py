"""DICOM segmentations in, as other programs write them: highdicom writes them here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.uid import RLELossless
from segmented_series import (
    ACROSS_MM,
    COLUMNS,
    DOWN_MM,
    OBLIQUE,
    ROWS,
    STEP_MM,
    UPRIGHT,
    Lie,
    write_slices,
)

from napari_seg.imaging.dicom.segmentation.reading import read_segmentation
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.scan import LabelMap


def described(number: int, **more: Any) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        number,
        f"segment {number}",
        codes.cid7150.AnatomicalStructure,
        codes.SCT.Spleen,
        "MANUAL",
        **more,
    )


def written(
    folder: Path,
    frames: NDArray[Any],
    *,
    kind: str = "BINARY",
    segments: Sequence[hd.seg.SegmentDescription] = (),
    lie: Lie = UPRIGHT,
    numbers: Sequence[int] = range(5),
    **more: Any,
) -> Path:
    """Write a segmentation of frames ``(k, j, i)`` or ``(k, j, i, segment)`` by highdicom."""
    paths = write_slices(folder / "source", numbers, lie)
    count = frames.shape[3] if frames.ndim == 4 else int(frames.max())
    segmentation = hd.seg.Segmentation(
        [pydicom.dcmread(path) for path in paths],
        frames,
        kind,
        segments or [described(number) for number in range(1, count + 1)],
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="another maker",
        manufacturer_model_name="x",
        software_versions="1",
        device_serial_number="1",
        **more,
    )
    path = folder / "other.dcm"
    segmentation.save_as(path)
    return path


def changed(path: Path, change: Any) -> Path:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def grid_of(lie: Lie, count: int = 5) -> Geometry:
    """Return the grid of a whole series, by hand."""
    affine = np.eye(4)
    affine[:3, 0] = np.array(lie.across) * ACROSS_MM
    affine[:3, 1] = np.array(lie.down) * DOWN_MM
    affine[:3, 2] = lie.normal * STEP_MM
    affine[:3, 3] = lie.first
    return Geometry((COLUMNS, ROWS, count), np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def values_at(labels: LabelMap, lie: Lie) -> NDArray[Any]:
    """Look the labels up at each voxel of the series, ``(i, j, k)``, by millimetres alone."""
    found = np.zeros((COLUMNS, ROWS, 5), int)
    for i, j, k in np.ndindex(found.shape):
        at = np.rint(labels.geometry.to_index(lie.place(i, j, k) * (-1, -1, 1))).astype(int)
        if (at >= 0).all() and (at < labels.array.shape).all():
            found[i, j, k] = labels.array[tuple(at)]
    return found


def test_gaps_between_frames_are_background(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[1, 2, 3] = frames[4, 0, 8] = 1
    labels = read_segmentation(written(tmp_path, frames, lie=OBLIQUE))
    assert labels.geometry.shape == (COLUMNS, ROWS, 4)
    assert labels.geometry.spacing == pytest.approx((ACROSS_MM, DOWN_MM, STEP_MM))
    assert np.array_equal(values_at(labels, OBLIQUE), frames.transpose(2, 1, 0))
    assert labels.notices == ()
    whole = align_labels(labels, grid_of(OBLIQUE))
    assert np.array_equal(whole.array, frames.transpose(2, 1, 0))
    assert [(label.value, label.name, label.code) for label in labels.table] == [
        (1, "segment 1", "78961009")
    ]


def test_without_a_stated_spacing_the_gap_does_not_widen_the_step(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[[0, 1, 4], 2, 3] = 1

    def forget(dataset: pydicom.Dataset) -> None:
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.SpacingBetweenSlices

    path = changed(written(tmp_path, frames, numbers=(4, 3, 2, 1, 0)), forget)
    labels = read_segmentation(path)
    assert labels.geometry.shape == (COLUMNS, ROWS, 5)
    assert np.array_equal(values_at(labels, UPRIGHT), frames[::-1].transpose(2, 1, 0))


def test_frames_in_any_order_lie_where_they_say(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 4, (5, ROWS, COLUMNS)).astype(np.uint8)

    def shuffle(dataset: pydicom.Dataset) -> None:
        order = rng.permutation(int(dataset.NumberOfFrames))
        size = ROWS * COLUMNS
        bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
        whole = bits[: size * len(order)].reshape(-1, size)[order]
        packed = np.packbits(whole, bitorder="little").tobytes()
        dataset.PixelData = packed + b"\0" * (len(packed) % 2)
        items = dataset.PerFrameFunctionalGroupsSequence
        dataset.PerFrameFunctionalGroupsSequence = [items[index] for index in order]

    labels = read_segmentation(changed(written(tmp_path, frames), shuffle))
    assert np.array_equal(values_at(labels, UPRIGHT), frames.transpose(2, 1, 0))


def test_groups_may_stand_at_each_frame(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[1:4, 2, 3:6] = 1

    def spread(dataset: pydicom.Dataset) -> None:
        shared = dataset.SharedFunctionalGroupsSequence[0]
        for item in dataset.PerFrameFunctionalGroupsSequence:
            item.PlaneOrientationSequence = shared.PlaneOrientationSequence
            item.PixelMeasuresSequence = shared.PixelMeasuresSequence
        del shared.PlaneOrientationSequence, shared.PixelMeasuresSequence

    labels = read_segmentation(changed(written(tmp_path, frames, lie=OBLIQUE), spread))
    assert np.array_equal(values_at(labels, OBLIQUE), frames.transpose(2, 1, 0))


def test_a_small_frame_lies_inside_the_series(tmp_path: Path) -> None:
    frames = np.ones((2, 3, 4), np.uint8)
    frames[1, 0, 0] = 0
    positions = [
        hd.PlanePositionSequence("PATIENT", OBLIQUE.place(2, 1, number)) for number in (1, 2)
    ]
    path = written(
        tmp_path,
        frames,
        lie=OBLIQUE,
        plane_positions=positions,
        plane_orientation=hd.PlaneOrientationSequence(
            "PATIENT", [*map(float, OBLIQUE.across), *map(float, OBLIQUE.down)]
        ),
        pixel_measures=hd.PixelMeasuresSequence([DOWN_MM, ACROSS_MM], STEP_MM, STEP_MM),
    )
    expected = np.zeros((COLUMNS, ROWS, 5), np.uint8)
    expected[2:6, 1:4, 1:3] = frames.transpose(2, 1, 0)
    labels = read_segmentation(path)
    assert labels.geometry.shape == (4, 3, 2)
    assert np.array_equal(align_labels(labels, grid_of(OBLIQUE)).array, expected)


def test_overlapping_segments_are_counted_and_the_later_wins(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS, 3), np.uint8)
    frames[1, 1:4, 1:4, 0] = 1
    frames[1, 2:5, 2:5, 1] = 1
    frames[1, 3, 3, 2] = 1
    labels = read_segmentation(written(tmp_path, frames))
    expected = np.zeros((COLUMNS, ROWS, 5), int)
    expected[1:4, 1:4, 1], expected[2:5, 2:5, 1], expected[3, 3, 1] = 1, 2, 3
    assert np.array_equal(values_at(labels, UPRIGHT), expected)
    (notice,) = labels.notices
    assert (notice.code, notice.figures) == ("overlap", {"voxels": 4})


def test_fractions_of_a_half_are_taken_with_a_notice(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.float32)
    frames[2, 3, 0:4] = (0.2, 0.49, 0.5, 1.0)
    path = written(tmp_path, frames, kind="FRACTIONAL", max_fractional_value=100)
    labels = read_segmentation(path)
    expected = np.zeros((COLUMNS, ROWS, 5), int)
    expected[2:4, 3, 2] = 1
    assert np.array_equal(values_at(labels, UPRIGHT), expected)
    (notice,) = labels.notices
    assert (notice.code, notice.figures) == ("thresholded", {"threshold": 0.5})
    assert "probability" in notice.message


def test_a_segmentation_stored_as_a_label_map(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint16)
    frames[1, 2, 3], frames[2, 5, 8], frames[4, 0, 0] = 4, 700, 4
    segments = [described(4), described(700)]
    labels = read_segmentation(written(tmp_path, frames, kind="LABELMAP", segments=segments))
    assert np.array_equal(values_at(labels, UPRIGHT), frames.transpose(2, 1, 0))
    assert labels.table.names == {4: "segment 4", 700: "segment 700"}
    assert labels.notices == ()


def test_a_label_map_whose_background_is_not_0_is_refused(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[1, 2, 3] = 1

    def swap(dataset: pydicom.Dataset) -> None:
        zero, one = dataset.SegmentSequence
        zero.SegmentNumber, one.SegmentNumber = 1, 0
        dataset.PixelPaddingValue = 1

    path = changed(written(tmp_path, frames, kind="LABELMAP"), swap)
    with pytest.raises(ValueError, match="gives a structure the number 0"):
        read_segmentation(path)


def test_compressed_frames_are_read(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[1:3, 2, 3:6] = 1
    path = written(tmp_path, frames, kind="LABELMAP", transfer_syntax_uid=RLELossless)
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == RLELossless
    assert np.array_equal(values_at(read_segmentation(path), UPRIGHT), frames.transpose(2, 1, 0))


def test_colours_come_back_and_missing_ones_are_given(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[0, 0, :3] = (1, 2, 3)
    colours = [(12, 200, 31), (255, 0, 0), None]
    segments = [
        described(
            number, display_color=None if colour is None else hd.color.CIELabColor.from_rgb(*colour)
        )
        for number, colour in enumerate(colours, start=1)
    ]
    table = read_segmentation(written(tmp_path, frames, segments=segments)).table
    assert [label.colour for label in table][:2] == colours[:2]
    assert table.label(3).colour not in colours


def test_a_segmentation_of_one_frame_has_its_thickness(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[3, 2, 3] = 1
    path = written(tmp_path, frames)
    assert read_segmentation(path).geometry.spacing[2] == STEP_MM

    def forget(dataset: pydicom.Dataset) -> None:
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.SpacingBetweenSlices
        measures.SliceThickness = None

    labels = read_segmentation(changed(path, forget))
    assert [notice.code for notice in labels.notices] == ["no-thickness"]
    whole = align_labels(labels, grid_of(UPRIGHT))
    assert np.array_equal(whole.array, frames.transpose(2, 1, 0))


def uneven(dataset: pydicom.Dataset) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
    position.ImagePositionPatient = [*UPRIGHT.place(0, 0, 1.4)]


def between_pixels(dataset: pydicom.Dataset) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
    position.ImagePositionPatient = [*UPRIGHT.place(0.5, 0, 1)]


def leaning(dataset: pydicom.Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    first, second, *_ = dataset.PerFrameFunctionalGroupsSequence
    first.PlaneOrientationSequence = shared.PlaneOrientationSequence
    turned = hd.PlaneOrientationSequence("PATIENT", [1.0, 0.0, 0.0, 0.0, 0.0, -1.0])
    second.PlaneOrientationSequence = turned


def without_places(dataset: pydicom.Dataset) -> None:
    for item in dataset.PerFrameFunctionalGroupsSequence:
        del item.PlanePositionSequence


def cut(dataset: pydicom.Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:4]


def without_segments(dataset: pydicom.Dataset) -> None:
    del dataset.SegmentSequence


def undescribed(dataset: pydicom.Dataset) -> None:
    dataset.SegmentSequence = dataset.SegmentSequence[:1]


def miscounted(dataset: pydicom.Dataset) -> None:
    dataset.NumberOfFrames = 9


def far_apart(dataset: pydicom.Dataset) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    position.ImagePositionPatient = [*UPRIGHT.place(0, 0, 1e9)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (uneven, "frames at uneven distances: its slices lie 1.00 to 2.50 mm apart"),
        (between_pixels, "frames that lie between the pixels of the others"),
        (leaning, "frames that are not parallel"),
        (without_places, r"does not say where its frames lie \(ImagePositionPatient\)"),
        (cut, "is damaged or not whole"),
        (without_segments, "is damaged or not whole .*SegmentSequence"),
        (undescribed, "holds segment 2, which it does not describe"),
        (miscounted, "describes 6 frames where it says it holds 9"),
        (far_apart, "frames so far apart that their grid has"),
    ],
)
def test_a_wrong_segmentation_is_refused_by_name(tmp_path: Path, change: Any, message: str) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[:3, 2, 3:5] = (1, 2)
    path = changed(written(tmp_path, frames), change)
    with pytest.raises(ValueError, match=f"'other.dcm'.*{message}.*export it again"):
        read_segmentation(path)


@pytest.mark.parametrize("missing", [2, 20, 400])
def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, missing: int) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[:, 2, 3] = 1
    path = written(tmp_path, frames)
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(ValueError, match=r"'other.dcm': the segmentation .*; export it again"):
        read_segmentation(path)


def test_a_file_that_is_no_segmentation_is_refused(tmp_path: Path) -> None:
    (path,) = write_slices(tmp_path, [0])
    with pytest.raises(ValueError, match=r"'000.dcm' is no DICOM segmentation; open it as a scan"):
        read_segmentation(path)


def test_frames_of_a_leaning_gantry_keep_their_lean(tmp_path: Path) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[:, 2, 3] = 1

    def lean(dataset: pydicom.Dataset) -> None:
        for k, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            place = [*UPRIGHT.place(0, 0.4 * k, k)]
            item.PlanePositionSequence[0].ImagePositionPatient = place

    labels = read_segmentation(changed(written(tmp_path, frames), lean))
    assert labels.array.shape == (COLUMNS, ROWS, 5)
    for k in range(5):
        expected = UPRIGHT.place(3, 2 + 0.4 * k, k) * (-1, -1, 1)
        assert np.allclose(labels.geometry.to_mm((3, 2, k)), expected)
        assert labels.array[3, 2, k] == 1


def test_labels_on_each_second_slice_find_their_slices_without_a_stated_spacing(
    tmp_path: Path,
) -> None:
    frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
    frames[[0, 2, 4], 2, 3:6] = 1

    def forget(dataset: pydicom.Dataset) -> None:
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.SpacingBetweenSlices

    stated = read_segmentation(written(tmp_path, frames, lie=OBLIQUE))
    labels = read_segmentation(changed(tmp_path / "other.dcm", forget))
    assert stated.notices == ()
    assert [(one.code, one.figures["step_mm"]) for one in labels.notices] == [
        ("no-step", pytest.approx(2 * STEP_MM))
    ]
    aligned = align_labels(labels, grid_of(OBLIQUE))
    assert np.array_equal(aligned.array, frames.transpose(2, 1, 0))
