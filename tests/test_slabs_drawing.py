import numpy as np
import pytest
import torch
from monai.transforms import (
    Activationsd,
    AsDiscreted,
    FillHolesd,
    KeepLargestConnectedComponentd,
    Spacingd,
    ThresholdIntensityd,
)
from slab_case import bundle_of, noisy_network, prepared_at, segment, smooth_network, whole_way
from test_way_back import tilted

from napari_seg.imaging.files import read_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan

AFFINES = {
    "plain": np.diag([0.7, 0.8, 1.5, 1.0]),
    "flipped": np.diag([-1.2, -0.6, 2.5, 1.0]),
    "other axes": tilted("PIR", 0.0),
    "oblique": tilted("LSA"),
}


def scan(affine=AFFINES["oblique"], shape=(41, 34, 38), seed=0):
    array = np.random.default_rng(seed).random(shape).astype(np.float32)
    array[10:30, 8:20, 5:30] += 1
    return Scan(array, Geometry(shape, affine))


@pytest.mark.parametrize("affine", list(AFFINES.values()), ids=list(AFFINES))
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.9, 1.1, 2.2)], ids=["1 mm", "2 mm"])
@pytest.mark.parametrize("make", [smooth_network, noisy_network], ids=["smooth", "noisy"])
def test_labels_are_those_of_the_whole_volume_way(make, spacing, affine):
    bundle = bundle_of(make(4), 4, prepare=prepared_at(*spacing))
    expected = whole_way(scan(affine), bundle)
    result = segment(scan(affine), bundle)
    count, gap = expected.worst_gap(result.array)
    assert len(np.unique(result.array)) > 1
    assert gap < 1e-4, f"{count} voxels differ"
    assert result.notices == ()


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.75])
def test_any_overlap_gives_the_labels_of_the_whole_volume_way(overlap):
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(0.9, 0.9, 0.9))
    result = segment(scan(), bundle, overlap=overlap)
    assert whole_way(scan(), bundle, overlap=overlap).worst_gap(result.array)[1] < 1e-4


@pytest.mark.parametrize("window", [(64, 64, 64), (90, 20, 24), (24, 90, 20)], ids=str)
def test_windows_beyond_the_scan_give_the_labels_of_the_whole_volume_way(window):
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0), window=window)
    result = segment(scan(), bundle)
    assert whole_way(scan(), bundle).worst_gap(result.array)[1] < 1e-4


@pytest.mark.parametrize("make", [smooth_network, noisy_network], ids=["smooth", "noisy"])
def test_slices_of_a_2d_network_give_the_labels_of_the_whole_volume_way(make):
    bundle = bundle_of(make(4, dims=2), 4, prepare=prepared_at(1.0, 1.0, -1.0), window=(24, 20))
    result = segment(scan(), bundle)
    assert whole_way(scan(), bundle).worst_gap(result.array)[1] < 1e-4


def test_labels_above_255_are_two_bytes_wide():
    bundle = bundle_of(noisy_network(300), 300, prepare=prepared_at(1.6, 1.6, 1.6))
    small = scan(shape=(21, 18, 20))
    result = segment(small, bundle)
    assert result.array.dtype == np.uint16
    assert result.array.max() > 255
    assert whole_way(small, bundle).worst_gap(result.array)[1] < 1e-4


FINISHES = {
    "softmax before": [
        Activationsd(keys="pred", softmax=True),
        None,
        AsDiscreted(keys="pred", argmax=True),
    ],
    "softmax after": [
        None,
        Activationsd(keys="pred", softmax=True),
        AsDiscreted(keys="pred", argmax=True),
    ],
    "largest part": [
        None,
        AsDiscreted(keys="pred", argmax=True),
        KeepLargestConnectedComponentd(keys="pred", applied_labels=[1, 2]),
    ],
    "holes": [None, AsDiscreted(keys="pred", argmax=True), FillHolesd(keys="pred")],
}


@pytest.mark.parametrize("finish", list(FINISHES.values()), ids=list(FINISHES))
def test_what_a_bundle_does_with_scores_and_labels_is_done(finish):
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0), finish=finish)
    result = segment(scan(), bundle)
    assert result.notices == ()
    assert whole_way(scan(), bundle).worst_gap(result.array)[1] < 1e-4


