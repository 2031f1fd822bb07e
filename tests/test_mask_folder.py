from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_seg import (
    Geometry,
    Label,
    LabelMap,
    LabelTable,
    Scan,
    read_label_table,
    read_labels,
    write_labels,
    write_masks,
)
from napari_seg.imaging.label_files.recognition import is_label_file
from napari_seg.imaging.scan import Source

AFFINE = np.array(
    [[-1.5, 0.0, 0.0, 80.0], [0.0, 0.0, 3.0, -40.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]]
)
GEOMETRY = Geometry((6, 5, 4), AFFINE)
TABLE = LabelTable(
    (
        Label(3, "Milz/größer", (1, 2, 255), "78961009"),
        Label(205, "kidney_left", (9, 8, 7)),
        Label(420, "empty", (0, 128, 0)),
    )
)


def some_labels() -> LabelMap:
    array = np.zeros((6, 5, 4), np.uint16)
    array[1:3, 1:3, 1:3] = 3
    array[4, 4, 3] = 205
    return LabelMap(array, GEOMETRY, TABLE)


def mask(folder: Path, name: str, box: Any, affine: Any = AFFINE, value: int = 1) -> None:
    folder.mkdir(exist_ok=True)
    array = np.zeros((6, 5, 4), np.uint8)
    array[box] = value
    nib.Nifti1Image(array, affine).to_filename(folder / name)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_what_is_read_is_what_was_written(tmp_path: Path, suffix: str) -> None:
    write_masks(some_labels(), tmp_path / "masks", suffix=suffix)
    back = read_labels(tmp_path / "masks")
    assert np.array_equal(back.array, some_labels().array)
    assert back.geometry.matches(GEOMETRY)
    assert back.table == TABLE
    assert back.notices == ()
    assert [path.name for path in tmp_path.iterdir()] == ["masks"]


def test_masks_are_those_of_totalsegmentator(tmp_path: Path) -> None:
    scan = Scan(np.zeros((6, 5, 4)), GEOMETRY, source=Source("NIfTI", 2, 4, "mm"))
    write_masks(some_labels(), tmp_path / "masks", source=scan)
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [
        "Milz_größer.nii.gz",
        "empty.nii.gz",
        "kidney_left.nii.gz",
        "labels.tsv",
    ]
    image = nib.load(tmp_path / "masks" / "Milz_größer.nii.gz")
    assert np.array_equal(np.asanyarray(image.dataobj), some_labels().array == 3)
    assert image.get_data_dtype() == np.uint8
    assert np.allclose(image.affine, AFFINE, atol=1e-4)
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (2, 4)
    assert read_label_table(tmp_path / "masks" / "labels.tsv") == TABLE


def test_a_folder_without_a_table_is_numbered_by_name(tmp_path: Path) -> None:
    mask(tmp_path / "masks", "spleen.nii.gz", np.s_[4])
    mask(tmp_path / "masks", "kidney_left.nii.gz", np.s_[1], value=255)
    (tmp_path / "masks" / "readme.txt").write_text("These are masks.")
    labels = read_labels(tmp_path / "masks")
    assert labels.table.names == {1: "kidney_left", 2: "spleen"}
    assert labels.array[:, 0, 0].tolist() == [0, 1, 0, 0, 2, 0]
    assert labels.notices == ()


@pytest.mark.parametrize("name", ["any.tsv", "any.ctbl", "any.txt"])
def test_a_table_in_the_folder_gives_values_and_colours(tmp_path: Path, name: str) -> None:
    mask(tmp_path / "masks", "spleen.nii.gz", np.s_[4])
    mask(tmp_path / "masks", "liver.nii.gz", np.s_[1])
    content = {
        "any.tsv": "index\tname\tcolor\n10\tspleen\t#0102ff\n",
        "any.ctbl": "10 spleen 1 2 255 255\n",
        "any.txt": '10 1 2 255 1 1 1 "spleen"\n',
    }[name]
    (tmp_path / "masks" / name).write_text(content)
    labels = read_labels(tmp_path / "masks")
    assert labels.table.label(10) == Label(10, "spleen", (1, 2, 255))
    assert labels.table.names == {10: "spleen", 11: "liver"}
    assert labels.array[:, 0, 0].tolist() == [0, 11, 0, 0, 10, 0]


