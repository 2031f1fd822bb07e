"""Measure the memory that 105 labels cost: ours, and MONAI's own road from scan to labels.

Run ``python bench/run.py memory``: half an hour on two cores, at most 21 GB. Each figure comes from
a fresh process: the highest resident memory from the scan in memory to its labels, less that before.
Both sides get the torso CT of ``../shared/data``, brought to 512x512x300 voxels, or the same crop of
it; the same network, spacing, window and overlap. Writes bench/records/memory.json.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 105
WHOLE = (512, 512, 300)
# Of the baseline, which holds all scores; the last one is measured on both sides.
COMMON = ((176, 192, 112), (224, 224, 136), (296, 296, 176))
WINDOW = 64
OVERLAP = 0.25
SPACING_MM = 1.5
CT = Path(__file__).parents[2] / "shared" / "data" / "ct" / "torso_ct_long.nii.gz"
RECORD = Path(__file__).parent / "records" / "memory.json"


def main(_words: list[str]) -> None:
    """Measure all sizes, extrapolate the baseline, and write the record."""
    with tempfile.TemporaryDirectory() as folder:
        baseline = [measure("monai", size, WINDOW, Path(folder)) for size in COMMON]
        ours = [measure("ours", size, WINDOW, Path(folder)) for size in COMMON]
        agreement = compare(Path(folder), COMMON[-1])
        ours += [measure("ours", WHOLE, window, Path(folder)) for window in (WINDOW, 96)]
    voxels = [float(np.prod(size)) for size in COMMON]
    slope, start = np.polyfit(voxels, [run["extra_gb"] for run in baseline], 1)
    extrapolated = float(start + slope * np.prod(WHOLE))
    record = {
        "what": "peak resident memory above that before the run, scan in memory to labels",
        **machine(),
        "classes": CLASSES,
        "overlap": OVERLAP,
        "spacing_mm": SPACING_MM,
        "baseline": baseline,
        "ours": ours,
        "both_measured": {
            "size": COMMON[-1],
            "baseline_gb": baseline[-1]["extra_gb"],
            "ours_gb": ours[2]["extra_gb"],
            "ratio": round(ours[2]["extra_gb"] / baseline[-1]["extra_gb"], 4),
            "labels": agreement,
        },
        "whole": {
            "size": WHOLE,
            "baseline_gb_extrapolated": round(extrapolated, 1),
            "bytes_a_voxel": round(float(slope) * 1e9, 1),
            "ours_gb": ours[3]["extra_gb"],
            "ratio": round(ours[3]["extra_gb"] / extrapolated, 4),
            "goal": 0.05,
        },
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def measure(side: str, size: tuple[int, ...], window: int, folder: Path) -> dict[str, Any]:
    """Run one side in a process of its own."""
    words = [side, json.dumps(size), str(window), str(folder)]
    done = subprocess.run(
        [sys.executable, __file__, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(side, size, result, flush=True)
    return {"size": size, "window": window, **result}


def run_side(side: str, size: tuple[int, int, int], window: int, folder: Path) -> None:
    """Segment a scan of this size, and print the memory that it took."""
    from time import perf_counter

    from napari_seg import segment

    scan, bundle = make_scan(size), make_bundle(window)
    before, start = restart_peak(), perf_counter()
    labels, scores = (
        by_monai(scan, bundle)
        if side == "monai"
        else (segment(scan, bundle, device="cpu", overlap=OVERLAP).array, None)
    )
    seconds, extra = perf_counter() - start, status("VmHWM") - before
    np.save(folder / f"{side}.npy", labels)
    if scores is not None:
        np.save(folder / "gap.npy", gap_of(scores))
    print(json.dumps({"extra_gb": round(extra / 1e9, 3), "seconds": round(seconds, 1)}))


def by_monai(scan: Any, bundle: Any) -> tuple[Any, Any]:
    """MONAI's inferer, inverse and argmax over the whole scan, one window after the other."""
    import torch
    from monai.data import MetaTensor
    from monai.inferers import SlidingWindowInferer

    array = torch.from_numpy(scan.array.astype(np.float32))[None]
    image = MetaTensor(array, affine=torch.tensor(scan.geometry.affine))
    window = bundle.inferer.roi_size
    with torch.inference_mode():
        prepared = bundle.prepare({"image": image})["image"]
        slide = SlidingWindowInferer(window, 1, overlap=OVERLAP, mode="gaussian")
        scores = slide(prepared[None], bundle.network)[0]
        prediction = MetaTensor(scores, meta=prepared.meta)
        invert, decide = bundle.postprocess.transforms
        inverted = invert({"image": prepared, "pred": prediction})
        labels = decide(inverted)["pred"]
    return np.asarray(labels)[0].astype(np.uint8), inverted["pred"]


