"""A template is found wherever it lies, and not where it is not."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.imaging.template_matching import matching
from napari_seg.imaging.template_matching.agreement import local_correlation
from napari_seg.imaging.template_matching.matching import Template
from napari_seg.imaging.template_matching.refinement import COARSE, Refinement
from napari_seg.imaging.template_matching.upright_volume import UprightVolume, upright
from napari_seg.segmentation.bundle_description import describe_bundle

LOCATOR = describe_bundle().locator
# The hippocampi, the poles of the brain, and its top.
LANDMARKS = np.array([[-26, -23, -12], [26, -23, -12], [0, 60, 0], [0, -90, 0], [0, -20, 70]])


@pytest.fixture(scope="module")
def brain():
    """The sample brain at 2 mm, to be quick."""
    scan = read_scan(sample_data_folder() / "brain.nii.gz")
    small = upright(scan.array, scan.geometry, spacing_mm=2.0)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = small.origin_mm
    return Scan(small.array, Geometry(small.array.shape, affine))


@pytest.fixture(scope="module")
def template():
    return Template(read_scan(LOCATOR.template))


def moved(scan, angles=(0, 0, 0), scale=1.0, shift=(0, 0, 0)):
    """Turn, scale and shift what a scan shows; give the transform of millimetres, too."""
    middle = scan.geometry.to_mm((np.array(scan.geometry.shape) - 1) / 2)
    change = np.eye(4)
    change[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * scale
    change[:3, 3] = middle + shift - change[:3, :3] @ middle
    affine = scan.geometry.affine
    back = np.linalg.inv(affine) @ np.linalg.inv(change) @ affine
    array = ndimage.affine_transform(scan.array, back[:3, :3], back[:3, 3], order=1)
    return scan.with_array(array), change


def largest_error_mm(match, change):
    true = LANDMARKS @ change[:3, :3].T + change[:3, 3]
    return np.linalg.norm(match.to_scan(LANDMARKS) - true, axis=1).max()


@pytest.mark.parametrize(
    "how",
    [
        {"angles": (20, 0, 0)},
        {"angles": (-10, 10, 14), "scale": 0.9, "shift": (6, -8, 4)},
        {"angles": (0, -20, 0), "scale": 1.05},
    ],
    ids=["nodding", "all at once", "leaning"],
)
def test_a_turned_brain_is_found_within_3_mm(brain, template, how):
    scan, change = moved(brain, **how)
    match = template.match(scan)
    assert match.score > 0.8
    assert largest_error_mm(match, change) < 3


def test_a_brain_in_a_very_large_field_of_view_is_found_as_in_a_small_one(
    brain, template, monkeypatch
):
    searched_mm, plain = [], matching.find_starts

    def find_starts(own, mask, scan, **options):
        searched_mm.append(np.array(scan.array.shape) * scan.spacing_mm)
        return plain(own, mask, scan, **options)

    monkeypatch.setattr(matching, "find_starts", find_starts)
    around = ((60, 110), (20, 40), (150, 0))
    affine = brain.geometry.affine.copy()
    affine[:3, 3] = brain.geometry.to_mm([-before for before, _ in around])
    array = np.pad(brain.array, around)
    match = template.match(Scan(array, Geometry(array.shape, affine)))
    # Of 536 × 352 × 488 mm the brain is left, with 4 cm around it.
    brain_mm = np.ptp(np.argwhere(brain.array > 0), axis=0) * 2
    assert np.abs(searched_mm[0] - brain_mm - 80).max() < 25
    assert match.score > 0.8
    assert largest_error_mm(match, np.eye(4)) < 3


def test_a_part_of_an_upright_volume_keeps_its_places():
    array = np.arange(20 * 22 * 18, dtype=np.float32).reshape(20, 22, 18)
    volume = UprightVolume(array, array > 0, np.array([-10.0, 5, 2]), 3.0)
    part = volume.within(np.array([-4.0, -90, 8]), np.array([20.0, 11, 900]))
    assert part.origin_mm.tolist() == [-4, 5, 8]
    assert np.array_equal(part.array, array[2:11, :3, 2:])


def test_axes_in_another_order_lead_to_the_same_place(brain, template):
    array = brain.array.transpose(2, 0, 1)[::-1]
    affine = brain.geometry.affine[:, [2, 0, 1, 3]].copy()
    affine[:3, 3] += affine[:3, 0] * (array.shape[0] - 1)
    affine[:3, 0] *= -1
    match = template.match(Scan(array, Geometry(array.shape, affine)))
    assert match.score > 0.8
    assert largest_error_mm(match, np.eye(4)) < 3


def test_part_of_a_brain_under_an_uneven_light_is_found(brain, template):
    light = np.linspace(0.4, 1.6, brain.array.shape[1])[None, :, None]
    scan = brain.with_array(brain.array * light).crop(((0, 98), (20, 116), (8, 70)))
    match = template.match(scan)
    assert match.score > 0.8
    assert largest_error_mm(match, np.eye(4)) < 4


def balls(radii, values):
    grid = np.indices((70, 80, 70)) - np.array([35, 40, 35]).reshape(3, 1, 1, 1)
    array = np.zeros((70, 80, 70), np.float32)
    for radius, value in zip(radii, values, strict=True):
        array[(grid**2).sum(axis=0) < radius**2] = value
    return array


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((60, 70, 60), np.float32),
        np.full((60, 70, 60), 7, np.int16),
        np.random.default_rng(0).normal(size=(60, 70, 60)),
        ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(70, 80, 70)), 3),
        balls([27], [100]),
        balls([34, 30, 27, 15], [200, 20, 110, 160]),
    ],
    ids=["empty", "constant", "noise", "smooth noise", "a ball", "a ball with layers"],
)
def test_what_is_no_brain_scores_low(template, array):
    affine = np.diag([2.5, 2.5, 2.5, 1.0])
    assert template.match(Scan(array, Geometry(array.shape, affine))).score < 0.3


def test_a_torso_scores_low(template, shared_data):
    assert template.match(read_scan(shared_data / "ct" / "torso_ct.nii.gz")).score < 0.3


def test_a_crop_around_one_hippocampus_scores_low(template):
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    assert template.match(scan).score < 0.3


def test_progress_goes_from_0_to_1_and_stops_what_it_raises_in(brain, template):
    told = []
    template.match(brain, on_progress=told.append)
    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)
    assert len(told) > 100

    class Stopped(Exception):
        pass

    for limit in (0.1, 0.5):
        late = []

        def stop(fraction, limit=limit, late=late):
            if fraction > limit:
                late.append(fraction)
                raise Stopped

        with pytest.raises(Stopped):
            template.match(brain, on_progress=stop)
        assert len(late) == 1


def test_a_fit_that_shares_nothing_with_the_scan_stays_where_it_began(brain):
    volume = upright(brain.array, brain.geometry, spacing_mm=6.0)
    away = np.eye(4)
    away[:3, 3] = 5000
    refinement = Refinement(volume, volume.array > 20, volume, COARSE)
    assert np.array_equal(refinement.run(away, on_progress=lambda _: None), away)


def test_upright_keeps_places_of_an_oblique_scan():
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("z", 30, degrees=True).as_matrix() * [1, 1, 2]
    affine[:3, 3] = (5, -7, 11)
    geometry = Geometry((40, 36, 20), affine)
    places = geometry.to_mm(np.moveaxis(np.indices(geometry.shape), 0, -1))
    volume = upright(places[..., 1], geometry, spacing_mm=4.0)
    index = np.argwhere(ndimage.binary_erosion(volume.inside))
    true = volume.to_mm(index)[:, 1]
    assert np.abs(volume.array[tuple(index.T)] - true).max() < 1e-3
    assert not volume.inside.all()


@pytest.mark.parametrize("offset", [-30_000, -1024, 10_000])
def test_intensities_may_be_offset_as_far_as_they_like(brain, template, offset):
    scan, change = moved(brain, angles=(8, 0, -6))
    match = template.match(scan.with_array(np.round(scan.array).astype(np.int32) + offset))
    assert match.score > 0.8
    assert largest_error_mm(match, change) < 3


def test_the_rim_of_an_upright_volume_is_not_mixed_with_what_lies_beyond():
    array = np.full((20, 22, 19), 1000, np.int16)
    volume = upright(array, Geometry(array.shape, np.diag([1.1, 1.3, 0.9, 1.0])), spacing_mm=2.0)
    assert volume.array.min() == volume.array.max() == 1000


def test_voxels_that_are_no_numbers_count_as_the_lowest_without_a_word(recwarn):
    array = np.full((12, 12, 12), 50, np.float32)
    array[0] = np.nan
    array[:, 0], array[:, :, 0] = np.inf, -np.inf
    array[11, 11, 11] = 20
    geometry = Geometry(array.shape, np.eye(4))
    volume = upright(array, geometry, spacing_mm=3.0)
    assert volume.array[1, 1, 1] == 50
    # Of the 27 voxels of the corner's block 19 lie in one of the planes.
    assert volume.array[0, 0, 0] == pytest.approx((19 * 20 + 8 * 50) / 27)
    assert not upright(np.full_like(array, np.nan), geometry, spacing_mm=3.0).array.any()
    assert not recwarn.list


@pytest.mark.parametrize("kind", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("mark", [-3.4e38, 3.4e38], ids=["lowest", "highest"])
def test_voxels_of_no_data_count_as_the_lowest_of_the_others(mark, kind, recwarn):
    array = np.full((12, 12, 12), 50, kind)
    array[0], array[11, 11, 11] = mark, 20
    for spacing_mm in (1.0, 3.0):
        volume = upright(array, Geometry(array.shape, np.eye(4)), spacing_mm=spacing_mm)
        assert volume.array.max() == 50
    # One of the three planes of a block holds no data.
    assert volume.array[0, 1, 1] == pytest.approx((20 + 2 * 50) / 3)
    assert not recwarn.list


@pytest.mark.parametrize("mark", [-3.4e38, 3.4e38], ids=["lowest", "highest"])
def test_a_brain_with_a_slice_of_no_data_is_found_as_without(brain, template, mark):
    array = brain.array.copy()
    array[:2] = mark
    match = template.match(brain.with_array(array))
    assert match.score > 0.8
    assert largest_error_mm(match, np.eye(4)) < 3


def test_a_slab_too_thin_for_the_filters_matches_nothing(template):
    array = np.random.default_rng(0).normal(size=(90, 110, 3)).astype(np.float32)
    assert template.match(Scan(array, Geometry(array.shape, np.diag([2.0, 2, 3, 1])))).score == 0


def test_flattened_evens_out_a_slope_of_light():
    pattern = np.tile([0.0, 1.0], 40)[:, None, None] * np.ones((80, 60, 60))
    light = np.linspace(1, 4, 80)[:, None, None]
    volume = UprightVolume(
        (pattern * light).astype(np.float32), np.ones((80, 60, 60), bool), np.zeros(3), 3.0
    )
    flat = volume.flattened().array[21:60:2, 20:40, 20:40]
    assert light[59, 0, 0] / light[21, 0, 0] > 1.7
    assert flat.max() / flat.min() < 1.15


def test_local_correlation_is_1_for_the_same_and_0_beyond_the_scan():
    random = np.random.default_rng(0)
    array = random.normal(size=(20, 22, 18)).astype(np.float32)
    volume = UprightVolume(array, np.ones(array.shape, bool), np.zeros(3), 3.0)
    other = UprightVolume(
        random.normal(size=array.shape).astype(np.float32), volume.inside, np.zeros(3), 3.0
    )
    mask = np.ones(array.shape, bool)
    away = np.eye(4)
    away[0, 3] = 50
    assert local_correlation(volume, mask, volume, np.eye(4)) == pytest.approx(1, abs=1e-3)
    assert abs(local_correlation(volume, mask, other, np.eye(4))) < 0.05
    assert local_correlation(volume, mask, volume, away) == 0
