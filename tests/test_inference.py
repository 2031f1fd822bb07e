import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from torch.profiler import ProfilerActivity, profile

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.execution import Plan, Way, openvino_engine
from napari_seg.segmentation.inference import segment


@pytest.fixture(scope="module")
def bundle():
    return load_bundle()


@pytest.fixture(scope="module")
def bundle_2d():
    return load_bundle(variant="two_d")


@pytest.fixture(scope="module")
def crop():
    return read_scan(sample_data_folder() / "hippocampus_left.nii.gz")


@pytest.fixture(scope="module")
def labels(crop, bundle):
    return segment(crop, bundle)


def reoriented(scan, codes):
    """The same scan with its voxels stored along other axes."""
    turn = nib.orientations.ornt_transform(
        nib.io_orientation(scan.geometry.affine), nib.orientations.axcodes2ornt(codes)
    )
    array = nib.orientations.apply_orientation(scan.array, turn)
    affine = scan.geometry.affine @ nib.orientations.inv_ornt_aff(turn, scan.array.shape)
    return Scan(array, Geometry(array.shape, affine)), turn


def dice(one, other):
    return 2 * np.logical_and(one, other).sum() / (one.sum() + other.sum())


def test_sample_is_segmented_as_anatomy_expects(labels, crop):
    assert labels.array.dtype == np.uint8
    assert labels.geometry.matches(crop.geometry)
    assert labels.table.names == {1: "anterior", 2: "posterior"}
    for value in (1, 2):
        assert 1.0 < (labels.array == value).sum() * crop.geometry.voxel_volume_ml < 3.0


def test_labels_carry_the_record_of_the_run(labels, crop, bundle):
    assert labels.record["scan"]["sha256"] == crop.sha256
    assert labels.record["bundle"]["sha256"] == bundle.sha256
    assert labels.record["command"] == (
        "napari-seg segment SCAN -o LABELS --device auto --precision exact --overlap 0.25"
    )


@pytest.mark.parametrize("codes", ["LPS", "PIR", "SAL", "IRP"])
def test_labels_follow_the_way_the_voxels_are_stored(crop, labels, bundle, codes):
    turned, turn = reoriented(crop, codes)
    expected = nib.orientations.apply_orientation(labels.array, turn)
    result = segment(turned, bundle)
    assert result.geometry.matches(turned.geometry)
    assert np.array_equal(result.array, expected)


def test_oblique_anisotropic_scan_gets_labels_on_its_own_grid(crop, labels, bundle):
    from scipy.ndimage import affine_transform

    angle = np.deg2rad(15)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.8, 1.0, 1.7])
    shape = (44, 52, 22)
    middle = crop.geometry.to_mm(np.array(crop.geometry.shape) / 2)
    affine[:3, 3] = middle - affine[:3, :3] @ (np.array(shape) / 2)
    to_crop = np.linalg.inv(crop.geometry.affine) @ affine

    def seen(array, order):
        return affine_transform(array, to_crop[:3, :3], to_crop[:3, 3], shape, order=order)

    scan = Scan(seen(crop.array.astype(np.float32), 1), Geometry(shape, affine))
    result = segment(scan, bundle)
    assert result.geometry.matches(scan.geometry)
    assert dice(result.array > 0, seen(labels.array, 0) > 0) > 0.8


def test_region_is_all_the_network_sees_and_the_rest_is_zero(crop, labels, bundle):
    padded = np.pad(crop.array, ((30, 3), (4, 5), (0, 9)), mode="reflect")
    affine = crop.geometry.affine.copy()
    affine[:3, 3] -= (30, 4, 0)
    scan = Scan(padded, Geometry(padded.shape, affine))
    i, j, k = crop.geometry.shape
    result = segment(scan, bundle, region=((30, 30 + i), (4, 4 + j), (-7, k)))
    assert np.array_equal(result.array[30 : 30 + i, 4 : 4 + j, :k], labels.array)
    assert result.array.sum() == labels.array.sum()


@pytest.mark.parametrize(
    "kind", [np.array, lambda box: np.array(box, float), list], ids=["int", "float", "lists"]
)
def test_a_region_may_be_an_array(crop, bundle, kind):
    box = [[10, 30], [10, 40], [5, 35]]
    expected = segment(crop, bundle, region=((10, 30), (10, 40), (5, 35)))
    found = segment(crop, bundle, region=kind(box), overlap=np.float32(0.25))
    assert np.array_equal(found.array, expected.array)
    assert json.dumps(found.record["options"]) == json.dumps(expected.record["options"])


def test_region_outside_the_scan_is_refused(crop, bundle):
    with pytest.raises(ValueError, match="holds no voxel"):
        segment(crop, bundle, region=((100, 120), (0, 9), (0, 9)))


