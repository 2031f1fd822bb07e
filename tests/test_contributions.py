import json
import subprocess
import sys
from pathlib import Path

import napari
import numpy as np
import pytest
from dicom_slices import write_series
from fake_model import TABLE, fake_tools, head
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.layers.utils.stack_utils import stack_to_images
from napari.utils.notifications import notification_manager
from npe2 import PluginManager, PluginManifest
from npe2.manifest.utils import import_python_name

import napari_seg
from napari_seg.imaging.files import read_labels, read_scan, write_labels, write_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer import contributions
from napari_seg.viewer.contributions import get_reader, save_image, save_labels
from napari_seg.viewer.layers import image_layer, scan_of
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.result_layer import show_result

MANIFEST = Path(napari_seg.__file__).parent / "napari.yaml"


def measured():
    """Return a head with noise: without it, even areas of whole numbers look like labels."""
    noise = np.random.default_rng(0).integers(0, 400, head().array.shape)
    return head().with_array((head().array + noise).astype(np.int16))


@pytest.fixture
def scan_path(tmp_path):
    path = tmp_path / "head.nii.gz"
    write_scan(measured(), path)
    return path


@pytest.fixture
def result_layer():
    viewer = ViewerModel()
    layer = viewer.add_layer(image_layer(head(), name="head"))
    result = run_model(
        fake_tools(),
        head(),
        RunSettings(),
        None,
        on_progress=lambda _: None,
        on_window=lambda _: None,
    )
    return show_result(viewer, layer, result, name="head – hippocampus")[0]


def read(path):
    return get_reader(str(path))(str(path))


def test_a_scan_opens_as_an_image(scan_path):
    [(data, meta, kind)] = read(scan_path)
    assert kind == "image"
    assert meta["name"] == "head"
    assert data.shape == (8, 10, 12)
    assert tuple(meta["scale"]) == (3, 2, 1)


@pytest.mark.parametrize("name", ["head_seg.nii.gz", "labels.nrrd"])
def test_a_mask_opens_as_labels(tmp_path, name):
    write_labels(
        LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE), tmp_path / name
    )
    [(data, meta, kind)] = read(tmp_path / name)
    assert kind == "labels"
    assert list(meta["features"]["name"]) == ["anterior", "posterior"]
    assert data.flags.writeable


def test_labels_with_a_table_beside_them_need_no_special_name(tmp_path):
    path = tmp_path / "brain - hippocampus.nii.gz"
    write_labels(LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE), path)
    assert read(path)[0][2] == "labels"


def test_a_scan_named_like_a_mask_opens_as_an_image(tmp_path):
    path = tmp_path / "mask.nii.gz"
    write_scan(head().with_array(head().array / 7), path)
    assert read(path)[0][2] == "image"


def test_a_scan_of_whole_numbers_named_like_a_mask_opens_as_an_image(tmp_path):
    array = np.arange(12 * 10 * 20, dtype=np.uint16).reshape(12, 10, 20)
    path = tmp_path / "x_seg.nii.gz"
    write_scan(Scan(array, Geometry(array.shape, np.eye(4))), path)
    [(_, _, kind)] = read(path)
    assert kind == "image"


@pytest.mark.parametrize("name", ["notes.txt", "photo.png", "cells.tif", ""])
def test_what_is_not_ours_is_declined(tmp_path, name):
    assert get_reader(str(tmp_path / name)) is None


def test_several_files_open_as_several_layers(scan_path):
    paths = [str(scan_path)] * 2
    assert len(get_reader(paths)(paths)) == 2


def test_a_dicom_folder_opens_with_a_soft_tissue_window(shared_data):
    [(data, meta, kind)] = read(shared_data / "ct_dicom")
    assert kind == "image"
    assert data.shape == (20, 512, 512)
    assert tuple(meta["contrast_limits"]) == (-160, 240)


def test_a_dicom_folder_may_hold_many_folders(tmp_path):
    for number in range(30):
        write_series(tmp_path / "patient" / f"series {number}", range(2))
    assert get_reader(str(tmp_path)) is not None


