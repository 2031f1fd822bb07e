"""Looking at scans, without a window."""

from itertools import permutations, product
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes
from napari.settings import get_plugin_settings
from npe2 import PluginManifest

import napari_seg
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Notice, Scan, Source
from napari_seg.viewer.keys import KeyBindings
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.viewing import Viewing
from napari_seg.viewer.viewing.layer_at_hand import image_at_hand
from napari_seg.viewer.viewing.letters import edge_letters
from napari_seg.viewer.viewing.patient import place_in_patient
from napari_seg.viewer.viewing.planes import order_of, turn_to_next_plane
from napari_seg.viewer.viewing.point import point_at
from napari_seg.viewer.viewing.windows import CT_WINDOWS

SHAPE = (8, 10, 12)
ORIENTATIONS = list(product(permutations(range(3)), product((1, -1), repeat=3)))
PLANES = ("axial", "coronal", "sagittal")


def turned_affine(axes, signs, degrees=0.0):
    """Voxel axis n runs along patient axis ``axes[n]`` in steps of 1, 2 and 3 mm."""
    affine = np.zeros((4, 4))
    for n, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[axis, n] = sign * (n + 1.0)
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    affine[:3, :3] = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ affine[:3, :3]
    affine[:, 3] = (10, -20, 30, 1)
    return affine


def scan(affine=None, array=None, modality=None, notices=()):
    array = np.zeros(SHAPE, np.int16) if array is None else array
    affine = np.diag([1.0, 1.0, 1.0, 1.0]) if affine is None else affine
    return Scan(
        array,
        Geometry(array.shape[:3], affine),
        notices=notices,
        source=Source(modality=modality),
    )


def viewer_of(*layers):
    viewer = ViewerModel()
    for layer in layers:
        viewer.add_layer(layer)
    return viewer


@pytest.fixture
def make_viewing(qtbot):
    """Make a Viewing that is released after the test."""
    made = []

    def make(viewer):
        viewing = Viewing(viewer)
        qtbot.addWidget(viewing.readout)
        made.append(viewing)
        return viewing

    yield make
    for viewing in made:
        viewing.release()


def wheel(viewer, notches=1.0, modifiers=(), position=None):
    event = SimpleNamespace(
        delta=(0.0, notches),
        modifiers=modifiers,
        position=position or tuple(viewer.dims.point),
        native=SimpleNamespace(inverted=lambda: False),
        handled=False,
    )
    for callback in viewer.mouse_wheel_callbacks:
        callback(viewer, event)
    return event


# Letters and places


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_the_letters_name_the_sides_where_marks_are_shown(axes, signs, plane):
    # One voxel far to each side of the patient, found by nibabel's arithmetic on the affine.
    affine = turned_affine(axes, signs)
    ends = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    corners = np.array(list(np.ndindex(SHAPE)))
    places = nib.affines.apply_affine(affine, corners)
    array = np.zeros(SHAPE, np.int16)
    middle = np.median(places, axis=0)
    marks = {}
    for number, (letter, (axis, sign)) in enumerate(ends.items(), start=1):
        others = [other for other in range(3) if other != axis]
        score = sign * places[:, axis] - 10 * np.abs(places - middle)[:, others].sum(axis=1)
        marks[number] = letter
        array[tuple(corners[np.argmax(score)])] = number
    layer = image_layer(scan(affine, array), name="marked")
    viewer = viewer_of(layer)
    viewer.dims.order = order_of(plane, 3)
    shown = {}
    down, right = viewer.dims.displayed
    for number, letter in marks.items():
        place = np.asarray(layer.data_to_world(np.argwhere(layer.data == number)[0]))
        offset = place - np.mean([layer.extent.world[0], layer.extent.world[1]], axis=0)
        axis = int(np.argmax(np.abs(offset)))
        if axis == right:
            shown["right" if offset[axis] > 0 else "left"] = letter
        elif axis == down:
            shown["bottom" if offset[axis] > 0 else "top"] = letter
    assert len(shown) == 4
    assert edge_letters(viewer) == shown


