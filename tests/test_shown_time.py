"""A model of one channel on a series of times: the one that is shown is segmented."""

from dataclasses import replace

import numpy as np
import pytest
from fake_model import describe, fake_tools, head
from napari.components import ViewerModel
from napari.layers import Labels
from napari.layers._layer_actions import _split_stack

from napari_seg.imaging.scan import Scan
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.opening.scan_choice import ScanChoice
from napari_seg.viewer.segmenting.current_run import why_it_does_not_fit
from napari_seg.viewer.segmenting.result_layer import record_of
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.segmenting.shown_time import shown_time, times_of
from napari_seg.viewer.status_line import StatusLine


def series(word="time", count=4):
    """Cubes of 100, 200, … of which a model labels 1 what is over 50, and 2 what is over 150."""
    one = head()
    array = np.stack([one.array * (number + 1) for number in range(count)], axis=3)
    names = tuple(f"{word} {number + 1}" for number in range(count))
    return Scan(array, one.geometry, channel_names=names)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    return viewer.add_layer(image_layer(series(), name="bold"))


@pytest.fixture
def section(qtbot, viewer, layer):
    status = StatusLine()
    section = SegmentSection(viewer, fake_tools(), status)
    for widget in (status, section):
        qtbot.addWidget(widget)
    section.set_scan(layer)
    yield section
    section.cancel()
    section.release()


def run(qtbot, section):
    section.run()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)


def labels_in(viewer):
    return [layer for layer in viewer.layers if isinstance(layer, Labels)]


def test_the_time_of_the_slider_is_segmented_and_named(qtbot, viewer, section):
    assert section.reason_not_to_run() == ""
    viewer.dims.set_point(0, 0)
    assert section.start.toolTip() == "Segment bold, time 1, with Hippocampus, 3D"
    run(qtbot, section)
    viewer.dims.set_point(0, 2)
    assert section.start.toolTip() == "Segment bold, time 3, with Hippocampus, 3D"
    run(qtbot, section)
    first, third = labels_in(viewer)
    assert [first.name, third.name] == ["bold, time 1 – hippocampus", "bold, time 3 – hippocampus"]
    one = head()
    for labels, factor in ((first, 1), (third, 3)):
        array = one.array * factor
        expected = (array > 50).astype(int) + (array > 150)
        # Displayed as z, y, x, each from its end: the scan is stored in RAS.
        assert np.array_equal(labels.data, expected.transpose(2, 1, 0)[::-1, ::-1, ::-1])
    assert "--volume 3" in record_of(third)["command"]
    assert record_of(third)["scan"]["shape"] == list(one.array.shape)


def test_a_run_on_the_same_time_goes_into_its_layer(qtbot, viewer, section):
    viewer.dims.set_point(0, 1)
    run(qtbot, section)
    viewer.dims.set_point(0, 3)
    run(qtbot, section)
    viewer.dims.set_point(0, 1)
    run(qtbot, section)
    assert [one.name[6:12] for one in labels_in(viewer)] == ["time 2", "time 4"]


def test_a_series_that_is_shown_no_more_counts_as_at_its_first_time(viewer, layer):
    viewer.dims.set_point(0, 2)
    assert (times_of(layer), shown_time(viewer, layer)) == (4, 3)
    viewer.layers.clear()
    assert shown_time(viewer, layer) == 1
    assert shown_time(viewer, image_layer(head(), name="x")) is None


def test_channels_are_none_of_times_and_there_is_a_way_out(viewer):
    layer = viewer.add_layer(image_layer(series("channel"), name="x"))
    reason = why_it_does_not_fit(layer, describe())
    assert reason == (
        "The model needs 1 channel, the scan has 4: right click on its layer, Split Stack, "
        "then choose from its parts"
    )
    viewer.layers.selection.active = layer
    _split_stack(viewer.layers)
    assert len(viewer.layers) == 4
    assert [why_it_does_not_fit(one, describe()) for one in viewer.layers] == [""] * 4


def test_times_are_not_called_channels(layer):
    two = replace(describe(), in_channels=2)
    assert why_it_does_not_fit(layer, two).startswith(
        "The model needs 2 channels, the scan has 4 times: right click"
    )


@pytest.mark.parametrize(("word", "says"), [("time", "4 times"), ("channel", "4 channels")])
def test_the_line_of_the_scan_counts_them(qtbot, viewer, word, says):
    viewer.add_layer(image_layer(series(word), name="x"))
    choice = ScanChoice(viewer)
    qtbot.addWidget(choice)
    assert choice.description.text() == f"1.00 × 2.00 × 3.00 mm · 12 × 10 × 8 · {says}"
    _split_stack(viewer.layers)
    assert choice.description.text() == "1.00 × 2.00 × 3.00 mm · 12 × 10 × 8"
    choice.release()
