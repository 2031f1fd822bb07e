"""Several models, or the folds of one, as a mean from the panel."""

import shutil

import pytest
from altered_bundle import change
from fake_model import fake_tools, head, load
from napari.components import ViewerModel
from napari.layers import Labels

from napari_seg.segmentation.bundle_description import describe_bundle, shipped_bundle_folder
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.segmenting.averaging import Averaging
from napari_seg.viewer.segmenting.result_layer import record_of
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine


@pytest.fixture
def averaging(qtbot):
    averaging = Averaging(describe_bundle)
    qtbot.addWidget(averaging)
    averaging.set_model(None, describe_bundle())
    return averaging


def write_bundle(folder, *checkpoints):
    """Write a bundle with the shipped one's configs, and weights that nobody loads."""
    shutil.copytree(shipped_bundle_folder() / "configs", folder / "configs")
    (folder / "models").mkdir()
    for name in checkpoints or ("model.pt",):
        (folder / "models" / name).touch()
    return folder


def test_models_are_added_one_by_one_or_by_the_folder_and_left_out_again(averaging, tmp_path):
    folders = [write_bundle(tmp_path / name) for name in ("one", "three", "two")]
    averaging.add_folder(folders[0])
    assert averaging.further == (folders[0],)
    averaging.add_folder(tmp_path)
    assert averaging.further == tuple(folders)
    averaging._rows[0].remove.click()
    assert averaging.further == tuple(folders[1:])


def shown(averaging):
    return [row.name.text() for row in averaging._rows]


def test_models_in_folders_of_one_name_are_told_apart_as_long_as_they_are_listed(
    averaging, tmp_path
):
    folders = [tmp_path / organ / "bundle" for organ in ("liver", "spleen")] + [tmp_path / "heart"]
    for folder in folders:
        averaging.add_folder(write_bundle(folder))
    assert shown(averaging) == ["liver/bundle", "spleen/bundle", "heart"]
    first = averaging._rows[0]
    assert first.name.toolTip() == str(folders[0])
    assert first.remove.accessibleName() == "Leave out liver/bundle"
    first.remove.click()
    assert shown(averaging) == ["bundle", "heart"]


def test_a_further_model_is_told_from_the_chosen_one(averaging, tmp_path):
    folders = [write_bundle(tmp_path / organ / "bundle") for organ in ("liver", "spleen")]
    averaging.add_folder(folders[1])
    assert shown(averaging) == ["bundle"]
    averaging.set_model(folders[0], describe_bundle(folders[0]))
    assert shown(averaging) == ["spleen/bundle"]


def test_a_model_of_other_labels_is_refused_with_both(averaging, tmp_path):
    other = write_bundle(tmp_path / "liver")

    def rename(metadata):
        metadata["network_data_format"]["outputs"]["pred"]["channel_def"]["1"] = "liver"

    change(other, "metadata", rename)
    with pytest.raises(ValueError, match=r"'liver' cannot be averaged .* draws liver, posterior"):
        averaging.add_folder(other)
    assert averaging.further == ()


def test_a_model_of_other_channels_is_refused_as_on_the_command_line(averaging, tmp_path):
    other = write_bundle(tmp_path / "two")

    def add(metadata):
        metadata["network_data_format"]["inputs"]["image"]["num_channels"] = 2

    change(other, "metadata", add)
    with pytest.raises(ValueError, match=r"'two' cannot be averaged .* takes 2 channel"):
        averaging.add_folder(other)


def test_another_model_drops_what_does_not_go_with_it(averaging, tmp_path):
    folder = write_bundle(tmp_path / "one")
    (folder / "configs" / "metadata_two_d.json").unlink()
    averaging.add_folder(folder)
    averaging.set_model(None, describe_bundle(variant="two_d"))
    assert averaging.further == ()


def test_folds_are_offered_where_there_are_some(averaging, tmp_path):
    assert not averaging.folds.isEnabled()
    assert "has no folds" in averaging.folds.toolTip()
    folder = write_bundle(tmp_path / "folds", "model_fold0.pt", "model_fold1.pt")
    averaging.set_model(folder, describe_bundle(folder))
    assert averaging.folds.isEnabled()
    averaging.folds.setChecked(True)
    assert averaging.as_settings() == {"further": (), "folds": True}
    averaging.add_folder(write_bundle(tmp_path / "one"))
    assert averaging.as_settings() == {"further": (tmp_path / "one",), "folds": False}


def test_a_run_averages_and_its_layer_and_record_say_so(qtbot, tmp_path):
    viewer, asked = ViewerModel(), []

    def remember(folder, **more):
        asked.append((folder, more))
        return load(folder)

    def describe(folder=None, *, variant=None):
        return describe_bundle(folder, variant=variant)

    section = SegmentSection(viewer, fake_tools(load=remember, describe=describe), StatusLine())
    qtbot.addWidget(section)
    section.set_scan(viewer.add_layer(image_layer(head(), name="head")))
    folder = write_bundle(tmp_path / "other")
    section.options.averaging.add_folder(folder)
    section.run()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)
    assert asked == [(None, {"variant": None, "further": (folder,), "folds": False})]
    [labels] = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert labels.name == "head – hippocampus, mean of 2 models"
    assert f"--model shipped --model {folder}" in record_of(labels)["command"]
    section.release()
