"""What the panel writes and says of a scan holds no word of its texts, but the name it is given."""

import pytest
from kept_labels_case import finish, journalled, wait_ready, wait_until
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from planted import CANARY, SCANS, holders, labels_of

from napari_seg.imaging.progress import ignore_progress
from napari_seg.viewer.label_forms import FORMS, labels_with_scan, write_form
from napari_seg.viewer.layers import labels_layer, metadata_of
from napari_seg.viewer.opening.opened_layers import layer_of
from napari_seg.viewer.opening.reading import open_file
from napari_seg.viewer.undo import write_region


@pytest.fixture(params=["NIfTI", "DICOM"])
def named_scan(request, tmp_path):
    folder = tmp_path / f"ward {CANARY}"
    folder.mkdir()
    return SCANS[request.param](folder)


@pytest.fixture
def viewer():
    return ViewerModel()


def open_in(viewer, path):
    """Open a scan and labels on it as the panel does."""
    opened = open_file(path, None, False, (), on_progress=ignore_progress)
    scan = viewer.add_layer(layer_of(opened.read, path))
    labels = labels_layer(
        labels_of(opened.read), name=f"{CANARY} labels", like=scan, scan_id=scan.unique_id
    )
    return scan, viewer.add_layer(labels)


def test_a_layer_tells_no_text_of_its_file_but_the_name(viewer, named_scan):
    before = len(notification_manager.records)
    scan, _ = open_in(viewer, named_scan)
    assert scan.name.startswith(CANARY)
    kept = metadata_of(scan)
    assert CANARY not in str([notice.as_dict() for notice in kept["notices"]])
    assert CANARY not in str(kept["channel_names"])
    for record in notification_manager.records[before:]:
        # A notification names the layer that it is about, and nothing else.
        assert CANARY not in str(record.message).replace(scan.name, "")


@pytest.mark.parametrize("form", FORMS, ids=[form.title for form in FORMS])
def test_no_export_hands_on_text_of_the_scan(viewer, named_scan, tmp_path, form):
    _, layer = open_in(viewer, named_scan)
    labels, scan = labels_with_scan(layer, viewer.layers)
    if form.suffix == ".dcm":
        if named_scan.is_dir():
            pytest.skip("DICOM-SEG carries the patient: tests/test_dicom_segmentation.py says what")
        with pytest.raises(ValueError, match="DICOM"):
            write_form(form, labels, scan, tmp_path / "x.dcm", False, on_progress=ignore_progress)
        return
    output = tmp_path / "out"
    output.mkdir()
    path = form.complete(output / "exported")
    notices = write_form(form, labels, scan, path, False, on_progress=ignore_progress)
    assert list(output.iterdir())
    assert holders(output) == []
    assert CANARY not in str(notices)


def test_what_is_saved_and_journalled_holds_no_text_of_the_scan(
    viewer, keeping, journals, named_scan, tmp_path
):
    before = len(notification_manager.records)
    _, layer = open_in(viewer, named_scan)
    wait_ready(layer)
    write_region(layer, (slice(1, 3),) * 3, 3, preserve=False)
    journalled(layer)
    assert list(journals.iterdir())
    assert holders(journals) == []
    keeping.save(layer)
    wait_until(lambda: not keeping._queue.is_busy)
    finish()
    [saved] = [path for path in named_scan.parent.rglob("*_dseg*") if path.suffix == ".gz"]
    # Beside its scan it is called after it; inside it is called nothing.
    output = tmp_path / "out"
    output.mkdir()
    for number, path in enumerate(sorted(saved.parent.glob("*_dseg*"))):
        path.rename(output / f"{number}{path.suffix}")
    assert len(list(output.iterdir())) >= 2
    assert holders(output) == []
    for record in notification_manager.records[before:]:
        assert CANARY not in str(record.message).replace(named_scan.name, "")