def test_what_was_assumed_is_told(tmp_path):
    import nibabel

    path = tmp_path / "lost.nii"
    image = nibabel.Nifti1Image(head().array, None)
    image.header["pixdim"][1:4] = 1, 2, 3
    nibabel.save(image, path)
    before = len(notification_manager.records)
    [(_, meta, _)] = read(path)
    notices = meta["metadata"]["napari_seg"]["notices"]
    assert notices
    told = [str(record.message) for record in notification_manager.records][before:]
    assert any(notices[0].message in message for message in told)


def test_a_broken_file_says_what_it_is(tmp_path):
    path = tmp_path / "page.nii.gz"
    path.write_text("<!DOCTYPE html><html>")
    with pytest.raises(ValueError, match="a web page"):
        read(path)


def test_a_scan_is_saved_on_its_own_grid(tmp_path, scan_path):
    [(data, meta, _)] = read(scan_path)
    path = str(tmp_path / "again.nii.gz")
    assert save_image(path, data, meta) == [path]
    assert read_scan(path).sha256 == read_scan(scan_path).sha256


def told_since(count):
    return [str(record.message) for record in notification_manager.records][count:]


def test_what_is_assumed_of_a_single_slice_is_told_when_it_is_saved(tmp_path):
    layer = image_layer(measured(), name="head")
    third = stack_to_images(layer, 0)[2]
    for save, name, one in (
        (save_image, "slice.nii", third),
        (save_labels, "slice_seg.nii", Labels(np.uint8(third.data > 9), metadata=third.metadata)),
    ):
        before = len(notification_manager.records)
        data, meta, _ = one.as_layer_data_tuple()
        save(str(tmp_path / name), data, meta)
        [told] = told_since(before)
        assert told.startswith(f"{name}: the layer does not say which side is which")
        assert "one axial slice of 1 mm at 0 mm" in told
        assert read_scan(tmp_path / name).geometry.spacing[2] == 1


def test_what_is_assumed_of_napari_s_own_image_is_told_when_it_is_saved(tmp_path, scan_path):
    before = len(notification_manager.records)
    own, meta, _ = Image(np.zeros((4, 5, 6), np.uint8), scale=(3, 2, 1)).as_layer_data_tuple()
    save_image(str(tmp_path / "own.nii"), own, meta)
    [told] = told_since(before)
    assert told.startswith("own.nii: the layer does not say which side is which")
    assert "its scale is taken as mm" in told
    # A scan of ours says nothing new.
    [(data, meta, _)] = read(scan_path)
    before = len(notification_manager.records)
    save_image(str(tmp_path / "again.nii"), data, meta)
    assert told_since(before) == []


def test_a_networks_labels_are_saved_with_table_and_record(tmp_path, result_layer):
    path = tmp_path / "labels.nii.gz"
    data, meta, _ = result_layer.as_layer_data_tuple()
    written = save_labels(str(path), data, meta)
    assert [Path(name).name for name in written] == ["labels.nii.gz", "labels.tsv", "labels.json"]
    back = read_labels(path, onto=head())
    assert back.table.names == TABLE.names
    assert np.count_nonzero(back.array) == 24
    record = json.loads((tmp_path / "labels.json").read_text())
    assert record["bundle"]["name"] == "Hippocampus"
    assert record["changed_by_hand_ml"] == 0
    assert record["command"].startswith("napari-seg segment SCAN")


@pytest.mark.parametrize("name", ["labels.tsv", "labels.json"])
def test_a_table_or_json_of_another_program_is_not_replaced(tmp_path, result_layer, name):
    path = tmp_path / "labels.nii.gz"
    data, meta, _ = result_layer.as_layer_data_tuple()
    save_labels(str(path), data, meta)
    save_labels(str(path), data, meta)
    before = path.read_bytes()
    (tmp_path / name).write_text('{"subject": 3}')
    with pytest.raises(OSError, match=f"'{name}' beside it is no .*rename that file"):
        save_labels(str(path), data, meta)
    assert (tmp_path / name).read_text() == '{"subject": 3}'
    assert path.read_bytes() == before


