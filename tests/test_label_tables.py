import csv
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_seg import (
    Geometry,
    Label,
    LabelMap,
    LabelTable,
    read_label_table,
    read_labels,
    write_label_table,
    write_labels,
)

TABLE = LabelTable(
    (
        Label(1, "Milz, größer 脾", (1, 2, 255), "78961009"),
        Label(7, "kidney_left upper", (250, 128, 0)),
        Label(205, 'liver "left" # 2\ttab', (9, 8, 7), "10200004"),
        Label(420, "plain", (0, 128, 0)),
    )
)

# As ITK-SNAP 4 saves it.
SNAPS = """\
################################################
# ITK-SnAP Label Description File
# File format: 
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields: 
#    IDX:   Zero-based index 
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description 
################################################
    0     0    0    0        0  0  0    "Clear Label"
    1   255    0    0        1  1  1    "Label 1"
    2     0  255    0     0.45  0  1    "Großhirn, links_2"
   12   255  239  213        1  1  1    "Label 6"
"""  # noqa: W291 - ITK-SNAP leaves spaces at the ends of lines

# As 3D Slicer saves a colour table.
SLICERS = """\
# Color table file /tmp/table.ctbl
# 4 values
0 Background 0 0 0 0
1 left_kidney 185 102 83 255
2 (none) 0 0 0 0
17 liver 221 130 101 255
"""

FREESURFERS = """\
#$Id: FreeSurferColorLUT.txt,v 1.105 2015/07/29 18:22:03 greve Exp $

#No. Label Name:                            R   G   B   A

0   Unknown                                 0   0   0   0
2   Left-Cerebral-White-Matter              245 245 245 0
17  Left_Hippocampus                        220 216 20  0
"""


@pytest.mark.parametrize("suffix", [".tsv", ".txt", ".ctbl", ".TSV", ".TXT", ".CTBL"])
def test_what_is_read_is_what_was_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"größer 1.5{suffix}"
    write_label_table(TABLE, path)
    assert read_label_table(path) == TABLE


@pytest.mark.parametrize("suffix", [".tsv", ".txt", ".ctbl"])
def test_a_table_without_labels_comes_back(tmp_path: Path, suffix: str) -> None:
    write_label_table(LabelTable(), tmp_path / f"none{suffix}")
    assert read_label_table(tmp_path / f"none{suffix}") == LabelTable()


