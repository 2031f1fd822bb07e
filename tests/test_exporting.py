"""Our entries in napari's Layers menu, and what "Export labels…" writes."""

import nibabel
import numpy as np
import pytest
from dicom_slices import write_series
from fake_model import TABLE, head
from napari.layers import Image, Labels
from qtpy.QtWidgets import QFileDialog, QMessageBox
from test_asking import Person, press

from napari_seg import read_label_table, read_labels, read_scan
from napari_seg.imaging.files import write_scan
from napari_seg.imaging.scan import LabelMap, Source
from napari_seg.viewer.label_forms import FORMS
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.menu_commands import export_labels, show_as_labels, show_as_scan


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def labels():
    array = (head().array > 50).astype(np.uint8) + (head().array > 150)
    return LabelMap(array.astype(np.uint8), head().geometry, TABLE, source=Source("NIfTI", 1, 1))


def export(monkeypatch, qtbot, form, path, written):
    def choose(_parent, _title, _name, filters):
        assert form.filter in filters
        return str(path), form.filter

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    export_labels()
    qtbot.waitUntil(written.exists, timeout=20_000)
    qtbot.wait(50)


def form_of(title):
    return next(form for form in FORMS if form.title.startswith(title))


@pytest.mark.parametrize(
    ("title", "end"),
    [("3D Slicer segmentation", ".seg.nrrd"), ("NIfTI", ".nii.gz")],
)
def test_labels_are_exported_to_a_file_with_their_names(
    monkeypatch, qtbot, viewer, labels, tmp_path, title, end
):
    viewer.add_layer(labels_layer(labels, name="x"))
    # The end of the name is added where it is missing.
    path = tmp_path / f"out{end}"
    export(monkeypatch, qtbot, form_of(title), tmp_path / "out", path)
    back = read_labels(path)
    assert np.array_equal(back.array, labels.array)
    assert back.table.names == TABLE.names


def test_labels_are_exported_as_one_mask_a_structure(monkeypatch, qtbot, viewer, labels, tmp_path):
    viewer.add_layer(labels_layer(labels, name="x"))
    folder = tmp_path / "masks"
    export(monkeypatch, qtbot, form_of("Folder with one mask"), folder, folder)
    anterior = nibabel.load(folder / "anterior.nii.gz")
    assert np.array_equal(np.asanyarray(anterior.dataobj), labels.array == 1)


def test_labels_are_exported_as_surfaces(monkeypatch, qtbot, viewer, labels, tmp_path):
    viewer.add_layer(labels_layer(labels, name="x"))
    folder = tmp_path / "surfaces"
    export(monkeypatch, qtbot, form_of("Folder with one surface"), folder, folder)
    assert len(list(folder.glob("*.stl"))) == 2


@pytest.mark.parametrize("end", [".tsv", ".txt", ".ctbl"])
def test_tables_are_exported(monkeypatch, qtbot, viewer, labels, tmp_path, end):
    viewer.add_layer(labels_layer(labels, name="x"))
    form = next(form for form in FORMS if form.suffix == end)
    export(monkeypatch, qtbot, form, tmp_path / "table", tmp_path / f"table{end}")
    assert read_label_table(tmp_path / f"table{end}").names == TABLE.names


def test_a_dicom_segmentation_refers_to_the_series_that_is_open(
    monkeypatch, qtbot, viewer, tmp_path
):
    scan = read_scan(write_series(tmp_path / "series", PatientID="p", PatientName=""))
    layer = viewer.add_layer(image_layer(scan, name="ct"))
    array = (scan.array > 1000).astype(np.uint8)
    drawn = LabelMap(array, scan.geometry, TABLE)
    viewer.add_layer(labels_layer(drawn, name="x", like=layer, scan_id=layer.unique_id))
    person = Person(QMessageBox, press("Make new identifiers"))
    path = tmp_path / "out.dcm"
    export(monkeypatch, qtbot, form_of("DICOM"), path, path)
    assert "states no" in person.asked[0]
    assert np.array_equal(read_labels(path, onto=scan).array, array)


def test_declined_identifiers_write_nothing(monkeypatch, qtbot, viewer, tmp_path):
    scan = read_scan(write_series(tmp_path / "series"))
    layer = viewer.add_layer(image_layer(scan, name="ct"))
    drawn = LabelMap((scan.array > 1000).astype(np.uint8), scan.geometry, TABLE)
    viewer.add_layer(labels_layer(drawn, name="x", like=layer, scan_id=layer.unique_id))
    person = Person(QMessageBox, press("Cancel"))
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        lambda *_: (str(tmp_path / "out.dcm"), form_of("DICOM").filter),
    )
    export_labels()
    qtbot.waitUntil(lambda: bool(person.asked))
    qtbot.wait(100)
    assert not (tmp_path / "out.dcm").exists()


def test_an_error_reaches_napari_and_nothing_is_left(monkeypatch, qtbot, viewer, labels, tmp_path):
    viewer.add_layer(labels_layer(labels, name="x"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        lambda *_: (str(tmp_path / "mine"), form_of("Folder with one mask").filter),
    )
    with qtbot.capture_exceptions() as raised:
        export_labels()
        qtbot.waitUntil(lambda: bool(raised))
    assert isinstance(raised[0][1], FileExistsError)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_painting_on_while_it_is_written_changes_nothing_on_disk(
    monkeypatch, qtbot, viewer, labels, tmp_path
):
    layer = viewer.add_layer(labels_layer(labels, name="x"))
    path = tmp_path / "out.nii.gz"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(path), form_of("NIfTI").filter)
    )
    export_labels()
    layer.data[...] = 2
    qtbot.waitUntil(path.exists, timeout=20_000)
    qtbot.wait(50)
    assert np.array_equal(read_labels(path).array, labels.array)


def test_the_menu_switches_between_labels_and_scan(viewer, labels):
    viewer.add_layer(labels_layer(labels, name="x"))
    show_as_scan()
    assert isinstance(viewer.layers[0], Image)
    show_as_labels()
    assert isinstance(viewer.layers[0], Labels)


@pytest.mark.parametrize(
    ("command", "reason"),
    [(show_as_labels, "one image"), (show_as_scan, "of labels"), (export_labels, "of labels")],
)
def test_without_a_fitting_layer_the_menu_says_what_to_do(viewer, command, reason):
    with pytest.raises(ValueError, match=reason):
        command()


def test_the_entries_are_in_the_menus(viewer):
    from napari._app_model import get_app_model

    menus = get_app_model().menus
    for menu, command in (
        ("napari/layers/data", "napari-seg.export_labels"),
        ("napari/layers/layer_type", "napari-seg.show_as_labels"),
        ("napari/layers/layer_type", "napari-seg.show_as_scan"),
    ):
        items = [getattr(item, "command", None) for item in menus.get_menu(menu)]
        assert command in [item.id for item in items if item is not None]


def test_an_entry_acts_when_it_is_chosen(viewer, tmp_path):
    from napari._app_model import get_app_model

    write_scan(head(), tmp_path / "x_seg.nii.gz")
    viewer.open(tmp_path / "x_seg.nii.gz", plugin="napari-seg")
    get_app_model().commands.execute_command("napari-seg.show_as_scan").result()
    assert isinstance(viewer.layers[0], Image)