def test_the_record_says_how_much_was_changed_by_hand(tmp_path, result_layer):
    result_layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    data, meta, _ = result_layer.as_layer_data_tuple()
    save_labels(str(tmp_path / "labels.nii"), data, meta)
    record = json.loads((tmp_path / "labels.json").read_text())
    assert record["changed_by_hand_ml"] == pytest.approx(0.006)


def test_labels_of_another_plugin_are_saved_without_a_record(tmp_path):
    data, meta, _ = Labels(np.ones((8, 10, 12), np.uint8), scale=(3, 2, 1)).as_layer_data_tuple()
    written = save_labels(str(tmp_path / "mine.nii.gz"), data, meta)
    assert [Path(name).name for name in written] == ["mine.nii.gz", "mine.tsv"]
    told = str(notification_manager.records[-1].message)
    assert told.startswith("mine.nii.gz: the layer does not say which side is which")


def test_labels_drawn_in_a_new_layer_are_saved_on_the_grid_of_the_scan_below(
    tmp_path, make_napari_viewer
):
    viewer = make_napari_viewer(show=False)
    turn = np.array([[0, 0.95, -0.3, 5], [-1, 0, 0, 7], [0, 0.3, 0.95, 9], [0, 0, 0, 1]])
    array = np.zeros((9, 8, 7), np.int16)
    viewer.add_layer(image_layer(Scan(array, Geometry(array.shape, turn)), name="tilted"))
    viewer._new_labels()
    layer = viewer.layers[-1]
    layer.paint((3, 4, 5), 1)
    viewer.layers.save(str(tmp_path / "mine.nii.gz"), selected=True, plugin="napari-seg")
    saved = read_labels(tmp_path / "mine.nii.gz")
    assert saved.geometry.matches(Geometry(array.shape, turn))
    assert saved.array.any()


@pytest.mark.parametrize(
    "sample", ["sample_brain", "sample_left_hippocampus", "sample_right_hippocampus"]
)
def test_a_sample_is_a_scan_in_mm(sample):
    [(data, meta, kind)] = getattr(contributions, sample)()
    assert kind == "image"
    assert scan_of(Image(data, **meta)).geometry.spacing == pytest.approx((1, 1, 1))


def test_the_samples_overlay_at_their_true_place():
    brain, crop = (
        Image(data, **meta)
        for sample in (contributions.sample_brain, contributions.sample_left_hippocampus)
        for data, meta, _ in sample()
    )
    corner = crop.data_to_world((0, 0, 0))
    inside = tuple(round(index) for index in brain.world_to_data(corner))
    box = tuple(slice(start, start + n) for start, n in zip(inside, crop.data.shape, strict=True))
    assert np.array_equal(brain.data[box], crop.data)


def test_the_manifest_is_valid_and_its_commands_are_there():
    checked = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", str(MANIFEST)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    manifest = PluginManifest.from_file(MANIFEST)
    for command in manifest.contributions.commands:
        assert callable(import_python_name(command.python_name)), command.id


def test_napari_reads_and_writes_through_the_manifest(tmp_path, scan_path):
    PluginManager.instance().discover()
    viewer = ViewerModel()
    [layer] = viewer.open(scan_path, plugin="napari-seg")
    [path] = layer.save(str(tmp_path / "copy.nii.gz"), plugin="napari-seg")
    assert read_scan(path).sha256 == read_scan(scan_path).sha256


def test_a_scan_that_napari_opens_can_be_shown_in_its_full_range(make_napari_viewer, tmp_path):
    PluginManager.instance().discover()
    viewer = make_napari_viewer(show=True)
    voxels = measured().array.copy()
    voxels[2, 3, 4] = 9000
    write_scan(measured().with_array(voxels), tmp_path / "bright.nii.gz")
    [layer] = viewer.open(tmp_path / "bright.nii.gz", plugin="napari-seg")
    assert layer.contrast_limits[1] < 1000
    assert layer.contrast_limits_range == [voxels.min(), 9000]
    _, panel = viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    choice = panel.viewing.readout.choice
    assert choice.itemText(2) == "full range"
    for _ in range(2):
        panel.viewing.readout.windows.show_next()
    assert choice.currentText() == "full range"
    assert layer.contrast_limits == [voxels.min(), 9000]


