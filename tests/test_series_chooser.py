"""Choosing a series: in the panel, in a dialog, by mouse and by keyboard."""

import pytest
from dicom_slices import write_series, write_slice
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_seg import find_series
from napari_seg.viewer.opening.series_chooser import SeriesChooser, SeriesDialog


@pytest.fixture
def study(tmp_path):
    """A folder of three series: a good one, one that misses a slice, one without positions."""
    folder = tmp_path / "study"
    write_series(folder / "a", SeriesNumber=1, SeriesInstanceUID="1.2.1")
    write_series(
        folder / "b",
        [0, 1, 2, 4, 5, 6],
        SeriesNumber=2,
        SeriesInstanceUID="1.2.2",
        SeriesDescription="<venous>",
    )
    write_series(
        folder / "c",
        SeriesNumber=3,
        SeriesInstanceUID="1.2.3",
        SeriesDescription="",
        ImagePositionPatient=None,
    )
    return folder


@pytest.fixture
def chooser(qtbot, study):
    chooser = SeriesChooser()
    qtbot.addWidget(chooser)
    chooser.resize(340, 600)
    chooser.offer("study", find_series(study), theme="dark")
    chooser.show()
    chooser.list.setFocus()
    return chooser


def lines_of(chooser, row):
    return chooser.list.item(row).text().splitlines()


def test_each_series_says_what_it_is_and_what_is_wrong(chooser):
    assert chooser.question.text() == (
        "'study' holds 3 series. Which one? 1 of them cannot be opened."
    )
    assert lines_of(chooser, 0) == [
        "1 thorax",
        "CT · axial · 5 slices · 8 × 6",
        "0.50 × 0.75 × 2.50 mm",
    ]
    assert lines_of(chooser, 1)[0] == "2 <venous>"
    assert "misses 1 slice" in lines_of(chooser, 1)[3]
    assert lines_of(chooser, 2)[0] == "3 without a description"
    assert "states no position" in lines_of(chooser, 2)[2]


def test_the_largest_whole_series_is_chosen_at_first(chooser):
    # The second has more slices, but needs a repair.
    assert chooser.list.chosen.number == 1
    assert chooser.open.text() == "Open"


def test_a_series_that_needs_it_is_repaired_and_opened(qtbot, chooser):
    chooser.list.setCurrentRow(1)
    assert chooser.open.text() == "Repair and open"
    with qtbot.waitSignal(chooser.chosen) as chosen:
        QTest.mouseClick(chooser.open, Qt.MouseButton.LeftButton)
    series, repair = chosen.args
    assert (series.number, repair) == (2, True)


def test_a_refused_series_cannot_be_chosen_and_says_why(chooser):
    refused = chooser.list.item(2)
    assert not refused.flags() & Qt.ItemFlag.ItemIsEnabled
    assert refused.toolTip().startswith("Cannot be opened: the series states no position")
    place = chooser.list.visualItemRect(refused).center()
    QTest.mouseClick(chooser.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chooser.list.chosen.number == 1


def test_the_keyboard_is_enough(qtbot, chooser):
    QTest.keyClick(chooser.list, Qt.Key.Key_Down)
    with qtbot.waitSignal(chooser.chosen) as chosen:
        QTest.keyClick(chooser.list, Qt.Key.Key_Return)
    assert chosen.args[0].number == 2


def test_a_double_click_opens(qtbot, chooser):
    place = chooser.list.visualItemRect(chooser.list.item(0)).center()
    viewport = chooser.list.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    with qtbot.waitSignal(chooser.chosen):
        QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)


def test_names_are_no_markup_and_entries_grow_where_it_is_narrow(qtbot, chooser):
    wide = chooser.list.visualItemRect(chooser.list.item(1)).height()
    chooser.resize(200, 600)
    qtbot.waitUntil(lambda: chooser.list.visualItemRect(chooser.list.item(1)).height() > wide)
    assert "&lt;venous&gt;" in chooser.list.item(1).data(Qt.ItemDataRole.UserRole + 1)


def test_where_none_can_be_opened_there_is_nothing_to_press(qtbot, tmp_path):
    for name in ("1", "2"):
        write_slice(tmp_path / f"{name}0", 0, SeriesInstanceUID=name, ImagePositionPatient=None)
        write_slice(tmp_path / f"{name}1", 1, SeriesInstanceUID=name, ImagePositionPatient=None)
    chooser = SeriesChooser()
    qtbot.addWidget(chooser)
    chooser.offer("study", find_series(tmp_path), theme="light")
    assert chooser.list.chosen is None
    assert not chooser.open.isEnabled()


def test_the_dialog_answers_with_the_series_or_with_nothing(qtbot, study):
    series = find_series(study)
    dialog = SeriesDialog("study", series, None, theme="dark")
    qtbot.addWidget(dialog)
    dialog.chooser.open.click()
    assert dialog.answer == (series[0], False)
    other = SeriesDialog("study", series, None, theme="dark")
    qtbot.addWidget(other)
    other.show()
    QTest.keyClick(other.chooser.list, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not other.isVisible())
    assert other.answer is None


def test_many_series_scroll(qtbot, tmp_path):
    for number in range(30):
        write_slice(tmp_path / f"{number}", number, SeriesInstanceUID=f"1.{number + 1}")
    chooser = SeriesChooser()
    qtbot.addWidget(chooser)
    chooser.resize(340, 500)
    chooser.offer("study", find_series(tmp_path), theme="dark")
    chooser.show()
    chooser.list.setCurrentRow(29)
    qtbot.waitUntil(lambda: chooser.list.verticalScrollBar().value() > 0)
    assert chooser.list.height() < 500
    assert chooser.open.geometry().bottom() < 500


def test_damaged_files_of_no_series_are_told_once(chooser, study):
    broken = write_slice(study / "d" / "IM0", 0, SeriesInstanceUID="9.9.9.9")
    whole = broken.read_bytes()
    broken.write_bytes(whole[: whole.rindex(b"9.9.9.9") + 40])
    chooser.offer("study", find_series(study), theme="dark")
    assert chooser.question.text().endswith(
        "cannot be opened. 1 damaged DICOM file is of none of these series as far as can be told, "
        "'IM0' in the folder 'd'."
    )
