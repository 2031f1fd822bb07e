"""Against MONAI's own pipeline, same weights: one crop, a CT of 512×512×300, an nnU-Net-size net.

``python bench/run.py infer [crop] [ct] [nnunet] --ct-bundle FOLDER [--rounds N]``; the folder is
what ``bench/fit_ct.py`` wrote. Each run is a fresh process that warms up first; array in, labels
on the scan's own grid out. Beside the seconds by the clock those of the processor are kept: with
``--threads 1`` they do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter as now
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle

CASES = ("crop", "brain", "ct", "nnunet")
SIDES = ("monai", "exact", "fast")
CT_SHAPE = (512, 512, 300)
# So many times as fast as MONAI by the clock, and the seconds to the first window.
GOALS = {"crop": 10.0, "ct": 6.0, "nnunet": 3.0}
FIRST_WINDOW_GOAL_S = 2.0
CT = Path(__file__).parents[2] / "shared" / "data" / "ct" / "torso_ct.nii.gz"


def main(words: list[str]) -> None:
    """Measure the cases named, or all."""
    parser = argparse.ArgumentParser(prog="run.py infer", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--ct-bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(words)
    if chosen.side:
        if chosen.threads:
            import torch

            torch.set_num_threads(chosen.threads)
        _run_side(chosen.cases[0], chosen.side, chosen.ct_bundle, chosen.keep)
        return
    from rounds import machine, write_record

    for case in chosen.cases or CASES:
        name = f"{case}, {chosen.threads or 'all'} threads"
        write_record("infer", {name: {**_measure(case, chosen), "machine": machine()}})


def _measure(case: str, chosen: argparse.Namespace) -> dict[str, Any]:
    from rounds import compare, in_turns

    sides = SIDES[:2] if case == "nnunet" else SIDES
    with tempfile.TemporaryDirectory() as folder:
        if case in ("ct", "nnunet"):
            np.save(Path(folder) / "ct.npy", _large_ct())
        more = ["--threads", str(chosen.threads)]
        more += ["--ct-bundle", str(chosen.ct_bundle)] if chosen.ct_bundle else []
        commands = {
            side: [__file__, case, "--side", side, "--keep", folder, *more] for side in sides
        }
        found = in_turns(commands, chosen.rounds)
        labels = {side: np.load(Path(folder) / f"{side}.npy") for side in sides}
    by_the_clock = compare(found, "monai", "seconds")
    return {
        "rounds": chosen.rounds,
        "goal": _goal(case, by_the_clock),
        "by_the_clock": by_the_clock,
        "of_the_processor": compare(found, "monai", "busy_s"),
        "against_monai": {side: _agreement(labels[side], labels["monai"]) for side in sides[1:]},
        "first_window_s": {
            side: round(median(run["first_window_s"] for run in found[side]), 3)
            for side in sides[1:]
        },
        "network_s": {
            side: round(median(run["network_s"] for run in found[side]), 3) for side in sides[1:]
        },
        "plans": {side: found[side][-1]["plan"] for side in sides[1:]},
    }


def _goal(case: str, by_the_clock: dict[str, Any]) -> dict[str, Any]:
    """Say what was to be reached, and how much of it each side reaches by its median."""
    if case not in GOALS:
        return {}
    reached = {
        side: round(found["times_faster"]["median"] / GOALS[case], 2)
        for side, found in by_the_clock.items()
        if side != "monai"
    }
    first = {"first_window_s": FIRST_WINDOW_GOAL_S} if case == "ct" else {}
    return {"times_faster": GOALS[case], **first, "share_reached": reached}


def _agreement(labels: np.ndarray, expected: np.ndarray) -> dict[str, Any]:
    foreground, differing = int((expected > 0).sum()), int((labels != expected).sum())
    return {
        "foreground_voxels": foreground,
        "differing_voxels": differing,
        "share_of_foreground": differing / max(foreground, 1),
        "dice": {
            str(label): round(
                2
                * int(((labels == label) & (expected == label)).sum())
                / int((labels == label).sum() + (expected == label).sum()),
                6,
            )
            for label in np.unique(expected)
            if label
        },
    }


def _run_side(case: str, side: str, ct_bundle: Path | None, folder: Path) -> None:
    """Run one side of a case in this process, and print what it took."""
    bundle, scan = _bundle(case, ct_bundle), _scan(case, folder)
    told: dict[str, Any] = {}
    if side == "monai":
        repeats = 5 if case == "crop" else 1
        segment = _by_monai
        if case == "crop":
            segment(scan, bundle)
    else:
        from napari_seg.segmentation.inference import segment as ours

        spent = _clock_network()
        repeats = 5 if case == "crop" else 1
        windows: list[float] = []

        def segment(scan: Scan, bundle: Bundle) -> Any:
            start = now()
            windows.clear()
            spent.clear()
            found = ours(
                scan,
                bundle,
                device="cpu",
                precision=side,
                # A crop is one window: nothing is shown before the end.
                on_window=None if case == "crop" else lambda _window: windows.append(now() - start),
            )
            told["first_window_s"] = windows[0] if windows else now() - start
            told["network_s"] = sum(spent)
            told["plan"] = str(found.record["plan"]["reason"])
            return found.array

        if case == "crop":
            segment(scan, bundle)
        else:
            segment(_middle(scan), bundle)  # finds the plan
    seconds, busy, labels = [], [], None
    for _ in range(repeats):
        start, started = now(), process_time()
        labels = segment(scan, bundle)
        seconds.append(now() - start)
        busy.append(process_time() - started)
    np.save(folder / f"{side}.npy", labels)
    print(json.dumps({"seconds": median(seconds), "busy_s": median(busy), **told}))


def _clock_network() -> list[float]:
    """Return a list that gets the seconds of each call of a network from now on."""
    from napari_seg.segmentation.execution import NetworkRunner

    spent: list[float] = []
    run = NetworkRunner.run

    def clocked(self: NetworkRunner, plan: Any) -> Any:
        network = run(self, plan)

        def call(voxels: Any) -> Any:
            start = now()
            scores = network(voxels)
            spent.append(now() - start)
            return scores

        return call

    NetworkRunner.run = clocked  # type: ignore[method-assign]
    return spent


def _by_monai(scan: Scan, bundle: Bundle) -> np.ndarray:
    """Run what MONAI's bundle runner runs: prepare, slide, invert, discretize."""
    import torch
    from monai.data import MetaTensor

    voxels = torch.from_numpy(np.asarray(scan.array, np.float32))[None]
    with torch.inference_mode():
        image = MetaTensor(voxels, affine=torch.from_numpy(scan.geometry.affine.copy()))
        image = bundle.prepare({"image": image})["image"]
        scores = bundle.inferer(image[None], bundle.network)[0]
        labels = bundle.postprocess({"image": image, "pred": scores})["pred"]
    return np.asarray(labels)[0].astype(np.uint8)


