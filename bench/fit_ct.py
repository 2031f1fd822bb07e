"""Fit a net of the shipped architecture to three organs of the torso, as a bundle to measure on.

``python bench/fit_ct.py FOLDER --minutes 4`` writes a MONAI bundle into FOLDER, outside the
repository. The labels were drawn by a model and the scan is the one it is fitted to: the bundle
serves to measure speed on labels that look like organs, and for nothing else.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import torch
from monai.losses import DiceCELoss
from monai.networks.nets import DynUNet
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    Orientationd,
    RandCropByLabelClassesd,
    ScaleIntensityRanged,
    Spacingd,
)

from napari_seg.segmentation.bundle_description import read_config, shipped_bundle_folder

# Values of the torso's labels (TotalSegmentator): three organs that lie well apart.
ORGANS = {5: "liver", 1: "spleen", 6: "stomach"}
SPACING = (1.5, 1.5, 1.5)
WINDOW = (96, 96, 96)
CROP = (64, 64, 56)
CT = Path(__file__).parents[2] / "shared" / "data" / "ct"


def main() -> None:
    """Fit, and write the bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=4.0)
    chosen = parser.parse_args()
    config = config_of(read_config(shipped_bundle_folder(), "inference", None)["network_def"])
    definition = {**config["network_def"], "spatial_dims": 3}
    del definition["_target_"]
    network = fit(DynUNet(**definition), chosen.minutes * 60)
    write_bundle(chosen.folder, config, network)


def fit(network: torch.nn.Module, seconds: float) -> torch.nn.Module:
    """Fit for some time on crops around the organs, in bfloat16 where that is fast."""
    image, label = training_pair()
    crop = RandCropByLabelClassesd(
        ("image", "label"), "label", CROP, num_classes=len(ORGANS) + 1, num_samples=2
    )
    loss = DiceCELoss(to_onehot_y=True, softmax=True)
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    start, steps = perf_counter(), 0
    while perf_counter() - start < seconds:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * max(1 - (perf_counter() - start) / seconds, 0.01)
        crops = crop({"image": image, "label": label})
        batch, wanted = (torch.stack([one[key] for one in crops]) for key in ("image", "label"))
        optimizer.zero_grad()
        is_fast = torch.cpu._is_avx512_bf16_supported()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_fast):
            scores = network(batch.as_tensor())
        # Deep supervision is off: one set of scores.
        value = loss(scores.float(), wanted.as_tensor())
        value.backward()
        optimizer.step()
        steps += 1
        if steps % 20 == 0:
            print(f"{perf_counter() - start:.0f} s, step {steps}: loss {value.item():.3f}")
    return network.eval()


def training_pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the prepared torso and its three organs, numbered from 1."""
    keys = ("image", "label")
    pair = Compose(
        [
            LoadImaged(keys),
            EnsureChannelFirstd(keys),
            Orientationd(keys, axcodes="RAS", labels=None),
            Spacingd(keys, SPACING, mode=("bilinear", "nearest")),
            ScaleIntensityRanged("image", -160, 240, 0, 1, clip=True),
        ]
    )({"image": CT / "torso_ct.nii.gz", "label": CT / "torso_ct_labels.nii.gz"})
    label = torch.zeros_like(pair["label"])
    for number, value in enumerate(ORGANS, start=1):
        label[pair["label"] == value] = number
    return pair["image"], label


def config_of(network: dict[str, object]) -> dict[str, object]:
    """Return the inference config: the shipped network with one more class, over a CT."""
    return {
        "network_def": {
            **network,
            "spatial_dims": 3,
            "out_channels": len(ORGANS) + 1,
        },
        "prepare": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS", "labels": None},
                {
                    "_target_": "Spacingd",
                    "keys": "image",
                    "pixdim": list(SPACING),
                    "mode": "bilinear",
                },
                {
                    "_target_": "ScaleIntensityRanged",
                    "keys": "image",
                    "a_min": -160,
                    "a_max": 240,
                    "b_min": 0,
                    "b_max": 1,
                    "clip": True,
                },
            ],
        },
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": list(WINDOW),
            "sw_batch_size": 1,
            "overlap": 0.25,
            "mode": "gaussian",
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {
                    "_target_": "Invertd",
                    "keys": "pred",
                    "transform": "@prepare",
                    "orig_keys": "image",
                    "nearest_interp": False,
                    "to_tensor": True,
                },
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            ],
        },
    }


def write_bundle(folder: Path, config: dict[str, object], network: torch.nn.Module) -> None:
    """Write configs and weights."""
    names = {"0": "background", **{str(n): name for n, name in enumerate(ORGANS.values(), 1)}}
    metadata = {
        "version": "0.0.1",
        "name": "Three organs",
        "network_data_format": {
            "inputs": {
                "image": {
                    "num_channels": 1,
                    "spatial_shape": list(WINDOW),
                    "channel_def": {"0": "CT"},
                }
            },
            "outputs": {"pred": {"num_channels": len(names), "channel_def": names}},
        },
    }
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    (folder / "models").mkdir(exist_ok=True)
    for name, content in (("metadata", metadata), ("inference", config)):
        (folder / "configs" / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    torch.save(network.state_dict(), folder / "models" / "model.pt")


if __name__ == "__main__":
    main()