def test_only_the_named_labels_are_kept(crop, labels, bundle):
    result = segment(crop, bundle, labels=["posterior"])
    assert np.array_equal(result.array == 2, labels.array == 2)
    assert np.unique(result.array).tolist() == [0, 2]
    assert result.table.names == {2: "posterior"}


def test_what_is_no_scan_or_no_bundle_is_refused_before_the_run(crop, labels, bundle):
    for scan in ("crop.nii.gz", crop.array, labels):
        with pytest.raises(TypeError, match="scan must be a Scan, as read_scan gives"):
            segment(scan, bundle)
    with pytest.raises(TypeError, match="bundle must be a Bundle, as load_bundle gives, got str"):
        segment(crop, "folder")


def test_complex_voxels_are_refused(crop, bundle):
    with pytest.raises(ValueError, match="complex numbers; give a scan of their magnitude"):
        segment(crop.with_array(crop.array.astype(np.complex64)), bundle)


def test_unknown_label_is_refused_with_the_known_ones(crop, bundle):
    with pytest.raises(ValueError, match=r"liver.*'anterior', 'posterior'"):
        segment(crop, bundle, labels=["liver"])


def test_windows_arrive_on_the_scans_grid_before_the_end(crop, labels, bundle):
    # With `labels` the way to run the network is found: while one is sought the middle comes first.
    wide = crop.with_array(crop.array)
    turned, _ = reoriented(wide, "PIR")
    shown, told = np.zeros(turned.geometry.shape, np.uint8), []

    def show(window):
        told.append("window")
        shown[tuple(slice(start, stop) for start, stop in window.region)] = window.array

    result = segment(
        turned, bundle, on_window=show, on_progress=lambda fraction: told.append(fraction)
    )
    assert told == [0.0, "window", 1.0]
    assert np.array_equal(shown, result.array)


def test_a_run_stops_where_progress_raises(bundle):
    calls = []

    def stop(fraction):
        calls.append(fraction)
        if fraction > 0:
            raise InterruptedError

    scan = Scan(np.random.default_rng(0).random((90, 60, 44)), Geometry((90, 60, 44), np.eye(4)))
    with pytest.raises(InterruptedError):
        segment(scan, bundle, on_progress=stop)
    assert len([fraction for fraction in calls if fraction > 0]) == 1


