import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from altered_bundle import change
from two_channel_bundle import write_two_channel_bundle

import napari_seg
from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation import fingerprint
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.ensemble import load_ensemble, mean_network
from napari_seg.segmentation.execution import Plan
from napari_seg.segmentation.inference import segment
from napari_seg.segmentation.model_notices import notice_models
from napari_seg.segmentation.models_alike import require_alike


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


def test_the_public_names_of_the_guides_load_bundles_of_any_path(tmp_path):
    folder = write_bundle(tmp_path / "other", "zero.pt", "model.pt")
    assert napari_seg.load_ensemble([None, str(folder)]).ensemble.further == (folder,)
    assert napari_seg.Plan is Plan


def test_one_path_is_one_bundle():
    folder = shipped_bundle_folder()
    for one in (folder, str(folder)):
        assert load_ensemble(one).sha256 == load_bundle(folder).sha256


def test_one_bundle_is_itself():
    assert load_ensemble([None]).sha256 == load_bundle().sha256


def edited(folder, edit):
    """Write a bundle with other weights than the shipped one, and another config."""
    write_bundle(folder, "zero.pt", "model.pt")
    change(folder, "inference", edit)
    return folder


def prepares(**values):
    """Change the second step of preparing, ``Spacingd``."""
    return lambda config: config["prepare"]["transforms"][1].update(values)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            prepares(pixdim=[2.0, 1.0, 1.0]),
            r"differ in prepare#transforms#1#pixdim: \[2.0, 1.0, 1.0\] and \[1.0, 1.0, 1.0\]",
        ),
        (prepares(diagonal=None), "prepare#transforms#1#diagonal: null and nothing"),
        (prepares(_target_="Flipd"), '#1#_target_: "Flipd" and "Spacingd"'),
        (
            lambda config: config["prepare"]["transforms"].pop(),
            r'prepare#transforms: \["Orientationd", "Spacingd"\] and \["Or',
        ),
    ],
    ids=["value", "added", "class", "step less"],
)
def test_bundles_that_prepare_otherwise_are_refused_with_both_values(tmp_path, edit, said):
    folder, first = edited(tmp_path / "other", edit), load_bundle()
    # A bundle whose config MONAI need not be able to build.
    other = replace(first, description=replace(first.description, folder=folder))
    with pytest.raises(ValueError, match=said):
        require_alike([first, other], ["shipped", "other"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"roi_size": [40, 48, 32]}, r"windows have 40×48×32 voxels, those of the model 40×56×40"),
        ({"cval": -1.0}, "fills up its windows with -1, the model with 0"),
    ],
    ids=["window", "value"],
)
def test_bundles_of_other_windows_are_refused_with_both(tmp_path, values, said):
    folder = edited(tmp_path / "other", lambda config: config["inferer"].update(values))
    with pytest.raises(ValueError, match=f"'other' cannot be averaged with 'shipped': .*{said}"):
        load_ensemble([None, folder])


def test_bundles_whose_slices_are_stacked_otherwise_are_refused(tmp_path):
    folder = write_bundle(tmp_path / "other")
    shutil.copy(shipped_bundle_folder() / "models" / "model_2d.pt", folder / "models")
    change(folder, "two_d", lambda config: config["inferer"].update(spatial_dim=0))
    with pytest.raises(ValueError, match="its slices are stacked along i, those of the model"):
        load_ensemble([None, folder], variant="two_d")


def test_what_changes_no_labels_of_an_inferer_is_not_compared(tmp_path, window):
    values = {"sw_batch_size": 1, "overlap": 0.5, "mode": "constant", "progress": True}
    folder = edited(tmp_path / "other", lambda config: config["inferer"].update(values))
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    one, other = (
        segment(scan, load_ensemble(folders), device="cpu").array
        for folders in ([None, folder], [folder, None])
    )
    assert (one == other).all()
    assert one.any()


def test_bundles_of_other_labels_are_refused(tmp_path):
    folder = write_bundle(tmp_path / "other", "model.pt")

    def rename(metadata):
        metadata["network_data_format"]["outputs"]["pred"]["channel_def"]["1"] = "liver"

    change(folder, "metadata", rename)
    with pytest.raises(ValueError, match=r"'other' cannot be averaged with .* draws liver, post"):
        load_ensemble([None, folder])


@pytest.mark.parametrize("first", ["one channel", "two channels"])
def test_bundles_of_other_channels_are_refused_in_either_order(tmp_path, first):
    folders = [None, write_two_channel_bundle(tmp_path / "two", looks_at=0)]
    if first == "two channels":
        folders.reverse()
    with pytest.raises(ValueError, match=r"cannot be averaged with '\w+': it takes \d channel"):
        load_ensemble(folders)


