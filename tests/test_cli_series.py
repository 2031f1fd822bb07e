"""Folders of several series on the command line."""

import csv
import json
from pathlib import Path

import pytest
from dicom_slices import write_series, write_slice
from test_cli import SAMPLE, error_line, run
from test_identity import dicom

from napari_seg import read_labels


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder of a good series, and one that misses a slice."""
    folder = tmp_path / "study"
    write_series(folder / "a", SeriesNumber=1, SeriesInstanceUID="1.2.1")
    write_series(
        folder / "b",
        [0, 1, 3, 4],
        SeriesNumber=2,
        SeriesInstanceUID="1.2.2",
        SeriesDescription="venous",
    )
    (folder / "notes.txt").write_text("stray")
    return folder


def test_series_are_listed_with_what_they_are_and_what_is_wrong(study: Path) -> None:
    result = run("series", study)
    assert result.exit_code == 0, result.output
    first, second = csv.DictReader(result.stdout.splitlines(), delimiter="\t")
    assert first == {
        "number": "1",
        "description": "thorax",
        "modality": "CT",
        "slices": "5",
        "size": "8 x 6",
        "spacing (mm)": "0.5 x 0.75 x 2.5",
        "orientation": "axial",
        "problems": "",
    }
    assert "misses 1 slice" in second["problems"]
    assert second["problems"].endswith("--repair mends it")


def test_damaged_files_of_no_series_are_told_once(study: Path) -> None:
    for name in ("IM0", "IM1"):
        path = write_slice(study / "c" / name, 0, SeriesInstanceUID="9.9.9.9")
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rindex(b"9.9.9.9") + 40])
    result = run("series", study)
    assert result.stderr.splitlines()[-1] == (
        "study: 2 damaged DICOM files are of none of these series as far as can be told, "
        "such as 'IM0' in the folder 'c'"
    )
    assert "damaged" not in result.stdout


def test_series_as_json_are_one_document(study: Path) -> None:
    series = json.loads(run("series", study, "--json").stdout)["series"]
    assert [one["number"] for one in series] == [1, 2]
    assert [one["uid"] for one in series] == ["1.2.1", "1.2.2"]
    assert series[0]["spacing_mm"] == [0.5, 0.75, 2.5]
    assert [one["can_repair"] for one in series] == [False, True]


def test_a_folder_without_dicom_says_so_in_one_line(tmp_path: Path) -> None:
    result = run("series", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"napari-seg: '{tmp_path.name}' holds no DICOM image; choose the folder with the slices"
    ]


def test_segment_lists_the_series_that_there_are_to_choose_from(study: Path) -> None:
    result = run("segment", study, "-o", study.parent, "--json")
    assert result.exit_code == 1
    error, first, second = result.stderr.splitlines()
    assert error.startswith("napari-seg: 'study' holds 2 series; choose one by its number")
    assert "--series N" in error
    assert "1: CT 'thorax'" in first
    assert "2: CT 'venous'" in second
    assert "misses 1 slice" in second
    (failure,) = json.loads(result.stdout)["failures"]
    assert [one["number"] for one in failure["series"]] == [1, 2]
    # A description may name a patient: it belongs on the screen, and in no file.
    assert "venous" not in result.stdout


def test_with_pseudonyms_no_description_is_shown(study: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("case,pseudonym\nstudy,case-1\n")
    result = run("segment", study, "-o", tmp_path, "--pseudonyms", table)
    assert result.exit_code == 1
    assert "holds 2 series" in result.stderr
    assert "thorax" not in result.output


def test_a_dicom_segmentation_is_written_where_its_series_allows_it(tmp_path: Path) -> None:
    words = ["segment", dicom(tmp_path), "-o", tmp_path / "x.dcm", "--device", "cpu", "--json"]
    refused = run(*words)
    assert refused.exit_code == 1
    assert "--new-uids" in refused.stderr
    assert not (tmp_path / "x.dcm").exists()
    result = run(*words, "--new-uids")
    assert result.exit_code == 0, result.output
    (entry,) = json.loads(result.stdout)["results"]
    told = [notice["message"] for notice in entry["notices"] if "UID" in notice["message"]]
    assert told
    assert told[0] in result.stderr
    assert read_labels(tmp_path / "x.dcm").table.names == {1: "anterior", 2: "posterior"}
    assert "--new-uids" in json.loads((tmp_path / "x.json").read_text())["command"]


def test_a_dicom_segmentation_of_another_kind_of_scan_is_refused_at_once(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path / "x.dcm")
    assert "needs the DICOM series that it refers to" in error_line(result)
    assert "segmenting" not in result.stderr


def test_a_chosen_series_that_needs_a_repair_names_the_option(study: Path) -> None:
    result = run("segment", study, "-o", study.parent, "--series", "2", "--variant", "two_d")
    assert result.exit_code == 1
    assert "--repair" in result.stderr


def test_a_repair_is_told_on_the_screen_and_in_json_with_its_figures(
    study: Path, tmp_path: Path
) -> None:
    result = run(
        *("segment", study, "-o", tmp_path / "x.nii.gz", "--series", "1.2.2", "--repair"),
        *("--variant", "two_d", "--json", "--device", "cpu"),
    )
    assert result.exit_code == 0, result.output
    (entry,) = json.loads(result.stdout)["results"]
    [notice] = [one for one in entry["notices"] if "misses 1 slice" in one["message"]]
    assert set(notice) == {"code", "message", "figures"}
    assert notice["figures"]
    assert f"study: notice: {notice['message']}" in result.stderr
    assert notice in json.loads((tmp_path / "x.json").read_text())["notices"]
