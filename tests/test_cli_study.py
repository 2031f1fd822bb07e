"""Several scans in one call: the next is read and the last is written beside the network."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_cli import run, voxels

from napari_seg.cli.side_work import SideWork
from napari_seg.imaging import files, saving
from napari_seg.imaging.files import sample_data_folder
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.segmentation import inference

SIDES = ("left", "right")
NAMES = ("a", "b", "c")


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "scans"
    folder.mkdir()
    samples = [sample_data_folder() / f"hippocampus_{side}.nii.gz" for side in (*SIDES, "left")]
    places = [folder / f"{name}.nii.gz" for name in NAMES]
    for sample, place in zip(samples, places, strict=True):
        shutil.copy(sample, place)
    return places


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def change_segment(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[int, dict[str, object]], None]
) -> None:
    """Call `change` with number and options before each scan is segmented."""
    segment, calls = inference.segment, iter(range(99))

    def changed(scan: Scan, bundle: object, **options: object) -> LabelMap:
        change(next(calls), options)
        return segment(scan, bundle, **options)

    monkeypatch.setattr(inference, "segment", changed)


def test_labels_and_records_are_those_of_single_calls(scans: list[Path], out: Path) -> None:
    result = run("segment", *scans, "-o", out, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["results"]
    assert [Path(one["scan"]).name for one in found] == [scan.name for scan in scans]
    for scan, one in zip(scans, found, strict=True):
        alone = out / "alone" / f"{scan.name.removesuffix('.nii.gz')}_dseg.nii.gz"
        (expected,) = json.loads(run("segment", scan, "-o", alone, "--json").stdout)["results"]
        np.testing.assert_array_equal(voxels(Path(one["labels"])), voxels(alone))
        assert one["measures"] == expected["measures"]
        records = [json.loads(Path(each["record"]).read_text()) for each in (one, expected)]
        for record in records:
            del record["seconds"], record["plan"]
        assert records[0] == records[1]


def test_one_scan_is_read_ahead_and_one_is_written_behind(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str, bool]] = []
    read, write = files.read_scan, files.write_labels

    def reading(path: Path, **options: object) -> Scan:
        events.append(("read", path.name[0], is_main()))
        return read(path, **options)

    def writing(labels: LabelMap, path: Path, **options: object) -> object:
        events.append(("write", path.name[0], is_main()))
        return write(labels, path, **options)

    monkeypatch.setattr(files, "read_scan", reading)
    monkeypatch.setattr(files, "write_labels", writing)
    change_segment(monkeypatch, lambda number, _: events.append(("draw", NAMES[number], is_main())))
    assert run("segment", *scans, "-o", out).exit_code == 0
    assert {where for what, _, where in events if what == "draw"} == {True}
    # Nothing runs beside the first read and the last write.
    assert [where for what, _, where in events if what == "read"] == [True, False, False]
    assert [where for what, _, where in events if what == "write"] == [False, False, True]
    order = [event[:2] for event in events]
    assert order.index(("draw", "a")) < order.index(("read", "b")) < order.index(("draw", "b"))
    assert order.index(("read", "b")) < order.index(("read", "c")) < order.index(("draw", "c"))
    assert order.index(("write", "a")) < order.index(("write", "b"))


def test_what_is_said_has_the_order_of_the_scans(scans: list[Path], out: Path) -> None:
    scans[1].write_bytes(b"no scan")
    result = run("segment", *scans, "-o", out, "--json")
    assert result.exit_code == 1
    said = [line.removeprefix("napari-seg: ") for line in result.stderr.splitlines()]
    begins = [line.lstrip("'")[0] for line in said]
    assert begins == sorted(begins), said
    document = json.loads(result.stdout)
    assert [Path(one["scan"]).name[0] for one in document["results"]] == ["a", "c"]
    assert [Path(one["scan"]).name[0] for one in document["failures"]] == ["b"]


def test_labels_that_cannot_be_written_are_a_failure_of_their_scan(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.write_labels

    def full(labels: LabelMap, path: Path, **options: object) -> object:
        if path.name.startswith("a_"):
            raise OSError(28, "No space left on device", str(path))
        return write(labels, path, **options)

    monkeypatch.setattr(files, "write_labels", full)
    result = run("segment", *scans, "-o", out, "--json")
    document = json.loads(result.stdout)
    assert [Path(one["scan"]).name[0] for one in document["failures"]] == ["a"]
    assert "No space left" in document["failures"][0]["error"]
    assert [Path(one["scan"]).name[0] for one in document["results"]] == ["b", "c"]
    assert sorted(path.name[0] for path in out.iterdir()) == ["b"] * 3 + ["c"] * 3


@pytest.mark.parametrize("step", ["read_scan", "write_labels"])
def test_a_defect_is_a_failure_of_its_scan_alone(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    work = getattr(files, step)

    def fail(first: object, *arguments: Path, **options: object) -> object:
        if any(str(one).endswith(("b.nii.gz", "b_dseg.nii.gz")) for one in (first, *arguments)):
            raise TypeError("a defect")
        return work(first, *arguments, **options)

    monkeypatch.setattr(files, step, fail)
    result = run("segment", *scans, "-o", out, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    (failure,) = document["failures"]
    assert Path(failure["scan"]).name == "b.nii.gz"
    assert "TypeError in tests/test_cli_study.py:" in failure["error"]
    assert [Path(one["scan"]).name[0] for one in document["results"]] == ["a", "c"]
    assert sorted(path.name[0] for path in out.iterdir()) == ["a"] * 3 + ["c"] * 3


def test_a_defect_while_the_next_scan_is_looked_at_is_not_that_of_this_one(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(labels: Path, *_arguments: object, **_options: object) -> None:
        if labels.name.startswith("b"):
            raise TypeError

    monkeypatch.setattr("napari_seg.cli.study.check_sidecars", fail)
    document = json.loads(run("segment", *scans, "-o", out, "--json").stdout)
    assert [Path(one["scan"]).name[0] for one in document["failures"]] == ["b"]
    assert [Path(one["scan"]).name[0] for one in document["results"]] == ["a", "c"]


def test_an_end_by_the_keyboard_leaves_whole_files(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_stopped = threading.Event()
    replace = saving.replace_file

    def slow(*arguments: object, **options: object) -> None:
        # The labels of the first scan are still being written when the second one is stopped.
        is_stopped.wait(10)
        replace(*arguments, **options)

    def stop(number: int, _options: object) -> None:
        if number == 1:
            is_stopped.set()
            raise KeyboardInterrupt

    monkeypatch.setattr("napari_seg.imaging.voxel_files.replace_file", slow)
    change_segment(monkeypatch, stop)
    result = run("segment", *scans, "-o", out)
    assert result.exit_code == 130
    names = sorted(path.name for path in out.iterdir())
    assert names == ["a_dseg.json", "a_dseg.nii.gz", "a_dseg.tsv"]
    assert voxels(out / "a_dseg.nii.gz").any()


def test_a_scan_that_fits_only_alone_waits_for_its_neighbours(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare: list[int] = []

    def refuse(_number: int, options: dict[str, object]) -> None:
        spare.append(int(str(options["spare_bytes"])))
        if spare[-1]:
            raise MemoryError("too much")

    change_segment(monkeypatch, refuse)
    result = run("segment", *scans, "-o", out)
    assert result.exit_code == 0, result.output
    # The first begins alone; the second is tried beside the third and the writing of the first.
    assert spare[0] == 0
    assert spare[1] > 3 * 36 * 52 * 40
    assert spare[2] == 0


def test_nothing_is_read_ahead_where_memory_is_short(
    scans: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, where = files.read_scan, []

    def reading(path: Path, **options: object) -> Scan:
        where.append(is_main())
        return read(path, **options)

    monkeypatch.setattr(files, "read_scan", reading)
    monkeypatch.setattr("napari_seg.cli.study._SHARE_READ_EARLY", 0)
    assert run("segment", *scans, "-o", out).exit_code == 0
    assert where == [True, True, True]


def test_dropped_work_ends_at_its_next_sign_of_life() -> None:
    began, told = threading.Event(), []

    def work(on_progress: Callable[[float], None]) -> None:
        began.set()
        for step in range(10_000):
            on_progress(step / 10_000)
            told.append(step)
            began.wait(0.001)
            threading.Event().wait(0.001)

    side: SideWork[None] = SideWork()
    side.begin(work)
    began.wait(5)
    side.drop()
    side.close()
    assert len(told) < 5_000
    assert not side.is_there


def test_work_that_is_waited_for_tells_how_far_it_is() -> None:
    may_end, told = threading.Event(), []

    def work(on_progress: Callable[[float], None]) -> str:
        on_progress(0.5)
        may_end.wait(5)
        return "done"

    def look(fraction: float) -> None:
        told.append(fraction)
        may_end.set()

    side: SideWork[str] = SideWork()
    side.begin(work)
    assert side.take(look) == "done"
    assert told[0] == 0.5
    side.close()
