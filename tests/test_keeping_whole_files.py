"""Files that hold more than the labels that were read from them are never replaced by these."""

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from kept_labels_case import finish, wait_ready, wait_until
from napari.components import ViewerModel

from napari_seg import (
    Geometry,
    Label,
    LabelMap,
    LabelTable,
    Scan,
    read_label_table,
    read_labels,
    write_labels,
)
from napari_seg.imaging.files import write_scan
from napari_seg.imaging.progress import ignore_progress
from napari_seg.imaging.scan import Notice
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.keeping.saving_places import what_file_holds_more
from napari_seg.viewer.layers import label_map_of
from napari_seg.viewer.opening.opened_layers import grids_of, layer_of
from napari_seg.viewer.opening.reading import open_file, place_nearest
from napari_seg.viewer.undo import write_region

SHAPE = (12, 10, 8)
GEOMETRY = Geometry(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0]))
PART = (slice(0, 2), slice(0, 2), slice(0, 2))
NAMES = LabelTable((Label(1, "liver", (9, 8, 7), "10200004"), Label(2, "spleen", (1, 2, 3))))


@pytest.fixture
def viewer():
    return ViewerModel()


def opened(viewer, path):
    found = open_file(path, None, False, (), on_progress=ignore_progress)
    layer = layer_of(found.read, path, shown=found.shown, order=found.order, stamp=found.stamp)
    return viewer.add_layer(layer)


def paint_and_save(keeping, layer, value):
    """Return what was said."""
    said = []
    keeping.said.connect(said.append)
    wait_ready(layer)
    write_region(layer, PART, value, preserve=False)
    keeping.save(layer)
    wait_until(lambda: not keeping._queue.is_busy)
    finish()
    keeping.said.disconnect(said.append)
    return said


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def require_left(before, folder):
    after = contents(folder)
    assert {name: after[name] for name in before} == before


def overlapping(path):
    """Write two segments of one value in two layers, the second within the first."""
    layers = np.zeros((*SHAPE, 2), np.uint8)
    layers[1:7, 1:7, 1:6, 0] = 1
    layers[2:5, 2:5, 2:5, 1] = 1
    image = sitk.GetImageFromArray(
        np.ascontiguousarray(layers.transpose(2, 1, 0, 3)), isVector=True
    )
    for layer, name in enumerate(("liver", "tumour in liver")):
        fields = {"LabelValue": "1", "Layer": str(layer), "Name": name, "ID": f"Segment_{layer}"}
        for field, text in fields.items():
            image.SetMetaData(f"Segment{layer}_{field}", text)
    sitk.WriteImage(image, str(path), True)


def test_overlapping_segments_stay_and_the_next_save_replaces_the_edited_file(
    keeping, viewer, tmp_path
):
    path = tmp_path / "case.seg.nrrd"
    overlapping(path)
    before = contents(tmp_path)
    layer = opened(viewer, path)
    (said,) = paint_and_save(keeping, layer, 1)
    assert said == (
        "Saved case_edited.nii.gz; 'case.seg.nrrd' is left as it is, because its segments have "
        "other values than these labels and its segments overlap, and these labels cannot"
    )
    require_left(before, tmp_path)
    assert paint_and_save(keeping, layer, 2) == ["Saved case_edited.nii.gz"]
    saved = read_labels(tmp_path / "case_edited.nii.gz").array
    assert np.array_equal(saved, label_map_of(layer).array)
    require_left(before, tmp_path)


def test_labels_saved_beside_their_file_go_back_there_in_another_panel(
    keeping, viewer, tmp_path, qtbot
):
    path = tmp_path / "case.seg.nrrd"
    overlapping(path)
    layer = opened(viewer, path)
    paint_and_save(keeping, layer, 1)
    again = ViewerModel()
    copy = again.add_layer(type(layer)(layer.data, metadata=layer.metadata, name="a"))
    other = Keeping(again, folder=tmp_path / "journals")
    qtbot.addWidget(other.offer)
    assert paint_and_save(other, copy, 2) == ["Saved case_edited.nii.gz"]
    other.release()


def test_labels_resampled_to_the_scan_leave_their_file(keeping, viewer, tmp_path):
    rng = np.random.default_rng(0)
    write_scan(Scan(rng.normal(size=SHAPE).astype(np.float32), GEOMETRY), tmp_path / "ct.nii.gz")
    fine = Geometry((24, 20, 16), np.diag([0.5, 1.0, 1.5, 1.0]))
    array = rng.integers(0, 3, fine.shape).astype(np.uint8)
    write_labels(LabelMap(array, fine, NAMES), tmp_path / "ct_seg.nii.gz")
    before = contents(tmp_path)
    scan = opened(viewer, tmp_path / "ct.nii.gz")
    (grid,) = grids_of([scan])
    path = tmp_path / "ct_seg.nii.gz"
    read = open_file(path, None, False, [grid], on_progress=ignore_progress)
    assert not read.fits
    placed = place_nearest(read.read, grid, read.stamp, on_progress=ignore_progress)
    layer = layer_of(placed.read, path, shown=placed.shown, like=scan, stamp=placed.stamp)
    (said,) = paint_and_save(keeping, viewer.add_layer(layer), 2)
    assert said.startswith("Saved ct_seg_edited.nii.gz; 'ct_seg.nii.gz' is left as it is, because")
    assert said.endswith("it lies on another grid than these labels")
    require_left(before, tmp_path)


def changed_by_another_program(path):
    """Write named labels, of which another program then changes one voxel."""
    array = np.zeros(SHAPE, np.uint8)
    array[3:8, 3:8, 3:6], array[9:11, 4:6, 4:6] = 1, 2
    write_labels(LabelMap(array, GEOMETRY, NAMES), path)
    array[0, 0, 0] = 1
    nib.Nifti1Image(array, GEOMETRY.affine).to_filename(path)


def test_names_of_a_table_that_was_not_used_stay(keeping, viewer, tmp_path):
    path = tmp_path / "case_dseg.nii.gz"
    changed_by_another_program(path)
    before = contents(tmp_path)
    layer = opened(viewer, path)
    (said,) = paint_and_save(keeping, layer, 2)
    assert said.endswith("because the names in the table beside it were not used")
    require_left(before, tmp_path)
    assert read_label_table(tmp_path / "case_dseg.tsv") == NAMES
    saved = read_labels(tmp_path / "case_dseg_edited.nii.gz").array
    assert np.array_equal(saved, label_map_of(layer).array)


def test_a_table_that_was_not_read_stays(keeping, viewer, tmp_path):
    path = tmp_path / "case_dseg.nii.gz"
    changed_by_another_program(path)
    (tmp_path / "case_dseg.tsv").write_text("1\tliver\n")
    before = contents(tmp_path)
    (said,) = paint_and_save(keeping, opened(viewer, path), 2)
    assert said.endswith("because the table beside it was not read")
    require_left(before, tmp_path)


@pytest.mark.parametrize("code", ["extended", "rounded-places", "no-orientation", "units"])
def test_what_loses_nothing_of_the_file_is_no_reason_to_leave_it(code):
    assert what_file_holds_more([Notice(code, "message")]) == ""