@pytest.mark.parametrize(
    ("plane", "top", "left"), [("axial", "A", "R"), ("coronal", "S", "R"), ("sagittal", "S", "A")]
)
def test_planes_are_shown_the_right_way_up(plane, top, left):
    viewer = viewer_of(image_layer(scan(), name="scan"))
    viewer.dims.order = order_of(plane, 3)
    letters = edge_letters(viewer)
    assert (letters["top"], letters["left"]) == (top, left)


def test_the_letters_follow_every_change_of_the_view(make_viewing):
    viewer = viewer_of(image_layer(scan(), name="scan"))
    make_viewing(viewer)

    def shown():
        texts = viewer.canvas.overlays["napari-seg edges"].texts
        return [texts[edge] for edge in ("top", "bottom", "left", "right")]

    assert shown() == ["A", "P", "R", "L"]
    viewer.dims.transpose()
    assert shown() == ["R", "L", "A", "P"]
    viewer.dims.transpose()
    viewer.dims.roll()
    assert shown() == ["S", "I", "A", "P"]
    viewer.dims.order = (0, 1, 2)
    viewer.scene.camera.orientation2d = ("up", "left")
    assert shown() == ["P", "A", "L", "R"]
    viewer.scene.camera.orientation2d = ("down", "right")
    viewer.dims.ndisplay = 3
    assert shown() == ["", "", "", ""]
    viewer.dims.ndisplay = 2
    viewer.layers.clear()
    assert shown() == ["", "", "", ""]


def test_a_layer_turned_by_a_quarter_in_napari_turns_its_letters():
    layer = image_layer(scan(), name="scan")
    viewer = viewer_of(layer)
    quarter = np.eye(4)
    quarter[1:3, 1:3] = [[0, 1], [-1, 0]]  # what ran to the right runs down, what ran down, left
    layer.affine = quarter
    assert edge_letters(viewer) == {"top": "R", "bottom": "L", "left": "P", "right": "A"}


def test_an_oblique_view_names_two_sides():
    viewer = viewer_of(image_layer(scan(turned_affine((0, 1, 2), (1, 1, 1), 30)), name="tilted"))
    # x of the display runs to (-cos 30, -sin 30, 0): mostly left, and posterior.
    assert edge_letters(viewer)["right"] == "LP"
    assert edge_letters(viewer)["left"] == "RA"


@pytest.mark.parametrize("code", ["no-orientation", None], ids=["a file of ours", "not ours"])
def test_sides_that_are_assumed_have_a_question_mark(code):
    layer = Image(np.zeros((5, 6, 7)), name="foreign")
    if code:
        layer = image_layer(scan(notices=(Notice(code, "sides were assumed"),)), name="ours")
    letters = edge_letters(viewer_of(layer))
    assert letters == {"top": "A?", "bottom": "P?", "left": "R?", "right": "L?"}


def test_labels_that_do_not_know_their_sides_have_those_of_the_scan_below():
    image = image_layer(scan(), name="scan")
    drawn = Labels(np.zeros(image.data.shape, np.uint8), translate=image.translate)
    viewer = viewer_of(image, drawn)
    assert viewer.layers.selection.active is drawn
    assert edge_letters(viewer) == {"top": "A", "bottom": "P", "left": "R", "right": "L"}
    assert point_at(viewer, tuple(viewer.dims.point)).is_sure


def test_a_single_coronal_slice_has_its_letters():
    array = np.zeros((8, 1, 12), np.int16)
    viewer = viewer_of(image_layer(scan(array=array), name="slice"))
    assert edge_letters(viewer) == {"top": "S", "bottom": "I", "left": "R", "right": "L"}


def test_channels_and_layers_of_several_dimensions_have_their_letters():
    array = np.zeros((*SHAPE, 2), np.int16)
    viewer = viewer_of(image_layer(scan(array=array), name="channels"))
    assert viewer.dims.ndim == 4
    viewer.dims.order = order_of("sagittal", 4)
    assert edge_letters(viewer) == {"top": "S", "bottom": "I", "left": "A", "right": "P"}