def test_a_case_opens_with_scan_labels_and_panel(
    monkeypatch, make_napari_viewer, tmp_path, scan_path
):
    viewer = make_napari_viewer()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    labels = LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE)
    write_labels(labels, tmp_path / "labels.nii.gz")
    contributions.open_case(scan_path, tmp_path / "labels.nii.gz")
    image, shown = viewer.layers
    assert (image.name, shown.name) == ("head", "head – labels")
    result = run_model(
        fake_tools(),
        head(),
        RunSettings(),
        None,
        on_progress=lambda _: None,
        on_window=lambda _: None,
    )
    # A run does not take the labels that were opened for its own.
    assert show_result(viewer, image, result, name="new")[1].old is shown
    assert [name for name in viewer.window.dock_widgets if "napari-seg" in name]


def test_a_case_opens_at_its_labels(monkeypatch, make_napari_viewer, tmp_path, scan_path):
    viewer = make_napari_viewer()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    array = np.zeros(head().array.shape, np.uint8)
    array[1:3, 1:3, -1] = 1
    write_labels(LabelMap(array, head().geometry, TABLE), tmp_path / "labels.nii.gz")
    contributions.open_case(scan_path, tmp_path / "labels.nii.gz")
    step = viewer.dims.current_step
    assert viewer.layers[1].data[step] == 1
    shown = viewer.layers[1].data[tuple(step[axis] for axis in viewer.dims.not_displayed)]
    assert shown.any()


def test_the_panel_is_in_both_menus(make_napari_viewer):
    from napari._app_model import get_app_model

    viewer = make_napari_viewer()
    menus = get_app_model().menus
    for menu in ("napari/layers/segment", "napari/plugins"):
        items = [getattr(item, "command", None) for item in menus.get_menu(menu)]
        assert "napari-seg.panel" in [item.id for item in items if item is not None], menu
    assert viewer.layers == []


@pytest.mark.parametrize("count", [1, 2])
def test_slices_beside_masks_open_as_the_scan_and_the_masks_are_told_of(tmp_path, count):
    patient = tmp_path / "patient"
    scan = read_scan(write_series(patient / "CT"))
    for name in ("liver", "spleen")[:count]:
        labels = LabelMap((scan.array > 2000).astype(np.uint8), scan.geometry, TABLE)
        write_labels(labels, patient / f"{name}.nii.gz", source=scan)
    [(data, meta, kind)] = read(patient)
    assert (kind, data.shape) == ("image", scan.array.T.shape)
    [notice] = [one for one in meta["metadata"]["napari_seg"]["notices"] if "beside" in one.code]
    assert notice.figures == {"volumes": count}
    assert "open it by its file" in notice.message or count == 2


def test_a_folder_with_many_other_files_before_its_slices_is_ours(tmp_path):
    for number in range(600):
        (tmp_path / f"photo_{number}.jpg").write_bytes(b"\xff\xd8\xff")
        (tmp_path / f"viewer_{number}.bin").write_bytes(b"nothing")
    assert get_reader(str(tmp_path)) is None
    write_series(tmp_path / "zz" / "images", range(2))
    assert get_reader(str(tmp_path)) is not None


def test_most_of_thousands_of_photos_are_passed_over_by_their_names(tmp_path, monkeypatch):
    for number in range(2000):
        (tmp_path / f"IMG_{number}.JPG").touch()
    opened = []
    opening = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *how: opened.append(path) or opening(path, *how))
    assert get_reader(str(tmp_path)) is None
    assert len(opened) <= 20


def test_slices_called_like_another_kind_of_file_are_ours(tmp_path):
    for path in write_series(tmp_path).iterdir():
        path.rename(path.with_suffix(".txt"))
    assert get_reader(str(tmp_path)) is not None
