"""Time the listing of 1,000 DICOM headers: goal at most 3 s.

``python bench/find_series.py`` writes 1,000 small slices into a temporary folder, lists them in
turn with ours and with SimpleITK, and writes bench/records/find_series.json.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from dicom_series import TAGS, write_series

from napari_seg import find_series

if TYPE_CHECKING:
    from collections.abc import Callable

SERIES, SLICES, ROUNDS = 4, 250, 5
RECORD = Path(__file__).parent / "records" / "find_series.json"


def main() -> None:
    """Write the slices, time both listings, and write the record."""
    with tempfile.TemporaryDirectory() as name:
        air = np.full((16, 16, SLICES), -1024)
        folders = [write_series(Path(name) / str(n), air, n + 1) for n in range(SERIES)]
        found = find_series(name)
        if [series.count for series in found] != [SLICES] * SERIES:
            raise SystemExit("find_series found other series than were written")
        ours, simpleitk = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: find_series(name)))
            simpleitk.append(seconds(lambda: [names_of(folder) for folder in folders]))
    record = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "headers": SERIES * SLICES,
        "tags_per_header": TAGS,
        "rounds": ROUNDS,
        "find_series_s": summary(ours),
        "simpleitk_file_names_s": summary(simpleitk),
        "ratio_of_medians": round(median(ours) / median(simpleitk), 2),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def names_of(folder: Path) -> list[tuple[str, ...]]:
    """List the files of each series of one folder as SimpleITK does."""
    reader = sitk.ImageSeriesReader
    return [
        reader.GetGDCMSeriesFileNames(str(folder), uid)
        for uid in reader.GetGDCMSeriesIDs(str(folder))
    ]


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def summary(times: list[float]) -> dict[str, float]:
    """Return median, least and most."""
    return {
        "median": round(median(times), 3),
        "least": round(min(times), 3),
        "most": round(max(times), 3),
    }


if __name__ == "__main__":
    main()
