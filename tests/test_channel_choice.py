"""Models of several channels in the panel: a scan for each."""

from dataclasses import replace

import numpy as np
import pytest
from fake_model import describe, fake_tools, head, load, segment
from napari.components import ViewerModel
from napari.layers import Labels, Shapes

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan, Source
from napari_seg.viewer.layers import image_layer, scan_of
from napari_seg.viewer.panel import Panel
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine


def describe_two(folder=None, *, variant=None):
    """Describe a model of two channels; the 2D one has one channel."""
    if variant is not None:
        return describe(folder, variant=variant)
    return replace(describe(folder), in_channels=2, channel_names=("T1", "FLAIR"))


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def make_section(qtbot, viewer):
    sections = []

    def make(layer, run=segment):
        tools = fake_tools(run, load, describe_two)
        section = SegmentSection(viewer, tools, StatusLine())
        qtbot.addWidget(section)
        section.set_scan(layer)
        sections.append(section)
        return section

    yield make
    for section in sections:
        section.cancel()
        qtbot.waitUntil(lambda section=section: not section.is_running)
        section.release()


def add(viewer, name, brightness=100, geometry=None):
    scan = head(brightness)
    scan = scan if geometry is None else Scan(scan.array, geometry)
    return viewer.add_layer(image_layer(scan, name=name))


def test_there_is_a_list_for_each_channel_after_the_first(viewer, make_section):
    first = add(viewer, "sub-1_T1w")
    section = make_section(first)
    assert [one.accessibleName() for one in section.channels.lists] == ["FLAIR"]
    assert section.channels.first.text() == "sub-1_T1w"
    assert section.start.toolTip() == "Choose the scan for FLAIR: the model takes 2 channels"
    assert not section.start.isEnabled()


def test_a_scan_of_the_channels_name_is_chosen_by_itself(viewer, make_section):
    first = add(viewer, "sub-1_T1w")
    section = make_section(first)
    other = add(viewer, "sub-1_flair")
    assert section.channels.layers == (first, other)
    assert section.start.isEnabled()


def test_the_channels_reach_the_model_in_their_order(qtbot, viewer, make_section):
    seen = []

    def remember(scan, bundle, **options):
        seen.append(scan)
        return segment(scan.with_array(scan.array[..., 0]), bundle, **options)

    first, other = add(viewer, "a", 100), add(viewer, "b", 60)
    section = make_section(first, remember)
    section.channels.lists[0].setCurrentText("b")
    assert section.channels.layers == (first, other)
    section.run()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)
    [scan] = seen
    assert scan.channel_names == ("T1", "FLAIR")
    assert scan.array[5, 4, 4].tolist() == [100, 60]
    [labels] = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    record = labels.metadata["napari_seg"]["written"][-1][1]
    assert "--channel CHANNEL_2" in record["command"]


def test_a_scan_on_another_grid_is_refused_with_both_named(viewer, make_section):
    first = add(viewer, "a")
    add(viewer, "b", geometry=Geometry((12, 10, 8), np.diag([1.0, 2.0, 2.5, 1.0])))
    section = make_section(first)
    section.channels.lists[0].setCurrentIndex(1)
    reason = section.start.toolTip()
    assert reason.startswith("'b' (FLAIR) lies on another grid than 'a' (T1)")
    assert reason.endswith("Resample it first")
    assert not section.start.isEnabled()


def test_a_choice_outlives_renaming_and_falls_with_its_scan(viewer, make_section):
    first, other = add(viewer, "a"), add(viewer, "b")
    add(viewer, "c")
    section = make_section(first)
    section.channels.lists[0].setCurrentText("b")
    other.name = "renamed"
    assert section.channels.layers == (first, other)
    viewer.layers.remove(other)
    assert section.channels.layers == (first,)
    assert not section.start.isEnabled()


def test_a_model_of_one_channel_asks_for_none(viewer, make_section):
    first = add(viewer, "a")
    section = make_section(first)
    section.model.list.setCurrentIndex(1)
    assert section.channels.lists == []
    assert section.channels.layers == (first,)
    assert not section.channels.isVisibleTo(section)


def test_a_scan_with_all_channels_needs_no_other(viewer, make_section):
    both = np.stack([head().array, head().array], axis=-1)
    layer = image_layer(Scan(both, head().geometry, ("T1", "FLAIR")), name="both")
    section = make_section(viewer.add_layer(layer))
    assert section.channels.lists == []
    assert section.start.isEnabled()


def test_a_result_is_dropped_where_a_channel_was_exchanged(qtbot, viewer, make_section):
    from threading import Event

    waiting, go_on = Event(), Event()

    def wait(scan, bundle, **options):
        waiting.set()
        go_on.wait(10)
        return segment(scan.with_array(scan.array[..., 0]), bundle, **options)

    first, other = add(viewer, "a"), add(viewer, "flair")
    section = make_section(first, wait)
    section.run()
    qtbot.waitUntil(waiting.is_set)
    other.data = np.zeros(other.data.shape)
    go_on.set()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)
    assert not [layer for layer in viewer.layers if isinstance(layer, Labels)]


@pytest.fixture
def panel(qtbot, viewer):
    panel = Panel(viewer, fake_tools(segment, load, describe_two))
    qtbot.addWidget(panel)
    yield panel
    panel.setParent(None)


