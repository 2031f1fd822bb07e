"""The 2D bundle as MONAI runs it on pictures: it draws what the plugin draws."""

import json

import nibabel as nib
import numpy as np
import pytest
from monai.bundle import ConfigWorkflow
from PIL import Image

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.inference import segment

BUNDLE = shipped_bundle_folder()
KINDS = (
    "usual.png",
    "transposed.png",
    "rows_back_to_front.tif",
    "columns_right_to_left.png",
    "lossy.jpg",
    "wide.png",
    "wide_tiff.tif",
    "wide_other_end_first.tiff",
    "see_through.png",
    "turned.jpeg",
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Pictures of one slice in all kinds, and as it may lie in a file."""
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    # Hung as radiologists do: columns run to the patient's left, rows to the back.
    usual = np.ascontiguousarray(scan.array[::-1, ::-1, 18].T)
    wide = usual.astype(np.uint16) * 200
    kinds = {
        "usual.png": usual,
        "transposed.png": usual.T.copy(),
        "rows_back_to_front.tif": usual[::-1].copy(),
        "columns_right_to_left.png": usual[:, ::-1].copy(),
        "lossy.jpg": usual,
        "wide.png": wide,
        "wide_tiff.tif": wide,
        "wide_other_end_first.tiff": wide.astype(">u2"),
    }
    folder = tmp_path_factory.mktemp("pictures")
    for name, pixels in kinds.items():
        Image.fromarray(pixels).save(folder / name)
    grey = Image.fromarray(usual)
    Image.merge("LA", [grey, grey.point(lambda _: 200)]).save(folder / "see_through.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(np.rot90(usual).copy()).save(folder / "turned.jpeg", exif=turned)
    assert {path.name for path in folder.iterdir()} == set(KINDS)
    return folder


def run_on_pictures(folder, output, pattern):
    places = {"dataset_dir": str(folder), "output_dir": str(output), "pattern": pattern}
    run = ConfigWorkflow(
        config_file=[str(BUNDLE / "configs" / f"{name}.json") for name in ("inference", "two_d")],
        meta_file=str(BUNDLE / "configs" / "metadata.json"),
        logging_file=None,
        workflow_type="infer",
        bundle_root=str(BUNDLE),
        **places,
    )
    run.initialize()
    run.run()


@pytest.fixture(scope="module")
def drawn(pictures, tmp_path_factory):
    """What MONAI's run draws on all of them in one call."""
    folder = tmp_path_factory.mktemp("drawn")
    run_on_pictures(pictures, folder, "*")
    return folder


@pytest.fixture(scope="module")
def bundle():
    return load_bundle(variant="two_d")


@pytest.mark.parametrize("name", KINDS)
def test_2d_bundle_run_draws_on_a_picture_what_the_plugin_draws(name, pictures, drawn, bundle):
    path = pictures / name
    saved = nib.load(drawn / f"{path.stem}_dseg.nii.gz")
    ours = segment(read_scan(path), bundle)
    assert np.array_equal(np.asarray(saved.dataobj)[:, :, np.newaxis], ours.array)
    assert np.allclose(saved.affine, ours.geometry.affine)


def test_2d_bundle_run_finds_on_a_picture_what_the_volume_holds(pictures, tmp_path):
    run_on_pictures(pictures, tmp_path, "usual.png")
    found = np.asarray(nib.load(tmp_path / "usual_dseg.nii.gz").dataobj)
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    held = segment(scan, load_bundle()).array[::-1, ::-1, 18]
    for value in (1, 2):
        both = np.logical_and(found == value, held == value).sum()
        assert 2 * both / ((found == value).sum() + (held == value).sum()) > 0.8
    record = json.loads((tmp_path / "usual_dseg.json").read_text())
    assert record["bundle"]["weights"] == "model_2d.pt"


def test_2d_bundle_run_refuses_colours_as_grey(tmp_path):
    grey = Image.fromarray(np.full((56, 40), 7, np.uint8))
    grey.convert("P").save(tmp_path / "palette.png")
    with pytest.raises(RuntimeError) as refused:
        run_on_pictures(tmp_path, tmp_path / "out", "palette.png")
    assert "to have 1 channels, but got 3 channels" in str(refused.getrepr(chain=True))
