"""Volumes in one place that tags, times in the beat or numbers tell apart."""

import re
from pathlib import Path
from typing import Any

import pytest
from dicom_slices import pixels, set_tags, write_enhanced, write_series, write_slice

from napari_seg import find_series, read_scan

PHASES, PLACES = 4, 5


def _cine(folder: Path, **tags: Any) -> Path:
    """Write phases slice by slice: phase `p` of slice `s` is `100 p` brighter than `pixels(s)`."""
    for place in range(PLACES):
        for phase in range(PHASES):
            values = {name: tag(place, phase) for name, tag in tags.items()}
            shown = pixels(place) + 100 * phase
            values.setdefault("InstanceNumber", 1 + PHASES * place + phase)
            # The files are named in no order.
            name = f"{(7 * (PHASES * place + phase)) % (PHASES * PLACES):02}"
            write_slice(folder / name, place, pixels=shown, **values)
    return folder


def _check_phases(folder: Path, words: str) -> None:
    found = find_series(folder)
    assert len(found) == PHASES
    for phase, series in enumerate(found):
        assert series.distinction == words.format(phase + 1)
        assert series.problems == ()
        scan = read_scan(folder, series=phase + 1)
        assert scan.array[0, 0].tolist() == [1000 * k + 100 * phase - 1024 for k in range(PLACES)]


def test_trigger_times_that_jitter_are_ranked_in_each_place(tmp_path: Path) -> None:
    # The beats of the slices differ, so that a late phase of one comes after a later of another.
    _cine(
        tmp_path,
        TriggerTime=lambda place, phase: 10 + phase * (30.0 + 9 * place),
        AcquisitionTime=lambda place, phase: f"10{place:02}{phase:02}",
    )
    _check_phases(tmp_path, "(volume {} of 4 by TriggerTime)")


def test_trigger_times_rank_slices_without_numbers(tmp_path: Path) -> None:
    _cine(
        tmp_path,
        TriggerTime=lambda place, phase: 10 + phase * (30.0 + 9 * place),
        InstanceNumber=lambda place, phase: None,
    )
    _check_phases(tmp_path, "(volume {} of 4 by TriggerTime)")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(lambda place, phase: None, id="absent"),
        pytest.param(lambda place, phase: 30.0 * place, id="of the slice"),
        # As where two things change, and the beat with them.
        pytest.param(lambda place, phase: 10.0 * place + (3, 0, 2, 1)[phase], id="other order"),
    ],
)
def test_phases_numbered_slice_by_slice_are_told_apart(tmp_path: Path, times: Any) -> None:
    _cine(tmp_path, TriggerTime=times, ContentTime=lambda place, phase: f"10{place:02}{phase:02}")
    _check_phases(tmp_path, "(volume {} of 4 by InstanceNumber)")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(lambda place, phase: 1, id="none"),
        # Two slices in turns.
        pytest.param(lambda place, phase: 8 * (place // 2) + 2 * phase + place % 2, id="in turns"),
    ],
)
def test_phases_without_an_order_stay_together(tmp_path: Path, number: Any) -> None:
    _cine(tmp_path, InstanceNumber=number)
    (series,) = find_series(tmp_path)
    assert series.count == PHASES * PLACES
    with pytest.raises(ValueError, match="lie in the same place with different pixels"):
        read_scan(tmp_path)


@pytest.mark.parametrize(
    ("group", "tag", "values"),
    [
        ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", (0.0, 40.0)),
        ("MRTimingAndRelatedParametersSequence", "FlipAngle", (3.0, 20.0)),
        ("MRModifierSequence", "InversionTimes", (50.0, 150.0)),
        ("TemporalPositionSequence", "TemporalPositionTimeOffset", (0.0, 2.5)),
        ("MRImageFrameTypeSequence", "ComplexImageComponent", ("MAGNITUDE", "PHASE")),
        ("MRArterialSpinLabelingSequence", "ASLContext", ("CONTROL", "LABEL")),
        ("CTReconstructionSequence", "ConvolutionKernel", ("B30f", "B70f")),
    ],
)
def test_frames_are_told_apart_by_tags_of_enhanced_files(
    tmp_path: Path, group: str, tag: str, values: tuple[Any, Any]
) -> None:
    frame_tags = [{group: {tag: value}} for value in values for _ in range(3)]
    path = write_enhanced(tmp_path / "a.dcm", (0, 1, 2, 0, 1, 2), frame_tags=frame_tags)
    found = find_series(path)
    assert [one.distinction for one in found] == [f"({tag} {value})" for value in values]
    assert [one.count for one in found] == [3, 3]


