"""How the network is run, on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_seg.cli.commands import app
from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.execution import NetworkRunner, Plan
from napari_seg.segmentation.inference import segment

SCANS = [sample_data_folder() / f"hippocampus_{side}.nii.gz" for side in ("left", "right")]


def records(folder: Path, *words: str) -> list[dict]:
    result = CliRunner().invoke(app, ["segment", *map(str, SCANS), "-o", str(folder), *words])
    assert result.exit_code == 0, result.output
    files = (f"hippocampus_{side}_dseg.json" for side in ("left", "right"))
    return [json.loads((folder / file).read_text(encoding="utf-8")) for file in files]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The precision of each plan that is looked for."""
    asked: list[object] = []
    plan = NetworkRunner.plan

    def counted(self: NetworkRunner, *arguments: object, **options: object) -> Plan:
        asked.append(options["precision"])
        return plan(self, *arguments, **options)

    monkeypatch.setattr(NetworkRunner, "plan", counted)
    return asked


def test_all_scans_of_a_call_are_run_by_one_plan(tmp_path: Path, asked: list[object]) -> None:
    left, right = records(tmp_path)
    assert asked == ["exact"]
    assert left["plan"] == right["plan"]
    assert left["plan"]["way"]["dtype"] == "float32"
    assert left["plan"]["threads"] >= 1


def test_all_boxes_of_a_scan_are_run_by_one_plan(asked: list[object]) -> None:
    brain = read_scan(sample_data_folder() / "brain.nii.gz")
    labels = segment(brain, load_bundle(), region="auto", precision="fast")
    assert len(labels.record["windows"]) == 2
    assert asked == ["fast"]


def test_precision_is_chosen_and_stands_in_the_record(tmp_path: Path) -> None:
    for record in records(tmp_path, "--precision", "fast"):
        assert record["options"]["precision"] == record["plan"]["precision"] == "fast"
        assert "--precision fast" in record["command"]


def test_unknown_precision_is_refused_with_those_there_are(tmp_path: Path) -> None:
    words = ["segment", str(SCANS[0]), "-o", str(tmp_path), "--precision", "half"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "exact" in result.output
    assert "fast" in result.output
