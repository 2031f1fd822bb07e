"""Files dropped on the window while the panel is open."""

import shutil

import numpy as np
import pytest
from dicom_slices import write_series
from fake_model import TABLE, fake_tools, head
from napari.qt import QtViewer
from napari.settings import get_settings
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from qtpy.QtWidgets import QApplication, QWidget

from napari_seg.imaging.files import write_labels, write_scan
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer import contributions
from napari_seg.viewer.layers import metadata_of
from napari_seg.viewer.opening.drops import in_order
from napari_seg.viewer.panel import Panel

NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture(autouse=True)
def no_key_is_held(monkeypatch):
    """Of the keys that other tests pressed Qt remembers those that it never saw released."""
    monkeypatch.setattr(QGuiApplication, "keyboardModifiers", lambda: NONE)


@pytest.fixture
def files(tmp_path):
    noise = np.random.default_rng(0).integers(0, 400, head().array.shape)
    write_scan(head().with_array((head().array + noise).astype(np.int16)), tmp_path / "head.nii.gz")
    labels = LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE)
    write_labels(labels, tmp_path / "head_seg.nii.gz")
    return [tmp_path / "head_seg.nii.gz", tmp_path / "head.nii.gz"]


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def panel(viewer, qtbot):
    panel = Panel(viewer, tools=fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    QApplication.processEvents()
    yield panel
    if not panel._is_released:
        viewer.window.remove_dock_widget(panel)
    QApplication.processEvents()


def canvas_of(viewer):
    """No fixture: napari counts what still holds a canvas when a test is over."""
    windows = QApplication.topLevelWidgets()
    found = [canvas for window in windows for canvas in window.findChildren(QtViewer)]
    return next(canvas for canvas in found if canvas.viewer is viewer)


def mime_of(paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(widget, paths):
    """Drag files onto a widget, and drop them; Qt drops where something was dragged to."""
    mime = mime_of(paths)
    enter = QDragEnterEvent(
        QPoint(9, 9), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE
    )
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    event = QDropEvent(
        QPointF(9, 9), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE
    )
    QApplication.sendEvent(widget, event)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def welcome_of(canvas):
    """What napari shows in place of the canvas before the first layer."""
    [page] = [
        each
        for each in canvas.findChildren(QWidget)
        if each.acceptDrops() and "elcome" in type(each).__name__
    ]
    return page


@pytest.mark.parametrize("where", ["the canvas", "napari's first page", "the panel"])
def test_a_scan_and_its_labels_open_in_the_panel(qtbot, viewer, panel, files, where):
    canvas = canvas_of(viewer)
    on = {"the canvas": canvas, "the panel": panel}.get(where) or welcome_of(canvas)
    told = []
    panel.work.busy.connect(told.append)
    drop(on, files)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
    # The scan came first, so that the labels found it; both were read beside the window.
    assert names(viewer) == ["head", "head_seg"]
    scan, labels = viewer.layers
    assert metadata_of(labels)["scan_id"] == scan.unique_id
    assert told == [True, False, True, False]
    assert panel.drops.waiting == []


def test_the_panel_takes_files_alone(panel):
    for paths, taken in (([panel], False), (["/x.nii.gz"], True)):
        mime = mime_of(paths) if taken else QMimeData()
        event = QDragEnterEvent(
            QPoint(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE
        )
        event.ignore()
        QApplication.sendEvent(panel, event)
        assert event.isAccepted() == taken


@pytest.fixture
def to_napari(monkeypatch):
    """What napari itself is asked to open."""
    asked = []

    def note(_self, urls, **_more):
        asked.extend(url.toLocalFile() for url in urls)

    monkeypatch.setattr(QtViewer, "_open_from_list_of_urls_data", note)
    return asked


def test_what_is_not_ours_is_left_to_napari(viewer, panel, files, tmp_path, to_napari):
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"")
    drop(canvas_of(viewer), [*files, photo])
    assert len(to_napari) == 3
    assert panel.drops.waiting == []


def test_another_reader_that_was_chosen_for_a_kind_of_file_keeps_it(
    viewer, panel, files, to_napari
):
    get_settings().plugins.extension2reader = {"*.nii.gz": "napari"}
    drop(canvas_of(viewer), files)
    assert len(to_napari) == 2


@pytest.mark.parametrize("key", ["ShiftModifier", "AltModifier"])
def test_napari_keeps_what_its_keys_mean(viewer, panel, files, to_napari, monkeypatch, key):
    held = getattr(Qt.KeyboardModifier, key)
    monkeypatch.setattr(QGuiApplication, "keyboardModifiers", lambda: held)
    drop(canvas_of(viewer), files)
    assert len(to_napari) == 2


def test_a_closed_panel_takes_nothing(viewer, panel, files, to_napari):
    viewer.window.remove_dock_widget(panel)
    QApplication.processEvents()
    drop(canvas_of(viewer), files)
    assert len(to_napari) == 2


def test_a_file_that_cannot_be_read_does_not_hold_up_the_next(
    qtbot, viewer, panel, files, tmp_path
):
    broken = tmp_path / "broken.nii.gz"
    broken.write_text("<html>")
    with qtbot.captureExceptions() as errors:
        drop(canvas_of(viewer), [broken, files[1]])
        qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=20_000)
    assert names(viewer) == ["head"]
    assert "a web page" in str(errors[0][1])


def test_a_question_is_answered_before_the_next_file_opens(qtbot, viewer, panel, files, tmp_path):
    folder = tmp_path / "study"
    write_series(folder / "a", SeriesNumber=1, SeriesInstanceUID="1.2.1")
    write_series(folder / "b", SeriesNumber=2, SeriesInstanceUID="1.2.2")
    drop(canvas_of(viewer), [folder, files[1]])
    qtbot.waitUntil(lambda: panel.opening.is_asking, timeout=20_000)
    assert panel.drops.waiting == [files[1]]
    panel.opening.chooser.open.click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
    assert names(viewer) == ["study – series 1", "head"]


def test_slices_of_a_folder_are_its_series(tmp_path):
    series = write_series(tmp_path / "series", range(4))
    some = sorted(series.iterdir())[:3]
    lone = tmp_path / "lone"
    lone.mkdir()
    shutil.copy(some[0], lone / "one.dcm")
    labels = tmp_path / "x_seg.nii.gz"
    assert in_order([labels, *some, lone / "one.dcm"]) == [series, lone / "one.dcm", labels]


def test_folders_of_scans_are_ours_without_a_look_into_them(tmp_path, files):
    assert contributions.get_reader(str(tmp_path)) is not None
    slice_without_a_suffix = next(write_series(tmp_path / "series").iterdir())
    assert contributions.get_reader(str(slice_without_a_suffix)) is not None
    (tmp_path / "series" / "notes").write_text("of a nurse")
    assert contributions.get_reader(str(tmp_path / "series" / "notes")) is None
    (tmp_path / "empty").mkdir()
    assert contributions.get_reader(str(tmp_path / "empty")) is None
