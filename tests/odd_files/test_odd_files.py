"""Each odd file is read, read with a notice, or refused with a way out; never anything else."""

import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_seg.viewer.contributions import get_reader
from odd_files import (
    itk_cases,
    label_cases,
    nifti_cases,
    nifti_file_cases,
    picture_cases,
    real_cases,
)
from odd_files.odd_case import Case

CASES = (
    *nifti_cases.CASES,
    *nifti_file_cases.CASES,
    *itk_cases.CASES,
    *picture_cases.CASES,
    *label_cases.CASES,
    *real_cases.CASES,
)
IN_VIEWER = tuple(case for case in CASES if case.in_viewer)
MOST_BYTES = 64 << 20


def name_of(case: Case) -> str:
    return case.name


def built(case: Case, folder: Path, request: pytest.FixtureRequest) -> tuple[Path, Any]:
    """Make the file; return it, and the voxels whose place is known."""
    if not case.is_real:
        return case.build(folder), case.places
    shared = request.getfixturevalue("shared_data")
    places = case.places(shared) if callable(case.places) else case.places
    return case.build(folder, shared), places


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(CASES) >= 75
    assert len(IN_VIEWER) * 3 >= len(CASES)
    assert sum(case.is_real for case in CASES) >= 15
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_an_odd_file_gets_its_verdict(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    path, places = built(case, tmp_path, request)
    before = sorted(tmp_path.rglob("*"))
    capfd.readouterr()  # what other programs say while they write
    tracemalloc.start()
    try:
        if case.refused:
            with pytest.raises((ValueError, FileNotFoundError)) as refusal:
                case.read(path)
            assert_says_cause_and_way_out(str(refusal.value), path, case.refused)
            assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
        else:
            assert_lies_where_it_should(case, case.read(path), places)
    finally:
        tracemalloc.stop()
    assert sorted(tmp_path.rglob("*")) == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("case", IN_VIEWER, ids=name_of)
def test_the_viewer_gives_the_same_verdict(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path, places = built(case, tmp_path, request)
    read = get_reader(str(path))
    assert read is not None
    if case.refused:
        with pytest.raises((ValueError, FileNotFoundError)) as refusal:
            read(str(path))
        assert_says_cause_and_way_out(str(refusal.value), path, case.refused)
        return
    [(data, how, kind)] = read(str(path))
    assert kind in ("image", "labels")
    codes = [notice.code for notice in how["metadata"]["napari_seg"]["notices"]]
    # Whether a file holds labels or a scan is a question of the viewer alone.
    of_the_viewer = ("kind-guessed", "named-as-labels")
    assert tuple(code for code in codes if code not in of_the_viewer) == case.notices
    for place in places:
        # z, y and x of a straight scan run to inferior, posterior and left; a picture has no z.
        axes = min(len(how["scale"]), 3)
        world = -np.array(place.mm)[::-1][-axes:]
        index = (world - how["translate"][-axes:]) / how["scale"][-axes:]
        assert np.abs(index - np.rint(index)).max() < 0.01
        assert data[tuple(np.rint(index).astype(int))] == pytest.approx(place.value)


def assert_says_cause_and_way_out(message: str, path: Path, pattern: str) -> None:
    assert re.search(pattern, message), message
    assert path.name in message
    assert str(path.parent) not in message
    assert "\n" not in message
    cause, _, way_out = message.rpartition(";") if ";" in message else message.rpartition(",")
    assert cause
    assert len(way_out.split()) >= 3


def assert_lies_where_it_should(case: Case, read: Any, places: Any) -> None:
    assert tuple(notice.code for notice in read.notices) == case.notices
    for notice in read.notices:
        assert notice.message.strip()
        assert "\n" not in notice.message
    assert read.array.shape == (case.shape or read.array.shape)
    assert len(places) >= 2
    for place in places:
        homogeneous = read.geometry.affine @ (*place.index, 1)
        assert np.allclose(homogeneous[:3], place.mm, rtol=1e-5, atol=1e-3)
        assert np.allclose(read.array[place.index], place.value, rtol=1e-5)