def write_channels(folder, looks_at, names):
    """Write a bundle of two channels with these names, None for no `channel_def`."""
    write_two_channel_bundle(folder, looks_at=looks_at)

    def rename(metadata):
        image = metadata["network_data_format"]["inputs"]["image"]
        image["channel_def"] = names
        if names is None:
            del image["channel_def"]

    change(folder, "metadata", rename)
    return folder


def test_bundles_whose_channels_are_in_another_order_are_refused(tmp_path):
    one = write_channels(tmp_path / "one", 0, {"0": "T1", "1": "FLAIR"})
    swapped = write_channels(tmp_path / "swapped", 1, {"0": "FLAIR", "1": "T1"})
    said = (
        "'swapped' cannot be averaged with 'one': its channels are FLAIR, T1 in this order, the "
        "model's T1, FLAIR"
    )
    with pytest.raises(ValueError, match=said):
        load_ensemble([one, swapped])


@pytest.mark.parametrize("name", ["DWI", "T1"])
def test_models_that_call_channels_otherwise_are_averaged_with_a_notice(tmp_path, name):
    one = write_channels(tmp_path / "one", 0, {"0": "CT", "1": "FLAIR"})
    other = write_channels(tmp_path / "other", 1, {"0": "ct", "1": name})
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    scan = replace(scan, array=np.stack([scan.array] * 2, axis=-1))
    notices = notice_models(scan, load_ensemble([one, other]))
    [notice] = [notice for notice in notices if notice.code == "other-channel-names"]
    assert (
        f"called ct, {name}, those of the model that it is averaged with CT, FLAIR"
        in notice.message
    )
    assert notice.message.startswith("model other: its channels")
    assert not [
        notice
        for notice in notice_models(scan, load_ensemble([one]))
        if notice.code == "other-channel-names"
    ]


@pytest.mark.parametrize(
    "values",
    [
        ({"padding_mode": "reflect"}, {"padding_mode": "reflect", "cval": -1.0}),
        ({"mode": "constant", "sigma_scale": 0.25}, {"mode": "gaussian", "sigma_scale": 0.25}),
    ],
    ids=["value of another padding", "width of constant weights"],
)
def test_what_an_inferer_does_not_use_is_not_compared(tmp_path, values):
    one, other = (
        edited(tmp_path / name, lambda config, stated=stated: config["inferer"].update(stated))
        for name, stated in zip(("one", "other"), values, strict=True)
    )
    shutil.copy(shipped_bundle_folder() / "models" / "model.pt", one / "models")
    for folders in ([one, other], [other, one]):
        require_alike([load_bundle(folder) for folder in folders], ["first", "second"])


@pytest.mark.parametrize("values", [{"keys": ["image"]}, {"_desc_": "to 1 mm"}])
def test_a_step_that_is_written_otherwise_is_the_same_step(tmp_path, values):
    folder, first = edited(tmp_path / "other", prepares(**values)), load_bundle()
    other = replace(first, description=replace(first.description, folder=folder))
    require_alike([first, other], ["shipped", "other"])


@pytest.mark.parametrize(
    "names",
    [
        None,
        {},
        {"0": "image"},
        {"0": "image", "1": "image"},
        {"1": "flair", "0": "T1 "},
        {"0": "T1w", "1": "FLAIR"},
    ],
    ids=["none", "empty", "image", "images", "the same", "another word"],
)
def test_bundles_that_do_not_name_other_channels_are_averaged(tmp_path, names):
    one = write_channels(tmp_path / "one", 0, {"0": "T1", "1": "FLAIR"})
    other = write_channels(tmp_path / "other", 1, names)
    for folders in ([one, other], [other, one]):
        assert len(load_ensemble(folders).ensemble.sha256) == 2


def write_four_classes(folder):
    write_bundle(folder, "model.pt")
    change(folder, "inference", lambda config: config["network_def"].update(out_channels=4))
    path = folder / "models" / "model.pt"
    state = torch.load(path, weights_only=True)
    longer = {n: torch.cat([v, v[:1]]) if v.shape[0] == 3 else v for n, v in state.items()}
    torch.save(longer, path)
    return folder


@pytest.mark.parametrize(("first", "there", "here"), [(0, 4, 3), (1, 3, 4)])
def test_networks_of_another_number_of_classes_are_refused(tmp_path, first, there, here):
    folders = [None, write_four_classes(tmp_path / "four")]
    folders = [folders[first], folders[1 - first]]
    with pytest.raises(ValueError, match=f"scores {there} classes, that of the model {here}"):
        load_ensemble(folders)


def test_networks_whose_scores_differ_in_shape_are_refused_where_no_config_says_it():
    one, other = (torch.nn.Conv3d(1, classes, 1) for classes in (2, 3))
    with pytest.raises(ValueError, match=r"one gives 2 classes in \(4, 4, 4\) voxels, another 3"):
        mean_network([one, other])(torch.zeros(1, 1, 4, 4, 4))