@pytest.mark.parametrize("degrees", [0, 17], ids=["straight", "oblique"])
@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS[::5])
def test_the_place_under_the_cursor_is_that_of_nibabel(axes, signs, degrees):
    affine = turned_affine(axes, signs, degrees)
    array = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE)
    layer = image_layer(scan(affine, array), name="scan")
    viewer = viewer_of(layer)
    for index in ((0, 0, 0), (7, 9, 11), (2, 5, 3)):
        shown = np.argwhere(layer.data == array[index])[0]
        found = point_at(viewer, layer.data_to_world(shown))
        assert np.allclose(found.mm, nib.affines.apply_affine(affine, index), atol=1e-6)
        assert found.intensity == array[index]
    # Between two voxels, too.
    world = (np.add(layer.data_to_world((1, 1, 1)), layer.data_to_world((1, 1, 2)))) / 2
    ends = [place_in_patient(layer, layer.data_to_world(end)) for end in ((1, 1, 1), (1, 1, 2))]
    assert np.allclose(place_in_patient(layer, world), np.mean(ends, axis=0))


def test_the_readout_tells_place_intensity_and_label(make_viewing):
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-3, -5, -7)
    array = np.full(SHAPE, 41, np.int16)
    image = image_layer(scan(affine, array, modality="CT"), name="scan")
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[1, 2, 3] = 2
    labels = LabelMap(voxels, Geometry(SHAPE, affine), LabelTable.from_names({2: "liver"}))
    viewer = viewer_of(image, labels_layer(labels, name="labels", like=image))
    viewing = make_viewing(viewer)
    shown = np.argwhere(viewer.layers[1].data == 2)[0]
    world = image.data_to_world(shown)
    viewer.dims.point = world
    viewer.cursor.position = world
    viewing.readout._on_timer()
    # -3 + 2, -5 + 4 and -7 + 6 mm.
    assert viewing.readout.point.text() == "L 1.0  P 1.0  I 1.0 mm · 41 HU · liver"
    viewer.cursor.position = (1000.0, 1000.0, 1000.0)
    viewing.readout._on_timer()
    assert viewing.readout.point.text() == ""


def test_the_readout_follows_the_slice_when_only_the_wheel_turns(qtbot, make_viewing):
    viewer = viewer_of(image_layer(scan(), name="scan"))
    viewing = make_viewing(viewer)
    viewer.cursor.position = tuple(viewer.dims.point)
    viewing.readout._on_timer()
    before = viewing.readout.point.text()
    wheel(viewer)
    qtbot.waitUntil(lambda: viewing.readout.point.text() != before)


# Planes


def test_one_key_turns_through_the_planes_about_the_same_point(make_viewing):
    viewer = viewer_of(image_layer(scan(), name="scan"))
    keys = KeyBindings(viewer, make_viewing(viewer).offers)
    viewer.dims.point = (-3.0, -2.0, -4.0)
    for order in ((1, 0, 2), (2, 0, 1), (0, 1, 2)):
        assert keys.press("O")
        assert viewer.dims.order == order
        assert viewer.dims.point == (-3.0, -2.0, -4.0)


def test_turning_a_zoomed_view_keeps_what_one_looks_at():
    viewer = viewer_of(image_layer(scan(array=np.zeros((200, 200, 200), np.uint8)), name="scan"))
    camera = viewer.scene.camera
    camera.zoom, camera.center = 20.0, (0.0, -150.0, -40.0)
    turn_to_next_plane(viewer)
    assert viewer.dims.point[1:] == (-150.0, -40.0)
    assert camera.zoom == 20.0
    assert camera.center[1:] == (viewer.dims.point[0], -40.0)


def test_channels_stay_out_of_the_planes():
    viewer = viewer_of(image_layer(scan(array=np.zeros((*SHAPE, 3), np.int16)), name="channels"))
    turn_to_next_plane(viewer)
    assert viewer.dims.order == (0, 2, 1, 3)


# Windows


