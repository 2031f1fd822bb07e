"""Windows are mirrored along the axes that a model was trained on, or there is a word about it."""

import json
import shutil
from dataclasses import replace
from itertools import permutations

import pytest
import typer
from altered_bundle import change
from test_cli import SAMPLE, run, voxels

from napari_seg.cli.choices import parse_mirror
from napari_seg.imaging.files import read_scan
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import (
    describe_bundle,
    read_config,
    shipped_bundle_folder,
)
from napari_seg.segmentation.inference import segment
from napari_seg.segmentation.mirror_axes import (
    all_mirror_axes,
    notice_mirroring,
    read_mirror_axes,
    why_no_mirror_axes,
)
from napari_seg.segmentation.model_notices import notice_models
from napari_seg.viewer.segmenting.run_options import RunOptions


def flips_in(config):
    """Return the axes of all ``RandFlipd`` of a config."""
    parts = config.values() if isinstance(config, dict) else config
    own = isinstance(config, dict) and config.get("_target_") == "RandFlipd"
    inner = [axis for part in parts if isinstance(part, (dict, list)) for axis in flips_in(part)]
    return [config["spatial_axis"], *inner] if own else inner


@pytest.mark.parametrize("variant", [None, "two_d"])
def test_the_shipped_models_state_the_axis_that_they_were_trained_on(variant):
    trained = flips_in(read_config(shipped_bundle_folder(), "train", variant))
    assert list(describe_bundle(variant=variant).mirror_axes) == trained == [0]


def test_a_model_that_says_nothing_may_be_mirrored_along_all_axes():
    assert read_mirror_axes({}) is None
    silent = replace(describe_bundle(), mirror_axes=None)
    assert all_mirror_axes([silent]) == (0, 1, 2)
    assert notice_mirroring((0, 1, 2), silent) == ()


@pytest.mark.parametrize("said", ["i", 0, [3], [True], [0.0], {}])
def test_axes_that_make_no_sense_are_refused(said):
    with pytest.raises(ValueError, match="mirror_axes in the metadata must be"):
        read_mirror_axes({"mirror_axes": said})


def test_axes_beyond_the_training_are_named():
    (notice,) = notice_mirroring((2, 0, 1), describe_bundle())
    assert notice.code == "untrained-mirror"
    assert "along j and k too" in notice.message
    assert notice_mirroring((0,), describe_bundle(variant="two_d"), flat_axis=2) == ()


@pytest.mark.parametrize(
    ("flat_axis", "without_effect", "untrained"),
    [(0, "i", "k"), (1, None, "k"), (2, "k", None)],
    ids="ijk",
)
def test_the_axis_that_slices_are_stacked_along_is_said_to_have_no_effect(
    copied_bundle, flat_axis, without_effect, untrained
):
    change(copied_bundle, "two_d", lambda config: config["inferer"].update(spatial_dim=flat_axis))
    bundle = load_bundle(copied_bundle, variant="two_d")
    notices = notice_models(read_scan(SAMPLE), bundle, mirror=(0, 2))
    figures = {notice.code: notice.figures.get("axes") for notice in notices}
    assert figures.get("mirror-without-effect") == without_effect
    assert figures.get("untrained-mirror") == untrained


@pytest.mark.parametrize(
    ("stated", "axes"),
    [({"spatial_dim": 0}, (1, 2)), ({"spatial_dim": "@slow"}, (0, 2)), ({}, (1, 2))],
    ids=["number", "reference", "MONAI's default"],
)
def test_all_axes_of_a_2d_model_are_those_of_its_slices(copied_bundle, qtbot, stated, axes):
    def edit(config):
        del config["inferer"]["spatial_dim"]
        config["inferer"].update(stated)
        config["slow"] = 1

    change(copied_bundle, "two_d", edit)
    change(copied_bundle, "metadata", lambda config: config.pop("mirror_axes"))
    description = describe_bundle(copied_bundle, variant="two_d")
    assert all_mirror_axes([description]) == axes
    options = RunOptions()
    qtbot.addWidget(options)
    options.set_model(copied_bundle, description)
    options.mirror.setChecked(True)
    assert options.mirrored_axes == axes
    assert "along the two axes" in options.mirror.toolTip()


