"""Every writer, killed at any moment or on a bad disk, leaves what was there or what was new."""

import multiprocessing
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_slices import write_series

from napari_seg import (
    Geometry,
    LabelMap,
    LabelTable,
    Scan,
    read_label_table,
    read_labels,
    read_scan,
    write_label_table,
    write_labels,
    write_masks,
    write_surfaces,
)
from napari_seg.imaging.files import write_scan
from napari_seg.imaging.overlay import write_overlay
from napari_seg.imaging.pictures import picture_geometry

LONGEST_WAIT = 60.0
GRID = Geometry((12, 11, 10), np.diag([1.0, 2.0, 3.0, 1.0]))
# A child forks from a server of one thread that has the imports; pytest's own process may have
# threads, whose locks a child would find held for ever.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["napari_seg.imaging.files", "napari_seg.imaging.overlay", "pytest", "SimpleITK"]
)


@dataclass(frozen=True)
class Writer:
    """One way to save, and what is found afterwards."""

    name: str
    save: Callable[[LabelMap, Path], Any]
    found: Callable[[Path], Any]
    grid: Geometry = GRID
    rounds: int = 20


def labels_and_names(path: Path) -> Any:
    labels = read_labels(path)
    notices = [notice.code for notice in labels.notices if notice.code != "no-orientation"]
    return labels.array.tolist(), labels.table.names, notices


def names(path: Path) -> Any:
    return read_label_table(path).names


def files_and_bytes(folder: Path) -> Any:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def voxels(path: Path) -> Any:
    return read_scan(path).array.tolist()


def scan_of(labels: LabelMap) -> Scan:
    return Scan(labels.array.astype(np.int16), labels.geometry)


def save_table(labels: LabelMap, path: Path) -> None:
    write_label_table(labels.table, path)


def save_scan(labels: LabelMap, path: Path) -> None:
    write_scan(scan_of(labels), path)


def save_overlay(labels: LabelMap, path: Path) -> None:
    write_overlay(scan_of(labels), labels, path)


def image(suffix: str) -> Writer:
    is_picture = suffix in (".png", ".tif")
    grid = picture_geometry(40, 30) if is_picture else GRID
    return Writer(f"x{suffix}", write_labels, labels_and_names, grid)


WRITERS = [
    *map(image, [".nii.gz", ".nii", ".nrrd", ".mha", ".seg.nrrd", ".png", ".tif"]),
    Writer("masks", write_masks, labels_and_names),
    Writer("surfaces", write_surfaces, files_and_bytes),
    *(Writer(f"x{suffix}", save_table, names) for suffix in (".tsv", ".txt", ".ctbl")),
    *(
        Writer(f"scan{suffix}", save_scan, voxels, rounds=rounds)
        for suffix, rounds in ((".nii.gz", 20), (".nii", 4), (".nrrd", 4), (".mha", 4))
    ),
    Writer("overlay.png", save_overlay, Path.read_bytes, rounds=4),
]
every_writer = pytest.mark.parametrize("writer", WRITERS, ids=[one.name for one in WRITERS])


def two_maps(writer: Writer) -> tuple[LabelMap, LabelMap]:
    """Return two maps that share no name, and hardly a voxel."""
    noise = np.random.default_rng(0).integers(0, 3, writer.grid.shape).astype(np.uint8)
    noise.flat[:3] = 0, 1, 2
    one = LabelMap(noise, writer.grid, LabelTable.from_names({1: "liver", 2: "spleen"}))
    table = LabelTable.from_names({1: "left kidney", 3: "größer"})
    return one, replace(one, array=np.array([3, 0, 1], np.uint8)[noise], table=table)


def save_again_and_again(writer: Writer, maps: tuple[LabelMap, LabelMap], path: Path) -> None:
    for labels in cycle(maps):
        writer.save(labels, path)


def kill_while_saving(writer: Writer, maps: Any, path: Path, pause: float) -> None:
    process = FORKS.Process(target=save_again_and_again, args=(writer, maps, path))
    before = path.stat().st_ino if path.exists() else None
    process.start()
    deadline = time.monotonic() + LONGEST_WAIT
    while not path.exists() or path.stat().st_ino == before:
        assert process.is_alive(), "the writer raised an error"
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    time.sleep(pause)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def with_a_table_too_new(whole: Any) -> Any:
    """Return what is found where the kill came between the table and the voxels."""
    array, _, notices = whole
    values = sorted(set(np.ravel(array).tolist()) - {0})
    return array, {value: f"label {value}" for value in values}, [*notices, "table-of-other-voxels"]


def require_whole_after_kills(writer: Writer, folder: Path) -> None:
    path = folder / writer.name
    maps = two_maps(writer)
    whole, seconds = [], 0.0
    for labels in maps:
        began = time.monotonic()
        writer.save(labels, path)
        seconds = time.monotonic() - began
        whole.append(writer.found(path))
    assert whole[0] != whole[1]
    allowed = list(whole)
    if writer.found is labels_and_names and path.with_suffix("").with_suffix(".tsv").exists():
        allowed += [with_a_table_too_new(one) for one in whole]
    pauses = random.Random(writer.name)
    for _ in range(writer.rounds):
        kill_while_saving(writer, maps, path, pauses.uniform(0, 2 * seconds))
        assert writer.found(path) in allowed
    # The next save clears away what the killed ones left.
    writer.save(maps[0], path)
    assert writer.found(path) == whole[0]
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []


@every_writer
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path, writer: Writer) -> None:
    require_whole_after_kills(writer, tmp_path)


