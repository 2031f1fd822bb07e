"""Time the shipped models on one crop: finding how to run them, the network, and the whole call.

``python bench/crop_time.py`` writes bench/records/crop_time.json. What it is worth against MONAI's
own pipeline, side by side, is measured by ``python bench/run.py infer crop``.
"""

from __future__ import annotations

import json
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from rounds import RECORDS, machine

from napari_seg import load_bundle, read_scan, segment
from napari_seg.imaging.files import sample_data_folder
from napari_seg.segmentation.bundle_description import SHIPPED_VARIANTS
from napari_seg.segmentation.execution import PRECISIONS, NetworkRunner
from napari_seg.segmentation.plan_report import measure_plan
from napari_seg.segmentation.preparing.prepared_scan import prepare_scan
from napari_seg.segmentation.windows import window_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg import Bundle, Scan
    from napari_seg.segmentation.execution import Precision

ROUNDS = 15


def main() -> None:
    """Time network and whole call for both models at both precisions, and write the record."""
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    models: dict[str, Any] = {}
    for variant in SHIPPED_VARIANTS:
        bundle = load_bundle(variant=variant)
        weights = sum(weight.numel() for weight in bundle.network.parameters())
        model: dict[str, Any] = {"weights_mb": round(weights * 4 / 1e6, 2)}
        for precision in PRECISIONS:
            report = measure_plan(bundle, scan, device="cpu", precision=precision)

            def whole(bundle: Any = bundle, precision: Any = precision) -> object:
                return segment(scan, bundle, device="cpu", precision=precision)

            model[precision] = {
                "plan": str(report.plan.way),
                "why": report.plan.reason,
                "probe_s": probe(bundle, scan, precision),
                "network_ms": round(report.plan_ms, 1),
                "network_in_plain_torch_ms": round(report.plain_ms, 1),
                "segment_s": timed(whole),
            }
        models[variant or "three_d"] = model
    record = {"machine": machine(), "rounds": ROUNDS, "models": models}
    (RECORDS / "crop_time.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def probe(bundle: Bundle, scan: Scan, precision: Precision) -> dict[str, float]:
    """Time the search for a plan: with the network to convert for OpenVINO, and converted."""
    voxels = prepare_scan(scan, bundle).voxels
    window, found = window_of(bundle.inferer), []
    with TemporaryDirectory() as folder, torch.inference_mode():
        for _ in range(6):
            rmtree(Path(folder) / "plans", ignore_errors=True)
            runner = NetworkRunner(lambda: bundle.network, bundle.sha256, cache=Path(folder))
            start = perf_counter()
            runner.plan(voxels, window, device="cpu", precision=precision)
            found.append(perf_counter() - start)
    return {"first": round(found[0], 2), "converted_before": round(median(found[1:]), 2)}


def timed(call: Callable[[], object]) -> dict[str, float]:
    """Run a call some times after one that warms up; give median and range in seconds."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return {
        "median": round(median(times), 4),
        "least": round(min(times), 4),
        "most": round(max(times), 4),
    }


if __name__ == "__main__":
    main()
