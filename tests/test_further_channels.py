"""A further channel of a scan that a model cannot use is named as such; a good one is not."""

import re
from dataclasses import replace

import numpy as np
import pytest
from two_channel_bundle import write_two_channel_bundle

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.further_channels import notice_channels
from napari_seg.segmentation.inference import segment
from napari_seg.viewer.segmenting.difference_line import differences

MR = replace(describe_bundle(), in_channels=2, channel_names=("T1", "FLAIR"))
CHANCE = np.random.default_rng(0)


@pytest.fixture(scope="module")
def crop():
    return read_scan(sample_data_folder() / "hippocampus_left.nii.gz")


def beside(crop, second):
    return replace(crop, array=np.stack([crop.array, second], axis=-1).astype(np.float32))


def spots(shape):
    array = np.zeros(shape)
    array[::9, ::9, ::9] = 1
    return array


@pytest.mark.parametrize(
    ("second", "code", "said"),
    [
        (np.zeros_like, "empty-channel", r"channel 2 \(FLAIR\) is empty where the network looks"),
        (lambda first: np.full(first.shape, np.nan), "empty-channel", "one value, or none"),
        (lambda first: first * 10.0 - 1000, "other-unit", r"channel 2 \(FLAIR\) .* \(-3\d\d to"),
        (
            lambda first: CHANCE.normal(100, 20, first.shape),
            "noise",
            r"\(FLAIR\) shows nothing but noise where",
        ),
    ],
    ids=["zeros", "NaN", "HU", "noise"],
)
def test_a_channel_that_cannot_be_used_is_named(crop, second, code, said):
    scan = beside(crop, second(crop.array))
    [notice] = notice_channels(scan, MR)
    assert (notice.code, notice.figures["channel"]) == (code, 2)
    assert re.search(said, notice.message)
    told = differences(scan, MR, None, on_progress=lambda _: None)
    assert [one.code for one in told] == [code]


@pytest.mark.parametrize(
    "second",
    [
        lambda first: first,
        lambda first: first[::-1] * 0.001,
        lambda first: first - 1500.0,
        lambda first: first > 200,
        lambda first: spots(first.shape),
        lambda first: np.pad(np.ones((1, 1, 1)), [(0, n - 1) for n in first.shape]),
        lambda first: (first - 128.0) * 32,
    ],
    ids=["same", "quiet", "far below 0", "mask", "spots", "click", "phase"],
)
def test_a_good_channel_raises_no_alarm(crop, second):
    assert notice_channels(beside(crop, second(crop.array)), MR) == ()


@pytest.mark.parametrize("name", ["CT", "low-dose CT", "image", ""])
def test_hounsfield_units_are_no_surprise_where_the_name_does_not_speak_against_them(crop, name):
    model = replace(MR, channel_names=("T1", name))
    assert notice_channels(beside(crop, crop.array * 10.0 - 1000), model) == ()


def test_a_model_of_another_modality_or_without_a_fingerprint_has_no_opinion_on_the_unit(crop):
    scan = beside(crop, crop.array * 10.0 - 1000)
    assert notice_channels(scan, replace(MR, fingerprint=None)) == ()
    known = replace(MR.fingerprint, modality="PT")
    assert notice_channels(scan, replace(MR, fingerprint=known)) == ()


def test_of_a_scan_in_which_a_place_is_sought_only_the_unit_is_told(crop):
    assert notice_channels(beside(crop, crop.array * 0), MR, voxels_only=True) == ()
    [notice] = notice_channels(beside(crop, crop.array * 10.0 - 1000), MR, voxels_only=True)
    assert notice.code == "other-unit"


def test_a_run_tells_of_an_empty_second_channel(crop, tmp_path):
    bundle = load_bundle(write_two_channel_bundle(tmp_path / "two", looks_at=0))
    labels = segment(beside(crop, crop.array * 0), bundle, device="cpu")
    assert [notice.code for notice in labels.notices] == ["empty-channel"]
    assert segment(beside(crop, crop.array), bundle, device="cpu").notices == ()