def test_one_key_steps_through_the_windows_of_a_ct(make_viewing):
    layer = image_layer(scan(modality="CT"), name="ct")
    viewer = viewer_of(layer)
    viewing = make_viewing(viewer)
    assert layer.contrast_limits == [-160, 240]
    keys = KeyBindings(viewer, viewing.offers)
    seen = {}
    for _ in range(6):
        assert keys.press("W")
        text = viewing.readout.width_and_level.text()
        seen[viewing.readout.choice.currentText()] = (tuple(layer.contrast_limits), text)
    assert seen == {
        "lung": ((-1350, 150), "W 1500  L -600"),
        "bone": ((-500, 1300), "W 1800  L 400"),
        "brain": ((0, 80), "W 80  L 40"),
        "liver": ((-20, 140), "W 160  L 60"),
        "mediastinum": ((-125, 225), "W 350  L 50"),
        "soft tissue": ((-160, 240), "W 400  L 40"),
    }
    assert {window.name for window in CT_WINDOWS} == set(seen)


def test_the_window_is_that_of_the_scan_that_the_selected_labels_belong_to(make_viewing):
    brain, ct = image_layer(scan(), name="brain"), image_layer(scan(modality="CT"), name="ct")
    labels = labels_layer(
        LabelMap(np.zeros(SHAPE, np.uint8), scan().geometry, LabelTable()),
        name="labels",
        like=brain,
        scan_id=brain.unique_id,
    )
    viewer = viewer_of(brain, labels, ct)
    viewer.layers.selection.active = labels
    before = tuple(ct.contrast_limits)
    make_viewing(viewer)._show_next_window()
    assert tuple(ct.contrast_limits) == before
    assert image_at_hand(viewer) is brain
    # Where it is hidden, what is on the screen counts.
    brain.visible = False
    assert image_at_hand(viewer) is ct


def test_the_windows_of_another_scan_come_from_its_values(make_viewing):
    array = np.arange(960, dtype=np.int16).reshape(SHAPE)
    layer = image_layer(scan(array=array, modality="MR"), name="mr")
    viewer = viewer_of(layer)
    viewing = make_viewing(viewer)
    opened = tuple(layer.contrast_limits)
    viewing._show_next_window()
    assert layer.contrast_limits[1] - layer.contrast_limits[0] == 2 * (opened[1] - opened[0])
    viewing._show_next_window()
    assert tuple(layer.contrast_limits) == (0, 959)
    viewing._show_next_window()
    assert np.allclose(layer.contrast_limits, opened)


@pytest.mark.parametrize("code", ["other-unit", "no-rescaling"])
def test_a_ct_in_another_unit_has_no_windows_in_hounsfield_units(make_viewing, code):
    array = np.arange(960, dtype=np.int16).reshape(SHAPE)
    layer = image_layer(
        scan(array=array, modality="CT", notices=(Notice(code, "odd"),)), name="spectral"
    )
    assert layer.contrast_limits[1] > 900
    viewing = make_viewing(viewer_of(layer))
    assert "brain" not in [window.name for window in viewing.readout.windows.choices]
    viewing.readout._viewer.cursor.position = (1.0, 1.0, 1.0)
    assert "HU" not in viewing.readout.point.text()


def test_the_choice_of_windows_shows_and_sets(make_viewing):
    layer = image_layer(scan(modality="CT"), name="ct")
    viewing = make_viewing(viewer_of(layer))
    choice = viewing.readout.choice
    choice.setCurrentText("bone")
    choice.activated.emit(choice.currentIndex())
    assert tuple(layer.contrast_limits) == (-500, 1300)
    layer.contrast_limits = (-10, 20)
    assert choice.currentText() == "by hand"
    layer.contrast_limits = (-160, 240)
    assert choice.currentText() == "soft tissue"
    assert [choice.itemText(n) for n in range(choice.count())] == [w.name for w in CT_WINDOWS]


# Wheel