def turned(scan):
    """The same voxels at the same place, stored in the order of axes S, L, A."""
    array = scan.array.transpose(2, 0, 1)[:, ::-1]
    affine = scan.geometry.affine[:, [2, 0, 1, 3]]
    affine[:, 3] += affine[:, 1] * (array.shape[1] - 1)
    affine[:, 1] *= -1
    return Scan(array, Geometry(array.shape, affine))


def test_a_scan_on_another_grid_is_resampled_by_a_button_and_taken(qtbot, viewer, panel):
    first = add(viewer, "T1")
    viewer.add_layer(image_layer(turned(head(60)), name="FLAIR"))
    panel.scan.follow(first)
    channels = panel.segment.channels
    assert channels.notices.text == "• 'FLAIR' lies on another grid than the scan"
    assert not panel.segment.start.isEnabled()
    channels.notices.offers[0].click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 3)
    chosen = channels.layers[1]
    assert chosen.name == "FLAIR on T1"
    np.testing.assert_array_equal(scan_of(chosen).array, head(60).array)
    assert channels.notices.text == ""
    assert panel.segment.start.isEnabled()


def ask_to_resample(viewer, panel):
    """Have FLAIR, which lies on another grid, brought onto that of T1; it comes with Qt's events."""
    first = add(viewer, "T1")
    viewer.add_layer(image_layer(turned(head(60)), name="FLAIR"))
    panel.scan.follow(first)
    panel.segment.channels.notices.offers[0].click()


def test_another_scan_may_be_chosen_while_one_is_resampled(qtbot, viewer, panel):
    """A scan of all channels needs no list; back at the first scan its channel is taken."""
    ask_to_resample(viewer, panel)
    both = np.stack([head().array, head().array], axis=-1)
    panel.scan.follow(viewer.add_layer(image_layer(Scan(both, head().geometry), name="both")))
    qtbot.waitUntil(lambda: len(viewer.layers) == 4)
    assert [layer.name for layer in viewer.layers][3] == "FLAIR on T1"
    channels = panel.segment.channels
    assert channels.lists == []
    assert panel.scan.layer.name == "both"
    panel.scan.follow(viewer.layers["T1"])
    assert [layer.name for layer in channels.layers] == ["T1", "FLAIR on T1"]
    assert channels.notices.text == ""


@pytest.mark.parametrize("kind", [Shapes, Labels, None])
def test_the_scan_that_is_worked_on_stays_whatever_is_selected(qtbot, viewer, panel, kind):
    ask_to_resample(viewer, panel)
    viewer.layers.selection.active = other = None
    if kind is not None:
        other = viewer.add_layer(
            Shapes(ndim=3) if kind is Shapes else Labels(np.zeros((2, 2, 2), int))
        )
    assert panel.scan.layer.name == "T1"
    qtbot.waitUntil(lambda: "FLAIR on T1" in viewer.layers)
    assert panel.scan.layer.name == "T1"
    assert viewer.layers.selection.active is other
    assert [layer.name for layer in panel.segment.channels.layers] == ["T1", "FLAIR on T1"]
    assert panel.segment.start.isEnabled()


def test_what_was_chosen_while_a_scan_was_resampled_stays(qtbot, viewer, panel):
    ask_to_resample(viewer, panel)
    other = add(viewer, "other")
    panel.scan.follow(viewer.layers["T1"])
    panel.segment.channels.lists[0].setCurrentText("other")
    qtbot.waitUntil(lambda: len(viewer.layers) == 4)
    assert panel.segment.channels.layers == (viewer.layers["T1"], other)


@pytest.mark.parametrize("gone", [("T1", "FLAIR"), ("FLAIR",), ("T1",)], ids=" and ".join)
def test_what_was_resampled_is_dropped_where_a_layer_of_it_is_gone(qtbot, viewer, panel, gone):
    ask_to_resample(viewer, panel)
    for name in gone:
        viewer.layers.remove(name)
    left = list(viewer.layers)
    qtbot.waitUntil(lambda: not panel.work.is_busy)
    assert list(viewer.layers) == left
    news = f"'{gone[-1]}' was closed meanwhile: 'FLAIR on T1' was dropped"
    assert panel.status.text.text() == news


def test_the_offer_below_the_scan_serves_its_channel_too(qtbot, viewer, panel):
    first = add(viewer, "T1")
    tilted = np.array([[1.0, 0, 0, 0], [0, 2, 0.6, 0], [0, -0.4, 3, 0], [0, 0, 0, 1]])
    add(viewer, "FLAIR", geometry=Geometry((12, 10, 8), tilted))
    panel.scan.follow(first)
    panel.scan.notices.offers[0].click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 3)
    assert [layer.name for layer in panel.segment.channels.layers] == ["T1", "FLAIR on T1"]


def test_a_scan_of_another_frame_of_reference_is_not_offered_to_be_resampled(viewer, make_section):
    first, other = add(viewer, "a"), turned(head())
    viewer.add_layer(image_layer(replace(other, source=Source(frame="dicom:1.2")), name="b"))
    first.metadata["napari_seg"]["source"] = Source(frame="dicom:1.3")
    section = make_section(first)
    section.channels.lists[0].setCurrentIndex(1)
    assert section.start.toolTip().endswith("Register the two first")
    assert not section.channels.notices.offers
