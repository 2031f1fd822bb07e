"""Write what a bundle's training cases are like into its metadata, to compare scans with.

    python scripts/make_fingerprint.py DATASET_DIR [--bundle FOLDER] [--modality MR]

Takes the cases that the bundle's train.json trains on (its ``split``), so not those that it keeps
for measuring.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from monai.bundle import ConfigParser

from napari_seg import read_scan
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.fingerprint import fingerprint_of


def main() -> None:
    """Read the training cases, and put their fingerprint into metadata.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset_dir", type=Path)
    parser.add_argument("--bundle", type=Path, default=shipped_bundle_folder())
    parser.add_argument("--modality", default="MR", help="as DICOM names it")
    choices = parser.parse_args()
    cases = training_cases(choices.bundle, choices.dataset_dir)
    found = fingerprint_of(map(read_scan, cases), modality=choices.modality)
    place = choices.bundle / "configs" / "metadata.json"
    metadata = json.loads(place.read_text(encoding="utf-8"))
    metadata["fingerprint"] = found.as_dict()
    text = json.dumps(metadata, indent=4, ensure_ascii=False)
    # Rows of numbers stay rows.
    text = re.sub(r"\[\s+([-\d.,\s]+?)\s+\]", one_row, text)
    place.write_text(text + "\n", encoding="utf-8")
    print(f"{found.cases} cases; fingerprint written to {place}")


def one_row(match: re.Match[str]) -> str:
    """Put the numbers of a list into one row."""
    return f"[{' '.join(match[1].split())}]"


def training_cases(bundle: Path, dataset_dir: Path, part: int = 0) -> list[Path]:
    """List the images of the training (part 0) or of the validation (part 1)."""
    config = ConfigParser()
    config.read_config(bundle / "configs" / "train.json")
    config["dataset_dir"] = str(dataset_dir)
    return [Path(case["image"]) for case in config.get_parsed_content("split")[part]]


if __name__ == "__main__":
    main()
