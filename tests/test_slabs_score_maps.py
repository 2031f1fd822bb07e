import numpy as np
import pytest
import torch
from monai.transforms import Activationsd, AsDiscreted
from slab_case import bundle_of, prepared_at, segment, smooth_network, whole_way
from test_slabs_drawing import AFFINES, scan

SOFTMAX = [Activationsd(keys="pred", softmax=True), None, AsDiscreted(keys="pred", argmax=True)]
NEAREST = [AsDiscreted(keys="pred", argmax=True), None]


def maps_of(image, bundle, *names, **options):
    maps = {}
    labels = segment(image, bundle, maps=names, on_map=maps.__setitem__, **options)
    return labels, maps


def expected_chances(image, bundle):
    scores = torch.from_numpy(whole_way(image, bundle).scores)
    return scores.softmax(0).numpy()


@pytest.mark.parametrize(
    "affine", [AFFINES["flipped"], AFFINES["oblique"]], ids=["flipped", "oblique"]
)
def test_probabilities_are_those_of_the_whole_volume_way(affine):
    bundle = bundle_of(smooth_network(4), 4, prepare=prepared_at(1.0, 1.1, 0.9))
    labels, maps = maps_of(scan(affine), bundle, "label 3", "label 1")
    chances = expected_chances(scan(affine), bundle)
    assert list(maps) == ["label 3", "label 1"]
    assert np.allclose(maps["label 3"].array, chances[3], atol=1e-5)
    assert np.allclose(maps["label 1"].array, chances[1], atol=1e-5)
    assert maps["label 1"].geometry.matches(labels.geometry)
    assert np.array_equal(labels.array, segment(scan(affine), bundle).array)


def test_entropy_is_in_bits_over_all_classes():
    bundle = bundle_of(smooth_network(4), 4, prepare=prepared_at(1.0, 1.1, 0.9))
    _, maps = maps_of(scan(), bundle, "entropy")
    chances = expected_chances(scan(), bundle)
    assert np.allclose(maps["entropy"].array, -(chances * np.log2(chances)).sum(0), atol=1e-4)
    assert maps["entropy"].array.max() <= 2 + 1e-4


def test_a_softmax_before_the_inverse_is_not_done_twice():
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.1, 0.9), finish=SOFTMAX)
    _, maps = maps_of(scan(), bundle, "label 1", "label 2")
    assert maps["label 1"].array.max() <= 1
    assert (maps["label 1"].array + maps["label 2"].array).max() <= 1 + 1e-5


def test_maps_are_interpolated_where_labels_are_the_nearest():
    prepare = prepared_at(1.03, 1.07, 1.1)
    smooth = bundle_of(smooth_network(3), 3, prepare=prepare)
    nearest = bundle_of(smooth_network(3), 3, prepare=prepare, finish=NEAREST, nearest=True)
    labels, maps = maps_of(scan(), nearest, "label 2")
    assert np.allclose(maps["label 2"].array, expected_chances(scan(), smooth)[2], atol=1e-5)
    assert np.array_equal(labels.array, segment(scan(), nearest).array)


@pytest.mark.parametrize("first", ["activation", "inverse"])
def test_the_probability_of_a_sigmoid_is_that_of_its_one_label(first):
    sigmoid = Activationsd(keys="pred", sigmoid=True)
    finish = [sigmoid, None] if first == "activation" else [None, sigmoid]
    finish.append(AsDiscreted(keys="pred", threshold=0.55))
    bundle = bundle_of(smooth_network(1), 1, prepare=prepared_at(1.0, 1.0, 1.0), finish=finish)
    labels, maps = maps_of(scan(), bundle, "label 1", "entropy")
    assert np.array_equal(maps["label 1"].array >= 0.55, labels.array == 1)
    assert 0 < maps["entropy"].array.max() <= 1


def test_outside_the_region_maps_are_zero():
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.1, 0.9))
    _, maps = maps_of(scan(), bundle, "entropy", region=((5, 30), (0, 34), (0, 38)))
    assert maps["entropy"].array.shape == scan().geometry.shape
    assert not maps["entropy"].array[:5].any()
    assert maps["entropy"].array[5:30].all()


def test_an_unknown_map_is_refused_with_the_known_labels():
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.1, 0.9))
    with pytest.raises(ValueError, match=r"liver.*'label 1', 'label 2'"):
        segment(scan(), bundle, maps=["liver"])
