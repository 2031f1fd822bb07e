"""A single slice beside a volume: in its own plane and place, or a notice says how far off."""

from pathlib import Path

import nibabel as nib
import numpy as np
import PIL.Image
import pytest
from fake_model import fake_tools
from labels_in_hand import Pointer
from napari.components import ViewerModel
from napari.layers import Image, Layer
from napari.layers.utils.stack_utils import stack_to_images
from napari.utils.notifications import notification_manager
from nibabel.affines import apply_affine
from pytestqt.qtbot import QtBot

from napari_seg.imaging.files import read_scan
from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.imaging.progress import ignore_progress
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.brushing import Brushes
from napari_seg.viewer.contributions import save_labels
from napari_seg.viewer.layers import grid_of, label_map_of, scan_of
from napari_seg.viewer.opening.layer_kind import show_as_labels, show_as_scan
from napari_seg.viewer.opening.opened_layers import grids_of, layer_of
from napari_seg.viewer.opening.reading import Opened, open_file
from napari_seg.viewer.opening.scans_together import mismatches
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.result_layer import show_result
from napari_seg.viewer.viewing.patient import place_in_patient


def write_ball(folder: Path) -> None:
    """Write a ball in noise, 30³ voxels, and one slice of it in each plane, by nibabel."""
    affine = nib.affines.from_matvec(np.diag([2.0, 2.0, 3.0]), (-30.0, -34.0, -40.0))
    places = apply_affine(affine, np.moveaxis(np.indices((30, 30, 30)), 0, -1))
    ball = np.linalg.norm(places - (10, 6, 2), axis=-1) < 17
    voxels = 1000 * ball + np.random.default_rng(0).integers(0, 90, ball.shape)
    whole = nib.Nifti1Image(voxels.astype(np.int16), affine)
    cuts = {
        "volume": whole,
        "sagittal": whole.slicer[21:22],
        "coronal": whole.slicer[:, 17:18],
        "axial": whole.slicer[:, :, 11:12],
    }
    for name, image in cuts.items():
        image.set_sform(image.affine, 1)
        image.set_qform(image.affine, 1)
        nib.save(image, folder / f"{name}.nii")
    return whole


def open_beside(path: Path, layers: list[Image]) -> Layer:
    """Open a file as the panel does beside other scans."""
    opened = open_file(path, None, False, grids_of(layers), on_progress=ignore_progress)
    assert isinstance(opened, Opened)
    return layer_of(opened.read, path, shown=opened.shown, order=opened.order)


@pytest.mark.parametrize("plane", ["sagittal", "coronal", "axial"])
def test_a_single_slice_lies_in_its_plane_of_an_open_volume(tmp_path: Path, plane: str) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    single = open_beside(tmp_path / f"{plane}.nii", [volume])
    assert single.ndim == 3
    pair = [volume, single]
    assert mismatches(single, pair) == []
    image = nib.load(tmp_path / f"{plane}.nii")
    for index in ((0, 0, 0), *np.argwhere(image.get_fdata() > 500)[::40]):
        mm = apply_affine(image.affine, index)
        world = -mm[::-1]  # its axes run to inferior, posterior and left
        assert np.allclose(place_in_patient(single, world), mm)
        assert np.allclose(place_in_patient(volume, world), mm)
        shown = [one.data[tuple(np.rint(one.world_to_data(world)).astype(int))] for one in pair]
        assert shown[0] == shown[1] == image.dataobj[tuple(index)]


# At z, y, x of the world the volume says -x, -y, -z mm; the axial slice -x, -y, -7 mm and the
# coronal one -x, 0, -y mm. The volume goes from -47 to 40 and from -24 to 34 along z and y.
@pytest.mark.parametrize(
    ("plane", "is_picture_last", "gap_mm"),
    [
        pytest.param("axial", True, 54, id="axial over a volume"),
        pytest.param("axial", False, 54, id="a volume under axial"),
        pytest.param("coronal", True, np.hypot(47, 87), id="coronal over a volume"),
        pytest.param("coronal", False, np.hypot(34, 81), id="a volume under coronal"),
    ],
)
def test_a_slice_shown_as_a_picture_over_a_volume_is_told_with_its_error(
    tmp_path: Path, plane: str, is_picture_last: bool, gap_mm: float
) -> None:
    write_ball(tmp_path)
    volume, picture = (open_beside(tmp_path / f"{one}.nii", []) for one in ("volume", plane))
    assert picture.ndim == 2
    [found] = mismatches(picture if is_picture_last else volume, [picture, volume])
    assert "single slice" in found.message
    assert "open it again" in found.message
    assert f"lies up to {gap_mm:.0f} mm apart" in found.message
    assert found.can_resample


def test_pictures_and_a_slice_alone_stay_pictures(tmp_path: Path) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    noise = np.random.default_rng(1).random((30, 30, 1), np.float32)
    unplaced = nib.Nifti1Image(noise, None)
    nib.save(unplaced, tmp_path / "unplaced.nii")
    PIL.Image.fromarray((255 * noise[..., 0]).astype(np.uint8)).save(tmp_path / "p.png")
    for name in ("unplaced.nii", "p.png"):
        layer = open_beside(tmp_path / name, [volume])
        assert layer.ndim == 2
        assert mismatches(layer, [volume, layer]) == []
    assert open_beside(tmp_path / "coronal.nii", []).ndim == 2


