"""What lies beside a label file that is saved: ours is replaced, all else stays."""

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_seg.imaging.files import read_label_table, read_labels, write_labels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_files.tables import hash_of_voxels
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap

RECORD = {"versions": {"python": "3"}, "purpose": "research use only"}


def some_labels(name: str = "liver", row: int = 1, **more: object) -> LabelMap:
    array = np.zeros((4, 3, 2), np.uint8)
    array[row] = 1
    table = LabelTable.from_names({1: name})
    return LabelMap(array, Geometry((4, 3, 2), np.eye(4)), table, **more)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("case.tsv", "subject\tage\nsub-01\t33\n"),
        ("case.tsv", "index\tname\nsub-01\tSmith\n"),
        ("case.json", '{"RepetitionTime": 2}'),
        ("case.json", "[1, 2]"),
        ("case.json", "{half"),
    ],
)
@pytest.mark.parametrize("end", [".nii.gz", ".nrrd"])
def test_a_file_of_another_program_is_never_replaced(
    tmp_path: Path, name: str, content: str, end: str
) -> None:
    old = some_labels(record={"a": 1})
    write_labels(old, tmp_path / f"case{end}")
    (tmp_path / name).write_text(content)
    before = files_of(tmp_path)
    with pytest.raises(FileExistsError, match=rf"'{name}' beside it is no .*; rename that file"):
        write_labels(some_labels(row=2, record={"a": 2}), tmp_path / f"case{end}")
    assert files_of(tmp_path) == before
    write_labels(some_labels(row=2, record={"a": 2}), tmp_path / f"case{end}", overwrite=True)
    assert read_labels(tmp_path / f"case{end}").table.names == {1: "liver"}
    assert json.loads((tmp_path / "case.json").read_text())["a"] == 2