def _bundle(case: str, ct_bundle: Path | None) -> Bundle:
    from napari_seg.segmentation.bundle import load_bundle

    if case in ("crop", "brain"):
        return load_bundle()
    if ct_bundle is None:
        sys.exit("give --ct-bundle FOLDER, which bench/fit_ct.py writes")
    bundle = load_bundle(ct_bundle)
    if case == "ct":
        return bundle
    from dataclasses import replace

    return replace(bundle, network=_nnunet_sized())


def _nnunet_sized() -> Any:
    """Return nnU-Net's plain U-Net for patches of 96³, with weights by chance but always the same."""
    import torch
    from monai.networks.nets import DynUNet

    torch.manual_seed(0)
    strides = [1, 2, 2, 2, 2, 2]
    return DynUNet(
        3, 1, 4, [3] * 6, strides, strides[1:], [32, 64, 128, 256, 320, 320], norm_name="instance"
    ).eval()


def _scan(case: str, folder: Path) -> Scan:
    from napari_seg.imaging.files import read_scan, sample_data_folder
    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.scan import Scan

    if case == "crop":
        return read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    if case == "brain":
        return read_scan(sample_data_folder() / "brain.nii.gz")
    small = read_scan(CT)
    array = np.load(folder / "ct.npy")
    scale = [have / wanted for have, wanted in zip(small.array.shape, array.shape, strict=True)]
    affine = small.geometry.affine @ np.diag([*scale, 1.0])
    return Scan(array, Geometry(array.shape, affine))


def _middle(scan: Scan) -> Scan:
    """Return the middle quarter of a large scan: enough to find a plan on."""
    i, j, k = scan.geometry.shape
    return scan.crop(((i // 4, i - i // 4), (j // 4, j - j // 4), (0, k)))


def _large_ct() -> np.ndarray:
    """Return the torso at 512×512×300 voxels."""
    from scipy.ndimage import zoom

    from napari_seg.imaging.files import read_scan

    small = read_scan(CT).array
    factors = [wanted / have for wanted, have in zip(CT_SHAPE, small.shape, strict=True)]
    return zoom(np.asarray(small, np.float32), factors, order=1).round().astype(np.int16)


if __name__ == "__main__":
    main(sys.argv[1:])
