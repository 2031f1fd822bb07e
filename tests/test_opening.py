"""Opening from the panel: a chooser, a repair, labels on the grid of their scan."""

import nibabel
import numpy as np
import pytest
from dicom_slices import write_series
from fake_model import TABLE, fake_tools, head
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.utils.notifications import notification_manager

from napari_seg.imaging.files import write_labels, write_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.layers import image_layer, label_map_of, scan_of
from napari_seg.viewer.panel import Panel


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def panel(qtbot, viewer):
    panel = Panel(viewer, fake_tools())
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.work.cancel()
    qtbot.waitUntil(lambda: not panel.work.is_busy)
    panel._release()


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    write_series(folder / "a", SeriesNumber=1, SeriesInstanceUID="1.2.1")
    write_series(folder / "b", [0, 1, 3, 4], SeriesNumber=2, SeriesInstanceUID="1.2.2")
    return folder


def open_and_wait(qtbot, panel, path):
    panel.open_path(path)
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=20_000)


def write_mask(path, *, region=None, geometry=None):
    """Write a mask of two labels on the grid of `head`, or a part of it, or another grid."""
    labels = LabelMap((head().array > 50).astype(np.uint8), head().geometry, TABLE)
    if region is not None:
        labels = labels.crop(region)
    if geometry is not None:
        labels = LabelMap(np.ones(geometry.shape, np.uint8), geometry, TABLE)
    write_labels(labels, path)
    return path


def told():
    return [str(record.message) for record in notification_manager.records]


def test_one_series_opens_at_once(qtbot, panel, viewer, study):
    open_and_wait(qtbot, panel, study / "a")
    assert [layer.name for layer in viewer.layers] == ["a"]
    assert not panel.opening.isVisible()


def test_a_second_scan_does_not_cover_the_labels(qtbot, panel, viewer, tmp_path):
    scan = Scan(head().array + 0.5, head().geometry)
    write_scan(scan, tmp_path / "t1.nii.gz")
    write_scan(scan, tmp_path / "t2.nii.gz")
    write_mask(tmp_path / "t1_dseg.nii.gz")
    for name in ("t1.nii.gz", "t1_dseg.nii.gz", "t2.nii.gz"):
        open_and_wait(qtbot, panel, tmp_path / name)
    assert [type(layer) for layer in viewer.layers] == [Image, Image, Labels]
    assert viewer.layers[1].name == "t2"
    assert viewer.layers.selection.active is viewer.layers[1]


def test_several_series_are_chosen_from(qtbot, panel, viewer, study):
    open_and_wait(qtbot, panel, study)
    assert viewer.layers == []
    assert panel.opening.chooser.isVisible()
    assert not panel.welcome.isVisible()
    panel.opening.chooser.open.click()
    qtbot.waitUntil(lambda: bool(viewer.layers))
    [layer] = viewer.layers
    # Not the description, which may name the patient: layers are saved under their names.
    assert layer.name == "study – series 1"
    assert not panel.opening.isVisible()
    assert scan_of(layer).array.shape == (8, 6, 5)


def test_a_series_is_repaired_and_a_notice_says_so(qtbot, panel, viewer, study):
    open_and_wait(qtbot, panel, study)
    panel.opening.chooser.list.setCurrentRow(1)
    panel.opening.chooser.open.click()
    qtbot.waitUntil(lambda: bool(viewer.layers))
    [layer] = viewer.layers
    assert scan_of(layer).array.shape == (8, 6, 5)
    notices = layer.metadata["napari_seg"]["notices"]
    assert any("misses 1 slice" in notice.message for notice in notices)
    assert "misses 1 slice" in panel.scan.notices.text
    assert any("misses 1 slice" in message for message in told())


def test_cancel_opens_nothing_and_brings_the_panel_back(qtbot, panel, viewer, study):
    open_and_wait(qtbot, panel, study)
    panel.opening.chooser.cancel.click()
    assert viewer.layers == []
    assert not panel.opening.isVisible()
    assert panel.welcome.isVisible()


def test_a_lone_series_that_needs_it_offers_the_repair(qtbot, panel, viewer, study):
    open_and_wait(qtbot, panel, study / "b")
    question = panel.opening.question
    assert question.isVisible()
    assert "misses 1 slice" in question.text.text()
    # What is meant for other doors is not said here.
    assert "--repair" not in question.text.text()
    repair, decline = question.answers
    assert (repair.text(), decline.text()) == ("Repair and open", "Do not open")
    repair.click()
    qtbot.waitUntil(lambda: bool(viewer.layers))
    assert scan_of(viewer.layers[0]).array.shape == (8, 6, 5)


def test_a_repair_can_be_declined(qtbot, panel, viewer, study):
    open_and_wait(qtbot, panel, study / "b")
    panel.opening.question.answers[1].click()
    assert viewer.layers == []
    assert panel.welcome.isVisible()


