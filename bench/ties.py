"""Whether voxels that `exact` labels otherwise than MONAI are ties of its two best scores.

``python bench/run.py ties [crop] [ct] [nnunet] --ct-bundle FOLDER``; the folder is what
``bench/fit_ct.py`` wrote. MONAI's scores on the scan's own grid are held whole here. Writes
bench/records/ties.json. Time plays no part.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

CASES = ("crop", "ct", "nnunet")


def main(words: list[str]) -> None:
    """Compare the cases named, or all."""
    from rounds import write_record

    parser = argparse.ArgumentParser(prog="run.py ties", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--ct-bundle", type=Path)
    chosen = parser.parse_args(words)
    for case in chosen.cases or CASES:
        found = _compare(case, chosen.ct_bundle)
        write_record("ties", {case: found})


def _compare(case: str, ct_bundle: Path | None) -> dict[str, Any]:
    import torch
    from infer import _bundle, _large_ct, _scan
    from monai.data import MetaTensor

    from napari_seg.segmentation.inference import segment

    bundle = _bundle(case, ct_bundle)
    with tempfile.TemporaryDirectory() as folder:
        if case != "crop":
            np.save(Path(folder) / "ct.npy", _large_ct())
        scan = _scan(case, Path(folder))
    ours = segment(scan, bundle, device="cpu", precision="exact").array
    voxels = torch.from_numpy(np.asarray(scan.array, np.float32))[None]
    with torch.inference_mode():
        image = MetaTensor(voxels, affine=torch.from_numpy(scan.geometry.affine.copy()))
        image = bundle.prepare({"image": image})["image"]
        scores = bundle.inferer(image[None], bundle.network)[0]
        inverted = bundle.postprocess.transforms[0]({"image": image, "pred": scores})["pred"]
    best = inverted.topk(2, dim=0)
    differing = np.asarray(best.indices[0]) != ours
    gaps = np.asarray(best.values[0] - best.values[1])[differing]
    return {
        "foreground_voxels": int((np.asarray(best.indices[0]) > 0).sum()),
        "differing_voxels": int(differing.sum()),
        "largest_gap": float(gaps.max(initial=0)),
        "largest_score": round(float(inverted.abs().max()), 3),
    }
