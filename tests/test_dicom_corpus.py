from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_case import Case
from dicom_corpus import CASES
from napari.layers import Layer
from numpy.typing import NDArray

import napari_seg
from napari_seg.viewer.contributions import get_reader

WAYS_OUT = ("fetch", "export", "choose", "take", "keep", "read it", "name one", "opened as")
# The viewer has no options: it asks.
IN_VIEWER = [case for case in CASES if not case.options][::2]
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


@pytest.mark.parametrize("case", IN_VIEWER, ids=lambda case: case.name)
def test_the_viewer_gives_the_same_verdict(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    real = request.getfixturevalue("real_slices") if case.is_real else []
    path = case.build(tmp_path / "scan", *([real] if case.is_real else []))
    read = get_reader(str(path))
    if case.refused:
        if read is not None:
            with pytest.raises(ValueError, match=case.refused):
                read(str(path))
        return
    assert read is not None
    [(data, how, kind)] = read(str(path))
    notices = how["metadata"]["napari_seg"]["notices"]
    codes = tuple(notice.code for notice in notices if notice.code != "kind-guessed")
    assert codes == case.notices
    layer = Layer.create(data, how, kind)
    for index, place in case.places.items():
        if index in case.values:
            # Along z, y and x the display runs to inferior, posterior and left.
            world = -np.array(place)[::-1][-layer.ndim :]
            shown = np.array(layer.world_to_data(world))
            if np.abs(shown - np.rint(shown)).max() < 0.01:  # not where slices are oblique
                value = data[tuple(np.rint(shown).astype(int))]
                assert value == pytest.approx(case.values[index], abs=1e-3)


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
    assert len(IN_VIEWER) >= len(CASES) / 3
    assert all(bool(case.refused) != bool(case.places) for case in CASES)
