"""From a cold start: ``napari-seg segment`` on one crop against the bare import of torch and MONAI.

``python bench/run.py cold [--rounds N]``. "first ever" has an empty cache: it converts the network
and tries the ways to run it, which later starts remember.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

SEGMENT = (
    "import sys, shutil, os; "
    "sys.argv = ['napari-seg', 'segment', sys.argv[1], '-o', sys.argv[2], '--overwrite']; "
    "from napari_seg.cli import main; main()"
)


def main(words: list[str]) -> None:
    """Measure, and write the record."""
    parser = argparse.ArgumentParser(prog="run.py cold", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args(words)
    from rounds import compare, in_turns, machine, write_record

    from napari_seg.imaging.files import sample_data_folder

    crop = str(sample_data_folder() / "hippocampus_left.nii.gz")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "kept")
        words = ["-c", SEGMENT, crop, str(Path(folder) / "labels.nii.gz")]
        first = f"import os, tempfile; os.environ['XDG_CACHE_HOME'] = tempfile.mkdtemp(dir={folder!r}); "
        sides = {
            "imports": ["-c", "import torch, monai"],
            "segment": words,
            "segment, first ever": ["-c", first + SEGMENT, *words[2:]],
        }
        in_turns({"warm": words}, 1)
        found = in_turns(sides, chosen.rounds)
    record = {
        "rounds": chosen.rounds,
        "by_the_clock": compare(found, "imports", "process_s"),
        "of_the_processor": compare(found, "imports", "processor_s"),
        "machine": machine(),
    }
    write_record("cold", record)