def test_a_slice_that_napari_split_off_claims_no_place(tmp_path: Path) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    split = stack_to_images(volume, 0)[2]
    assert mismatches(split, [volume, split]) == []
    assert mismatches(volume, [volume, split]) == []


def test_two_slices_shown_as_pictures_are_told_unless_they_lie_in_one_plane(tmp_path: Path) -> None:
    write_ball(tmp_path)
    axial, coronal = (open_beside(tmp_path / f"{one}.nii", []) for one in ("axial", "coronal"))
    again = open_beside(tmp_path / "axial.nii", [axial])
    assert mismatches(again, [axial, again]) == []
    [found] = mismatches(coronal, [axial, coronal])
    assert "open a volume first" in found.message
    assert not found.can_resample


def test_what_is_made_of_a_slice_in_its_place_lies_there_too(tmp_path: Path) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    single = open_beside(tmp_path / "coronal.nii", [volume])
    assert np.array_equal(scan_of(single).array, read_scan(tmp_path / "coronal.nii").array)
    viewer = ViewerModel()
    viewer.add_layer(single)
    as_labels = show_as_labels(single, viewer.layers)
    assert as_labels.data.shape == (30, 1, 30)
    assert label_map_of(as_labels).geometry.matches(scan_of(single).geometry)
    as_scan = show_as_scan(as_labels, viewer.layers)
    assert as_scan.data.shape == (30, 1, 30)
    assert np.array_equal(as_scan.translate, single.translate)


def test_the_panel_says_where_a_single_slice_is_seen(tmp_path: Path) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    open_beside(tmp_path / "coronal.nii", [volume])
    assert "in the coronal plane at A 0.0 mm" in notification_manager.records[-1].message


@pytest.mark.parametrize(
    ("axis", "mm", "where"),
    [(0, -4.25, "sagittal plane at L 4.2"), (1, -3.1, "coronal plane at P 3.1"),
     (2, 10.9, "axial plane at S 10.9")],
)  # fmt: skip
def test_the_place_of_a_single_slice_is_told_by_its_side(tmp_path: Path, axis, mm, where) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    one = nib.load(tmp_path / f"{('sagittal', 'coronal', 'axial')[axis]}.nii")
    affine = one.affine.copy()
    affine[axis, 3] = mm
    nib.save(nib.Nifti1Image(one.get_fdata().astype(np.int16), affine), tmp_path / "moved.nii")
    open_beside(tmp_path / "moved.nii", [volume])
    assert f"in the {where} mm" in notification_manager.records[-1].message


def test_labels_of_a_single_slice_lie_in_its_place(tmp_path: Path) -> None:
    write_ball(tmp_path)
    volume = open_beside(tmp_path / "volume.nii", [])
    for plane, shape in (("coronal", (30, 1, 30)), ("axial", (1, 30, 30))):
        image = nib.load(tmp_path / f"{plane}.nii")
        drawn = nib.Nifti1Image((image.get_fdata() > 500).astype(np.uint8), image.affine)
        nib.save(drawn, tmp_path / f"{plane}_seg.nii")
        single = open_beside(tmp_path / f"{plane}.nii", [volume])
        opened = open_file(
            tmp_path / f"{plane}_seg.nii",
            None,
            False,
            grids_of([single, volume]),
            on_progress=ignore_progress,
        )
        layer = layer_of(opened.read, tmp_path, like=single, shown=opened.shown)
        assert layer.data.shape == shape
        assert np.array_equal(layer.translate, single.translate)


def test_a_slice_in_its_place_is_segmented_drawn_on_and_saved(qtbot: QtBot, tmp_path: Path) -> None:
    write_ball(tmp_path)
    viewer = ViewerModel()
    volume = viewer.add_layer(open_beside(tmp_path / "volume.nii", []))
    single = viewer.add_layer(open_beside(tmp_path / "axial.nii", [volume]))
    run = run_model(
        fake_tools(),
        scan_of(single),
        RunSettings(),
        None,
        on_progress=ignore_progress,
        on_window=lambda _: None,
        order=grid_of(single)[1],
    )
    layer = show_result(viewer, single, run, name="labels")[0]
    assert layer.data.shape == (1, 30, 30)
    assert np.array_equal(layer.translate, single.translate)
    viewer.dims.set_point(0, 7.0)
    brushes = Brushes(viewer)
    qtbot.addWidget(brushes)
    brushes.set_layer(layer)
    brushes.set_scan(single)
    brushes.diameter.setValue(6)
    brushes.sphere.setChecked(True)
    before = np.count_nonzero(layer.data == 2)
    layer.selected_label = 2
    brushes.take(Kind.PAINT)
    Pointer(layer).drag((0, 25, 25))
    brushes.release()
    # Within 3 mm of a pixel of 2 mm lie 9.
    assert np.count_nonzero(layer.data == 2) == before + 9
    data, meta, _ = layer.as_layer_data_tuple()
    save_labels(str(tmp_path / "out.nii"), data, meta)
    out, axial = nib.load(tmp_path / "out.nii"), nib.load(tmp_path / "axial.nii")
    assert np.allclose(out.affine, axial.affine)
    assert np.count_nonzero(out.get_fdata() == 2) == before + 9