def test_a_broken_table_costs_the_names_only(tmp_path: Path) -> None:
    write_masks(some_labels(), tmp_path / "masks")
    (tmp_path / "masks" / "labels.tsv").write_text("nothing")
    labels = read_labels(tmp_path / "masks")
    assert labels.table.names == {1: "Milz_größer", 2: "empty", 3: "kidney_left"}
    assert [notice.code for notice in labels.notices] == ["table-unread"]


def test_overlaps_are_reported_with_voxels_and_names(tmp_path: Path) -> None:
    mask(tmp_path / "masks", "a.nii.gz", np.s_[1:3])
    mask(tmp_path / "masks", "b.nii.gz", np.s_[2])
    mask(tmp_path / "masks", "c.nii.gz", np.s_[2, 0, 0])
    labels = read_labels(tmp_path / "masks")
    assert labels.array[:, 0, 0].tolist() == [0, 1, 3, 0, 0, 0]
    assert labels.array[:, 1, 1].tolist() == [0, 1, 2, 0, 0, 0]
    (notice,) = labels.notices
    assert notice.code == "overlap"
    assert notice.figures["voxels"] == 21
    assert "'b' over 'a' (20), 'c' over 'b' (1)" in notice.message


def test_another_order_of_the_same_voxels_is_turned(tmp_path: Path) -> None:
    mask(tmp_path / "masks", "a.nii.gz", np.s_[1])
    array = np.zeros((6, 5, 4), np.uint8)
    array[4, 3, 2] = 1
    turned = nib.as_closest_canonical(nib.Nifti1Image(array, AFFINE))
    assert turned.shape == (6, 4, 5)
    turned.to_filename(tmp_path / "masks" / "b.nii.gz")
    labels = read_labels(tmp_path / "masks")
    assert np.argwhere(labels.array == 2).tolist() == [[4, 3, 2]]
    assert labels.notices == ()


def test_another_grid_is_refused(tmp_path: Path) -> None:
    mask(tmp_path / "masks", "a.nii.gz", np.s_[1])
    moved = AFFINE.copy()
    moved[0, 3] += 1.5
    mask(tmp_path / "masks", "b.nii.gz", np.s_[1], affine=moved)
    with pytest.raises(ValueError, match=r"'b.nii.gz' lies on another grid than 'a.nii.gz'"):
        read_labels(tmp_path / "masks")


def test_a_scan_among_the_masks_is_named(tmp_path: Path) -> None:
    mask(tmp_path / "masks", "liver.nii.gz", np.s_[1])
    image = nib.Nifti1Image(np.arange(120, dtype=np.int16).reshape(6, 5, 4), AFFINE)
    image.to_filename(tmp_path / "masks" / "ct.nii.gz")
    with pytest.raises(ValueError, match=r"'ct.nii.gz' is no mask .* move it out"):
        read_labels(tmp_path / "masks")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    with pytest.raises(ValueError, match="'masks'"):
        read_labels(tmp_path / "masks")


def test_names_are_made_safe_and_stay_apart(tmp_path: Path) -> None:
    names = {1: "a/b:c", 2: "CON", 3: "Liver", 4: "liver", 5: "..", 6: "ä" * 200, 7: "LIVER"}
    array = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    labels = LabelMap(array, Geometry((2, 2, 2), np.eye(4)), LabelTable.from_names(names))
    write_masks(labels, tmp_path / "masks")
    files = {path.name for path in (tmp_path / "masks").iterdir()} - {"labels.tsv"}
    assert {"a_b_c.nii.gz", "_CON.nii.gz", "Liver.nii.gz", "label 5.nii.gz"} <= files
    assert len({file.casefold() for file in files}) == 7
    assert max(len(file.encode()) for file in files) < 255
    back = read_labels(tmp_path / "masks")
    assert back.table == labels.table
    assert np.array_equal(back.array, array)


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    write_masks(some_labels(), tmp_path / "masks")
    other = LabelMap(some_labels().array, GEOMETRY, LabelTable.from_names({3: "spleen", 205: "x"}))
    write_masks(other, tmp_path / "masks", suffix=".nrrd")
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [
        "labels.tsv",
        "spleen.nrrd",
        "x.nrrd",
    ]