def test_a_record_of_another_program_is_not_asked_for_where_none_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "case.json").write_text('{"RepetitionTime": 2}')
    write_labels(some_labels(), tmp_path / "case.nii.gz")
    assert (tmp_path / "case.json").read_text() == '{"RepetitionTime": 2}'


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["case.tsv", "case.json"])
def test_a_folder_beside_is_named_with_the_way_out(
    tmp_path: Path, name: str, overwrite: bool
) -> None:
    (tmp_path / name).mkdir()
    message = rf"^'case.nii.gz' was not saved, because '{name}' beside it is a folder; rename it"
    with pytest.raises(OSError, match=message):
        write_labels(some_labels(record={"a": 1}), tmp_path / "case.nii.gz", overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_table_that_may_not_be_read_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_labels(some_labels(), tmp_path / "case.nii.gz")

    def refuse(path: Path, *_options: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    # root may read everything
    monkeypatch.setattr(Path, "open", refuse)
    message = r"because 'case.tsv' beside it cannot be read \(Permission denied\); ask for the"
    with pytest.raises(PermissionError, match=message):
        write_labels(some_labels(row=2), tmp_path / "case.nii.gz")


@pytest.mark.parametrize("end", [".nii.gz", ".nrrd", ".mha"])
def test_our_own_files_are_replaced(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"case{end}"
    write_labels(some_labels(record={"a": 1}), path)
    assert write_labels(some_labels("spleen", 2, record={"b": 2}), path) == ()
    assert read_labels(path).table.names == {1: "spleen"}
    assert json.loads((tmp_path / "case.json").read_text())["b"] == 2


def test_a_record_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(json.dumps(RECORD | {"seconds": 3}))
    write_labels(some_labels(record=RECORD), tmp_path / "case.nii.gz")
    assert "seconds" not in json.loads((tmp_path / "case.json").read_text())


def test_a_table_of_labels_of_another_program_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "case.tsv").write_text("index\tname\tmapping\n1\tspleen\t4\n")
    write_labels(some_labels(), tmp_path / "case.nii.gz")
    assert read_labels(tmp_path / "case.nii.gz").table.names == {1: "liver"}


def changed_by_another_program(path: Path) -> LabelMap:
    """Write labels, change one voxel as another program would, and read them again."""
    write_labels(some_labels(), path)
    array = some_labels().array
    array[0, 0, 0] = 1
    nib.Nifti1Image(array, np.eye(4)).to_filename(path)
    return read_labels(path)


def test_names_that_were_left_out_are_not_lost_by_saving_again(tmp_path: Path) -> None:
    path = tmp_path / "x.nii.gz"
    labels = changed_by_another_program(path)
    before = files_of(tmp_path)
    for name in ("x.nii.gz", "x.nrrd"):
        with pytest.raises(FileExistsError, match=r"names in 'x.tsv' were left out .*--overwrite"):
            write_labels(labels, tmp_path / name)
        assert files_of(tmp_path) == before
    # Under another name, again there, and with the names given back nothing is lost.
    for _ in range(2):
        write_labels(labels, tmp_path / "y.nii.gz")
    write_labels(replace(labels, table=read_label_table(tmp_path / "x.tsv")), path)
    assert read_labels(path).table.names == {1: "liver"}


def test_names_that_were_left_out_are_replaced_on_request(tmp_path: Path) -> None:
    labels = changed_by_another_program(tmp_path / "x.nii.gz")
    write_labels(labels, tmp_path / "x.nii.gz", overwrite=True)
    assert read_labels(tmp_path / "x.nii.gz").table.names == {1: "label 1"}


def test_a_table_that_was_another_files_is_told(tmp_path: Path) -> None:
    write_labels(some_labels(record=RECORD), tmp_path / "case.nii.gz")
    same = write_labels(some_labels(record=RECORD), tmp_path / "case.mha")
    assert same == ()
    (notice,) = write_labels(some_labels("spleen", 2), tmp_path / "case.nrrd")
    assert notice.code == "beside-shared"
    assert "ending in '.nii.gz' and '.mha'" in notice.message
    assert "case" not in notice.message
    # Again over the same file nothing is lost any more.
    assert write_labels(some_labels("spleen", 3), tmp_path / "case.nrrd") == ()


def test_a_table_of_equal_voxels_that_makes_no_sense_any_more_is_replaced_on_request(
    tmp_path: Path,
) -> None:
    write_labels(some_labels(), tmp_path / "case.nii.gz")
    with (tmp_path / "case.tsv").open("a") as table:
        table.write("1\ttail\n")
    with pytest.raises(FileExistsError, match=r"'case\.tsv' beside it is no table of labels"):
        write_labels(some_labels(), tmp_path / "case.nii.gz")
    assert write_labels(some_labels(), tmp_path / "case.nii.gz", overwrite=True) == ()
    assert read_labels(tmp_path / "case.nii.gz").table.names == {1: "liver"}


def test_a_record_that_was_another_files_is_told(tmp_path: Path) -> None:
    write_labels(some_labels(record=RECORD), tmp_path / "case.nii.gz")
    (tmp_path / "case.tsv").unlink()
    notices = write_labels(some_labels(row=2, record=RECORD), tmp_path / "case.nrrd")
    assert [notice.code for notice in notices] == ["beside-shared"]


def test_a_scan_of_the_same_name_shares_nothing(tmp_path: Path) -> None:
    write_labels(some_labels(), tmp_path / "case.nii.gz")
    (tmp_path / "case.mha").write_bytes(b"no labels")
    assert write_labels(some_labels(row=2), tmp_path / "case.nii.gz") == ()


@pytest.mark.parametrize(
    ("name", "content"), [("case.json", '{"EchoTime": 0.08}'), ("case.tsv", "onset\tduration\n")]
)
def test_the_sidecar_of_another_image_is_not_even_replaced_on_request(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / "case.nii.gz").write_bytes(b"a scan")
    (tmp_path / name).write_text(content)
    before = files_of(tmp_path)
    with pytest.raises(FileExistsError, match=rf"'{name}' belongs to 'case.nii.gz' and would be"):
        write_labels(some_labels(record=RECORD), tmp_path / "case.nrrd", overwrite=True)
    assert files_of(tmp_path) == before


def test_what_lies_where_the_files_will_be_moved_counts(tmp_path: Path) -> None:
    aside, place = tmp_path / "aside" / "case.nrrd", tmp_path / "case.nrrd"
    aside.parent.mkdir()
    write_labels(some_labels(record=RECORD), tmp_path / "case.nii.gz")
    (notice,) = write_labels(some_labels("spleen", 2, record=RECORD), aside, moved_to=place)
    assert notice.code == "beside-shared"
    (tmp_path / "case.json").write_text('{"EchoTime": 0.08}')
    with pytest.raises(FileExistsError, match=r"'case\.json' beside it is no record of labels"):
        write_labels(some_labels(record=RECORD), aside, moved_to=place)
    with pytest.raises(FileExistsError, match=r"'case\.json' belongs to 'case\.nii\.gz'"):
        write_labels(some_labels(record=RECORD), aside, moved_to=place, overwrite=True)


def test_other_names_of_equal_voxels_are_told_for_both_files_have_them_then(tmp_path: Path) -> None:
    write_labels(some_labels(), tmp_path / "case.nii.gz")
    (notice,) = write_labels(some_labels("spleen"), tmp_path / "case.nrrd")
    assert notice.code == "beside-shared"
    assert "ending in '.nii.gz'" in notice.message
    assert read_labels(tmp_path / "case.nii.gz").table.names == {1: "spleen"}


def test_only_the_files_whose_voxels_were_stated_are_told_of(tmp_path: Path) -> None:
    write_labels(some_labels("spleen", 3), tmp_path / "case.nii.gz")
    write_labels(some_labels(), tmp_path / "case.mha")
    # Its names went before, and the record that comes now was of nobody.
    (notice,) = write_labels(some_labels(row=2, record=RECORD), tmp_path / "case.nrrd")
    assert notice.figures == {"ends": "'.mha'"}


def test_a_record_of_the_voxels_that_are_saved_is_no_loss(tmp_path: Path) -> None:
    # A table of other voxels, whose file is gone, and a record of these.
    write_labels(some_labels(row=2), tmp_path / "case.nrrd")
    (tmp_path / "case.nrrd").unlink()
    array = some_labels().array
    record = RECORD | {"voxels_sha256": hash_of_voxels(array)}
    write_labels(some_labels(), tmp_path / "aside.nii.gz")
    (tmp_path / "aside.nii.gz").rename(tmp_path / "case.nii.gz")
    (tmp_path / "case.json").write_text(json.dumps(record))
    assert write_labels(some_labels(record=RECORD), tmp_path / "case.mha") == ()
