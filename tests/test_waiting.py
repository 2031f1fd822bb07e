"""Reading for napari's own File > Open and drops: in a job, with progress and Cancel."""

import threading
import time

import numpy as np
import pytest
from fake_model import TABLE, head
from napari.settings import get_settings
from qtpy.QtCore import QMimeData, QObject, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget

from napari_seg.imaging.files import read_labels, read_scan, write_labels, write_scan
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.opening import asking
from napari_seg.viewer.opening.waiting import WaitingDialog, wait_for


@pytest.fixture
def window(qtbot):
    window = QMainWindow()
    window.setCentralWidget(QWidget())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def slow(*, on_progress):
    """Take a second, and tell of it."""
    for step in range(100):
        time.sleep(0.01)
        on_progress(step / 100)
    return threading.current_thread()


def endless(*, on_progress):
    """Go on until somebody cancels."""
    for _ in range(2000):
        time.sleep(0.01)
        on_progress(0.25)
    return 1


def dialog():
    return QApplication.activeModalWidget()


class WhenShown(QObject):
    """Acts once, as soon as the dialog shows some progress."""

    def __init__(self, act):
        super().__init__(QApplication.instance())
        self.act = act
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.look)
        self.timer.start(10)

    def look(self):
        shown = dialog()
        if isinstance(shown, WaitingDialog) and shown.bar.maximum() > 0:
            self.timer.stop()
            self.act(shown)


def test_the_result_comes_from_another_thread_while_the_window_lives(window):
    beats = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(time.monotonic()))
    timer.start(10)
    thread = wait_for(window, "Opening head", slow)
    assert thread is not threading.main_thread()
    assert len(beats) > 20
    assert dialog() is None


def test_progress_shows_after_a_while(window):
    seen = []
    start = time.monotonic()

    def look(shown):
        value = shown.bar.value() / shown.bar.maximum()
        seen.append((shown.text.text(), value, time.monotonic() - start))
        shown.reject()

    WhenShown(look)
    wait_for(window, "Opening head", endless)
    [(text, value, seconds)] = seen
    assert text == "Opening head…"
    assert value == pytest.approx(0.25)
    assert seconds > 0.25


def test_what_is_over_soon_shows_nothing(window):
    def quick(*, on_progress):
        on_progress(1.0)
        return 7

    assert wait_for(window, "Opening head", quick) == 7


@pytest.mark.parametrize("how", ["button", "escape"])
def test_cancel_ends_the_wait_at_once(window, how):
    stopped = threading.Event()

    def watched(*, on_progress):
        try:
            return endless(on_progress=on_progress)
        finally:
            stopped.set()

    def cancel(shown):
        if how == "button":
            QTest.mouseClick(shown.cancel, Qt.MouseButton.LeftButton)
        else:
            QTest.keyClick(shown, Qt.Key.Key_Escape)

    WhenShown(cancel)
    assert wait_for(window, "Opening head", watched) is None
    assert dialog() is None
    assert stopped.wait(5)


def test_cancel_does_not_wait_for_a_reader_that_does_not_listen(window):
    listens = threading.Event()

    def deaf(*, on_progress):
        on_progress(0.1)
        listens.wait(30)
        return 1

    WhenShown(lambda shown: shown.cancel.click())
    assert wait_for(window, "Opening head", deaf) is None
    assert not listens.is_set()
    listens.set()


def test_an_error_is_raised_to_the_caller_as_it_is(window):
    def fail(*, on_progress):
        raise FileNotFoundError("no 'head' here")

    with pytest.raises(FileNotFoundError, match="no 'head' here"):
        wait_for(window, "Opening head", fail)


def test_a_window_that_goes_ends_the_wait(qtbot):
    window = QMainWindow()
    window.show()
    qtbot.waitExposed(window)
    WhenShown(lambda _: window.deleteLater())
    assert wait_for(window, "Opening head", endless) is None


# Through napari


@pytest.fixture
def files(tmp_path):
    noise = np.random.default_rng(0).integers(0, 400, head().array.shape)
    scan = head().with_array((head().array + noise).astype(np.int16))
    write_scan(scan, tmp_path / "head.nii.gz")
    labels = LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE)
    write_labels(labels, tmp_path / "head_seg.nii.gz")
    return [tmp_path / "head.nii.gz", tmp_path / "head_seg.nii.gz"]


