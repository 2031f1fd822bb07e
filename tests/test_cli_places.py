from pathlib import Path

import numpy as np
import pytest
from test_cli import SAMPLE, largest_file, run, voxels

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
