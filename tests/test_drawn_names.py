import json
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
from altered_bundle import change
from typer.testing import CliRunner

from napari_seg.cli.commands import app
from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.label_table import LabelTable
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.drawn_names import name_all
from napari_seg.segmentation.inference import segment

SAMPLE = sample_data_folder() / "hippocampus_left.nii.gz"


@pytest.fixture(scope="module")
def scan():
    return read_scan(SAMPLE)


def name_outputs(folder, *names):
    def edit(config):
        prediction = config["network_data_format"]["outputs"]["pred"]
        prediction["channel_def"] = {str(value): name for value, name in enumerate(names)}

    change(folder, "metadata", edit)


def all_at_once(config):
    """Post-processing whose first step is none that goes slab by slab."""
    idle = {"_target_": "ScaleIntensityd", "keys": "pred", "minv": None, "maxv": None, "factor": 0}
    config["postprocessing"]["transforms"].insert(0, idle)


@pytest.mark.parametrize("at_once", [False, True], ids=["slabs", "at once"])
def test_a_value_without_a_name_gets_one_and_is_told(copied_bundle, scan, at_once):
    name_outputs(copied_bundle, "background", "front")
    if at_once:
        change(copied_bundle, "inference", all_at_once)
    labels = segment(scan, load_bundle(copied_bundle))
    assert set(np.unique(labels.array)) == {0, 1, 2}
    assert labels.table.names == {1: "front", 2: "label 2"}
    assert labels.record["labels"] == {"1": "front", "2": "label 2"}
    (notice,) = [one for one in labels.notices if one.code == "labels-unnamed"]
    assert "'label 2' stands for what has no name there" in notice.message


def test_names_that_are_never_drawn_are_told(copied_bundle, scan):
    name_outputs(copied_bundle, *(f"l{value}" for value in range(5)))
    labels = segment(scan, load_bundle(copied_bundle))
    (notice,) = labels.notices
    assert notice.code == "labels-never-drawn"
    assert "has 3 outputs, so it never draws 'l3', 'l4'" in notice.message
    assert set(labels.table.names) == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("names", "said"),
    [({1: "liver"}, []), ({1: "liver", 2: "spleen"}, ["has 1 output, so it never draws 'spleen'"])],
    ids=["one name", "two names"],
)
def test_a_network_of_one_output_draws_one_label(names, said):
    model = SimpleNamespace(name="Liver", table=LabelTable.from_names(names))
    table, notices = name_all(model, [1], outputs=1)
    assert table.names == names
    assert len(notices) == len(said)
    assert all(part in notice.message for part, notice in zip(said, notices, strict=True))


@pytest.mark.parametrize(
    ("name", "count", "names"),
    [
        ("tumour", 1, {1: "tumour"}),
        ("Background", 1, {}),
        ("tumour", 2, {}),
    ],
    ids=["all that is drawn", "background", "one of two"],
)
def test_the_one_name_of_a_single_output_is_that_of_what_is_drawn(
    copied_bundle, name, count, names
):
    name_outputs(copied_bundle, name)
    outputs = {"num_channels": count}
    change(
        copied_bundle,
        "metadata",
        lambda config: config["network_data_format"]["outputs"]["pred"].update(outputs),
    )
    assert dict(describe_bundle(copied_bundle).labels) == names


def test_no_probability_is_given_of_a_label_without_an_output(copied_bundle, scan):
    name_outputs(copied_bundle, *(f"l{value}" for value in range(5)))
    with pytest.raises(ValueError, match="3 outputs, so it gives no probability of label 3"):
        segment(scan, load_bundle(copied_bundle), maps=["l3"])


def test_metadata_that_fit_are_not_told(copied_bundle, scan):
    labels = segment(scan, load_bundle(copied_bundle))
    assert labels.notices == ()
    assert labels.table.names == {1: "anterior", 2: "posterior"}


def test_the_command_line_names_the_same_as_python(copied_bundle, scan, tmp_path):
    name_outputs(copied_bundle, "background", "front")
    place = tmp_path / "labels.nii.gz"
    words = ["segment", SAMPLE, "-o", place, "--model", copied_bundle, "--json"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    expected = segment(scan, load_bundle(copied_bundle)).table
    assert LabelTable.read_tsv(tmp_path / "labels.tsv").names == expected.names
    record = json.loads((tmp_path / "labels.json").read_text())
    assert record["labels"] == {"1": "front", "2": "label 2"}
    assert [label["name"] for label in json.loads(result.stdout)["results"][0]["measures"]] == [
        "front",
        "label 2",
    ]
    assert set(np.unique(np.asarray(nibabel.load(place).dataobj))) == {0, 1, 2}
    assert "'label 2' stands for what has no name there" in result.stderr


def test_labels_of_several_places_need_names(copied_bundle):
    name_outputs(copied_bundle, "background", "front")
    whole = read_scan(sample_data_folder() / "brain.nii.gz")
    with pytest.raises(ValueError, match="do not name label 2, which its network draws"):
        segment(whole, load_bundle(copied_bundle), region="auto")