@pytest.mark.parametrize("with_ours", [False, True])
def test_a_folder_of_other_things_is_not_replaced(tmp_path: Path, with_ours: bool) -> None:
    folder = tmp_path / "scans"
    if with_ours:
        write_masks(some_labels(), folder)
    mask(folder, "ct.nii.gz", np.s_[1])
    before = sorted(folder.iterdir())
    with pytest.raises(FileExistsError, match=r"'scans' holds 'ct.nii.gz' and is not replaced"):
        write_masks(some_labels(), folder)
    assert sorted(folder.iterdir()) == before
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.tsv", "subject\tage\nsub-01\t33\n"),
        ("labels.tsv", "index\tname\n1\tliver\n"),
        ("labels.json", '{"RepetitionTime": 2}'),
    ],
)
def test_a_table_or_json_of_another_program_is_not_replaced_with_its_folder(
    tmp_path: Path, name: str, content: str
) -> None:
    folder = tmp_path / "masks"
    folder.mkdir()
    (folder / name).write_text(content)
    with pytest.raises(FileExistsError, match=f"'masks' holds '{name}' and is not replaced"):
        write_masks(some_labels(), folder)
    assert (folder / name).read_text() == content


def test_a_folder_without_labels_is_replaced_again(tmp_path: Path) -> None:
    labels = some_labels()
    none = LabelMap(np.zeros_like(labels.array), labels.geometry, LabelTable(), record={"a": 1})
    write_masks(none, tmp_path / "masks")
    write_masks(labels, tmp_path / "masks")
    assert read_labels(tmp_path / "masks").table.names == labels.table.names


@pytest.mark.parametrize("record", [None, {"a": 1}], ids=["", "record"])
def test_no_labels_come_back_on_the_grid_that_is_given(
    tmp_path: Path, record: dict[str, Any] | None
) -> None:
    none = LabelMap(np.zeros((6, 5, 4), np.uint8), GEOMETRY, LabelTable(), record=record)
    write_masks(none, tmp_path / "masks")
    with pytest.raises(ValueError, match=r"'masks' holds the masks of no structure.*give the scan"):
        read_labels(tmp_path / "masks")
    back = read_labels(tmp_path / "masks", onto=GEOMETRY)
    assert (back.array.shape, back.array.any(), len(back.table)) == ((6, 5, 4), False, 0)
    assert back.geometry.matches(GEOMETRY)
    assert is_label_file(tmp_path / "masks") is True
    (tmp_path / "masks" / "001.dcm").write_bytes(b"")
    assert is_label_file(tmp_path / "masks") is False


def test_bad_requests_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"masks are written to .nii.gz, .* got '.png'"):
        write_masks(some_labels(), tmp_path / "masks", suffix=".png")
    scan = Scan(np.zeros((6, 5, 4)), Geometry((6, 5, 4), np.eye(4)))
    with pytest.raises(ValueError, match="on the scan's grid"):
        write_masks(some_labels(), tmp_path / "masks", source=scan)
    with pytest.raises(FileNotFoundError, match="no folder 'nowhere'"):
        write_masks(some_labels(), tmp_path / "nowhere" / "masks")
    assert list(tmp_path.iterdir()) == []


def test_real_labels_survive(tmp_path: Path, shared_data: Path) -> None:
    labels = read_labels(shared_data / "ct" / "torso_ct_labels.nii.gz")
    write_masks(labels, tmp_path / "masks")
    back = read_labels(tmp_path / "masks")
    assert np.array_equal(back.array, labels.array)
    assert back.table == labels.table


