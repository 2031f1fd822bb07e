"""Contours, hidden labels, the next slice and island: as the keys do it, without a window."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.comparing import Comparing, island_steps, slice_steps
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keys import KeyBindings
from napari_seg.viewer.layers import update_metadata
from napari_seg.viewer.undo import write_region

LIVER, SPLEEN = 1, 2
SCALE, PLACE = (3.0, 1.0, 0.5), (-40.0, 10.0, 5.0)


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((20, 30, 40)), scale=SCALE, translate=PLACE)
    return viewer


@pytest.fixture
def layer(viewer):
    data = np.zeros((20, 30, 40), np.uint8)
    data[4:9, 5:15, 5:15] = LIVER
    data[12, 20:22, 30:33] = LIVER
    data[17, 3, 3] = LIVER
    layer = viewer.add_labels(data, name="organs", scale=SCALE, translate=PLACE)
    update_metadata(layer, table=LabelTable.from_names({LIVER: "liver", SPLEEN: "spleen"}))
    EditHistory.of(layer)
    return layer


@pytest.fixture
def said():
    return []


@pytest.fixture
def comparing(viewer, layer, said, qtbot):
    comparing = Comparing(viewer)
    comparing.set_layer(layer)
    comparing.said.connect(said.append)
    yield comparing
    comparing.release()


@pytest.fixture
def press(viewer, comparing):
    keys = KeyBindings(viewer, comparing.offers)
    yield keys.press
    keys.release()


@pytest.fixture(params=["at once", "beside the window"])
def pace(request, monkeypatch, qtbot):
    """Search at once, and in another thread: wait for what that brings."""
    if request.param == "at once":
        return lambda: None
    for module in (island_steps, slice_steps):
        monkeypatch.setattr(module, "_AT_ONCE", 1)
    return lambda: qtbot.wait(1)


def at(viewer, axis, index):
    viewer.dims.set_point(axis, PLACE[axis] + index * SCALE[axis])


def index(viewer):
    return tuple(
        round((point - start) / step)
        for point, start, step in zip(viewer.dims.point, PLACE, SCALE, strict=True)
    )


# Slices


def test_the_next_slices_with_the_label(viewer, press, qtbot, pace):
    at(viewer, 0, 0)
    seen = []
    for _ in range(7):
        before = index(viewer)
        press("PgDown")
        qtbot.waitUntil(lambda before=before: index(viewer) != before)
        seen.append(index(viewer)[0])
    assert seen == [4, 5, 6, 7, 8, 12, 17]
    for expected in (12, 8):
        press("PgUp")
        qtbot.waitUntil(lambda expected=expected: index(viewer)[0] == expected)


@pytest.mark.parametrize(("axis", "found"), [(1, 20), (2, 30)])
def test_slices_of_another_plane(viewer, press, qtbot, pace, axis, found):
    viewer.dims.order = (axis, *(other for other in range(3) if other != axis))
    at(viewer, axis, 16)
    press("PgDown")
    qtbot.waitUntil(lambda: index(viewer)[axis] == found)


def test_the_last_slice_says_so(viewer, press, said, qtbot, pace):
    at(viewer, 0, 17)
    press("PgDown")
    qtbot.waitUntil(lambda: said == ["No further slice holds liver"])
    assert index(viewer)[0] == 17


def test_a_label_without_voxels_says_so(viewer, layer, press, said, qtbot, pace):
    layer.selected_label = SPLEEN
    press("PgUp")
    press(".")
    qtbot.waitUntil(lambda: said == ["spleen has no voxels yet"] * 2)


def test_who_goes_elsewhere_during_the_search_stays_there(
    viewer, layer, comparing, press, qtbot, monkeypatch
):
    monkeypatch.setattr(slice_steps, "_AT_ONCE", 1)
    at(viewer, 0, 9)
    press("PgDown")
    search = comparing._slices._search
    assert search.is_busy
    at(viewer, 0, 2)
    qtbot.waitUntil(lambda: not search.is_busy)
    assert index(viewer)[0] == 2


def test_in_3d_there_are_no_slices(viewer, press, said):
    viewer.dims.ndisplay = 3
    press("PgDown")
    assert said == ["Show slices of a scan to step through those of a label"]


def test_of_times_the_one_that_is_seen_is_looked_through(qtbot):
    viewer = ViewerModel()
    data = np.zeros((2, 6, 8, 8), np.uint8)
    data[0, 5], data[1, 3] = 1, 1
    layer = viewer.add_labels(data)
    comparing = Comparing(viewer)
    comparing.set_layer(layer)
    keys = KeyBindings(viewer, comparing.offers)
    viewer.dims.point = (1, 0, 0, 0)
    keys.press("PgDown")
    assert viewer.dims.point[:2] == (1, 3)
    keys.release()
    comparing.release()


# Islands


def test_islands_come_from_the_largest_to_the_smallest_and_around(viewer, press, said, qtbot, pace):
    for key, place in ((".", (6, 9, 9)), (".", (12, 20, 31)), (".", (17, 3, 3)), (".", (6, 9, 9))):
        press(key)
        qtbot.waitUntil(lambda place=place: index(viewer) == place)
    press(",")
    qtbot.waitUntil(lambda: index(viewer) == (17, 3, 3))
    assert said[1] == "Island 2 of 3 of liver: 0.009 ml"
    assert tuple(viewer.scene.camera.center[1:]) == (PLACE[1] + 3, PLACE[2] + 1.5)


def test_after_an_island_was_deleted_the_next_one_follows(viewer, layer, press, said, qtbot, pace):
    for count in (1, 2):
        press(".")
        qtbot.waitUntil(lambda count=count: len(said) == count)
    write_region(layer, (slice(12, 13), slice(20, 22), slice(30, 33)), 0, name="Delete")
    press(".")
    qtbot.waitUntil(lambda: index(viewer) == (17, 3, 3))
    assert said[-1].startswith("Island 2 of 2")
    layer.undo()
    press(",")
    qtbot.waitUntil(lambda: index(viewer) == (12, 20, 31))


def test_presses_during_the_search_count(viewer, comparing, press, qtbot, monkeypatch):
    monkeypatch.setattr(island_steps, "_AT_ONCE", 1)
    for _ in range(3):
        press(".")
    qtbot.waitUntil(lambda: index(viewer) == (17, 3, 3))


def test_another_label_begins_with_its_largest(viewer, layer, press, said):
    press(".")
    layer.data[1, 1, 1] = SPLEEN
    layer.selected_label = SPLEEN
    press(".")
    assert index(viewer) == (1, 1, 1)
    assert said[-1].startswith("Island 1 of 1 of spleen")


def test_other_voxels_from_elsewhere_are_looked_through_anew(viewer, layer, press, said):
    press(".")
    layer.data = np.zeros_like(layer.data)
    press(".")
    assert said[-1] == "liver has no voxels yet"


def test_a_layer_that_was_removed_is_no_longer_looked_through(viewer, layer, press, said):
    viewer.layers.remove(layer)
    for key in (".", "PgDown"):
        press(key)
    assert said == ["Choose or make labels first"] * 2


# Contours and hiding


def test_one_key_draws_contours_and_fills(layer, comparing, press):
    press("C")
    assert layer.contour == comparing.contour == 2
    layer.contour = 5
    press("C")
    assert layer.contour == comparing.contour == 0
    press("C")
    assert layer.contour == comparing.contour == 5


def test_a_new_layer_is_drawn_as_the_last_one_and_then_as_it_likes(viewer, layer, comparing, press):
    press("C")
    new = viewer.add_labels(np.zeros((20, 30, 40), np.uint8))
    comparing.set_layer(new)
    assert new.contour == 2
    press("C")
    comparing.set_layer(layer)
    assert layer.contour == 2
    comparing.set_layer(new)
    assert new.contour == 0


def test_labels_are_hidden_while_the_key_is_held(viewer, layer, comparing, said):
    other = viewer.add_labels(np.zeros((20, 30, 40), np.uint8), opacity=0.3)
    keys = KeyBindings(viewer, comparing.offers)
    keys.press("H")
    assert (layer.opacity, other.opacity) == (0.0, 0.0)
    assert layer.visible
    keys.press("H", is_repeat=True)
    keys.lift("H")
    assert (layer.opacity, other.opacity) == (0.7, 0.3)
    keys.release()


@pytest.mark.parametrize("ending", ["release of keys", "release of comparing"])
def test_hidden_labels_come_back_when_the_panel_closes(viewer, layer, qtbot, ending):
    comparing = Comparing(viewer)
    keys = KeyBindings(viewer, comparing.offers)
    keys.press("H")
    if ending == "release of keys":
        keys.release()
        assert layer.opacity == 0.7
    comparing.release()
    assert layer.opacity == 0.7
    keys.release()


def test_another_opacity_given_meanwhile_stays(viewer, layer, comparing):
    keys = KeyBindings(viewer, comparing.offers)
    keys.press("H")
    layer.opacity = 0.5
    keys.lift("H")
    assert layer.opacity == 0.5
    keys.release()


def test_without_labels_the_keys_say_so(viewer, comparing, press, said):
    comparing.set_layer(None)
    for key in ("C", "PgUp", ","):
        press(key)
    assert said == ["Choose or make labels first"] * 3
