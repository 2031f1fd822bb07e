"""Try whether the shipped model finds both hippocampi, and says no where there are none.

Run it on an idle machine: ``python bench/run.py locate``, with the
real scans in ``../shared/data``; writes bench/records/locate.json.

The reference is what the model draws on the unaltered scan, moved by the known transform. A box
holds its hippocampus if it holds every voxel of it.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from altered_scans import Altered, altered, no_heads
from scipy import ndimage

from napari_seg import LabelMap, Scan, load_bundle, read_scan, segment
from napari_seg.imaging.files import sample_data_folder
from napari_seg.segmentation.bundle import Bundle
from napari_seg.segmentation.locating.box_voxels import labels_in_region, upright_crop
from napari_seg.segmentation.locating.finding import Found, NothingFound, find_boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parents[2] / "shared" / "data"
RECORD = Path(__file__).parent / "records" / "locate.json"
SIDES = {"left": (1, 2), "right": (3, 4)}
MIXED = 12


def main(_words: Sequence[str] = ()) -> None:
    """Look for the hippocampi in every scan, and write the record."""
    bundle = load_bundle()
    heads, dice = [], []
    for name, path in (
        ("sample brain", sample_data_folder() / "brain.nii.gz"),
        ("head with skull", DATA / "head" / "t1_head.nii.gz"),
    ):
        scan = read_scan(path)
        reference = segment(scan, bundle, region="auto", device="cpu")
        for case in altered(scan, seed=7, mixed=MIXED):
            found = locate(case.scan, bundle)
            heads.append(
                {"scan": name, "case": case.name, **found[0], **held(found, case, reference)}
            )
            print(heads[-1], flush=True)
            if case.name.startswith(("as it", "turned")) and found[1] is not None:
                dice.append(
                    {"scan": name, "case": case.name, **compared(case, reference, found[1], bundle)}
                )
                print(dice[-1], flush=True)
    others = []
    for name, scan in no_heads(DATA):
        others.append({"case": name, **locate(scan, bundle)[0]})
        print(others[-1], flush=True)
    record = {
        **machine(),
        **summary(heads, others, dice),
        "heads": heads,
        "no_heads": others,
        "dice": dice,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(
        json.dumps(
            {key: record[key] for key in record if key not in ("heads", "no_heads", "dice")},
            indent=1,
        )
    )


def locate(scan: Scan, bundle: Bundle) -> tuple[dict[str, object], Found | None]:
    """Look for the boxes; give score, seconds and the verdict."""
    start, busy = perf_counter(), process_time()
    try:
        found = find_boxes(scan, bundle.description.locator)
        score = found.match.score
    except NothingFound as error:
        found, score = None, error.score
    return {
        "score": round(score, 3),
        "says": "yes" if found else "no",
        "seconds": round(perf_counter() - start, 2),
        "processor_seconds": round(process_time() - busy, 2),
    }, found


def held(
    found: tuple[dict[str, object], Found | None], case: Altered, reference: LabelMap
) -> dict[str, object]:
    """Tell for each side which share of its hippocampus the box holds; None: not in the scan."""
    if found[1] is None:
        return {"held": None}
    boxes = {box.name: box.geometry for box in found[1].boxes}
    shares = {}
    for side, values in SIDES.items():
        places = reference.geometry.to_mm(np.argwhere(np.isin(reference.array, values)))
        places = places @ case.change[:3, :3].T + case.change[:3, 3]
        if not within(case.scan.geometry, places).all():
            shares[side] = None
        else:
            shares[side] = float(within(boxes[side], places).mean()) if side in boxes else 0.0
    return {"held": shares}


def within(geometry: object, places: np.ndarray) -> np.ndarray:
    """Tell which places lie within a grid."""
    index = geometry.to_index(places)
    return ((index >= -0.5) & (index <= np.array(geometry.shape) - 0.5)).all(axis=-1)


def compared(
    case: Altered, reference: LabelMap, found: Found, bundle: Bundle
) -> dict[str, float | None]:
    """Compare with the moved reference: boxes along the template's axes, and along the scan's."""
    grid = case.scan.geometry
    back = np.linalg.inv(reference.geometry.affine) @ np.linalg.inv(case.change) @ grid.affine
    moved = ndimage.affine_transform(
        reference.array, back[:3, :3], back[:3, 3], grid.shape, order=0
    )
    along_template, along_scan = np.zeros((2, *grid.shape), np.uint8)
    for box in found.boxes:
        centre = grid.to_index(box.geometry.to_mm((np.array(box.geometry.shape) - 1) / 2))
        half = np.array([18, 26, 20]) / grid.spacing
        region = tuple(
            zip(
                np.round(centre - half).astype(int).tolist(),
                np.round(centre + half).astype(int).tolist(),
                strict=True,
            )
        )
        drawn = segment(upright_crop(case.scan, box.geometry), bundle, device="cpu").array
        part = labels_in_region(drawn, box.geometry, grid, box.region)
        here = along_template[tuple(slice(*span) for span in box.region)]
        here[part > 0] = part[part > 0] + 2 * box.number
        part = segment(case.scan, bundle, region=region, device="cpu").array
        along_scan[part > 0] = part[part > 0] + 2 * box.number
    return {
        "along_template": mean_dice(along_template, moved),
        "along_scan": mean_dice(along_scan, moved),
    }


def mean_dice(one: np.ndarray, other: np.ndarray) -> float | None:
    """Average Dice over the four labels that the reference has."""
    values = [value for value in (1, 2, 3, 4) if (other == value).any()]
    scores = [
        2
        * ((one == value) & (other == value)).sum()
        / ((one == value).sum() + (other == value).sum())
        for value in values
    ]
    return round(float(np.mean(scores)), 4) if scores else None


def summary(heads: list, others: list, dice: list) -> dict[str, object]:
    """Count."""
    found = [case for case in heads if case["held"] is not None]
    shares = [share for case in found for share in case["held"].values() if share is not None]
    seconds = [case["seconds"] for case in (*heads, *others)]
    busy = [case["processor_seconds"] for case in (*heads, *others)]
    return {
        "heads_tried": len(heads),
        "heads_found": len(found),
        "boxes_that_should_hold": len(shares),
        "boxes_that_hold_all": sum(share == 1 for share in shares),
        "least_share_held": min(shares),
        "least_score_of_a_found_head": min(case["score"] for case in found),
        "no_heads_tried": len(others),
        "no_heads_refused": sum(case["says"] == "no" for case in others),
        "most_score_of_no_head": max(case["score"] for case in others),
        "seconds_median": round(median(seconds), 2),
        "seconds_most": max(seconds),
        "processor_seconds_median": round(median(busy), 2),
        "processor_seconds_most": max(busy),
        "dice_along_template_mean": round(float(np.mean([d["along_template"] for d in dice])), 4),
        "dice_along_scan_mean": round(float(np.mean([d["along_scan"] for d in dice])), 4),
        "dice_along_template_least": min(d["along_template"] for d in dice),
        "dice_along_scan_least": min(d["along_scan"] for d in dice),
    }


def machine() -> dict[str, object]:
    """Name what it ran on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "SimpleITK": sitk.Version_VersionString(),
        "numpy": np.__version__,
    }


if __name__ == "__main__":
    main()
