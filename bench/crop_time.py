"""Time the shipped models on one crop: how they are run here, and the whole call.

``python bench/crop_time.py`` writes bench/records/crop_time.json. What it is worth against MONAI's
own pipeline, side by side, is measured by ``python bench/run.py infer crop``.
"""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rounds import RECORDS, machine

from napari_seg import load_bundle, read_scan, segment
from napari_seg.imaging.files import sample_data_folder
from napari_seg.segmentation.bundle_description import SHIPPED_VARIANTS
from napari_seg.segmentation.execution import PRECISIONS
from napari_seg.segmentation.plan_report import measure_plan

if TYPE_CHECKING:
    from collections.abc import Callable

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
                "network_ms": round(report.plan_ms, 1),
                "network_in_plain_torch_ms": round(report.plain_ms, 1),
                "segment_s": timed(whole),
            }
        models[variant or "three_d"] = model
    record = {"machine": machine(), "rounds": ROUNDS, "models": models}
    (RECORDS / "crop_time.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


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
