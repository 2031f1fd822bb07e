import numpy as np
import pytest
from monai.transforms import NormalizeIntensityd, ScaleIntensityRanged
from slab_case import bundle_of, noisy_network, prepared_at, segment, smooth_network, whole_way
from test_slabs_drawing import AFFINES, scan

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.preparing import prepared_scan, voxels
from napari_seg.segmentation.preparing.prepared_scan import prepare_scan
from napari_seg.segmentation.preparing.voxels import PreparedVoxels
from napari_seg.segmentation.slabs import memory


@pytest.fixture
def by_rows(monkeypatch):
    """Take every scan for one that is far too large to be held whole."""
    monkeypatch.setattr(prepared_scan, "_HELD_WHOLE", 0)
    monkeypatch.setattr(voxels, "_VALUES_AT_ONCE", 2000)


@pytest.mark.parametrize("affine", list(AFFINES.values()), ids=list(AFFINES))
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.9, 1.1, 2.2)], ids=["1 mm", "2 mm"])
@pytest.mark.parametrize("make", [smooth_network, noisy_network], ids=["smooth", "noisy"])
def test_a_large_scan_gets_the_labels_of_the_whole_volume_way(make, spacing, affine, by_rows):
    bundle = bundle_of(make(4), 4, prepare=prepared_at(*spacing))
    image = scan(affine)
    assert isinstance(prepare_scan(image, bundle).voxels, PreparedVoxels)
    expected = whole_way(image, bundle)
    result = segment(image, bundle)
    count, gap = expected.worst_gap(result.array)
    assert gap < 1e-4, f"{count} voxels differ"
    assert result.notices == ()


@pytest.mark.parametrize(
    "intensity",
    [
        ScaleIntensityRanged(keys="image", a_min=0.2, a_max=1.4, b_min=0, b_max=1, clip=True),
        NormalizeIntensityd(keys="image", nonzero=True, channel_wise=True),
    ],
    ids=["range", "not 0"],
)
def test_a_large_scan_is_scaled_as_a_small_one(intensity, by_rows):
    prepare = [*prepared_at(1.2, 1.2, 1.2)[:2], intensity]
    bundle = bundle_of(smooth_network(3), 3, prepare=prepare)
    assert whole_way(scan(), bundle).worst_gap(segment(scan(), bundle).array)[1] < 1e-4


@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_windows_beyond_a_large_scan_and_slices_of_it_are_segmented_too(overlap, by_rows):
    wide = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0), window=(64, 24, 24))
    flat = bundle_of(
        smooth_network(3, dims=2), 3, prepare=prepared_at(1.0, 1.0, -1.0), window=(24, 20)
    )
    for bundle in (wide, flat):
        expected = whole_way(scan(), bundle, overlap=overlap)
        assert expected.worst_gap(segment(scan(), bundle, overlap=overlap).array)[1] < 1e-4


def test_finished_windows_of_a_large_scan_lie_where_its_labels_do(by_rows):
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0))
    seen = np.zeros(scan().geometry.shape, np.uint8)

    def show(window):
        seen[tuple(slice(*span) for span in window.region)] = window.array

    labels = segment(scan(), bundle, on_window=show)
    assert (seen == labels.array).mean() > 0.9


def test_a_bundle_whose_labels_are_cleaned_gets_the_image_of_monai(by_rows):
    from monai.transforms import AsDiscreted, KeepLargestConnectedComponentd

    finish = [
        None,
        AsDiscreted(keys="pred", argmax=True),
        KeepLargestConnectedComponentd(keys="pred", applied_labels=[1, 2]),
    ]
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0), finish=finish)
    assert not isinstance(prepare_scan(scan(), bundle).voxels, PreparedVoxels)


def test_a_scan_whose_labels_do_not_fit_is_refused_before_it_is_read():
    huge = np.broadcast_to(np.zeros(1, np.int16), (40_000, 40_000, 40_000))
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0))
    with pytest.raises(
        MemoryError, match=r"labels of 64000000 million voxels take 192000\.0 GB of memory until"
    ):
        segment(Scan(huge, Geometry(huge.shape, np.eye(4))), bundle)


def test_memory_that_others_are_about_to_take_counts(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda device: 50_000_000)
    bundle = bundle_of(smooth_network(3), 3, prepare=prepared_at(1.0, 1.0, 1.0))
    assert segment(scan(), bundle).array.any()
    with pytest.raises(MemoryError, match=r"0\.1 GB are free"):
        segment(scan(), bundle, spare_bytes=50_000_000)
