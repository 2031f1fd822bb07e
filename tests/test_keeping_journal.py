"""Journals of unsaved labels: bytes on disk, locks, and what is left after a crash."""

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.display_order import DisplayOrder
from napari_seg.viewer.keeping.changed_boxes import ChangedBoxes
from napari_seg.viewer.keeping.journal_entries import Base, Patch, replay
from napari_seg.viewer.keeping.journal_file import Journal
from napari_seg.viewer.kept_labels import KeptLabels

GEOMETRY = Geometry((6, 5, 4), np.diag([1.0, 2.0, 3.0, 1.0]))
ORDER = DisplayOrder.of(GEOMETRY)
TABLE = LabelTable.from_names({1: "Leber, größer", 2: "spleen"})


def make_base(labels):
    return Base("ab" * 32, GEOMETRY, ORDER, KeptLabels.of(labels), TABLE)


def patch(*parts, seconds=0.0):
    return Patch(seconds, TABLE, parts)


def box(*sides):
    return tuple(slice(*side) for side in sides)


ONE = box((0, 2), (1, 3), (2, 4))
OTHER = box((1, 3), (0, 1), (0, 6))


@pytest.fixture
def written(tmp_path):
    """A journal of three entries, and the labels after each."""
    journal = Journal.new(tmp_path)
    labels = np.zeros(ORDER.show_shape(GEOMETRY.shape), np.uint8)
    base, states, sizes = make_base(labels), [], []
    for number, where in enumerate([ONE, OTHER, ONE], start=1):
        labels = labels.copy()
        labels[where] = number
        journal.write(base, patch((where, labels[where]), seconds=number))
        states.append(labels)
        sizes.append(journal.size)
    yield journal, states, sizes
    journal.release()


def test_what_is_read_is_what_was_written(written):
    journal, states, _ = written
    base, patches = journal.read()
    assert base.scan_sha256 == "ab" * 32
    assert base.geometry.matches(GEOMETRY)
    assert (base.order, base.table) == (ORDER, TABLE)
    assert [one.seconds for one in patches] == [1, 2, 3]
    assert patches[-1].table == TABLE
    assert np.array_equal(replay(base, patches), states[-1])


def test_a_torn_journal_reads_up_to_its_last_whole_entry(written, tmp_path):
    journal, states, sizes = written
    whole = journal.path.read_bytes()
    torn = Journal(tmp_path / "torn.journal")
    for length in range(sizes[0], len(whole)):
        torn.path.write_bytes(whole[:length])
        base, patches = torn.read()
        last = sum(length >= size for size in sizes) - 1
        assert len(patches) == last + 1
        assert np.array_equal(replay(base, patches), states[last])


def test_a_flipped_byte_ends_a_journal_before_its_entry(written):
    journal, states, sizes = written
    content = bytearray(journal.path.read_bytes())
    content[sizes[1] + 20] ^= 1
    journal.path.write_bytes(content)
    base, patches = journal.read()
    assert np.array_equal(replay(base, patches), states[1])


@pytest.mark.parametrize("content", [b"", b"napari-seg journal 1\n", b"PK\x03\x04 other"])
def test_what_is_no_journal_is_refused(tmp_path, content):
    (tmp_path / "x.journal").write_bytes(content)
    with pytest.raises(ValueError, match="journal"):
        Journal(tmp_path / "x.journal").read()


def test_an_entry_after_half_an_entry_is_readable(written):
    journal, states, _ = written
    with journal.path.open("ab") as file:
        file.write(b"what a full disk left of an entry")
    labels = states[-1].copy()
    labels[OTHER] = 9
    journal.write(make_base(labels), patch((OTHER, labels[OTHER])))
    base, patches = journal.read()
    assert np.array_equal(replay(base, patches), labels)


def test_a_live_journal_is_not_taken_over(written, tmp_path):
    journal, _, _ = written
    assert Journal.abandoned(tmp_path) == []
    journal.release()
    [taken] = Journal.abandoned(tmp_path)
    assert taken.path == journal.path
    # Whoever took it has it alone.
    assert Journal.abandoned(tmp_path) == []
    taken.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_journal_of_another_process_is_taken_over_once_it_is_killed(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_keeping_journal import *\n"
        "labels = np.ones((4, 5, 6), np.uint8)\n"
        "journal = Journal.new(Path(sys.argv[2]))\n"
        "journal.write(make_base(labels), patch((ONE, labels[ONE])))\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().strip() == "written"
        assert Journal.abandoned(tmp_path) == []
    finally:
        process.kill()
        process.wait()
    [taken] = Journal.abandoned(tmp_path)
    base, patches = taken.read()
    assert (replay(base, patches) == 1).all()
    taken.remove()
    assert list(tmp_path.iterdir()) == []


def write_again_and_again(folder):
    """Write entries that fill all labels with their number, each with noise to be compressed."""
    noise = np.random.default_rng(0).integers(0, 200, (40, 100, 100)).astype(np.uint8)
    labels = np.zeros(noise.shape, np.uint8)
    geometry = Geometry((100, 100, 40), np.eye(4))
    base = Base(None, geometry, DisplayOrder.of(geometry), KeptLabels.of(labels), TABLE)
    whole = tuple(slice(0, length) for length in noise.shape)
    journal = Journal.new(folder)
    for number in range(1, 50):
        journal.write(base, patch((whole, noise + np.uint8(number)), seconds=number))


@pytest.mark.parametrize("pause", [0.0, 0.005, 0.02, 0.05, 0.1])
def test_a_kill_while_it_is_written_leaves_whole_entries(tmp_path, pause):
    process = multiprocessing.get_context("spawn").Process(
        target=write_again_and_again, args=(tmp_path,)
    )
    process.start()
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.journal")) and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(pause)
    process.kill()
    process.join()
    [journal] = Journal.abandoned(tmp_path)
    base, patches = journal.read()
    assert [one.seconds for one in patches] == list(range(1, len(patches) + 1))
    noise = np.random.default_rng(0).integers(0, 200, (40, 100, 100)).astype(np.uint8)
    assert np.array_equal(replay(base, patches), noise + np.uint8(len(patches)))
    journal.remove()


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path):
    (tmp_path / "half.partial").write_bytes(b"napari-seg")
    assert Journal.abandoned(tmp_path) == []
    assert not (tmp_path / "half.partial").exists()


def test_a_removed_journal_is_not_written_again(written):
    journal, states, _ = written
    journal.remove()
    journal.write(make_base(states[0]), patch((ONE, states[0][ONE])))
    assert not journal.path.exists()


def test_only_the_person_may_read_a_journal(written):
    journal, _, _ = written
    assert journal.path.stat().st_mode & 0o077 == 0


def test_boxes_are_few_and_hold_all_that_changed():
    random = np.random.default_rng(0)
    shape = (20, 60, 60)
    for _ in range(20):
        boxes, changed = ChangedBoxes(), np.zeros(shape, bool)
        for _ in range(200):
            start = random.integers(0, np.array(shape) - 6)
            one = tuple(slice(int(a), int(a + random.integers(1, 6))) for a in start)
            boxes.add(one)
            changed[one] = True
        found = boxes.take()
        assert len(found) <= 32
        assert len(boxes) == 0
        for one in found:
            changed[one] = False
        assert not changed.any()


def test_dabs_at_one_place_become_one_box():
    boxes = ChangedBoxes(box((2, 3), (10 + n, 20 + n), (5, 15)) for n in range(5))
    assert boxes.take() == (box((2, 3), (10, 24), (5, 15)),)
