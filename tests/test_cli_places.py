import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from test_cli import SAMPLE, error_line, largest_file, run, voxels

from napari_seg.cli import places


def test_labels_and_record_behind_links_are_replaced_and_the_links_stay(tmp_path: Path) -> None:
    store, place = tmp_path / "store", tmp_path / "labels.nii.gz"
    store.mkdir()
    for name in ("labels.nii.gz", "labels.json", "labels.tsv"):
        (store / name).write_text("old")
        (tmp_path / name).symlink_to(store / name)
    result = run("segment", SAMPLE, "-o", place, "--overwrite")
    assert result.exit_code == 0, result.output
    assert place.is_symlink()
    assert set(np.unique(voxels(store / "labels.nii.gz"))) == {0, 1, 2}
    assert all((store / name).read_bytes() != b"old" for name in ("labels.json", "labels.tsv"))
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_a_failed_run_leaves_no_folder_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with largest_file(100):
        result = run("segment", SAMPLE, "-o", tmp_path / "kept" / "new" / "deep" / "x.nii.gz")
    assert result.exit_code == 1
    assert "could not be saved" in result.stderr
    assert list(tmp_path.rglob("*")) == [tmp_path / "kept"]


def test_a_folder_in_use_by_others_stays(tmp_path: Path) -> None:
    def fail() -> None:
        with places.made_folder(tmp_path / "a" / "b"):
            (tmp_path / "a" / "theirs.txt").write_text("x")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["theirs.txt"]


@pytest.mark.parametrize(
    "name", ["lab.nii.bz2", "lab.stl", "lab.tsv", "x.xyz", "x.jpg", "x.NIFTI", "x.nii.gzz"]
)
def test_an_ending_that_is_not_written_makes_no_folder(tmp_path: Path, name: str) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path / name)
    assert result.exit_code == 2
    message = " ".join(result.stderr.replace("│", " ").split())
    assert ".nii.gz" in message
    assert "end it in /" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["results", "results.v2", "sub-01.ses-1", "2024.11.28", "t1.5", "Dr. Who", "x.stl/"]
)
def test_a_folder_may_have_a_dot_in_its_name(name: str) -> None:
    assert places.label_paths(["a"], name) == [Path(name) / "a_dseg.nii.gz"]


def test_a_name_with_a_slash_at_its_end_is_a_folder_whatever_it_is_called(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", f"{tmp_path}/labels.nii.gz/")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "labels.nii.gz" / "hippocampus_left_dseg.nii.gz").is_file()


def test_a_folder_that_is_there_may_end_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "old.stl").mkdir()
    found = places.label_paths(["a"], tmp_path / "old.stl")
    assert found == [tmp_path / "old.stl" / "a_dseg.nii.gz"]


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_a_picture_of_a_volume_is_refused_before_the_network_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def must_not_run(*_arguments: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr("napari_seg.segmentation.inference.segment", must_not_run)
    result = run("segment", SAMPLE, "-o", tmp_path / name)
    assert "a picture holds one slice" in error_line(result)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_a_folder_is_refused_by_its_name_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes").write_text("x")
    lost = error_line(run("segment", SAMPLE, "-o", tmp_path / "lost"))
    assert "'lost' is a link to a folder that is not there" in lost
    for output in (tmp_path / "notes", tmp_path / "notes" / "new" / "x.nii.gz"):
        assert "'notes' is a file, not a folder" in error_line(run("segment", SAMPLE, "-o", output))


def test_a_folder_that_may_not_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The superuser of a test may write anywhere.
    monkeypatch.setattr(os, "access", lambda place, _mode: place != tmp_path)
    line = error_line(run("segment", SAMPLE, "-o", tmp_path / "new"))
    assert f"the folder '{tmp_path.name}' may not be written to" in line
    assert not list(tmp_path.iterdir())


@pytest.fixture
def scan_with_sidecar(tmp_path: Path) -> Path:
    """Copy the sample scan, and put the sidecar of its acquisition beside it."""
    scan = tmp_path / "sub_T1w.nii.gz"
    shutil.copy(SAMPLE, scan)
    (tmp_path / "sub_T1w.json").write_text('{"EchoTime": 0.003}')
    return scan


@pytest.mark.parametrize("more", [[], ["--overwrite"]], ids=["", "overwrite"])
@pytest.mark.parametrize("output", ["sub_T1w.nrrd", "sub_T1w.nii", "linked/x.nii.gz"])
def test_the_sidecar_of_a_scan_is_not_written_over(
    tmp_path: Path, scan_with_sidecar: Path, output: str, more: list[str]
) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "x.json").symlink_to(tmp_path / "sub_T1w.json")
    before = sorted(tmp_path.rglob("*"))
    line = error_line(run("segment", scan_with_sidecar, "-o", tmp_path / output, *more))
    assert "belongs to 'sub_T1w.nii.gz'" in line
    assert "another name" in line
    assert "--overwrite" not in line
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "sub_T1w.json").read_text() == '{"EchoTime": 0.003}'


def test_the_sidecar_of_labels_goes_with_them_when_they_are_replaced(
    tmp_path: Path, scan_with_sidecar: Path
) -> None:
    place = scan_with_sidecar.rename(tmp_path / "old_dseg.nii.gz")
    (tmp_path / "sub_T1w.json").rename(tmp_path / "old_dseg.json")
    result = run("segment", SAMPLE, "-o", place, "--overwrite")
    assert result.exit_code == 0, result.output
    assert "voxels_sha256" in (tmp_path / "old_dseg.json").read_text()


@pytest.mark.parametrize("more", [[], ["--overwrite"]], ids=["", "overwrite"])
def test_labels_converted_beside_a_scan_leave_its_sidecar(
    tmp_path: Path, scan_with_sidecar: Path, more: list[str]
) -> None:
    labels, events = tmp_path / "labels.nii.gz", tmp_path / "sub_T1w.tsv"
    run("segment", SAMPLE, "-o", labels)
    convert = ("convert", labels, "--scan", scan_with_sidecar, "-o", tmp_path / "sub_T1w.nrrd")
    events.write_text("onset\tduration\n")
    assert "'sub_T1w.tsv' belongs to 'sub_T1w.nii.gz'" in error_line(run(*convert, *more))
    assert events.read_text() == "onset\tduration\n"
    # Without a record of its own it takes no place of the other one.
    events.unlink()
    result = run(*convert, *more)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "sub_T1w.json").read_text() == '{"EchoTime": 0.003}'


def test_a_table_that_was_another_label_files_is_told_on_the_command_line(tmp_path: Path) -> None:
    run("segment", SAMPLE, "-o", tmp_path / "x.nii.gz")
    words = ("segment", SAMPLE, "-o", tmp_path / "x.nrrd", "--overwrite", "--labels", "anterior")
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["results"]
    (notice,) = (notice for notice in found["notices"] if notice["code"] == "beside-shared")
    assert "ending in '.nii.gz'" in notice["message"]
    assert notice["message"] in result.stderr
