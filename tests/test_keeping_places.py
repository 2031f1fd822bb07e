"""Where labels are saved to without asking, and what the record says of where they came from."""

import json

import numpy as np
import pytest

from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.keeping.label_records import (
    is_all_by_hand,
    is_networks_own,
    network_file,
    read_record,
)
from napari_seg.viewer.keeping.origins import Origin, find_origins
from napari_seg.viewer.keeping.saving_places import (
    OwnFile,
    ScanPlace,
    choose_place,
)
from napari_seg.viewer.kept_labels import KeptLabels

NOWHERE = ScanPlace(None, None, None)


def own(path, stamp=None):
    return OwnFile(path, stamp or Stamp.of(path))


def touch(path, content=b"x"):
    path.write_bytes(content)
    return path


def choose(own_file=None, place=NOWHERE, by_hand=True):
    return choose_place(own_file, place, by_hand=by_hand, name="organs")


def network_record(path, **more):
    path.write_text(json.dumps({"bundle": {"sha256": "0"}, **more}))


@pytest.mark.parametrize("name", ["t1_dseg.nii.gz", "mine.nrrd", "x.seg.nrrd", "a.mha", "p.png"])
def test_labels_go_back_to_the_file_they_came_from(tmp_path, name):
    path = touch(tmp_path / name)
    assert choose(own(path)).path == path


def test_a_file_that_is_gone_is_written_again(tmp_path):
    path = tmp_path / "t1_dseg.nii.gz"
    assert choose(OwnFile(path, Stamp(1, 1))).path == path


def test_a_file_that_is_read_only_is_left(tmp_path):
    path = touch(tmp_path / "t1_dseg.nii.gz")
    path.chmod(0o444)
    choice = choose(own(path))
    assert choice.path == tmp_path / "t1_dseg_2.nii.gz"
    assert choice.notice == "'t1_dseg.nii.gz' is read-only and is left as it is"


def test_a_networks_own_output_is_kept(tmp_path):
    path = touch(tmp_path / "t1_dseg.nii.gz")
    network_record(tmp_path / "t1_dseg.json")
    choice = choose(own(path))
    assert choice.path == tmp_path / "t1_dseg_edited.nii.gz"
    assert "keeps what the network wrote" in choice.notice
    touch(choice.path)
    assert choose(own(path)).path == tmp_path / "t1_dseg_edited_2.nii.gz"
    # Another result without work by hand is not called edited.
    assert choose(own(path), by_hand=False).path == tmp_path / "t1_dseg_2.nii.gz"


@pytest.mark.parametrize(
    "more", [{"changed_by_hand_ml": 0.2}, {"network_labels": {"file": "a", "sha256": "b"}}]
)
def test_a_corrected_result_of_a_network_is_a_persons(tmp_path, more):
    path = touch(tmp_path / "t1_dseg.nii.gz")
    network_record(tmp_path / "t1_dseg.json", **more)
    assert choose(own(path)).path == path


def test_what_somebody_else_wrote_meanwhile_is_left(tmp_path):
    path = touch(tmp_path / "mine.nii.gz")
    before = own(path)
    touch(path, b"somebody else's work")
    choice = choose(before)
    assert choice.path == tmp_path / "mine_2.nii.gz"
    assert "somebody else" in choice.notice


@pytest.mark.parametrize("name", ["seg.dcm", "labels.img", "scan.nhdr"])
def test_what_is_not_written_in_place_gets_a_file_beside_it(tmp_path, name):
    path = touch(tmp_path / name)
    stem = name.rpartition(".")[0]
    assert choose(own(path)).path == tmp_path / f"{stem}_edited.nii.gz"


def test_a_folder_of_masks_gets_a_file_beside_it(tmp_path):
    (tmp_path / "masks").mkdir()
    assert choose(own(tmp_path / "masks")).path == tmp_path / "masks_edited.nii.gz"


