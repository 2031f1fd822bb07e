"""Time the shipped models on one crop: goal at most 0.1 s for the network of the 3D model on a CPU.

Run on an idle machine: ``python bench/crop_time.py``; writes bench/records/crop_time.json.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import monai
import torch

from napari_seg import load_bundle, read_scan, segment
from napari_seg.imaging.files import sample_data_folder
from napari_seg.segmentation.execution import fast_inference

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
RECORD = Path(__file__).parent / "records" / "crop_time.json"


def main() -> None:
    """Time network and whole call for both models, and write the record."""
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    record = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "monai": monai.__version__,
        "rounds": ROUNDS,
        "models": {},
    }
    for variant, shape in ((None, (1, 1, 40, 56, 40)), ("two_d", (36, 1, 40, 56))):
        bundle = load_bundle(variant=variant)
        window = torch.zeros(shape)
        network = bundle.network
        with torch.inference_mode():
            plain = timed(lambda network=network, window=window: network(window))
        with fast_inference():
            seconds = timed(lambda network=network, window=window: network(window))
            with torch.autocast("cpu", torch.bfloat16):
                in_bf16 = timed(lambda network=network, window=window: network(window))
        whole = timed(lambda bundle=bundle: segment(scan, bundle, device="cpu"))
        record["models"][variant or "three_d"] = {
            "weights_mb": round(sum(p.numel() for p in network.parameters()) * 4 / 1e6, 2),
            "network_s": seconds,
            "network_in_plain_torch_s": plain,
            "network_bf16_s": in_bf16,
            "segment_s": whole,
        }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
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


def processor() -> str:
    """Name the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