def test_a_kill_leaves_the_old_or_the_new_dicom_segmentation(tmp_path: Path) -> None:
    scan = a_dicom_scan(tmp_path / "slices")
    (tmp_path / "out").mkdir()
    require_whole_after_kills(dicom_writer(scan), tmp_path / "out")


def a_dicom_scan(folder: Path) -> Scan:
    tags = {"StudyInstanceUID": "1.2", "FrameOfReferenceUID": "1.2.4"}
    return read_scan(write_series(folder, **tags))


def labels_and_names_on(scan: Scan, path: Path) -> Any:
    labels = read_labels(path, onto=scan)
    return labels.array.tolist(), labels.table.names


def dicom_writer(scan: Scan) -> Writer:
    save, found = partial(write_labels, source=scan), partial(labels_and_names_on, scan)
    return Writer("x.dcm", save, found, scan.geometry)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root mounts a disk, and not in every container")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


bad_disks = pytest.mark.parametrize(
    ("spoil", "message"), [(fill, "No space left"), (make_read_only, "Read-only file system")]
)


@every_writer
@bad_disks
def test_a_bad_disk_is_said_and_keeps_the_old(
    tiny_disk: Path, writer: Writer, spoil: Callable[[Path], None], message: str
) -> None:
    require_old_on_a_bad_disk(writer, tiny_disk, spoil, message)


@bad_disks
def test_a_bad_disk_keeps_the_old_dicom_segmentation(
    tmp_path: Path, tiny_disk: Path, spoil: Callable[[Path], None], message: str
) -> None:
    writer = dicom_writer(a_dicom_scan(tmp_path / "slices"))
    require_old_on_a_bad_disk(writer, tiny_disk, spoil, message)


@bad_disks
def test_a_first_dicom_segmentation_on_a_bad_disk_leaves_nothing(
    tmp_path: Path, tiny_disk: Path, spoil: Callable[[Path], None], message: str
) -> None:
    writer = dicom_writer(a_dicom_scan(tmp_path / "slices"))
    spoil(tiny_disk)
    before = everything(tiny_disk)
    with pytest.raises(OSError, match=message):
        writer.save(two_maps(writer)[0], tiny_disk / writer.name)
    assert everything(tiny_disk) == before


def require_old_on_a_bad_disk(
    writer: Writer, disk: Path, spoil: Callable[[Path], None], message: str
) -> None:
    old, new = two_maps(writer)
    path = disk / writer.name
    writer.save(old, path)
    whole = writer.found(path)
    spoil(disk)
    before = everything(disk)
    with pytest.raises(OSError, match=rf"'{writer.name}' could not be saved: .*") as error:
        writer.save(new, path)
    assert message in str(error.value) or "the disk may be full" in str(error.value)
    assert everything(disk) == before
    assert writer.found(path) == whole
    assert not list(disk.rglob(".*"))


def error_of(writer: Writer, labels: LabelMap, path: Path) -> str | None:
    try:
        writer.save(labels, path)
    except OSError as error:
        return str(error)
    return None


def leave_pages(disk: Path, count: int) -> None:
    free = os.statvfs(disk)
    left = free.f_bavail * free.f_frsize - count * 4096
    (disk / "ballast").write_bytes(bytes(max(left, 0)))


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "again"])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".seg.nrrd", ".dcm"])
def test_a_disk_without_room_for_the_record_changes_nothing(
    tmp_path: Path, tiny_disk: Path, suffix: str, is_first: bool
) -> None:
    writer = image(suffix)
    if suffix == ".dcm":
        writer = dicom_writer(a_dicom_scan(tmp_path / "slices"))
    old, new = (
        replace(labels, record={"purpose": "test", "versions": {}, "said": said * 40_000})
        for labels, said in zip(two_maps(writer), "ab", strict=True)
    )
    path = tiny_disk / f"x{suffix}"
    if not is_first:
        writer.save(old, path)
    for pages in range(20):
        (tiny_disk / "ballast").unlink(missing_ok=True)
        leave_pages(tiny_disk, pages)
        before = everything(tiny_disk)
        said = error_of(writer, new, path)
        if said is None:
            break
        assert said.startswith(f"'x{suffix}' could not be saved: ")
        assert everything(tiny_disk) == before
    # There was room for labels and table before there was for the record.
    assert pages > 10
    assert writer.found(path)[0] == new.array.tolist()


def save_with_short_files(writer: Writer, labels: LabelMap, path: Path, answer: Any) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32, 32))
    try:
        writer.save(labels, path)
    except OSError as error:
        answer.send(str(error))
    else:
        answer.send("no error")


@every_writer
def test_a_file_that_may_not_grow_is_said_and_keeps_the_old(tmp_path: Path, writer: Writer) -> None:
    require_old_where_files_may_not_grow(writer, tmp_path)


def test_a_dicom_segmentation_that_may_not_grow_keeps_the_old(tmp_path: Path) -> None:
    writer = dicom_writer(a_dicom_scan(tmp_path / "slices"))
    (tmp_path / "out").mkdir()
    require_old_where_files_may_not_grow(writer, tmp_path / "out")


def require_old_where_files_may_not_grow(writer: Writer, tmp_path: Path) -> None:
    old, new = two_maps(writer)
    path = tmp_path / writer.name
    writer.save(old, path)
    before = everything(tmp_path)
    answer, childs = FORKS.Pipe()
    process = FORKS.Process(target=save_with_short_files, args=(writer, new, path, childs))
    process.start()
    process.join(LONGEST_WAIT)
    assert answer.poll()
    assert answer.recv().startswith(f"'{writer.name}' could not be saved: ")
    assert everything(tmp_path) == before
