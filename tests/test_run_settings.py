from pathlib import Path

import numpy as np

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap
from napari_seg.segmentation.run_settings import RunSettings


def two_parts():
    array = np.zeros((10, 8, 4), np.uint8)
    array[:4], array[8, 0, 0] = 1, 1
    return LabelMap(array, Geometry(array.shape, np.eye(4)), LabelTable.from_names({1: "a"}))


def test_command_repeats_each_choice_quoted():
    settings = RunSettings(
        folder=Path("/my models/x"),
        variant="two_d",
        device="cpu",
        precision="fast",
        overlap=0.5,
        region=((-1, 4), (0, 5), (2, 6)),
        labels=("left a", "b"),
        keep_largest=True,
        min_ml=0.2,
    )
    assert settings.command("a scan.nii", "out.nii.gz", more=["--overwrite"]) == (
        "napari-seg segment 'a scan.nii' -o out.nii.gz --model '/my models/x' --variant two_d "
        "--device cpu --precision fast --overlap 0.5 --region=-1:4,0:5,2:6 --labels 'left a,b' "
        "--keep-largest --min-ml 0.2 --overwrite"
    )


def test_command_leaves_out_what_was_not_chosen():
    expected = "napari-seg segment SCAN -o OUT --device auto --precision exact --overlap 0.25"
    assert RunSettings().command("SCAN", "OUT") == expected


def test_options_of_a_record_name_all_but_bundle_and_device():
    assert RunSettings(min_ml=0.5).as_options() == {
        "precision": "exact",
        "overlap": 0.25,
        "region": None,
        "labels": None,
        "keep_largest": False,
        "min_ml": 0.5,
        "skip_air": True,
        "mirror": (),
        "maps": (),
    }


def test_clean_keeps_the_largest_part():
    assert RunSettings(keep_largest=True).clean(two_parts()).array.sum() == 4 * 8 * 4


def test_clean_drops_small_parts():
    assert RunSettings(min_ml=0.01).clean(two_parts()).array[8, 0, 0] == 0


def test_clean_changes_nothing_unasked():
    labels = two_parts()
    assert np.array_equal(RunSettings().clean(labels).array, labels.array)
