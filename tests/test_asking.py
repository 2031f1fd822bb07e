"""napari's own File > Open and files dropped on it: questions in windows of their own."""

import numpy as np
import pytest
from dicom_slices import write_series
from fake_model import TABLE, head
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox

from napari_seg import NeedsRepairError, SeveralSeriesError
from napari_seg.imaging.files import read_labels, write_labels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.contributions import get_reader
from napari_seg.viewer.layers import image_layer, label_map_of
from napari_seg.viewer.opening.asking import read_and_ask
from napari_seg.viewer.opening.series_chooser import SeriesDialog


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    write_series(folder / "a", SeriesNumber=1, SeriesInstanceUID="1.2.1")
    write_series(folder / "b", [0, 1, 3, 4], SeriesNumber=2, SeriesInstanceUID="1.2.2")
    return folder


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def window(qtbot):
    """A window to ask in."""
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    return window


class Person(QObject):
    """Answers the next question that shows, within some seconds; after that, declines it."""

    def __init__(self, kind, act):
        super().__init__(QApplication.instance())
        self.kind, self.act, self.asked, self.left = kind, act, [], 500
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.look)
        self.timer.start(10)

    def look(self):
        shown = QApplication.activeModalWidget()
        self.left -= 1
        if isinstance(shown, self.kind):
            self.asked.append(shown.text() if isinstance(shown, QMessageBox) else "")
            self.stop()
            self.act(shown)
        elif self.left < 0:
            self.stop()
            if shown is not None:
                shown.close()

    def stop(self):
        self.timer.stop()


def press(text):
    def act(box):
        next(button for button in box.buttons() if button.text() == text).click()

    return act


def test_a_series_is_chosen_in_a_dialog_or_none(viewer, study):
    def choose_second(dialog):
        dialog.chooser.list.setCurrentRow(1)
        dialog.chooser.open.click()

    Person(SeriesDialog, choose_second)
    [layer] = viewer.open(study, plugin="napari-seg")
    assert layer.name == "study – series 2"
    assert layer.data.shape == (5, 6, 8)

    Person(SeriesDialog, lambda dialog: dialog.chooser.cancel.click())
    assert viewer.open(study, plugin="napari-seg") == []
    assert viewer.layers == [layer]


def test_a_repair_is_asked_for(window, study):
    person = Person(QMessageBox, press("Repair and open"))
    assert read_and_ask(study / "b", ()).opened.read.array.shape == (8, 6, 5)
    assert "misses 1 slice" in person.asked[0]
    Person(QMessageBox, press("Cancel"))
    assert read_and_ask(study / "b", ()) is None


def test_without_a_window_there_is_an_error_with_the_way_out(study):
    read = get_reader(str(study))
    with pytest.raises(SeveralSeriesError, match="2 series; choose one by its number"):
        read(str(study))
    with pytest.raises(NeedsRepairError, match="repair=True"):
        read(str(study / "b"))


def test_labels_lie_on_the_grid_of_the_scan_that_is_open(tmp_path):
    scan = image_layer(head(), name="head")
    labels = LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE)
    write_labels(labels.crop(((2, 10), (1, 9), (2, 8))), tmp_path / "x.seg.nrrd")
    opened = read_and_ask(tmp_path / "x.seg.nrrd", [scan]).opened
    assert opened.place == 0
    assert np.array_equal(opened.read.array, labels.array)


def write_on_another_grid(folder):
    grid = Geometry((6, 10, 8), np.diag([2.0, 2.0, 3.0, 1.0]))
    labels = LabelMap(np.ones(grid.shape, np.uint8), grid, TABLE)
    write_labels(labels, folder / "x_seg.nii")
    return folder / "x_seg.nii"


@pytest.mark.parametrize(
    ("answer", "shape"),
    [("Resample to this scan", (12, 10, 8)), ("Open on their own grid", (6, 10, 8))],
)
def test_labels_on_another_grid_are_asked_about(window, tmp_path, answer, shape):
    scan = image_layer(head(), name="head")
    person = Person(QMessageBox, press(answer))
    settled = read_and_ask(write_on_another_grid(tmp_path), [scan])
    assert "lie on another grid than the scan 'head'" in person.asked[0]
    assert settled.opened.read.geometry.shape == shape


def test_labels_on_another_grid_can_be_declined(window, tmp_path):
    Person(QMessageBox, press("Cancel"))
    path = write_on_another_grid(tmp_path)
    assert read_and_ask(path, [image_layer(head(), name="head")]) is None


def test_labels_on_another_grid_are_refused_without_a_window(tmp_path):
    path = write_on_another_grid(tmp_path)
    with pytest.raises(ValueError, match=r"x_seg.nii' lie on another grid .* resample=True"):
        read_and_ask(path, [image_layer(head(), name="head")])


def test_a_dicom_segmentation_without_identifiers_is_asked_about_when_saved(
    viewer, shared_data, tmp_path
):
    [scan] = viewer.open(shared_data / "ct_dicom", plugin="napari-seg")
    array = np.zeros(scan.data.shape, np.uint8)
    array[3:6, 100:120, 200:230] = 1
    layer = viewer.add_labels(array, scale=scan.scale, translate=scan.translate, name="organ")
    path = tmp_path / "organ.dcm"
    person = Person(QMessageBox, press("Make new identifiers"))
    layer.save(str(path), plugin="napari-seg")
    assert "states no Study" in person.asked[0]
    back = read_labels(path, onto=label_map_of(layer).geometry)
    assert np.array_equal(back.array, label_map_of(layer).array)


def test_an_error_while_saving_is_not_taken_for_a_missing_writer(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer(show=False)
    layer = viewer.add_labels(np.ones((3, 4, 5), np.uint8), name="drawn")
    with pytest.raises(OSError, match="names the slices it was drawn on"):
        layer.save(str(tmp_path / "x.dcm"), plugin="napari-seg")
    assert list(tmp_path.iterdir()) == []


def test_a_slicer_segmentation_is_saved_with_its_names(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer(show=False)
    labels = LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE)
    write_labels(labels, tmp_path / "first_seg.nii.gz")
    [layer] = viewer.open(tmp_path / "first_seg.nii.gz", plugin="napari-seg")
    assert layer.save(str(tmp_path / "out.seg.nrrd"), plugin="napari-seg") == [
        str(tmp_path / "out.seg.nrrd")
    ]
    assert read_labels(tmp_path / "out.seg.nrrd").table.names == TABLE.names
    assert not (tmp_path / "out.seg.tsv").exists()
