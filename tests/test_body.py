"""The body is found roughly, and too large rather than too small; air beyond it is run once."""

import numpy as np
import pytest
from slab_case import bundle_of, prepared_at, segment, smooth_network

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.body import find_body

SHAPE = (120, 100, 90)
HERE = np.eye(4)


def ellipsoid(shape=SHAPE, centre=(0.5, 0.5, 0.5), size=0.3):
    places = np.meshgrid(*(np.linspace(0, 1, n) for n in shape), indexing="ij")
    distance = sum((at - c) ** 2 for at, c in zip(places, centre, strict=True))
    return distance < size**2


def phantom(shape=SHAPE, *, inside=400.0, air=0.0, noise=5.0):
    """A bright body with a dark cavity, in the noisy air of a magnitude."""
    parts = np.random.default_rng(0).normal(0, noise, (2, *shape))
    voxels = air + np.hypot(*parts).astype(np.float32)
    body, cavity = ellipsoid(shape), ellipsoid(shape, size=0.15)
    voxels[body & ~cavity] += inside - air
    return voxels, body


def test_corners_in_noisy_air_are_clear_and_the_body_is_not():
    voxels, body = phantom()
    found = find_body(voxels, HERE)
    for corner in np.ndindex(2, 2, 2):
        first = tuple(c * (n - 12) for c, n in zip(corner, SHAPE, strict=True))
        assert found.is_clear_of(first, (12, 12, 12))
    for place in np.argwhere(body)[::97]:
        assert not found.is_clear_of(tuple(place), (1, 1, 1))


def test_a_dark_cavity_is_of_the_body():
    voxels, _ = phantom()
    assert not find_body(voxels, HERE).is_clear_of((58, 48, 43), (4, 4, 4))


def test_beyond_the_scan_there_is_nothing():
    voxels, _ = phantom()
    found = find_body(voxels, HERE)
    assert found.is_clear_of((-40, 20, 20), (20, 40, 40))
    assert found.is_clear_of((200, 20, 20), (20, 40, 40))
    assert not found.is_clear_of((-40, -40, -40), (200, 200, 200))


def test_lungs_of_a_ct_are_of_the_body_and_its_air_is_not():
    shape = (128, 128, 40)
    voxels = np.random.default_rng(1).normal(-1000, 15, shape).astype(np.int16)
    trunk = ellipsoid(shape, size=0.35)
    trunk[:] = trunk.any(axis=2, keepdims=True)
    lung = ellipsoid(shape, size=0.2).any(axis=2, keepdims=True) & np.ones(shape, bool)
    voxels[trunk] = 40
    voxels[lung] = -960
    found = find_body(voxels, HERE)
    assert found.is_clear_of((0, 0, 0), (16, 16, 40))
    assert not found.is_clear_of((60, 60, 0), (8, 8, 40))


def test_air_that_is_bright_is_taken_for_body():
    voxels, _ = phantom(inside=0.0, air=400.0)
    assert not find_body(voxels, HERE).is_clear_of((0, 0, 0), (12, 12, 12))


@pytest.mark.parametrize(
    "voxels",
    [np.zeros(SHAPE, np.int16), np.full(SHAPE, np.nan, np.float32), np.full((2, 2, 1), 7.0)],
    ids=["one value", "no numbers", "tiny"],
)
def test_nothing_stands_out(voxels):
    assert find_body(voxels, HERE) is None


def test_what_is_not_a_number_is_no_body():
    voxels, _ = phantom()
    voxels[:12] = np.nan
    found = find_body(voxels, HERE)
    assert found.is_clear_of((0, 0, 0), (12, 100, 90))
    assert not found.is_clear_of((58, 48, 43), (4, 4, 4))


def test_a_body_in_any_channel_counts():
    voxels, _ = phantom()
    other = np.random.default_rng(2).rayleigh(5, SHAPE).astype(np.float32)
    other[:30, :30, :30] += 300
    found = find_body(np.stack([voxels, other], -1), HERE)
    assert not found.is_clear_of((0, 0, 0), (8, 8, 8))
    assert found.is_clear_of((0, 88, 0), (12, 12, 12))


def test_one_slice_has_a_body_too():
    voxels, _ = phantom((200, 180, 9))
    found = find_body(voxels[:, :, 4:5], HERE)
    assert found.is_clear_of((0, 0, 0), (20, 20, 1))
    assert not found.is_clear_of((95, 85, 0), (10, 10, 1))


def test_places_are_asked_for_on_another_grid():
    voxels, _ = phantom()
    voxels[40:] = np.random.default_rng(3).rayleigh(5, voxels[40:].shape)
    # Twice as coarse, and the first axis runs the other way.
    to_scan = np.array([[-2.0, 0, 0, 119], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])
    found = find_body(voxels, to_scan)
    assert found.is_clear_of((0, 0, 0), (30, 50, 45))
    assert not found.is_clear_of((40, 20, 18), (10, 10, 10))


def test_a_scan_on_disk_is_not_read_whole(tmp_path):
    voxels, _ = phantom()
    np.save(tmp_path / "scan.npy", voxels)
    on_disk = np.load(tmp_path / "scan.npy", mmap_mode="r")
    assert np.array_equal(find_body(on_disk, HERE).mask, find_body(voxels, HERE).mask)


@pytest.fixture(scope="module")
def head():
    """A body in the middle of far more air than it needs; its axes run against the bundle's."""
    voxels, body = phantom((96, 88, 80), noise=20.0)
    affine = np.diag([-1.0, 1, 1, 1])
    return Scan(voxels, Geometry(voxels.shape, affine)), body


@pytest.mark.parametrize("window", [(16, 16, 16), (24, 24)], ids=["3D", "2D"])
def test_labels_of_the_body_are_those_of_a_run_of_all_windows(head, window):
    scan, body = head
    network = smooth_network(4, dims=len(window))
    bundle = bundle_of(network, 4, prepare=prepared_at(1.25, 1.25, 1.25), window=window)
    few, every = segment(scan, bundle), segment(scan, bundle, skip_air=False)
    counts, all_counts = few.record["windows"], every.record["windows"]
    assert counts["air"] > 10
    assert counts["run"] + counts["repeated"] == all_counts["run"]
    # Those of the first batch were not known yet.
    assert 1 <= counts["run"] - (all_counts["run"] - counts["air"]) <= 4
    assert all_counts["air"] == 0
    assert np.array_equal(few.array[body], every.array[body])
    # Noise in air has no labels of its own, as one value has none.
    assert len(np.unique(few.array[3:9, 3:9, 3:9])) == 1


def test_one_window_is_run_as_it_is(head):
    scan, _ = head
    bundle = bundle_of(
        smooth_network(4), 4, prepare=prepared_at(1.25, 1.25, 1.25), window=(96, 88, 80)
    )
    assert segment(scan, bundle).record["windows"] == {"run": 1, "repeated": 0, "air": 0}