def test_reading_shows_progress_and_can_be_cancelled(qtbot, panel, viewer, tmp_path):
    folder = write_series(tmp_path / "many", range(300))
    panel.open_path(folder)
    assert panel.status.cancel.isVisible()
    panel.status.cancel.click()
    qtbot.waitUntil(lambda: not panel.work.is_busy)
    assert viewer.layers == []
    assert panel.status.text.text() == "Stopped: many was not opened"
    assert panel.welcome.isEnabled()


def test_labels_open_on_the_grid_of_their_scan(qtbot, panel, viewer, tmp_path):
    scan = viewer.add_layer(image_layer(head(), name="head"))
    # Another order of the axes of the same voxels, and a part of them.
    path = write_mask(tmp_path / "x_seg.nii.gz", region=((2, 10), (1, 9), (2, 8)))
    turned = nibabel.as_closest_canonical(nibabel.load(path)).as_reoriented(
        [[1, -1], [0, 1], [2, -1]]
    )
    nibabel.save(turned, path)
    open_and_wait(qtbot, panel, path)
    [labels] = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert labels.data.shape == scan.data.shape
    assert np.array_equal(label_map_of(labels).array, head().array > 50)
    assert label_map_of(labels).geometry.matches(head().geometry)
    panel.scan.list.setCurrentIndex(0)
    viewer.layers.selection.active = labels
    assert panel.scan.layer is scan


def test_labels_prefer_the_scan_of_their_very_grid(qtbot, panel, viewer, tmp_path):
    part = head().crop(((2, 10), (1, 9), (2, 8)))
    crop = viewer.add_layer(image_layer(part, name="crop"))
    viewer.add_layer(image_layer(head(), name="whole"))
    path = write_mask(tmp_path / "x_seg.nii.gz", region=((2, 10), (1, 9), (2, 8)))
    open_and_wait(qtbot, panel, path)
    [labels] = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert labels.metadata["napari_seg"]["scan_id"] == crop.unique_id


OTHER = Geometry((6, 10, 8), np.diag([2.0, 2.0, 3.0, 1.0]))


def ask_about_another_grid(qtbot, panel, viewer, tmp_path):
    viewer.add_layer(image_layer(head(), name="head"))
    path = write_mask(tmp_path / "x_seg.nii.gz", geometry=OTHER)
    open_and_wait(qtbot, panel, path)
    assert [type(layer) for layer in viewer.layers] == [Image]
    question = panel.opening.question
    assert question.text.text() == (
        "The labels of 'x_seg.nii.gz' lie on another grid than the scan 'head'."
    )
    return question.answers


def test_labels_on_another_grid_are_resampled_when_asked(qtbot, panel, viewer, tmp_path):
    answers = ask_about_another_grid(qtbot, panel, viewer, tmp_path)
    assert [answer.text() for answer in answers] == [
        "Resample to this scan",
        "Open on their own grid",
        "Do not open",
    ]
    answers[0].click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 2)
    labels = label_map_of(viewer.layers[1])
    assert labels.geometry.matches(head().geometry)
    assert [notice.code for notice in labels.notices] == ["resampled"]
    assert any("resampled" in message for message in told())


def test_labels_on_another_grid_can_keep_it(qtbot, panel, viewer, tmp_path):
    answers = ask_about_another_grid(qtbot, panel, viewer, tmp_path)
    answers[1].click()
    assert label_map_of(viewer.layers[1]).geometry.matches(OTHER)


def test_labels_on_another_grid_are_left_out_otherwise(qtbot, panel, viewer, tmp_path):
    answers = ask_about_another_grid(qtbot, panel, viewer, tmp_path)
    answers[2].click()
    assert len(viewer.layers) == 1
    assert panel.scan.isVisible()


def test_labels_far_from_the_scan_are_not_resampled_to_nothing(qtbot, panel, viewer, tmp_path):
    viewer.add_layer(image_layer(head(), name="head"))
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    affine[0, 3] = 500
    path = write_mask(tmp_path / "x_seg.nii.gz", geometry=Geometry((6, 10, 8), affine))
    open_and_wait(qtbot, panel, path)
    with qtbot.capture_exceptions() as raised:
        panel.opening.question.answers[0].click()
        qtbot.waitUntil(lambda: bool(raised))
    assert "none of the labels lies within the scan" in str(raised[0][1])
    assert len(viewer.layers) == 1


def test_a_folder_of_masks_opens_as_one_layer_of_named_labels(qtbot, panel, viewer, tmp_path):
    folder = tmp_path / "organs"
    folder.mkdir()
    for name, i in (("liver", 2), ("spleen", 6)):
        array = np.zeros((8, 7, 6), np.uint8)
        array[i, 2:5, 2:5] = 1
        nibabel.save(nibabel.Nifti1Image(array, np.diag([1, 2, 3, 1])), folder / f"{name}.nii.gz")
    open_and_wait(qtbot, panel, folder)
    [layer] = viewer.layers
    assert isinstance(layer, Labels)
    assert sorted(layer.features["name"]) == ["liver", "spleen"]
    assert layer.name == "organs"


