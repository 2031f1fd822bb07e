from pathlib import Path

import numpy as np
import pytest
import torch
from monai.transforms import ScaleIntensityd
from slab_case import bundle_of, prepared_at, segment, smooth_network
from torch.utils._python_dispatch import TorchDispatchMode

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.slabs import memory
from napari_seg.segmentation.slabs.memory import available_bytes, is_out_of_memory, require
from napari_seg.segmentation.slabs.way_back import NotByAxes

CLASSES = 40
SHAPE = (60, 30, 32)
WINDOW = (8, 16, 16)


class LargestTensor(TorchDispatchMode):
    """Remember how much memory the largest tensor takes that is made inside."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for one in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(one, torch.Tensor):
                self.bytes = max(self.bytes, one.untyped_storage().nbytes())
        return result


def scan(shape=SHAPE):
    array = np.random.default_rng(0).random(shape).astype(np.float32)
    return Scan(array, Geometry(shape, np.diag([0.5, 0.5, 0.5, 1.0])))


def many_classes():
    return bundle_of(
        smooth_network(CLASSES), CLASSES, prepare=prepared_at(1.0, 1.0, 1.0), window=WINDOW
    )


def slab_bytes(shape):
    """One window's rows and one more, of the prepared scan's cross-section, for each class."""
    across = [max(-(-count // 2), width) for count, width in zip(shape, WINDOW, strict=True)]
    return 4 * CLASSES * (WINDOW[0] + 1) * across[1] * across[2]


@pytest.mark.parametrize("length", [60, 150])
def test_no_tensor_is_above_the_slab_however_long_the_scan(length, monkeypatch):
    import napari_seg.segmentation.slabs.labelling as labelling

    monkeypatch.setattr(labelling, "_BYTES_AT_ONCE", 1 << 17)
    shape = (length, *SHAPE[1:])
    with LargestTensor() as largest:
        segment(scan(shape), many_classes())
    whole = 4 * CLASSES * int(np.prod(shape))
    one_channel = 8 * int(np.prod(shape))
    assert largest.bytes <= max(slab_bytes(shape), one_channel)
    assert largest.bytes < whole / 4


def test_a_run_that_cannot_fit_is_refused_with_the_figures(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda device: 1000)
    monkeypatch.setattr("napari_seg.imaging.label_files.writing.COPIES_WRITTEN", 0)
    monkeypatch.setattr(
        "napari_seg.segmentation.preparing.prepared_scan.require", lambda *_arguments: None
    )
    with pytest.raises(MemoryError, match=r"slab of 40 classes needs .* GB .* 0\.0 GB are free"):
        segment(scan(), many_classes())


def test_a_bundle_that_needs_all_scores_is_refused_with_the_figures(monkeypatch):
    def no_way(*_args, **_options):
        raise NotByAxes("the axes turn")

    monkeypatch.setattr("napari_seg.segmentation.slabs.drawing.find_way_back", no_way)
    monkeypatch.setattr(memory, "available_bytes", lambda device: 10_000_000)
    with pytest.raises(MemoryError, match=r"\(the axes turn\) keeps all scores at once"):
        segment(scan(), many_classes())


def test_the_memory_left_is_told():
    free = available_bytes(torch.device("cpu"))
    assert free > 1 << 20
    require(free // 2, torch.device("cpu"), "half of it")


def test_a_container_with_less_memory_counts(tmp_path, monkeypatch):
    for name, text in {
        "memory.max": "5000000",
        "memory.current": "2000000",
        "memory.stat": "anon 1\nfile 500000\n",
    }.items():
        (Path(tmp_path) / name).write_text(text)
    monkeypatch.setattr("napari_seg.imaging.free_memory._CGROUP", Path(tmp_path))
    assert available_bytes(torch.device("cpu")) == 3_500_000


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("Exception from core.cpp:117:\nResource temporarily unavailable"), True),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), True),
        (ImportError("no module named openvino"), False),
        (RuntimeError("a bug"), False),
        (ValueError("out of memory"), False),
    ],
    ids=[
        "Python",
        "torch on a GPU",
        "torch on a CPU",
        "OpenVINO",
        "loading torch",
        "no library",
        "bug",
        "another kind",
    ],
)
def test_errors_of_allocation_are_known(error, expected):
    assert is_out_of_memory(error) is expected


def test_of_voxels_on_disk_only_the_region_is_read(tmp_path):
    voxels = np.lib.format.open_memmap(tmp_path / "v.npy", "w+", np.float32, SHAPE)
    voxels[:] = scan().array
    on_disk = Scan(np.load(tmp_path / "v.npy", mmap_mode="r"), scan().geometry)
    region = ((10, 40), (0, 30), (0, 32))
    expected = segment(scan(), many_classes(), region=region)
    result = segment(on_disk, many_classes(), region=region)
    assert np.array_equal(result.array, expected.array)
    assert result.record["scan"]["sha256"] == expected.record["scan"]["sha256"]


def test_a_scan_too_large_for_monai_to_prepare_is_refused_before_it_is_read(monkeypatch):
    huge = np.broadcast_to(np.zeros(1, np.int16), (40_000, 40_000, 40_000))
    too_large = Scan(huge, Geometry(huge.shape, np.eye(4)))
    steps = [*prepared_at(1.0, 1.0, 1.0), ScaleIntensityd(keys="image")]
    bundle = bundle_of(smooth_network(3), 3, prepare=steps)
    monkeypatch.setattr("napari_seg.imaging.label_files.writing.COPIES_WRITTEN", 0)
    with pytest.raises(MemoryError, match="preparing 64000000 million voxels needs 1344000"):
        segment(too_large, bundle)
