"""Our entries in napari's Layers menu, and what "Export labels…" writes."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from dicom_slices import write_series
from fake_model import TABLE, head
from napari._app_model import get_app_model
from napari.components import ViewerModel
from napari.layers import Image, Labels
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget
from test_asking import Person, press

from napari_seg import read_label_table, read_labels, read_scan
from napari_seg.imaging.scan import LabelMap, Source
from napari_seg.viewer.exporting import Export
from napari_seg.viewer.label_forms import FORMS
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.menu_commands import export_labels, show_as_labels, show_as_scan


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def shown_viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def labels():
    array = (head().array > 50).astype(np.uint8) + (head().array > 150)
    return LabelMap(array.astype(np.uint8), head().geometry, TABLE, source=Source("NIfTI", 1, 1))


@pytest.fixture
def choose(monkeypatch):
    """Let the file dialog answer with a form and a place."""

    def set_answer(form, path):
        def answer(_parent, _title, _name, filters):
            assert form.filter in filters
            return str(path), form.filter

        monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)

    return set_answer


@pytest.fixture
def export(choose, qtbot, viewer, window):
    """Export the topmost layer, and wait until the file is there."""

    def act(form, path, written):
        choose(form, path)
        job = Export(viewer.layers[-1], viewer.layers, window)
        with qtbot.waitSignal(job.destroyed, timeout=20_000):
            job.ask()
        assert written.exists()

    return act


def form_of(title):
    return next(form for form in FORMS if form.title.startswith(title))


@pytest.mark.parametrize(
    ("title", "end"),
    [("3D Slicer segmentation", ".seg.nrrd"), ("NIfTI", ".nii.gz")],
)
def test_labels_are_exported_to_a_file_with_their_names(
    export, viewer, labels, tmp_path, title, end
):
    viewer.add_layer(labels_layer(labels, name="x"))
    # The end of the name is added where it is missing.
    path = tmp_path / f"out{end}"
    export(form_of(title), tmp_path / "out", path)
    back = read_labels(path)
    assert np.array_equal(back.array, labels.array)
    assert back.table.names == TABLE.names


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.NRRD", "x.mha", "x.seg.nrrd"])
def test_the_end_of_the_name_chooses_the_form(export, viewer, labels, tmp_path, name):
    viewer.add_layer(labels_layer(labels, name="x"))
    for chosen in (FORMS[0], form_of("NIfTI"), form_of("Folder with one mask")):
        folder = tmp_path / chosen.title[:6]
        folder.mkdir()
        export(chosen, folder / name, folder / name)
        assert np.array_equal(read_labels(folder / name).array, labels.array)
        assert {one.suffix for one in folder.iterdir()} <= {Path(name).suffix, ".tsv"}


def test_a_table_is_exported_where_the_name_ends_as_one(export, viewer, labels, tmp_path):
    viewer.add_layer(labels_layer(labels, name="x"))
    export(FORMS[0], tmp_path / "t.ctbl", tmp_path / "t.ctbl")
    assert read_label_table(tmp_path / "t.ctbl").names == TABLE.names


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.jpg", "x.hdr"])
def test_a_picture_of_a_volume_is_refused_in_a_sentence(
    choose, qtbot, viewer, window, labels, tmp_path, name
):
    viewer.add_layer(labels_layer(labels, name="x"))
    choose(FORMS[0], tmp_path / name)
    job = Export(viewer.layers[-1], viewer.layers, window)
    with qtbot.capture_exceptions() as raised, qtbot.waitSignal(job.destroyed, timeout=20_000):
        job.ask()
    assert len(raised) == 1
    assert issubclass(raised[0][0], ValueError)
    assert name in str(raised[0][1])
    assert list(tmp_path.iterdir()) == []


def test_labels_are_exported_as_one_mask_a_structure(export, viewer, labels, tmp_path):
    viewer.add_layer(labels_layer(labels, name="x"))
    folder = tmp_path / "masks"
    export(form_of("Folder with one mask"), folder, folder)
    anterior = nibabel.load(folder / "anterior.nii.gz")
    assert np.array_equal(np.asanyarray(anterior.dataobj), labels.array == 1)


def test_labels_are_exported_as_surfaces(export, viewer, labels, tmp_path):
    viewer.add_layer(labels_layer(labels, name="x"))
    folder = tmp_path / "surfaces"
    export(form_of("Folder with one surface"), folder, folder)
    assert len(list(folder.glob("*.stl"))) == 2


@pytest.mark.parametrize("end", [".tsv", ".txt", ".ctbl"])
def test_tables_are_exported(export, viewer, labels, tmp_path, end):
    viewer.add_layer(labels_layer(labels, name="x"))
    form = next(form for form in FORMS if form.suffix == end)
    export(form, tmp_path / "table", tmp_path / f"table{end}")
    assert read_label_table(tmp_path / f"table{end}").names == TABLE.names


def test_a_dicom_segmentation_refers_to_the_series_that_is_open(export, viewer, tmp_path):
    scan = read_scan(write_series(tmp_path / "series", PatientID="p", PatientName=""))
    layer = viewer.add_layer(image_layer(scan, name="ct"))
    array = (scan.array > 1000).astype(np.uint8)
    drawn = LabelMap(array, scan.geometry, TABLE)
    viewer.add_layer(labels_layer(drawn, name="x", like=layer, scan_id=layer.unique_id))
    person = Person(QMessageBox, press("Make new identifiers"))
    path = tmp_path / "out.dcm"
    export(form_of("DICOM"), path, path)
    assert "states no" in person.asked[0]
    assert np.array_equal(read_labels(path, onto=scan).array, array)


def test_declined_identifiers_write_nothing(choose, qtbot, viewer, window, tmp_path):
    scan = read_scan(write_series(tmp_path / "series"))
    layer = viewer.add_layer(image_layer(scan, name="ct"))
    drawn = LabelMap((scan.array > 1000).astype(np.uint8), scan.geometry, TABLE)
    viewer.add_layer(labels_layer(drawn, name="x", like=layer, scan_id=layer.unique_id))
    person = Person(QMessageBox, press("Cancel"))
    choose(form_of("DICOM"), tmp_path / "out.dcm")
    job = Export(viewer.layers[-1], viewer.layers, window)
    with qtbot.waitSignal(job.destroyed, timeout=20_000):
        job.ask()
    assert person.asked
    assert not (tmp_path / "out.dcm").exists()


def test_an_error_reaches_napari_and_nothing_is_left(
    choose, qtbot, viewer, window, labels, tmp_path
):
    viewer.add_layer(labels_layer(labels, name="x"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    choose(form_of("Folder with one mask"), tmp_path / "mine")
    with qtbot.capture_exceptions() as raised:
        Export(viewer.layers[-1], viewer.layers, window).ask()
        qtbot.waitUntil(lambda: bool(raised))
    assert isinstance(raised[0][1], FileExistsError)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_painting_on_while_it_is_written_changes_nothing_on_disk(
    choose, qtbot, viewer, window, labels, tmp_path
):
    layer = viewer.add_layer(labels_layer(labels, name="x"))
    path = tmp_path / "out.nii.gz"
    choose(form_of("NIfTI"), path)
    job = Export(layer, viewer.layers, window)
    with qtbot.waitSignal(job.destroyed, timeout=20_000):
        job.ask()
        layer.data[...] = 2
    assert np.array_equal(read_labels(path).array, labels.array)


def test_the_entries_of_the_menu_act_on_the_selected_layer(
    qtbot, choose, shown_viewer, labels, tmp_path
):
    menus, commands = get_app_model().menus, get_app_model().commands
    for menu, command in (
        ("napari/layers/data", "napari-seg.export_labels"),
        ("napari/layers/layer_type", "napari-seg.show_as_labels"),
        ("napari/layers/layer_type", "napari-seg.show_as_scan"),
    ):
        items = [getattr(item, "command", None) for item in menus.get_menu(menu)]
        assert command in [item.id for item in items if item is not None]
    for command, reason in (
        (show_as_labels, "one image"),
        (show_as_scan, "of labels"),
        (export_labels, "of labels"),
    ):
        with pytest.raises(ValueError, match=reason):
            command()
    shown_viewer.add_layer(labels_layer(labels, name="x"))
    commands.execute_command("napari-seg.show_as_scan").result()
    assert isinstance(shown_viewer.layers[0], Image)
    commands.execute_command("napari-seg.show_as_labels").result()
    assert isinstance(shown_viewer.layers[0], Labels)
    choose(form_of("NIfTI"), tmp_path / "out.nii.gz")
    commands.execute_command("napari-seg.export_labels").result()
    qtbot.waitUntil((tmp_path / "out.nii.gz").exists, timeout=20_000)
    qtbot.wait(100)
    assert np.array_equal(read_labels(tmp_path / "out.nii.gz").array, labels.array)
