from dataclasses import replace
from pathlib import Path

import pytest

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation.bundle import Ensemble, load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.model_names import model_names
from napari_seg.segmentation.model_notices import notice_models


def model_in(folder, **changes):
    """What the shipped model says of itself, as a copy in another folder says it."""
    return replace(describe_bundle(), folder=Path(folder), is_shipped=False, **changes)


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["/m/liver", "/m/spleen"], ("liver", "spleen")),
        (["/m/liver/bundle", "/m/spleen/bundle"], ("liver/bundle", "spleen/bundle")),
        (["/m/a/v1/bundle", "/m/b/v1/bundle"], ("a/v1/bundle", "b/v1/bundle")),
        (["/x/m/m/bundle", "/x/m/bundle"], ("m/m/bundle", "x/m/bundle")),
        (
            ["/m/liver/bundle", "/m/spleen/bundle", "/m/heart"],
            ("liver/bundle", "spleen/bundle", "heart"),
        ),
        (["/m/folds", "/m/folds"], ("folds", "folds")),
    ],
    ids=["unlike", "parents", "grandparents", "one within", "one unlike", "folds"],
)
def test_models_are_named_by_as_much_of_their_folders_as_tells_them_apart(folders, names):
    assert model_names([model_in(folder) for folder in folders]) == names


def test_a_model_in_a_folder_called_shipped_is_told_from_the_shipped_one():
    assert model_names([describe_bundle(), model_in("/m/shipped")]) == ("shipped", "m/shipped")


def test_a_model_that_lies_here_has_the_name_of_its_folder(tmp_path, monkeypatch):
    here = tmp_path / "liver"
    here.mkdir()
    monkeypatch.chdir(here)
    assert model_names([model_in(".")]) == ("liver",)


def test_notices_of_models_in_folders_of_one_name_can_be_told_apart():
    models = [
        model_in("/m/liver/bundle", mirror_axes=(0,)),
        model_in("/m/spleen/bundle", mirror_axes=()),
        model_in("/m/heart/bundle", mirror_axes=()),
    ]
    ensemble = Ensemble((), folds=False, sha256=(), descriptions=tuple(models[1:]))
    several = replace(load_bundle(), description=models[0], ensemble=ensemble)
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    [notice] = notice_models(scan, several, mirror=(0,))
    assert notice.message.startswith("model spleen/bundle and heart/bundle: windows were mirrored")
    assert notice.figures["model"] == "spleen/bundle and heart/bundle"
