"""Make a bundle of two channels of the shipped one: it looks at one channel alone."""

import shutil
from pathlib import Path

import torch
from altered_bundle import change

from napari_seg.segmentation.bundle_description import shipped_bundle_folder


def write_two_channel_bundle(folder: Path, *, looks_at: int) -> Path:
    """Copy the shipped bundle with a second channel, "FLAIR" after "T1".

    Its labels are those that the shipped bundle draws on the channel of number `looks_at`.
    """
    shutil.copytree(shipped_bundle_folder() / "configs", folder / "configs")
    change(folder, "inference", lambda config: config["network_def"].update(in_channels=2))
    change(folder, "metadata", _name_channels)
    state = torch.load(shipped_bundle_folder() / "models" / "model.pt", weights_only=True)
    for name, weights in state.items():
        if weights.ndim == 5 and weights.shape[1] == 1:
            both = [torch.zeros_like(weights), torch.zeros_like(weights)]
            both[looks_at] = weights
            state[name] = torch.cat(both, dim=1)
    (folder / "models").mkdir()
    torch.save(state, folder / "models" / "model.pt")
    return folder


def _name_channels(config: dict) -> None:
    image = config["network_data_format"]["inputs"]["image"]
    image.update(num_channels=2, channel_def={"0": "T1", "1": "FLAIR"})
    config["name"] = "Two channels"
