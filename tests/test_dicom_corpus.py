from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_case import Case
from dicom_corpus import CASES
from numpy.typing import NDArray

import napari_seg

WAYS_OUT = ("fetch", "export", "choose", "take", "keep", "read it", "name one", "opened as")
# What viewer and command line answer with a choice or a button.
CATCHABLE = ("SeveralSeriesError", "NeedsRepairError")


@pytest.fixture(scope="session")
def real_slices(request: pytest.FixtureRequest) -> list[Path]:
    return sorted((request.getfixturevalue("shared_data") / "ct_dicom").iterdir())


def _pixels(path: Path) -> NDArray[Any]:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_odd_folder_meets_its_verdict(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    real = request.getfixturevalue("real_slices") if case.is_real else []
    path = case.build(tmp_path / "scan", *([real] if case.is_real else []))
    if case.refused:
        with pytest.raises(ValueError, match=case.refused) as caught:
            napari_seg.read_scan(path, **case.options)
        message = str(caught.value)
        kind = type(caught.value).__name__
        assert (kind if kind in CATCHABLE else "ValueError") == case.error
        assert str(tmp_path) not in message
        assert any(file.name in message for file in (path, *path.rglob("*")))
        assert any(way in message for way in WAYS_OUT)
        _check_list(path, case)
        return
    scan = napari_seg.read_scan(path, **case.options)
    assert tuple(notice.code for notice in scan.notices) == case.notices
    assert len(case.places) > 1
    for index, place in case.places.items():
        assert scan.geometry.to_mm(index) == pytest.approx(place, abs=1e-3)
    for index, value in case.values.items():
        assert scan.array[index] == pytest.approx(value, abs=1e-3)
    for k, number in case.real_slices.items():
        assert np.array_equal(scan.array[:512, :512, k].T, _pixels(real[number]))
    assert case.shape in ((), scan.array.shape)


def _check_list(path: Path, case: Case) -> None:
    try:
        found = napari_seg.find_series(path)
    except ValueError as error:
        assert "is a damaged DICOM file" in str(error)  # noqa: PT017 - one message is right
        return
    assert [series.number for series in found] == list(range(1, len(found) + 1))
    if case.error == "NeedsRepairError" and "cannot be read" not in case.refused:
        assert found[0].can_repair
        assert found[0].problems
    if case.error == "SeveralSeriesError" and not case.options:
        assert len(found) > 1


def test_the_corpus_is_large_and_names_each_case_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 100
    assert sum(case.is_real for case in CASES) >= 30
    assert all(bool(case.refused) != bool(case.places) for case in CASES)