@pytest.mark.parametrize("first", ["activation", "inverse"])
def test_a_sigmoid_and_a_threshold_draw_one_label(first):
    sigmoid = Activationsd(keys="pred", sigmoid=True)
    finish = [sigmoid, None] if first == "activation" else [None, sigmoid]
    finish.append(AsDiscreted(keys="pred", threshold=0.55))
    bundle = bundle_of(smooth_network(1), 1, prepare=prepared_at(1.0, 1.0, 1.0), finish=finish)
    expected = whole_way(scan(), bundle)
    result = segment(scan(), bundle)
    assert 0 < result.array.mean() < 1
    assert result.notices == ()
    assert (result.array != expected.labels).mean() < 1e-4


def test_labels_that_are_inverted_to_the_nearest_voxel_are_those_of_monai():
    finish = [AsDiscreted(keys="pred", argmax=True), None]
    bundle = bundle_of(
        smooth_network(3), 3, prepare=prepared_at(1.03, 1.07, 1.1), finish=finish, nearest=True
    )
    image = scan(AFFINES["flipped"])
    result = segment(image, bundle)
    assert result.notices == ()
    assert np.array_equal(result.array, whole_way(image, bundle).labels)


def test_several_thresholded_channels_are_refused():
    finish = [None, AsDiscreted(keys="pred", threshold=0.5)]
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0), finish=finish)
    with pytest.raises(ValueError, match="one label per voxel"):
        segment(scan(), bundle)


UNUSUAL = {
    "step before the labels": (
        prepared_at(1.0, 1.0, 1.0),
        [
            None,
            ThresholdIntensityd(keys="pred", threshold=-9),
            AsDiscreted(keys="pred", argmax=True),
        ],
        "ThresholdIntensityd stands before the labels",
    ),
    "axes that turn": (
        [prepared_at(1, 1, 1)[0], Spacingd(keys="image", pixdim=(1, 1, 1), diagonal=True)],
        None,
        "turns the axes",
    ),
}


@pytest.mark.parametrize(("prepare", "finish", "reason"), UNUSUAL.values(), ids=list(UNUSUAL))
def test_what_cannot_go_by_slabs_goes_at_once_and_says_so(prepare, finish, reason):
    bundle = bundle_of(smooth_network(3), 3, prepare=prepare, finish=finish)
    result = segment(scan(), bundle)
    assert [notice.code for notice in result.notices] == ["scores-at-once"]
    assert reason in result.notices[0].message
    assert result.record["notices"][0]["code"] == "scores-at-once"
    assert whole_way(scan(), bundle).worst_gap(result.array)[1] < 1e-4


REAL = {
    "torso": "ct/torso_ct.nii.gz",
    "head": "head/t1_head.nii.gz",
    "hippocampus": "hippocampus/imagesTr/hippocampus_001.nii.gz",
}


@pytest.mark.parametrize("name", list(REAL.values()), ids=list(REAL))
def test_a_real_scan_has_the_labels_of_the_whole_volume_way(shared_data, name):
    image = read_scan(shared_data / name)
    spacing = tuple(1.3 * size for size in image.geometry.spacing)
    bundle = bundle_of(smooth_network(4), 4, prepare=prepared_at(*spacing), window=(64, 64, 32))
    result = segment(image, bundle)
    assert len(np.unique(result.array)) > 1
    assert whole_way(image, bundle).worst_gap(result.array)[1] < 1e-4


def test_the_network_of_the_bundle_stays_as_it_was():
    network = smooth_network(3)
    before = [parameter.clone() for parameter in network.parameters()]
    segment(scan(), bundle_of(network, 3, prepare=prepared_at(1.0, 1.0, 1.0)))
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_mirrored_windows_are_averaged():
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0))

    class Mirrored(torch.nn.Module):
        def forward(self, batch):
            network = bundle.network
            return (network(batch) + network(batch.flip(3)).flip(3)) / 2

    expected = whole_way(scan(), bundle_of(Mirrored(), 3, prepare=prepared_at(1.0, 1.0, 1.0)))
    result = segment(scan(), bundle, mirror=[1])
    assert expected.worst_gap(result.array)[1] < 1e-4
    assert not np.array_equal(result.array, segment(scan(), bundle).array)
    assert result.record["options"]["mirror"] == (1,)
    assert "--mirror j" in result.record["command"]


def test_an_axis_to_mirror_that_is_not_there_is_refused():
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="among 0, 1 and 2"):
        segment(scan(), bundle, mirror=[4])
