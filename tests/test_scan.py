import hashlib
import tracemalloc

import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan

GEOMETRY = Geometry((4, 3, 2), np.diag([1.0, 2.0, 3.0, 1.0]))


def test_with_array_keeps_names_where_channels_stay() -> None:
    scan = Scan(np.zeros((4, 3, 2, 2)), GEOMETRY, ("T1", "T2"))
    assert scan.with_array(np.ones((4, 3, 2, 2))).channel_names == ("T1", "T2")
    assert scan.with_array(np.ones((4, 3, 2))).channel_names == ()


def test_crop_moves_the_grid_along() -> None:
    voxels = np.arange(24).reshape(4, 3, 2)
    cropped = Scan(voxels, GEOMETRY).crop(((1, 3), (2, 3), (0, 2)))
    assert np.array_equal(cropped.array, voxels[1:3, 2:3])
    assert np.allclose(cropped.geometry.to_mm((0, 0, 0)), (1, 4, 0))


def test_hash_depends_on_voxels_and_place_alone() -> None:
    voxels = np.arange(24, dtype=np.int16).reshape(4, 3, 2)
    scan = Scan(voxels, GEOMETRY)
    assert scan.sha256 == Scan(np.asfortranarray(voxels), GEOMETRY).sha256
    assert scan.sha256 != Scan(voxels.astype(np.int32), GEOMETRY).sha256
    assert scan.sha256 != Scan(voxels + np.int16(1), GEOMETRY).sha256
    moved = Geometry(GEOMETRY.shape, np.diag([1.0, 2.0, 3.5, 1.0]))
    assert scan.sha256 != Scan(voxels, moved).sha256


def test_voxels_off_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"on the grid \(4, 3, 2\)"):
        Scan(np.zeros((4, 3, 3)), GEOMETRY)
    with pytest.raises(ValueError, match="one name for each channel"):
        Scan(np.zeros((4, 3, 2, 3)), GEOMETRY, ("T1", "T2"))
    with pytest.raises(ValueError, match="need voxels of that shape"):
        LabelMap(np.zeros((4, 3, 3), np.uint8), GEOMETRY, LabelTable())


def test_labels_must_be_whole_numbers() -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        LabelMap(np.zeros((4, 3, 2)), GEOMETRY, LabelTable())


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4, 3, 2)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_hash_is_of_all_bytes_with_i_fastest(shape, order):
    array = np.asarray(np.random.default_rng(0).random(shape), order=order)
    scan = Scan(array, Geometry(shape[:3], np.eye(4)))
    hashed = hashlib.sha256(f"{array.dtype.str} {shape}".encode())
    hashed.update(np.eye(4).tobytes())
    hashed.update(array.tobytes(order="F"))
    assert scan.sha256 == hashed.hexdigest()


def test_the_hash_of_voxels_on_disk_reads_slice_by_slice(tmp_path):
    shape = (200, 200, 500)
    voxels = np.lib.format.open_memmap(tmp_path / "v.npy", "w+", np.float32, shape)
    tracemalloc.start()
    Scan(voxels, Geometry(shape, np.eye(4))).sha256  # noqa: B018 - hashes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < voxels.nbytes / 4
