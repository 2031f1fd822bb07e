import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killed_at_a_step import kill_after
from test_cli import SAMPLE, run

from napari_seg.cli import staging
from napari_seg.imaging import hidden_folders


def test_a_link_to_another_drive_is_followed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drive").mkdir()
    (tmp_path / "drive" / "a.txt").write_text("old")
    (tmp_path / "a.txt").symlink_to(tmp_path / "drive" / "a.txt")
    staged = tmp_path / "staged" / "a.txt"
    staged.parent.mkdir()
    staged.write_text("new")
    rename = os.replace

    def refuse_other_drives(one: Path, other: Path) -> None:
        if Path(one).parent != Path(other).parent:
            raise OSError(errno.EXDEV, "another drive")
        rename(one, other)

    monkeypatch.setattr(Path, "replace", refuse_other_drives)
    staging.move_into(staged, tmp_path)
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "drive" / "a.txt").read_text() == "new"
    assert [path.name for path in (tmp_path / "drive").iterdir()] == ["a.txt"]


def write_case(place: Path, content: str, *, overwrite: bool = False) -> None:
    with staging.staged(place, overwrite=overwrite) as aside:
        aside.write_text(content)
        for ending in (".json", ".tsv"):
            aside.with_name(f"x{ending}").write_text(content)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def refuse_links(_one: Path, _other: Path) -> None:
    raise OSError(errno.EPERM, "no hard links here")