def test_a_run_stops_while_ways_to_run_it_are_tried(crop, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # none is known there
    ran = []

    def stop(fraction):
        ran.append(fraction)
        raise InterruptedError

    monkeypatch.setattr(
        "napari_seg.segmentation.execution.runner.ways_to_try",
        lambda *_arguments, **_options: [Way("torch"), Way("torch", channels_last=True)],
    )
    with pytest.raises(InterruptedError):
        segment(crop, load_bundle(), on_progress=stop)
    assert ran == [0.0]
    assert not list(tmp_path.rglob("*.json"))


def test_2d_bundle_runs_over_the_slices_of_a_volume(crop, labels, bundle_2d):
    result = segment(crop, bundle_2d)
    assert result.geometry.matches(crop.geometry)
    assert dice(result.array > 0, labels.array > 0) > 0.7


@pytest.mark.parametrize(
    "rows", [(0, 1, 2), (0, 2, 1), (2, 0, 1)], ids=["axial", "coronal", "sagittal"]
)
@pytest.mark.parametrize("flat", [0, 1, 2])
def test_2d_bundle_runs_on_a_single_slice_of_any_plane(crop, bundle_2d, rows, flat):
    expected = segment(crop.crop(((0, 36), (0, 52), (18, 19))), bundle_2d).array[:, :, 0]
    array = np.expand_dims(crop.array[:, :, 18], flat)
    # Along its axes, then through it, the slice lies along these of R, A and S.
    axes = [*(axis for axis in range(3) if axis != flat), flat]
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    for row, axis, step in zip(rows, axes, (1.0, 1.0, 5.0), strict=True):
        affine[row, axis] = step
    result = segment(Scan(array, Geometry(array.shape, affine)), bundle_2d).array
    assert expected.any()
    assert np.array_equal(result.squeeze(flat), expected)


def test_voxels_that_are_no_numbers_do_not_spoil_the_rest(crop, labels, bundle):
    array = crop.array.astype(np.float32)
    array[0, 0, :3] = np.nan, np.inf, -np.inf
    assert dice(segment(crop.with_array(array), bundle).array > 0, labels.array > 0) > 0.95


def test_constant_scan_gives_labels_without_an_error(crop, bundle):
    assert (
        segment(crop.with_array(np.zeros_like(crop.array)), bundle).array.shape == crop.array.shape
    )


def test_wrong_number_of_channels_is_refused(crop, bundle):
    with pytest.raises(ValueError, match=r"expects 1 channel \(.*\), the scan has 3; take_volume"):
        segment(crop.with_array(np.stack([crop.array] * 3, -1)), bundle)


def test_single_slice_is_refused_by_a_3d_bundle(bundle):
    scan = Scan(np.zeros((20, 30, 1)), Geometry((20, 30, 1), np.eye(4)))
    with pytest.raises(ValueError, match="choose a 2D bundle"):
        segment(scan, bundle)


@pytest.mark.parametrize("overlap", [-0.1, 1.0, "x", None, np.nan, [0.25]])
def test_overlap_out_of_range_is_refused(crop, bundle, overlap):
    with pytest.raises(ValueError, match="overlap must be from 0 to below 1"):
        segment(crop, bundle, overlap=overlap)


def test_absent_device_is_refused_with_those_that_are_there(crop, bundle):
    with pytest.raises(ValueError, match=r"no device 'cuda:9' .* cpu"):
        segment(crop, bundle, device="cuda:9")


def test_record_holds_the_plan_and_labels_are_made_again_by_it(crop, labels, bundle):
    plan = Plan.from_dict(labels.record["plan"])
    assert (plan.precision, plan.way.dtype) == ("exact", "float32")
    other = replace(plan, way=Way("torch"), precision="fast")
    again = segment(crop, bundle, plan=other)
    assert again.record["plan"]["way"]["engine"] == "torch"
    assert "--precision fast" in again.record["command"]
    assert np.array_equal(again.array, labels.array)


def test_a_plan_of_a_library_that_is_not_there_is_refused(crop, bundle, monkeypatch):
    monkeypatch.setattr(openvino_engine, "is_installed", lambda: False)
    with pytest.raises(ValueError, match="in OpenVINO, which is not installed here"):
        segment(crop, bundle, plan=Plan("exact", "cpu", Way("openvino")))


def test_exact_labels_are_those_of_float32_in_torch(crop, labels, bundle):
    with torch.inference_mode():
        image = bundle.prepare({"image": MetaTensor(torch.from_numpy(crop.array)[None].float())})
        padded = torch.nn.functional.pad(image["image"], (0, 0, 2, 2, 2, 2))
        scores = bundle.network(padded.as_tensor()[None])[0, :, 2:-2, 2:-2]
    best = scores.topk(2, dim=0)
    tie = best.values[0] - best.values[1] < 1e-3
    assert np.array_equal(labels.array[~tie], best.indices[0][~tie])


def test_fast_labels_differ_in_a_thousandth_at_most(crop, labels, bundle):
    fast = segment(crop, bundle, precision="fast")
    assert fast.record["options"]["precision"] == "fast"
    assert (fast.array != labels.array).sum() <= 0.003 * (labels.array > 0).sum()


def test_no_convolution_of_a_run_is_slow(crop, bundle):
    plan = Plan.from_dict(segment(crop, bundle).record["plan"])
    for way in {plan.way, Way("torch")}:
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            segment(crop, bundle, plan=replace(plan, way=way))
        assert not [event.key for event in seen.key_averages() if "slow_conv3d" in event.key]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "half"}, "precision must be 'exact' or 'fast', got 'half'"),
        ({"plan": "fast"}, "plan must be a Plan, as Plan.from_dict gives, got 'fast'"),
        ({"plan": Plan("fast", "cuda:7", Way("torch"))}, "no device 'cuda:7' on this machine"),
        ({"plan": Plan("exact", "cpu", Way("torch", "bfloat16"))}, "not the numbers of an 'exact'"),
        ({"labels": "hand"}, "hand"),
        ({"maps": "Hand"}, "Hand"),
        ({"region": "Auto"}, "region must be 'auto' or three .* got 'Auto'"),
        ({"region": ((0, 9), (0, 9))}, "region must be 'auto' or three"),
        ({"region": (0, 9, 9)}, "region must be 'auto' or three"),
        ({"region": ((0, 9), (0, 9), (0,))}, "region must be 'auto' or three"),
        ({"region": ((0, 9), (0, 9), (0, 8.5))}, "region must be 'auto' or three"),
        ({"region": np.full((3, 2), np.nan)}, "region must be 'auto' or three"),
        ({"region": ((0, np.inf), (0, 9), (0, 9))}, "region must be 'auto' or three"),
        ({"region": np.zeros((2, 2), int)}, "region must be 'auto' or three"),
        ({"region": ((0, 9), (0, 9), "k")}, "region must be 'auto' or three"),
    ],
)
def test_a_word_or_a_region_of_another_form_is_refused_in_a_sentence(options, message):
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    with pytest.raises(ValueError, match=message):
        segment(scan, load_bundle(), **options)