def test_a_table_of_itk_snap(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text(SNAPS, encoding="utf-8")
    assert read_label_table(tmp_path / "labels.txt") == LabelTable(
        (
            Label(1, "Label 1", (255, 0, 0)),
            Label(2, "Großhirn, links_2", (0, 255, 0)),
            Label(12, "Label 6", (255, 239, 213)),
        )
    )


def test_itk_snap_finds_its_eight_fields(tmp_path: Path) -> None:
    write_label_table(TABLE, tmp_path / "labels.txt")
    lines = (tmp_path / "labels.txt").read_text("utf-8").splitlines()
    assert lines[1] == "# ITK-SnAP Label Description File"
    rows = [line for line in lines if not line.startswith("#")]
    assert rows[0].split(maxsplit=7) == [*"0000000", '"Clear Label"']
    assert rows[1].split(maxsplit=7) == ["1", "1", "2", "255", "1", "1", "1", '"Milz, größer 脾"']
    assert rows[3].split(maxsplit=7)[7] == "\"liver 'left' # 2 tab\""
    assert len(rows) == 5


def test_itk_snap_knows_values_of_two_bytes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'x.txt' cannot be saved: ITK-SNAP .* got 70000; .*tsv"):
        write_label_table(LabelTable.from_names({70000: "liver"}), tmp_path / "x.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_slicer(tmp_path: Path) -> None:
    (tmp_path / "labels.ctbl").write_text(SLICERS)
    # Slicer reads an underscore as a space, and a row called (none) as no label.
    assert read_label_table(tmp_path / "labels.ctbl") == LabelTable(
        (Label(1, "left kidney", (185, 102, 83)), Label(17, "liver", (221, 130, 101)))
    )


def test_slicer_finds_its_six_fields(tmp_path: Path) -> None:
    write_label_table(TABLE, tmp_path / "labels.ctbl")
    lines = (tmp_path / "labels.ctbl").read_text("utf-8").splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert rows == [
        "0 Background 0 0 0 0",
        "1 Milz,_größer_脾 1 2 255 255",
        "7 kidney_left_upper 250 128 0 255",
        '205 liver_"left"_#_2_tab 9 8 7 255',
        "420 plain 0 128 0 255",
    ]


def test_a_table_of_freesurfer(tmp_path: Path) -> None:
    (tmp_path / "lut.txt").write_text(FREESURFERS)
    assert read_label_table(tmp_path / "lut.txt").names == {
        2: "Left-Cerebral-White-Matter",
        17: "Left_Hippocampus",
    }


@pytest.mark.parametrize("suffix", [".txt", ".ctbl"])
def test_a_row_that_was_renamed_by_hand_counts(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    write_label_table(TABLE, path)
    rows = path.read_text("utf-8").splitlines()
    changed = [row if row.startswith("#") else row.replace("Milz", "Leber") for row in rows]
    path.write_text("\n".join(changed), encoding="utf-8")
    assert read_label_table(path).label(1) == Label(1, "Leber, größer 脾", (1, 2, 255))
    assert read_label_table(path).label(205) == TABLE.label(205)


@pytest.mark.parametrize("name", ["x.txt", "x.ctbl", "x.tsv"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Dear reader,\nthis is a letter.\n", id="letter"),
        pytest.param(b"\x89PNG\r\n\0\0", id="picture"),
        pytest.param(b"1 liver 300 0 0 255\n", id="colour"),
        pytest.param(b"1 liver 1 2 3 255\n1 spleen 1 2 3 255\n", id="twice"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"'{name}' is not a table of labels"):
        read_label_table(tmp_path / name)


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'x.csv' .* must end in one of .tsv, .txt, .ctbl"):
        write_label_table(TABLE, tmp_path / "x.csv")
    with pytest.raises(FileNotFoundError, match=r"no table of labels 'x.tsv'"):
        read_label_table(tmp_path / "x.tsv")


def some_labels(name: str = "liver") -> LabelMap:
    array = np.zeros((4, 3, 2), np.uint8)
    array[1] = 1
    return LabelMap(array, Geometry((4, 3, 2), np.eye(4)), LabelTable.from_names({1: name}))


def test_a_table_beside_is_still_one_of_bids(tmp_path: Path) -> None:
    write_labels(some_labels(), tmp_path / "x_dseg.nii.gz")
    with (tmp_path / "x_dseg.tsv").open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert (row["index"], row["name"], row["color"]) == ("1", "liver", "#e6613c")
    assert len(row["voxels_sha256"]) == 64


def test_a_table_of_other_voxels_gives_a_notice_and_no_wrong_names(tmp_path: Path) -> None:
    # As a kill between the table and the voxels leaves them.
    write_labels(some_labels("liver"), tmp_path / "x.nii.gz")
    old = (tmp_path / "x.nii.gz").read_bytes()
    new = replace(some_labels("spleen"), array=some_labels().array[::-1])
    write_labels(new, tmp_path / "x.nii.gz")
    assert read_labels(tmp_path / "x.nii.gz").table.names == {1: "spleen"}
    (tmp_path / "x.nii.gz").write_bytes(old)
    back = read_labels(tmp_path / "x.nii.gz")
    assert back.table.names == {1: "label 1"}
    (notice,) = back.notices
    assert notice.code == "table-of-other-voxels"
    assert "was written for other voxels, so its names were not used" in notice.message
    assert "delete its column voxels_sha256" in notice.message


def test_a_table_of_no_labels_beside_others_gives_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "x.nii.gz"
    write_labels(some_labels(), path)
    old = path.read_bytes()
    none = replace(some_labels(), array=np.zeros((4, 3, 2), np.uint8), table=LabelTable())
    write_labels(none, path)
    assert read_labels(path).notices == ()
    path.write_bytes(old)  # as a kill between the table and the voxels leaves them
    back = read_labels(path)
    assert back.table.names == {1: "label 1"}
    assert [notice.code for notice in back.notices] == ["table-of-no-labels"]
    # A table without rows of another program says nothing of voxels.
    (tmp_path / "x.tsv").write_text("index\tname\n")
    assert read_labels(path).notices == ()


@pytest.mark.parametrize("index", ["1.0", " 1", "+1"])
def test_a_table_saved_again_by_another_program_is_still_tied_to_its_voxels(
    tmp_path: Path, index: str
) -> None:
    write_labels(some_labels(), tmp_path / "x.nii.gz")
    table = (tmp_path / "x.tsv").read_text()
    (tmp_path / "x.tsv").write_text(table.replace("\n1\t", f"\n{index}\t"))
    assert read_labels(tmp_path / "x.nii.gz").notices == ()
    image = nib.load(tmp_path / "x.nii.gz")
    nib.Nifti1Image(np.asanyarray(image.dataobj)[::-1], image.affine).to_filename(
        tmp_path / "x.nii.gz"
    )
    back = read_labels(tmp_path / "x.nii.gz")
    assert back.table.names == {1: "label 1"}
    assert [notice.code for notice in back.notices] == ["table-of-other-voxels"]


def test_the_same_voxels_in_another_file_keep_their_names(tmp_path: Path) -> None:
    write_labels(some_labels(), tmp_path / "x.nii.gz")
    image = nib.load(tmp_path / "x.nii.gz")
    wide = nib.Nifti1Image(np.asanyarray(image.dataobj).astype(np.float32), image.affine)
    (tmp_path / "x.nii.gz").unlink()
    wide.to_filename(tmp_path / "x.nii")
    back = read_labels(tmp_path / "x.nii")
    assert back.table.names == {1: "liver"}
    assert back.notices == ()


def test_a_table_that_says_nothing_of_voxels_is_believed(tmp_path: Path) -> None:
    write_labels(some_labels(), tmp_path / "x.nii.gz")
    (tmp_path / "x.tsv").write_text("index\tname\n1\tspleen\n")
    back = read_labels(tmp_path / "x.nii.gz")
    assert back.table.names == {1: "spleen"}
    assert back.notices == ()


@pytest.mark.parametrize("suffix", [".tsv", ".txt", ".ctbl"])
def test_a_label_of_a_name_that_means_none_comes_back(tmp_path: Path, suffix: str) -> None:
    table = LabelTable.from_names({1: "(none)", 2: "n/a", 3: "null", 4: "#x"})
    write_label_table(table, tmp_path / f"x{suffix}")
    assert read_label_table(tmp_path / f"x{suffix}") == table


def test_colours_that_are_not_understood_are_counted(tmp_path: Path) -> None:
    array = np.zeros((3, 4, 5), np.uint8)
    array[0], array[1], array[2] = 1, 2, 3
    nib.Nifti1Image(array, np.eye(4)).to_filename(tmp_path / "x_dseg.nii.gz")
    rows = "0\tnothing\tclear\n1\tliver\treddish\n2\tspleen\tn/a\n3\tkidney\tred\n"
    (tmp_path / "x_dseg.tsv").write_text(f"index\tname\tcolor\n{rows}")
    (notice,) = read_labels(tmp_path / "x_dseg.nii.gz").notices
    assert (notice.code, notice.figures) == ("colours-unread", {"labels": 1})


def test_colours_of_a_folder_s_table_that_are_not_understood_are_counted(tmp_path: Path) -> None:
    for name in ("liver", "spleen"):
        array = np.zeros((3, 4, 5), np.uint8)
        array[len(name) - 5] = 1
        nib.Nifti1Image(array, np.eye(4)).to_filename(tmp_path / f"{name}.nii.gz")
    (tmp_path / "all.tsv").write_text("index\tname\tcolor\n1\tliver\treddish\n2\tspleen\tred\n")
    labels = read_labels(tmp_path)
    assert labels.table.label(2).colour == (255, 0, 0)
    assert [(one.code, one.figures) for one in labels.notices] == [
        ("colours-unread", {"labels": 1})
    ]