def test_new_labels_go_beside_their_scan_and_over_nothing(tmp_path):
    place = ScanPlace(tmp_path / "t1.nii.gz", "t1", None)
    assert choose(place=place).path == tmp_path / "t1_dseg.nii.gz"
    touch(tmp_path / "t1_dseg.nii.gz")
    assert choose(place=place).path == tmp_path / "t1_dseg_2.nii.gz"


def test_the_preferred_folder_comes_before_that_of_the_scan(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    assert choose(place=ScanPlace(tmp_path / "t1.nii", "t1", folder)).path == (
        folder / "t1_dseg.nii.gz"
    )
    assert choose(place=ScanPlace(None, "head", folder)).path == folder / "head_dseg.nii.gz"
    assert choose(place=ScanPlace(None, None, folder)).path == folder / "organs_dseg.nii.gz"


def test_a_dicom_folder_is_not_written_into(tmp_path):
    (tmp_path / "CT 1.5").mkdir()
    place = ScanPlace(tmp_path / "CT 1.5", "CT 1.5", None)
    assert choose(place=place).path == tmp_path / "CT 1.5_dseg.nii.gz"


def test_without_any_place_it_says_what_to_do():
    with pytest.raises(ValueError, match="set a folder"):
        choose()


# Origins, on a row of eight voxels of 0.5 ml


def row(*values):
    return np.array([[values]], np.uint8)


NETWORK = row(1, 1, 1, 2, 2, 0, 0, 0)
NOW = row(1, 1, 2, 2, 0, 1, 3, 0)


def test_origins_are_told_voxel_by_voxel():
    found = find_origins(NOW, network=KeptLabels.of(NETWORK), opened=None, voxel_ml=0.5)
    assert found.by_label == {
        # Two as the network had them, one painted, one given away.
        1: Origin(1.0, 0.5, 0.0, 0.5),
        2: Origin(0.5, 0.5, 0.0, 0.5),
        3: Origin(0.0, 0.5, 0.0, 0.0),
    }
    assert found.changed_ml == 2.0


def test_voxels_of_a_file_without_a_word_are_of_unknown_origin():
    found = find_origins(NOW, network=None, opened=KeptLabels.of(NETWORK), voxel_ml=0.5)
    assert found.by_label[1] == Origin(0.0, 0.5, 1.0, 0.5)


def test_without_a_file_and_a_network_all_is_by_hand():
    found = find_origins(NOW, network=None, opened=None, voxel_ml=0.5)
    assert found.by_label == {
        1: Origin(0.0, 1.5, 0.0, 0.0),
        2: Origin(0.0, 1.0, 0.0, 0.0),
        3: Origin(0.0, 0.5, 0.0, 0.0),
    }
    assert found.changed_ml == 3.0


def test_a_label_that_was_wiped_out_is_told():
    found = find_origins(
        row(0, 0, 0, 0, 0, 0, 0, 0), network=KeptLabels.of(NETWORK), opened=None, voxel_ml=1.0
    )
    assert found.by_label == {1: Origin(0, 0, 0, 3), 2: Origin(0, 0, 0, 2)}
    assert found.changed_ml == 5.0


# Records


def test_records_are_told_apart(tmp_path):
    path = tmp_path / "x.nii.gz"
    assert read_record(path) == {}
    (tmp_path / "x.json").write_text("[1, 2]")
    assert read_record(path) is None
    (tmp_path / "x.json").write_text("{half")
    assert read_record(path) is None
    network_record(tmp_path / "x.json", changed_by_hand_ml=0.0)
    assert is_networks_own(read_record(path))
    assert not is_networks_own({"labels": {}})
    assert is_all_by_hand({"origins": {"1": {"network_ml": 0.0, "unknown_ml": 0.0}}})
    assert not is_all_by_hand({"origins": {"1": {"network_ml": 0.0, "unknown_ml": 0.1}}})
    assert not is_all_by_hand({})


@pytest.mark.parametrize("name", ["../x.nii.gz", "/etc/x.nii.gz", "a\\b.nii", 7])
def test_a_record_leads_to_no_other_folder(name):
    assert network_file({"network_labels": {"file": name, "sha256": "0"}}) is None