def test_a_model_given_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the model 'shipped' is given twice"):
        load_ensemble([None, None])
    folder = write_bundle(tmp_path / "folds", "model_fold0.pt")
    shutil.copy(folder / "models" / "model_fold0.pt", folder / "models" / "model_fold1.pt")
    both = "'folds/models/model_fold1.pt' and 'folds/models/model_fold0.pt' are the same model"
    with pytest.raises(ValueError, match=both):
        load_ensemble([folder], folds=True)


@pytest.mark.parametrize("folds", [False, True], ids=["one", "folds"])
def test_equal_models_in_folders_of_one_name_are_told_apart(tmp_path, folds):
    names = ["model.pt"] if not folds else ["model_fold0.pt"]
    places = [write_bundle(tmp_path / part / "bundle", *names) for part in ("liver", "spleen")]
    with pytest.raises(ValueError, match="'spleen/bundle' and 'liver/bundle' are the same model"):
        load_ensemble(places, folds=folds)


def test_unlike_models_in_folders_of_one_name_are_told_apart(tmp_path):
    places = [write_bundle(tmp_path / part / "bundle", "model.pt") for part in ("liver", "spleen")]
    change(places[1], "inference", lambda config: config["inferer"].update(cval=-1.0))
    said = "'spleen/bundle' cannot be averaged with 'liver/bundle': it fills up its windows"
    with pytest.raises(ValueError, match=said):
        load_ensemble(places)


def test_weights_that_are_no_numbers_are_named(tmp_path):
    folder = write_bundle(tmp_path / "folds", "model_fold0.pt", "model_fold1.pt")
    path = folder / "models" / "model_fold1.pt"
    state = torch.load(path, weights_only=True)
    torch.save({name: values * float("nan") for name, values in state.items()}, path)
    with pytest.raises(ValueError, match=r"weights models/model_fold1.pt .* not all numbers"):
        load_ensemble([folder], folds=True)


class NoNumbers(torch.nn.Module):
    """Gives NaN, whatever its weights."""

    def forward(self, batch):
        return torch.full((batch.shape[0], 3, *batch.shape[2:]), float("nan"))


def test_scores_that_are_no_numbers_are_an_error_that_names_the_model():
    bundle = replace(load_bundle(), network=NoNumbers())
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    with pytest.raises(ValueError, match=r"model 'Hippocampus' gives scores that are no numbers"):
        segment(scan, bundle, device="cpu")


@pytest.mark.parametrize(("voxels_only", "times"), [(False, 3), (True, 0)], ids=["all", "voxels"])
def test_a_scan_is_measured_once_for_all_models(tmp_path, monkeypatch, voxels_only, times):
    ensemble = load_ensemble([None, write_other_training(tmp_path / "other")])
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    axes, plain = [], fingerprint._likeness

    def counted(voxels, axis):
        axes.append(axis)
        return plain(voxels, axis)

    monkeypatch.setattr(fingerprint, "_likeness", counted)
    (notice,) = notice_models(scan, ensemble, voxels_only=voxels_only)
    assert (notice.code, len(axes)) == ("coarse-voxels", times)


def write_other_training(folder):
    write_bundle(folder, "zero.pt", "model.pt")

    def edit(metadata):
        metadata["mirror_axes"] = []
        metadata["fingerprint"]["spacing_mm"] = {"least": [0.1] * 3, "most": [0.2] * 3}

    change(folder, "metadata", edit)
    return folder


@pytest.mark.parametrize("first", [0, 1])
def test_each_model_of_an_ensemble_says_what_it_was_not_trained_on(tmp_path, first):
    folders = [None, write_other_training(tmp_path / "other")]
    ensemble = load_ensemble([folders[first], folders[1 - first]])
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    labels = segment(scan, ensemble, mirror=(0,), device="cpu")
    assert [notice.code for notice in labels.notices] == ["coarse-voxels", "untrained-mirror"]
    assert all(notice.message.startswith("model other: ") for notice in labels.notices)
    json.dumps(labels.record)


def test_what_all_models_say_is_said_once(tmp_path):
    ensemble = load_ensemble([None, write_bundle(tmp_path / "other", "zero.pt", "model.pt")])
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    [notice] = segment(scan, ensemble, mirror=(1,), device="cpu").notices
    assert notice.message.startswith("windows were mirrored along j")


def test_a_bundle_without_folds_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folds models/\*fold\*.pt"):
        load_ensemble([write_bundle(tmp_path / "other", "model.pt")], folds=True)


def test_no_bundle_is_refused():
    with pytest.raises(ValueError, match="at least one model"):
        load_ensemble([])