def gap_of(scores: Any) -> Any:
    """How far the two best scores of each voxel lie apart."""
    best = np.full(scores.shape[1:], -np.inf, np.float32)
    second = best.copy()
    for score in map(np.asarray, scores):
        second = np.maximum(second, np.minimum(best, score))
        best = np.maximum(best, score)
    return best - second


def compare(folder: Path, size: tuple[int, ...]) -> dict[str, Any]:
    """Count the voxels that differ between the sides at the last common size."""
    theirs, gap = np.load(folder / "monai.npy"), np.load(folder / "gap.npy")
    ours = np.load(folder / "ours.npy")
    differs = ours != theirs
    return {
        "voxels": int(np.prod(size)),
        "differ": int(differs.sum()),
        "widest_gap_of_two_best": float(gap[differs].max(initial=0)),
        "labels_present": len(np.unique(theirs)),
    }


def make_scan(size: tuple[int, int, int]) -> Any:
    """Bring the torso CT to 512x512x300 voxels, and cut this size out of its middle."""
    from scipy.ndimage import affine_transform

    from napari_seg import Geometry, Scan, read_scan

    scan = read_scan(CT)
    steps = np.array([have / want for have, want in zip(scan.array.shape, WHOLE, strict=True)])
    start = [(whole - part) // 2 for whole, part in zip(WHOLE, size, strict=True)]
    array = affine_transform(
        scan.array.astype(np.int16), steps, steps * start, output_shape=size, order=1
    )
    affine = scan.geometry.affine @ np.diag([*steps, 1.0])
    affine[:3, 3] = scan.geometry.to_mm(steps * start)
    return Scan(array, Geometry(size, affine))


def make_bundle(window: int) -> Any:
    """Make a U-Net of 105 classes with weights as they were drawn, and the usual preparing."""
    import torch
    from monai.inferers import SlidingWindowInferer
    from monai.networks.nets import UNet
    from monai.transforms import (
        AsDiscreted,
        Compose,
        Invertd,
        Orientationd,
        ScaleIntensityRanged,
        Spacingd,
    )

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription

    torch.manual_seed(0)
    names = {number: f"label {number}" for number in range(1, CLASSES)}
    prepare = Compose(
        [
            Orientationd(keys="image", axcodes="RAS", labels=None),
            Spacingd(keys="image", pixdim=[SPACING_MM] * 3, mode="bilinear"),
            ScaleIntensityRanged("image", a_min=-175, a_max=250, b_min=0, b_max=1, clip=True),
        ]
    )
    invert = Invertd(keys="pred", transform=prepare, orig_keys="image", nearest_interp=False)
    network = UNet(3, 1, CLASSES, channels=(16, 32, 64, 128), strides=(2, 2, 2))
    return Bundle(
        description=BundleDescription(
            folder=Path("bench"),
            variant=None,
            name="memory",
            version="1",
            spatial_dims=3,
            in_channels=1,
            labels=tuple(names.items()),
            channel_names=("CT",),
            is_shipped=False,
        ),
        network=network.eval(),
        prepare=prepare,
        inferer=SlidingWindowInferer((window,) * 3, 1),
        postprocess=Compose([invert, AsDiscreted(keys="pred", argmax=True)]),
        table=LabelTable.from_names(names),
        sha256="0",
    )


def restart_peak() -> int:
    """Let the system count the peak of this process from now on; return what it holds now."""
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def status(field: str) -> int:
    """Read a count of bytes that Linux keeps of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"this system does not tell {field}")


def machine() -> dict[str, Any]:
    """Name what the figures depend on."""
    import monai
    import torch

    return {
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "monai": monai.__version__,
    }


if __name__ == "__main__":
    first, second, third, fourth = sys.argv[1:]
    i, j, k = json.loads(second)
    run_side(first, (i, j, k), int(third), Path(fourth))