def test_the_wheel_scrolls_slices_and_nothing_else(make_viewing):
    viewer = viewer_of(image_layer(scan(array=np.zeros((*SHAPE, 3), np.int16)), name="channels"))
    make_viewing(viewer)
    before = viewer.dims.current_step
    zoom = viewer.scene.camera.zoom
    assert wheel(viewer, -1).handled
    assert viewer.dims.current_step == (before[0], before[1] + 1, *before[2:])
    for _ in range(50):
        wheel(viewer, 1)
    assert viewer.dims.current_step[1] == 0
    assert viewer.scene.camera.zoom == zoom
    for _ in range(4):
        wheel(viewer, -0.25)
    assert viewer.dims.current_step[1] == 1


def test_ctrl_and_the_wheel_zoom_about_the_cursor(make_viewing):
    viewer = viewer_of(image_layer(scan(), name="scan"))
    make_viewing(viewer)
    camera = viewer.scene.camera
    before, step = camera.zoom, viewer.dims.current_step
    cursor, centre = np.array([-3.0, -2.0]), np.array(camera.center[1:])
    wheel(viewer, 1, ("Control",), position=(viewer.dims.point[0], *cursor))
    assert camera.zoom > before
    # What lay under the cursor still does: its distance from the middle, in pixels, is the same.
    after = (cursor - np.array(camera.center[1:])) * camera.zoom
    assert np.allclose(after, (cursor - centre) * before)
    assert viewer.dims.current_step == step


def test_shift_and_the_wheel_size_the_brush(make_viewing):
    layer = Labels(np.zeros((5, 6, 7), np.uint8))
    viewer = viewer_of(layer)
    make_viewing(viewer)
    layer.brush_size = 10
    wheel(viewer, 1, ("Shift",))
    assert layer.brush_size == 12
    wheel(viewer, -1, ("Shift",))
    assert layer.brush_size == 10
    for _ in range(50):
        wheel(viewer, -1, ("Shift",))
    assert layer.brush_size == 1
    wheel(viewer, 1, ("Shift",))
    assert layer.brush_size == 2


def test_in_3d_the_wheel_is_left_to_napari(make_viewing):
    viewer = viewer_of(image_layer(scan(), name="scan"))
    make_viewing(viewer)
    viewer.dims.ndisplay = 3
    assert not wheel(viewer, 1).handled


def test_a_preference_returns_the_mouse_of_napari(make_viewing, npe2pm, plugin_settings):
    manifest = PluginManifest.from_file(Path(napari_seg.__file__).with_name("napari.yaml"))
    npe2pm.register(manifest)
    viewer = viewer_of(image_layer(scan(), name="scan"))
    make_viewing(viewer)
    step = viewer.dims.current_step[0]
    settings = get_plugin_settings("napari-seg")
    settings.viewing.radiology_mouse = False
    assert not wheel(viewer, 1).handled
    assert viewer.dims.current_step[0] == step
    wheel(viewer, 1, ("Control",))
    assert viewer.dims.current_step[0] == step - 1
    settings.viewing.radiology_mouse = True
    assert wheel(viewer, -1).handled
    assert viewer.dims.current_step[0] == step


# Letting go


def test_release_leaves_nothing_behind(make_viewing):
    layer = image_layer(scan(), name="scan")
    viewer = viewer_of(layer, Labels(np.zeros((5, 6, 7), np.uint8)), Shapes())

    def state():
        emitters = [
            viewer.dims.events,
            viewer.layers.events,
            viewer.layers.selection.events,
            viewer.cursor.events,
            viewer.scene.camera.events,
            viewer.canvas.events,
            viewer.events,
            *(each.events for each in viewer.layers),
        ]
        counts = [
            (name, len(emitter.callbacks))
            for group in emitters
            for name, emitter in getattr(group, "emitters", {}).items()
        ]
        return (
            counts,
            list(viewer.mouse_wheel_callbacks),
            list(viewer.mouse_drag_callbacks),
            list(viewer.mouse_move_callbacks),
            sorted(viewer.canvas.overlays),
        )

    before = state()
    viewing = make_viewing(viewer)
    assert state() != before
    viewing.release()
    assert state() == before
    viewing.release()
    assert state() == before
