"""A scan on disk that is far larger than what segmenting it may take."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SHAPE = (80, 80, 5000)
WINDOW = (80, 80, 64)
CLASSES = 3
AT_ONCE = 1 << 19

PROGRAM = """
import json, re, sys, threading, time
import numpy as np
from slab_case import bundle_of, prepared_at, segment, smooth_network
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.preparing import prepared_scan, voxels as voxels_module

path, window, classes, at_once = json.loads(sys.argv[1])
# A test has no time for a scan beyond the real limits.
prepared_scan._HELD_WHOLE = voxels_module._VALUES_AT_ONCE = at_once

def in_use():
    with open("/proc/self/status") as status:
        return 1024 * int(re.search(r"RssAnon:\\s+(\\d+)", status.read())[1])

peak, is_over = 0, threading.Event()

def watch():
    global peak
    while not is_over.wait(0.002):
        peak = max(peak, in_use())

def run(array):
    scan = Scan(array, Geometry(array.shape, np.diag([-1.0, 1.0, 1.0, 1.0])))
    bundle = bundle_of(
        smooth_network(classes), classes, prepare=prepared_at(1.0, 1.0, 1.0), window=window
    )
    return segment(scan, bundle).array

voxels = np.load(path, mmap_mode="r")
run(np.ascontiguousarray(voxels[:, :, 1400:1480]))
before = in_use()
watcher = threading.Thread(target=watch)
watcher.start()
labels = run(voxels)
is_over.set()
watcher.join()
print(json.dumps([peak - before, int((labels[:, :, 1400:1460] != labels[0, 0, 0]).sum())]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory is in use")
def test_a_scan_on_disk_is_segmented_within_the_bound_that_is_stated(tmp_path: Path) -> None:
    path = tmp_path / "scan.npy"
    voxels = np.lib.format.open_memmap(path, "w+", np.int16, SHAPE, fortran_order=True)
    # Empty but for some slices, as windows of one value are run once.
    voxels[:, :, 1400:1460] = np.random.default_rng(0).normal(0, 900, (80, 80, 60))
    voxels.flush()
    told = json.dumps([str(path), WINDOW, CLASSES, AT_ONCE])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, told],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        # Large blocks go back to the system at once; without that it depends on their order.
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_ARENA_MAX": "1"},
    )
    assert done.returncode == 0, done.stderr
    taken, labelled = json.loads(done.stdout)
    assert labelled
    plane = SHAPE[0] * SHAPE[1]
    labels = int(np.prod(SHAPE))
    slab = 4 * (CLASSES + 1) * (WINDOW[2] + 1) * plane
    band = 2 * 4 * 2 * WINDOW[2] * plane
    parts = 4 * 3 * AT_ONCE
    windows = 3 * 4 * CLASSES * int(np.prod(WINDOW))
    bound = labels + slab + band + parts + windows
    # Room for what the libraries keep for themselves.
    assert taken < bound + 45_000_000
    assert bound + 45_000_000 < 4 * labels