@pytest.fixture
def readers(monkeypatch):
    """The threads that files were read in."""
    threads = []
    real = asking.open_file

    def watched(*arguments, **more):
        threads.append(threading.current_thread())
        return real(*arguments, **more)

    monkeypatch.setattr(asking, "open_file", watched)
    return threads


def test_open_hands_back_the_layers_to_a_script(make_napari_viewer, files, readers):
    viewer = make_napari_viewer(show=True)
    layers = viewer.open([str(path) for path in files], plugin="napari-seg")
    assert [layer.name for layer in layers] == ["head", "head_seg"]
    assert list(viewer.layers) == layers
    assert threading.main_thread() not in readers
    assert np.array_equal(np.unique(layers[1].data), [0, 1])
    assert layers[1].metadata["napari_seg"]["scan_id"] == layers[0].unique_id


def test_files_dropped_on_the_window_are_read_in_a_job(make_napari_viewer, files, readers):
    viewer = make_napari_viewer(show=True)
    # What a person ticks once: napari's own reader claims these files, too.
    get_settings().plugins.extension2reader = {"*.nii.gz": "napari-seg"}
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in files])
    event = QDropEvent(
        QPointF(20, 20),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    viewer.window._qt_viewer.dropEvent(event)
    assert [layer.name for layer in viewer.layers] == ["head", "head_seg"]
    assert len(readers) == 2
    assert threading.main_thread() not in readers


def test_cancelling_adds_no_layer(make_napari_viewer, files, monkeypatch):
    viewer = make_napari_viewer(show=True)
    monkeypatch.setattr(
        asking, "open_file", lambda *_, on_progress: endless(on_progress=on_progress)
    )
    WhenShown(lambda shown: shown.cancel.click())
    assert viewer.open(str(files[0]), plugin="napari-seg") == []
    assert len(viewer.layers) == 0


def test_without_a_window_files_are_read_in_the_thread_of_the_caller(files, readers):
    assert asking.main_window() is None
    assert asking.read_and_ask(files[0], ()) is not None
    assert readers == [threading.current_thread()]


def test_the_dialog_is_part_of_its_window(window):
    shown = WaitingDialog(window, "Opening head")
    assert shown.parent() is window
    assert shown.cancel.toolTip()
    assert shown.bar.accessibleName()


@pytest.fixture
def writers(monkeypatch):
    """The threads that files were written in."""
    threads = []

    def watched(real):
        def write(*arguments, **more):
            threads.append(threading.current_thread())
            return real(*arguments, **more)

        return write

    for name in ("write_file", "write_scan"):
        monkeypatch.setattr(asking, name, watched(getattr(asking, name)))
    return threads


def test_layers_that_napari_saves_are_written_in_a_job(
    make_napari_viewer, files, writers, tmp_path
):
    viewer = make_napari_viewer(show=True)
    scan, labels = viewer.open([str(path) for path in files], plugin="napari-seg")
    for layer, name in ((scan, "again.nii.gz"), (labels, "again_seg.nii.gz")):
        assert layer.save(str(tmp_path / name), plugin="napari-seg")
    assert len(writers) == 2
    assert threading.main_thread() not in writers
    np.testing.assert_array_equal(
        read_scan(tmp_path / "again.nii.gz").array, read_scan(files[0]).array
    )
    np.testing.assert_array_equal(
        read_labels(tmp_path / "again_seg.nii.gz").array, read_labels(files[1]).array
    )


def test_what_cannot_be_saved_is_said_to_the_caller(make_napari_viewer, files, tmp_path):
    viewer = make_napari_viewer(show=True)
    _, labels = viewer.open([str(path) for path in files], plugin="napari-seg")
    with pytest.raises(OSError, match="no folder 'nowhere'"):
        labels.save(str(tmp_path / "nowhere" / "x.nii.gz"), plugin="napari-seg")


def test_saving_has_no_cancel(window):
    seen = []

    def look(shown):
        shown.reject()
        seen.append((shown.isVisible(), shown.cancel.isVisible()))

    WhenShown(look)
    thread = wait_for(window, "Saving head", slow, can_cancel=False)
    assert thread is not threading.main_thread()
    assert seen == [(True, False)]
