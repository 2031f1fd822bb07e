import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_at_a_step import kill_after, kill_while_adding

from napari_seg.imaging import saving
from napari_seg.imaging.saving import add_files, replace_file, replace_folder, write_text

# Writes one file again and again, each time another megabyte of one letter.
WRITER = """
import itertools, sys
from pathlib import Path
from napari_seg.imaging.saving import write_text
for letter in itertools.cycle("ab"):
    write_text(Path(sys.argv[1]), letter * 1_000_000)
"""


def test_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "one")
    write_text(path, "two, größer")
    assert path.read_text(encoding="utf-8") == "two, größer"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        replace_file(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_check_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def check(partial: Path) -> None:
        assert partial.read_text() == "new"
        raise OSError("what was read back is not what was written")

    with pytest.raises(OSError, match=r"'notes.txt' could not be saved: what was read back"):
        replace_file(path, lambda partial: partial.write_text("new") and None, check=check)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder 'nowhere'"):
        write_text(tmp_path / "nowhere" / "notes.txt", "text")


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is a folder"):
        write_text(tmp_path, "text")


def test_the_file_behind_a_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    behind, link = tmp_path / "store" / "real.txt", tmp_path / "link.txt"
    behind.write_text("old")
    link.symlink_to(behind)
    write_text(link, "new")
    assert link.is_symlink()
    assert behind.read_text() == "new"


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "old")
    path.chmod(0o640)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_kill_in_the_middle_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    for pause in (0.0, 0.003, 0.007, 0.012):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        before = path.stat().st_mtime_ns if path.exists() else 0
        deadline = time.monotonic() + 30
        while not path.exists() or path.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = path.read_text()
        assert content in ("a" * 1_000_000, "b" * 1_000_000)


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "old")
    code = f"""
import resource, signal
from napari_seg.imaging.saving import write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_text({str(path)!r}, "x" * 1_000_000)
except OSError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("'notes.txt' could not be saved: File too large")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def write_three(folder: Path, content: str) -> None:
    beside = {folder / "x.tsv": f"{content} table", folder / "x.json": f"{content} record"}
    replace_file(folder / "x.nii", lambda partial: partial.write_text(content), beside=beside)


def texts_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_texts_beside_a_file_are_replaced_with_it(tmp_path: Path) -> None:
    for content in ("old", "new"):
        write_three(tmp_path, content)
        assert texts_in(tmp_path) == {
            "x.nii": content,
            "x.tsv": f"{content} table",
            "x.json": f"{content} record",
        }


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "again"])
@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("name", ["x.tsv", "x.json", "x.nii"])
def test_a_name_that_may_not_be_taken_puts_all_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, links: bool, is_first: bool
) -> None:
    if not is_first:
        write_three(tmp_path, "old")
    before = texts_in(tmp_path)
    replaced = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if target.name == name and path.suffix != ".kept":
            raise PermissionError(13, "Permission denied")  # as where another program has it open
        return replaced(path, target)

    def no_link(*_paths: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", refuse)
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    message = "'x.nii' could not be saved: Permission denied; nothing on disk was changed"
    with pytest.raises(OSError, match=message):
        write_three(tmp_path, "new")
    assert texts_in(tmp_path) == before


def test_texts_for_which_there_is_no_room_leave_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_three(tmp_path, "old")
    before = texts_in(tmp_path)
    written = Path.write_bytes

    def fill(path: Path, content: bytes) -> int:
        if content == b"new record":
            raise OSError(28, "No space left on device")
        return written(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OSError, match="could not be saved: No space left on device; nothing"):
        write_three(tmp_path, "new")
    assert texts_in(tmp_path) == before


def write_one(content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / f"{content}.txt").write_text(content)

    return write


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchanged", "moved aside"])
def test_replaces_a_folder_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    if not exchanges:  # as on Windows
        monkeypatch.setattr(saving, "exchange", lambda one, other: False)
    for content in ("one", "two"):
        replace_folder(tmp_path / "folder", write_one(content))
        assert names_in(tmp_path / "folder") == [f"{content}.txt"]
        assert names_in(tmp_path) == ["folder"]


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchanged", "moved aside"])
def test_a_folder_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(saving, "exchange", lambda one, other: False)
    replace_folder(tmp_path / "folder", write_one("old"))

    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"'folder' could not be saved: No space left on device; "):
        replace_folder(tmp_path / "folder", fail)
    assert names_in(tmp_path / "folder") == ["old.txt"]
    assert names_in(tmp_path) == ["folder"]


def test_a_file_in_a_folder_says_its_error_once(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        def fail(partial: Path) -> None:
            raise OSError(28, "No space left on device")

        replace_file(folder / "one.txt", fail)

    with pytest.raises(OSError, match="could not be saved") as error:
        replace_folder(tmp_path / "folder", write)
    assert str(error.value) == (
        "'folder' could not be saved: No space left on device; nothing on disk was changed"
    )


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(NotADirectoryError, match="'x' cannot be saved: there is a file"):
        replace_folder(tmp_path / "x", write_one("new"))
    with pytest.raises(FileNotFoundError, match="no folder 'nowhere'"):
        replace_folder(tmp_path / "nowhere" / "x", write_one("new"))
    assert names_in(tmp_path) == ["x"]


def leave(target: Path, kind: str, *, process: int) -> Path:
    """Leave what a process killed in the middle of a save leaves."""
    own = saving._partial(target, kind)
    return own.with_name(own.name.replace(str(os.getpid()), str(process)))


def a_dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_leftovers_of_dead_processes_are_cleared_away(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    dead = leave(target, ".partial.txt", process=a_dead_process())
    alive = leave(target, ".partial.txt", process=os.getppid())
    of_another = leave(tmp_path / "y.txt", ".partial.txt", process=a_dead_process())
    for path in (dead, alive, of_another):
        path.write_text("half")
    write_text(target, "new")
    assert names_in(tmp_path) == sorted([alive.name, of_another.name, "x.txt"])


_SAVES_THREE_FILES = """
from napari_seg.imaging.saving import replace_file