@pytest.fixture(params=[True, False], ids=["hard links", "no hard links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(os, "link", refuse_links)


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("name", ["x.nii.gz", "x.json", "x.tsv"])
def test_a_file_that_came_meanwhile_stays_and_none_is_put_beside_it(
    tmp_path: Path, name: str
) -> None:
    def be_late() -> None:
        with staging.staged(tmp_path / "x.nii.gz", overwrite=False) as aside:
            for file in ("x.nii.gz", "x.json", "x.tsv"):
                aside.with_name(file).write_text("mine")
            (tmp_path / name).write_text("theirs")

    with pytest.raises(ValueError, match=f"{name} is already there.*--overwrite"):
        be_late()
    assert contents(tmp_path) == {name: "theirs"}


@pytest.mark.usefixtures("links")
def test_the_files_of_a_case_come_whole_and_are_replaced_on_request(tmp_path: Path) -> None:
    place = tmp_path / "new" / "x.nii.gz"
    write_case(place, "one")
    assert contents(place.parent) == {"x.nii.gz": "one", "x.json": "one", "x.tsv": "one"}
    write_case(place, "two", overwrite=True)
    assert contents(place.parent) == {"x.nii.gz": "two", "x.json": "two", "x.tsv": "two"}


WRITE_CASES = """
import sys, time
from pathlib import Path
from napari_seg.cli.staging import staged
name, folder, start = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
time.sleep(max(0, start - time.time()))
for number in range(60):
    try:
        with staged(folder / f"{number}.nii.gz", overwrite=False) as aside:
            for ending in (".json", ".tsv", ".nii.gz"):
                aside.with_name(f"{number}{ending}").write_text(name)
        print(number)
    except ValueError:
        pass
"""


def test_of_two_programs_at_once_one_has_each_case_whole(tmp_path: Path) -> None:
    words = [str(tmp_path), str(time.time() + 2)]
    programs = {
        name: subprocess.Popen(
            [sys.executable, "-c", WRITE_CASES, name, *words], stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    }
    won = {name: program.communicate(timeout=60)[0].split() for name, program in programs.items()}
    assert sorted(won["one"] + won["two"]) == sorted(map(str, range(60)))
    for name, numbers in won.items():
        for number in numbers:
            files = [tmp_path / f"{number}{ending}" for ending in (".json", ".tsv", ".nii.gz")]
            assert [file.read_text() for file in files] == [name] * 3
    assert len(list(tmp_path.iterdir())) == 180


def test_labels_that_came_while_the_network_ran_are_said_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_seg.segmentation import inference

    segment = inference.segment

    def be_late(*arguments: object, **options: object) -> object:
        (tmp_path / "x.json").write_text("{}")
        return segment(*arguments, **options)

    monkeypatch.setattr(inference, "segment", be_late)
    result = run("segment", SAMPLE, "-o", tmp_path / "x.nii.gz", "--json")
    assert result.exit_code == 1
    (failure,) = json.loads(result.stdout)["failures"]
    assert "x.json is already there" in failure["error"]
    assert contents(tmp_path) == {"x.json": "{}"}


def hidden(machine: str, process: int) -> str:
    return f".napari-seg-{machine}-{process}-01234567"


def ended_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.mark.parametrize(
    ("machine", "process", "days", "stays"),
    [
        (hidden_folders._machine(), None, 0, False),
        (hidden_folders._machine(), os.getppid(), 30, True),
        ("0123456789", 1, 6, True),
        ("0123456789", 1, 8, False),
    ],
    ids=["dead here", "alive here", "young elsewhere", "old elsewhere"],
)
def test_what_a_killed_program_left_goes_and_what_another_writes_stays(
    tmp_path: Path, machine: str, process: int | None, days: float, stays: bool
) -> None:
    leftover = tmp_path / hidden(machine, process or ended_process())
    leftover.mkdir()
    (leftover / "x.json").write_text("{}")
    then = time.time() - days * 24 * 3600
    for path in (leftover / "x.json", leftover):
        os.utime(path, (then, then))
    write_case(tmp_path / "x.nii.gz", "one")
    assert leftover.exists() == stays


WRITES_A_CASE = """
from napari_seg.cli import staging
with staging.staged(place, overwrite=False) as aside:
    for ending in (".json", ".tsv", ".nii.gz", "_overlay.png"):
        aside.with_name(f"x{ending}").write_text("old")
"""


def killed_after(place: Path, steps: int, *, links: bool) -> set[str]:
    """Kill a program after so many files were put in place; return what is there then."""
    kill_after(WRITES_A_CASE, place, steps, links=links)
    return {file.name for file in place.parent.glob("x*")}


# Without hard links a name is taken by an empty file first, which is a step of its own.
@pytest.mark.parametrize(
    ("steps", "links"),
    [*((steps, True) for steps in range(4)), *((steps, False) for steps in range(8))],
)
def test_a_case_that_a_killed_program_left_half_is_written_again(
    tmp_path: Path, steps: int, links: bool
) -> None:
    place = tmp_path / "x.nii.gz"
    there = killed_after(place, steps, links=links)
    assert len(there) == (steps if links else (steps + 1) // 2)
    # Whoever has the record has the case, and labels are never without the others.
    assert "x.json" in there or not there
    assert "x.nii.gz" not in there or place.stat().st_size == 0
    write_case(place, "new")
    assert contents(tmp_path) == {"x.nii.gz": "new", "x.json": "new", "x.tsv": "new"}


@pytest.mark.parametrize("content", ["theirs", ""], ids=["full", "empty"])
@pytest.mark.parametrize(
    ("steps", "links"), [(0, True), (1, True), (2, False)], ids=["none", "links", "no links"]
)
def test_a_file_of_another_program_stays_where_a_killed_one_was_to_write(
    tmp_path: Path, steps: int, links: bool, content: str
) -> None:
    killed_after(tmp_path / "x.nii.gz", steps, links=links)
    (tmp_path / "x.tsv").write_text(content)
    (tmp_path / "x.nii.gz").write_text(content)
    hidden_folders.remove_leftovers(tmp_path)
    assert contents(tmp_path) == {"x.tsv": content, "x.nii.gz": content}


def test_a_file_that_was_written_over_since_stays(tmp_path: Path) -> None:
    killed_after(tmp_path / "x.nii.gz", 4, links=False)
    (tmp_path / "x.tsv").write_text("theirs")
    hidden_folders.remove_leftovers(tmp_path)
    assert contents(tmp_path) == {"x.tsv": "theirs"}


def test_a_case_that_is_whole_stays_whatever_its_user_did_with_it(tmp_path: Path) -> None:
    leftover = tmp_path / hidden(hidden_folders._machine(), ended_process())
    leftover.mkdir()
    for name in ("x.json", "x.tsv", "x.nii.gz", "x_overlay.png"):
        (leftover / name).write_text("whole")
        os.link(leftover / name, tmp_path / name)
    (leftover / ".adding").write_text('["x.nii.gz"]\n')
    (tmp_path / "x_overlay.png").unlink()
    (tmp_path / "x.nii.gz").rename(tmp_path / "y.nii.gz")
    hidden_folders.remove_leftovers(tmp_path)
    assert set(contents(tmp_path)) == {"x.json", "x.tsv", "y.nii.gz"}


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_killed_run_is_repeated_without_overwriting(tmp_path: Path, links: bool) -> None:
    killed_after(tmp_path / "x.nii.gz", 2, links=links)
    result = run("segment", SAMPLE, "-o", tmp_path / "x.nii.gz")
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {"x.json", "x.nii.gz", "x.tsv"}


def test_a_link_named_like_a_leftover_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    link = tmp_path / hidden(hidden_folders._machine(), ended_process())
    link.symlink_to(tmp_path / "mine")
    hidden_folders.remove_leftovers(tmp_path)
    assert link.is_symlink()
    assert (tmp_path / "mine").is_dir()


def test_a_link_that_was_made_is_believed_though_its_answer_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def answer_late(one: Path, other: Path) -> None:
        link(one, other)
        raise FileExistsError(errno.EEXIST, "a network drive asked twice")

    monkeypatch.setattr(os, "link", answer_late)
    write_case(tmp_path / "x.nii.gz", "one")
    assert contents(tmp_path) == {"x.nii.gz": "one", "x.json": "one", "x.tsv": "one"}


def test_a_folder_of_a_user_is_never_taken_for_a_leftover(tmp_path: Path) -> None:
    (tmp_path / ".napari-seg-notes").mkdir()
    write_case(tmp_path / "x.nii.gz", "one")
    assert (tmp_path / ".napari-seg-notes").exists()


def test_a_folder_that_takes_no_file_is_named_and_nothing_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def refuse_hidden(folder: Path, *arguments: object, **options: object) -> None:
        if folder.name.startswith("."):
            raise OSError(errno.EROFS, "Read-only file system", str(folder))
        make(folder, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refuse_hidden)
    with pytest.raises(OSError, match="'results' cannot be written to: Read-only file system"):
        write_case(tmp_path / "results" / "x.nii.gz", "one")
    assert not list(tmp_path.iterdir())