def test_a_run_that_mirrors_beyond_the_training_says_so():
    labels = segment(read_scan(SAMPLE), load_bundle(), mirror=(1,))
    assert [notice.code for notice in labels.notices] == ["untrained-mirror"]
    assert labels.record["notices"][0]["code"] == "untrained-mirror"


def test_all_axes_are_those_that_the_model_knows(tmp_path):
    assert run("segment", SAMPLE, "-o", tmp_path / "one.nii.gz").exit_code == 0
    done = run("segment", SAMPLE, "-o", tmp_path / "all.nii.gz", "--mirror", "all")
    assert "notice" not in done.stderr
    one, averaged = voxels(tmp_path / "one.nii.gz"), voxels(tmp_path / "all.nii.gz")
    assert (one != averaged).any()
    assert (averaged != 0).sum() == pytest.approx((one != 0).sum(), rel=0.05)
    assert "--mirror i " in json.loads((tmp_path / "all.json").read_text())["command"]


def test_a_model_trained_on_no_mirrored_scan_has_no_axes(tmp_path, qtbot):
    folder = shutil.copytree(shipped_bundle_folder(), tmp_path / "upright")
    place = folder / "configs" / "metadata.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "mirror_axes": []}))
    done = run("segment", SAMPLE, "-o", tmp_path, "--model", folder, "--mirror", "all")
    assert done.exit_code == 2
    assert "was not trained on mirrored scans" in " ".join(done.output.split())
    options = RunOptions()
    qtbot.addWidget(options)
    options.mirror.setChecked(True)
    options.set_model(folder, describe_bundle(folder))
    assert not options.mirror.isEnabled()
    assert options.mirrored_axes == ()


def test_the_panel_mirrors_along_what_the_model_knows(qtbot):
    options = RunOptions()
    qtbot.addWidget(options)
    options.set_model(None, describe_bundle())
    options.mirror.setChecked(True)
    assert options.mirrored_axes == (0,)
    assert "in 2 times the time" in options.mirror.toolTip()


def stating(axes):
    return replace(describe_bundle(), mirror_axes=axes)


@pytest.mark.parametrize(
    ("stated", "axes"),
    [
        (((0,), (0, 1)), (0,)),
        (((0, 2), None), (0, 2)),
        ((None, None), (0, 1, 2)),
        (((0,), (1, 2)), ()),
        (((0,), ()), ()),
        (((0, 1, 2), None, (1, 2)), (1, 2)),
    ],
)
def test_all_axes_of_several_models_are_those_that_each_knows(stated, axes):
    models = [stating(one) for one in stated]
    for order in permutations(models):
        assert all_mirror_axes(order) == axes
        assert bool(why_no_mirror_axes(order)) is not bool(axes)


def write_stating(folder, axes):
    shutil.copytree(shipped_bundle_folder(), folder)
    change(folder, "metadata", lambda config: config.update(mirror_axes=axes))
    return folder


def test_the_command_line_mirrors_along_what_all_models_know_in_any_order(tmp_path):
    paths = [write_stating(tmp_path / f"m{n}", axes) for n, axes in enumerate(([0], [0, 1], []))]
    for order in permutations(paths[:2]):
        assert parse_mirror("all", order, None) == (0,)
    for order in permutations([None, paths[2]]):
        with pytest.raises(
            typer.BadParameter, match=r"no common axis .* (m2 on none|shipped on i)"
        ):
            parse_mirror("all", order, None)


def test_the_panel_mirrors_along_what_all_models_know(tmp_path, qtbot):
    paths = [write_stating(tmp_path / f"m{n}", axes) for n, axes in enumerate(([0, 1], [1], []))]
    options = RunOptions()
    qtbot.addWidget(options)
    options.set_model(paths[0], describe_bundle(paths[0]))
    options.mirror.setChecked(True)
    assert options.mirrored_axes == (0, 1)
    options.averaging.add_folder(paths[1])
    assert options.mirrored_axes == (1,)
    assert "that all models were trained on" in options.mirror.toolTip()
    options.averaging.add_folder(paths[2])
    assert not options.mirror.isEnabled()
    assert options.mirrored_axes == ()
    assert "m0 on i and j, m1 on j, m2 on none" in options.mirror.toolTip()
    options.averaging._rows[1].remove.click()
    assert options.mirror.isEnabled()