texts = {place.with_suffix(end): "half" for end in (".json", ".tsv")}
replace_file(place, lambda partial: partial.write_text("half") and None, beside=texts)
"""


def test_what_a_killed_save_left_of_files_beside_is_cleared_by_one_without(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.tsv").write_text("old")
    (tmp_path / "x.tsv").symlink_to(tmp_path / "tables" / "t.tsv")
    # It dies before the first of them takes its name: the old table is kept under another, too.
    kill_after(_SAVES_THREE_FILES, tmp_path / "x.nii", 1, links=True)
    assert len(names_in(tmp_path)) == 4
    assert len(names_in(tmp_path / "tables")) == 3
    replace_file(tmp_path / "x.nii", lambda partial: partial.write_text("new") and None)
    assert names_in(tmp_path) == ["tables", "x.nii", "x.tsv"]
    # In another folder they go with the next save that writes there.
    beside = {tmp_path / "x.tsv": "new"}
    replace_file(
        tmp_path / "x.nii", lambda partial: partial.write_text("2") and None, beside=beside
    )
    assert names_in(tmp_path / "tables") == ["t.tsv"]


def test_a_folder_moved_aside_by_a_killed_process_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    aside = leave(target, ".aside", process=a_dead_process())
    aside.mkdir()
    (aside / "old.txt").write_text("old")

    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        replace_folder(target, fail)
    assert names_in(target) == ["old.txt"]
    assert names_in(tmp_path) == ["folder"]


def test_a_pipe_or_device_behind_a_link_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.txt").symlink_to(tmp_path / "pipe")
    with pytest.raises(ValueError, match="'pipe' cannot be saved: it is a pipe or a device"):
        write_text(tmp_path / "link.txt", "text")
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_filled_ends_like_the_name_that_was_given(tmp_path: Path) -> None:
    # As data stores keep files: a link of the right name to a file without an ending.
    (tmp_path / "5f3c").write_bytes(b"old")
    (tmp_path / "scan.NII.gz").symlink_to(tmp_path / "5f3c")
    seen = []

    def write(partial: Path) -> None:
        seen.append(partial.name)
        partial.write_bytes(b"new")

    replace_file(tmp_path / "scan.NII.gz", write)
    assert seen[0].endswith(".nii.gz")
    assert (tmp_path / "5f3c").read_bytes() == b"new"
    assert (tmp_path / "scan.NII.gz").is_symlink()


def test_a_long_word_after_a_point_is_no_ending(tmp_path: Path) -> None:
    path = tmp_path / f"1.{'a' * 240}.nii"
    replace_file(path, lambda partial: partial.write_text("text"))
    assert path.read_text() == "text"


def test_files_are_added_all_or_none(tmp_path):
    def write(path):
        path.write_text("labels")
        path.with_suffix(".json").write_text("record")

    add_files(tmp_path / "x.nii", write)
    assert (tmp_path / "x.nii").read_text() == "labels"
    (tmp_path / "x.json").unlink()
    # The record is put in place before it is seen that the labels are there.
    with pytest.raises(FileExistsError, match="exists"):
        add_files(tmp_path / "x.nii", write)
    assert [file.name for file in tmp_path.iterdir()] == ["x.nii"]


def test_files_are_added_to_no_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder 'gone'"):
        add_files(tmp_path / "gone" / "x.nii", Path.touch)


def test_an_error_while_files_are_written_aside_is_said_once(tmp_path):
    def write(path):
        replace_file(path, raise_disk_full)

    with pytest.raises(OSError, match=r"^'x.nii' could not be saved: full; nothing on disk was"):
        add_files(tmp_path / "x.nii", write)
    assert list(tmp_path.iterdir()) == []


def raise_disk_full(_path):
    raise OSError(28, "full")


# Without hard links a name is taken by an empty file first, which is a step of its own.
@pytest.mark.parametrize(
    ("steps", "links"),
    [*((steps, True) for steps in range(3)), *((steps, False) for steps in range(6))],
)
def test_what_a_killed_program_added_by_half_is_gone_with_the_next_save_there(
    tmp_path, steps, links
):
    kill_while_adding(tmp_path / "x.nii", steps, links=links)
    assert list(tmp_path.iterdir()) != []
    add_files(tmp_path / "y.nii", Path.touch)
    assert names_in(tmp_path) == ["y.nii"]


def test_the_file_itself_is_added_last(tmp_path, monkeypatch):
    linked, link = [], os.link

    def note(file, target):
        linked.append(file.name)
        link(file, target)

    def write(path):
        for name in (path.name, "z.json", "a.tsv"):
            path.with_name(name).touch()

    monkeypatch.setattr(os, "link", note)
    add_files(tmp_path / "m.nii", write)
    assert linked == ["a.tsv", "z.json", "m.nii"]
