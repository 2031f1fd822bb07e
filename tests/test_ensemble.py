import shutil

import pytest
import torch
from two_channel_bundle import change

from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.ensemble import load_ensemble


def write_bundle(folder, *checkpoints):
    """Copy the shipped bundle, its weights once for each name, each time a little further off."""
    shutil.copytree(shipped_bundle_folder() / "configs", folder / "configs")
    (folder / "models").mkdir()
    state = torch.load(shipped_bundle_folder() / "models" / "model.pt", weights_only=True)
    for number, name in enumerate(checkpoints):
        moved = {key: value + 0.01 * number for key, value in state.items()}
        torch.save(moved, folder / "models" / name)
    return folder


@pytest.fixture
def window():
    return torch.rand(1, 1, 40, 56, 40, generator=torch.Generator().manual_seed(0))


def test_scores_are_the_mean_of_those_of_the_folds(tmp_path, window):
    names = ["model_fold0.pt", "model_fold1.pt", "other.pt"]
    folder = write_bundle(tmp_path / "folds", *names)
    ensemble = load_ensemble([folder], folds=True)
    with torch.inference_mode():
        members = [load_bundle(folder, checkpoint=name).network(window) for name in names[:2]]
        assert not torch.allclose(*members, atol=0.1)
        assert torch.allclose(ensemble.network(window), sum(members) / 2, atol=1e-5)
    assert ensemble.name == load_bundle().name


def test_several_bundles_are_one(tmp_path, window):
    folder = write_bundle(tmp_path / "other", "zero.pt", "model.pt")
    ensemble = load_ensemble([None, folder])
    with torch.inference_mode():
        members = [load_bundle(one).network(window) for one in (None, folder)]
        assert torch.allclose(ensemble.network(window), sum(members) / 2, atol=1e-5)
    assert ensemble.sha256 not in (load_bundle().sha256, load_bundle(folder).sha256)


def test_one_bundle_is_itself():
    assert load_ensemble([None]).sha256 == load_bundle().sha256


def test_bundles_that_prepare_otherwise_are_refused(tmp_path):
    folder = write_bundle(tmp_path / "other", "model.pt")
    change(folder, "inference", lambda config: config["inferer"].update(overlap=0.5))
    with pytest.raises(ValueError, match=r"'other' and .* differ in inferer"):
        load_ensemble([None, folder])


def test_bundles_of_other_labels_are_refused(tmp_path):
    folder = write_bundle(tmp_path / "other", "model.pt")

    def rename(metadata):
        metadata["network_data_format"]["outputs"]["pred"]["channel_def"]["1"] = "liver"

    change(folder, "metadata", rename)
    with pytest.raises(ValueError, match=r"must draw the same labels: 'other' draws .*liver"):
        load_ensemble([None, folder])


def test_a_bundle_without_folds_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folds models/\*fold\*.pt"):
        load_ensemble([write_bundle(tmp_path / "other", "model.pt")], folds=True)


def test_no_bundle_is_refused():
    with pytest.raises(ValueError, match="at least one model"):
        load_ensemble([])