def write_unsure(path, *, drawn):
    """Write whole numbers from 0 to 5 that nothing calls labels or a scan."""
    array = np.zeros((8, 7, 6), np.uint8)
    array[1:7, 1:6, 1:5] = 3
    array[4:6, 3:6, 2:5] = 5
    if not drawn:
        array = np.random.default_rng(0).integers(0, 6, array.shape).astype(np.uint8)
    write_scan(Scan(array, Geometry(array.shape, np.diag([1.0, 2.0, 3.0, 1.0]))), path)
    return array


def test_what_is_unsure_opens_as_the_better_guess_and_can_be_switched(
    qtbot, panel, viewer, tmp_path
):
    array = write_unsure(tmp_path / "x.nii.gz", drawn=True)
    open_and_wait(qtbot, panel, tmp_path / "x.nii.gz")
    assert isinstance(viewer.layers[0], Labels)
    assert "opened as labels" in panel.labels_notices.text
    [button] = panel.labels_notices.offers
    assert button.text() == "Show as scan"
    button.click()
    [layer] = viewer.layers
    assert isinstance(layer, Image)
    assert np.array_equal(scan_of(layer).array, array)
    assert panel.labels_notices.offers == []
    # A person has decided: nothing is offered any more, but the menu.
    assert panel.scan.notices.offers == []


def test_noise_in_few_values_opens_as_a_scan_and_can_be_switched(qtbot, panel, viewer, tmp_path):
    array = write_unsure(tmp_path / "x.nii.gz", drawn=False)
    open_and_wait(qtbot, panel, tmp_path / "x.nii.gz")
    assert isinstance(viewer.layers[0], Image)
    [button] = panel.scan.notices.offers
    assert button.text() == "Show as labels"
    # What can be done about a scan is seen without unfolding its notices.
    assert button.isVisibleTo(panel.scan)
    button.click()
    [layer] = viewer.layers
    assert isinstance(layer, Labels)
    assert np.array_equal(label_map_of(layer).array, array)


def test_a_scan_beside_one_of_another_frame_of_reference_is_told(qtbot, panel, viewer, tmp_path):
    for name, uid in (("a", "1.2.8"), ("b", "1.2.9")):
        write_series(tmp_path / name, FrameOfReferenceUID=uid)
        open_and_wait(qtbot, panel, tmp_path / name)
    assert any("not registered to 'a'" in message for message in told())
    assert "not registered to 'a'" in panel.scan.notices.text


def test_a_tilted_scan_is_resampled_to_the_chosen_one(qtbot, panel, viewer):
    turn = np.array([[0.985, -0.174, 0, 0], [0.174, 0.985, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    chosen = viewer.add_layer(image_layer(head(), name="head"))
    tilted = Scan(head().array, Geometry(head().array.shape, turn @ head().geometry.affine))
    viewer.add_layer(image_layer(tilted, name="tilted"))
    viewer.layers.selection.active = chosen
    [button] = panel.scan.notices.offers
    assert button.text() == "Resample to this scan"
    assert "its axes are tilted against those of 'tilted'" in panel.scan.notices.text
    button.click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 3)
    qtbot.waitUntil(lambda: not panel.work.is_busy)
    new = viewer.layers[2]
    assert new.name == "tilted on head"
    assert scan_of(new).geometry.matches(head().geometry)
    assert [notice.code for notice in scan_of(new).notices] == ["resampled"]


def test_a_layer_of_another_reader_that_is_moved_is_described_anew(panel, viewer):
    layer = viewer.add_image(np.zeros((4, 5, 6)), scale=(3, 2, 1), name="foreign")
    assert panel.scan.description.text().startswith("1.00 × 2.00 × 3.00 mm")
    layer.scale = (3, 1, 1)
    assert panel.scan.description.text().startswith("1.00 × 1.00 × 3.00 mm")
    viewer.layers.remove(layer)
    layer.scale = (1, 1, 1)
    assert panel.scan.description.text() == "No scan is open"


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.full((4, 5, 6), 0.5, np.float32), "holds no labels"),
        (np.arange(4 * 5 * 60, dtype=np.uint16).reshape(4, 5, 60), "too many for labels"),
    ],
    ids=["fractions", "many values"],
)
def test_a_scan_named_like_labels_opens_as_a_scan_with_a_notice(
    qtbot, panel, viewer, tmp_path, array, reason
):
    write_scan(Scan(array, Geometry(array.shape, np.eye(4))), tmp_path / "x_seg.nii.gz")
    open_and_wait(qtbot, panel, tmp_path / "x_seg.nii.gz")
    [layer] = viewer.layers
    assert isinstance(layer, Image)
    [notice] = [one for one in scan_of(layer).notices if one.code == "named-as-labels"]
    assert reason in notice.message
    assert any(reason in message for message in told())