def labelled(folder: Path, name: str, box: Any, table: LabelTable) -> None:
    folder.mkdir(exist_ok=True)
    array = np.zeros((6, 5, 4), np.uint8)
    array[box] = next(iter(table)).value
    write_labels(LabelMap(array, GEOMETRY, table), folder / name)


@pytest.mark.parametrize("value", [1, 3])
def test_the_table_of_a_lone_label_file_is_its_own(tmp_path: Path, value: int) -> None:
    table = LabelTable((Label(value, "tumour", (255, 0, 0), "108369006", "done"),))
    labelled(tmp_path / "case", "case1_dseg.nii.gz", np.s_[1], table)
    labels = read_labels(tmp_path / "case")
    assert labels.table == table
    assert labels.array[:, 0, 0].tolist() == [0, value, 0, 0, 0, 0]
    assert labels.notices == ()


def test_masks_with_a_table_each_keep_names_and_values(tmp_path: Path) -> None:
    labelled(tmp_path / "case", "a.nii.gz", np.s_[1], LabelTable.from_names({7: "liver"}))
    labelled(tmp_path / "case", "b.nii.gz", np.s_[2], LabelTable.from_names({2: "spleen"}))
    mask(tmp_path / "case", "aorta.nii.gz", np.s_[3])
    labels = read_labels(tmp_path / "case")
    assert labels.table.names == {2: "spleen", 7: "liver", 8: "aorta"}
    assert labels.array[:, 0, 0].tolist() == [0, 7, 2, 8, 0, 0]
    assert labels.notices == ()


def test_a_value_that_two_tables_give_is_told_when_it_changes(tmp_path: Path) -> None:
    red = LabelTable((Label(1, "spleen", (255, 0, 0)),))
    labelled(tmp_path / "case", "a.nii.gz", np.s_[1], LabelTable.from_names({1: "liver"}))
    labelled(tmp_path / "case", "b.nii.gz", np.s_[2], red)
    labels = read_labels(tmp_path / "case")
    assert labels.table.names == {1: "liver", 2: "spleen"}
    assert labels.table.label(2).colour == (255, 0, 0)
    assert labels.array[:, 0, 0].tolist() == [0, 1, 2, 0, 0, 0]
    assert [(one.code, one.figures) for one in labels.notices] == [("values-changed", {"masks": 1})]


def test_two_masks_that_their_tables_call_alike_are_refused(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        labelled(tmp_path / "case", name, np.s_[1], LabelTable.from_names({1: "liver"}))
    with pytest.raises(ValueError, match="two masks of one structure"):
        read_labels(tmp_path / "case")


@pytest.mark.parametrize(
    ("suffix", "content"),
    [(".txt", '4 1 2 255 1 1 1 "spleen"\n'), (".ctbl", "4 spleen 1 2 255 255\n")],
)
def test_a_colour_table_called_like_a_mask_is_its_own(
    tmp_path: Path, suffix: str, content: str
) -> None:
    mask(tmp_path / "case", "x.nii.gz", np.s_[1], value=255)
    (tmp_path / "case" / "x").with_suffix(suffix).write_text(content)
    labels = read_labels(tmp_path / "case")
    assert tuple(labels.table) == (Label(4, "spleen", (1, 2, 255)),)
    assert labels.array.max() == 4


def test_the_table_of_a_file_called_labels_is_not_the_folder_s(tmp_path: Path) -> None:
    labelled(tmp_path / "case", "labels.nii.gz", np.s_[1], LabelTable.from_names({3: "liver"}))
    mask(tmp_path / "case", "spleen.nii.gz", np.s_[2])
    labels = read_labels(tmp_path / "case")
    assert labels.table.names == {3: "liver", 4: "spleen"}


def test_a_table_of_other_voxels_names_no_mask(tmp_path: Path) -> None:
    labelled(tmp_path / "case", "a.nii.gz", np.s_[1], LabelTable.from_names({3: "liver"}))
    mask(tmp_path / "case", "a.nii.gz", np.s_[2], value=3)
    labels = read_labels(tmp_path / "case")
    assert labels.table.names == {1: "a"}
    assert [notice.code for notice in labels.notices] == ["table-of-other-voxels"]