def test_flip_angles_of_single_slices_are_told_apart(tmp_path: Path) -> None:
    for angle in (3, 20):
        write_series(tmp_path / str(angle), FlipAngle=angle)
    assert [one.distinction for one in find_series(tmp_path)] == [
        "(FlipAngle 3.0)",
        "(FlipAngle 20.0)",
    ]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        pytest.param(
            (0, 1, 2, 0, 1, 2), ["(frames 1 to 3)", "(frames 4 to 6)"], id="volume by volume"
        ),
        pytest.param(
            (0, 0, 1, 1, 2, 2),
            ["(volume 1 of 2 by the order of frames)", "(volume 2 of 2 by the order of frames)"],
            id="slice by slice",
        ),
        pytest.param((0, 0), ["(frame 1)", "(frame 2)"], id="one place"),
    ],
)
def test_frames_without_tags_are_told_apart_by_their_order(
    tmp_path: Path, numbers: tuple[int, ...], words: list[str]
) -> None:
    found = find_series(write_enhanced(tmp_path / "a.dcm", numbers))
    assert [one.distinction for one in found] == words


def test_enhanced_files_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        write_enhanced(tmp_path / f"{9 - number}.dcm", range(5), InstanceNumber=number)
    found = find_series(tmp_path)
    assert [one.distinction for one in found] == [
        f"(image {number}, frames 1 to 5)" for number in (1, 2, 3)
    ]
    assert [read_scan(tmp_path, series=n).source.dicom_files[0].name for n in (1, 2, 3)] == [
        "8.dcm",
        "7.dcm",
        "6.dcm",
    ]


def test_a_copy_of_an_enhanced_file_repeats_its_frames(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path / "a.dcm", range(3))
    (tmp_path / "b.dcm").write_bytes(path.read_bytes())
    (series,) = find_series(tmp_path)
    assert series.problems == ("the series repeats 3 slices",)
    assert [one.code for one in read_scan(tmp_path).notices] == ["repeated-slices"]


def test_an_incomplete_last_volume_is_told_as_it_is(tmp_path: Path) -> None:
    for number in range(13):
        place, volume = number % 5, number // 5
        shown = pixels(place) + 100 * volume
        write_slice(tmp_path / f"{number}", place, pixels=shown, InstanceNumber=number + 1)
    (series,) = find_series(tmp_path)
    (problem,) = series.problems
    assert problem.startswith("the series holds 8 slices where others lie, and neither tags nor")
    words = (
        "'0' and '5' lie in the same place with different pixels; 5 of its 5 places hold several "
        "slices (2 to 3 in each place), and neither tags nor numbers tell whole volumes apart; "
        "keep the files of each volume in a folder of its own and open that"
    )
    with pytest.raises(ValueError, match=re.escape(words)):
        read_scan(tmp_path)


def test_files_of_one_name_are_told_with_their_folders(tmp_path: Path) -> None:
    for volume in "ab":
        write_series(tmp_path / volume / "images", PixelRepresentation=0)
        for path in (tmp_path / volume / "images").iterdir():
            set_tags(path, PixelData=bytes([ord(volume)]) * 96)
    words = "'slice_90' in the folder 'a/images' and 'slice_90' in the folder 'b/images' lie"
    with pytest.raises(ValueError, match=re.escape(words)):
        read_scan(tmp_path)


def test_frames_of_one_file_are_told_by_their_numbers(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path / "a.dcm", (0, 1, 2, 3, 0))
    set_tags(path, PixelData=b"".join(bytes([k]) * 96 for k in range(5)))
    with pytest.raises(ValueError, match=r"frame 1 of 'a\.dcm' and frame 5 of 'a\.dcm' lie in the"):
        read_scan(path)


def test_one_slice_of_another_study_in_the_same_place_is_told(tmp_path: Path) -> None:
    write_series(tmp_path, StudyInstanceUID="1.3")
    write_slice(tmp_path / "other", 2, pixels=pixels(3), StudyInstanceUID="1.4")
    with pytest.raises(ValueError, match="different pixels, and are of two studies; keep each"):
        read_scan(tmp_path)
