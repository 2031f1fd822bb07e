"""Networks that give a list or tuple run as those that give scores."""

import shutil

import pytest
import torch
from altered_bundle import change
from monai.bundle import ConfigParser
from torch.testing import assert_close

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.inference import segment

SIZES = {"spatial_dims": 3, "in_channels": 1, "out_channels": 3}
FEATURES = [8, 8, 8, 8, 8, 8]
PLUS_PLUS = {"_target_": "BasicUNetPlusPlus", "features": FEATURES, **SIZES}
NETWORKS = {
    "BasicUNetPlusPlus": (PLUS_PLUS, 0),
    "deep supervision": ({**PLUS_PLUS, "deep_supervision": True}, 3),
    "SegResNetVAE": (
        {
            "_target_": "SegResNetVAE",
            "input_image_size": [40, 56, 40],
            "init_filters": 8,
            **SIZES,
        },
        0,
    ),
}


def write_bundle(folder, network):
    shutil.copytree(shipped_bundle_folder() / "configs", folder / "configs")
    change(folder, "inference", lambda config: config.update(network_def=network))
    torch.manual_seed(0)
    own = ConfigParser({"network": network}).get_parsed_content("network").eval()
    (folder / "models").mkdir()
    torch.save(own.state_dict(), folder / "models" / "model.pt")
    return own


@pytest.mark.parametrize(("network", "place"), NETWORKS.values(), ids=NETWORKS)
def test_a_network_of_several_outputs_gives_its_scores(tmp_path, network, place):
    own = write_bundle(tmp_path, network)
    window = torch.rand(1, 1, 40, 56, 40, generator=torch.Generator().manual_seed(0))
    bundle = load_bundle(tmp_path)
    with torch.inference_mode():
        assert_close(bundle.network(window), own(window)[place])
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    labels = segment(scan, bundle, device="cpu")
    assert labels.array.any()


def test_deep_supervision_changes_no_scores(tmp_path):
    window = torch.rand(1, 1, 32, 32, 32, generator=torch.Generator().manual_seed(0))
    scores = []
    for name in ("BasicUNetPlusPlus", "deep supervision"):
        write_bundle(tmp_path / name, NETWORKS[name][0])
        with torch.inference_mode():
            scores.append(load_bundle(tmp_path / name).network(window))
    assert_close(*scores)


def test_a_network_that_gives_scores_is_left_as_it_is():
    assert type(load_bundle().network).__name__ == "DynUNet"
