import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import SAMPLE, run
from typer.testing import Result

NOT_A_FOLDER = SAMPLE.parent / "nowhere"


def document(result: Result) -> dict[str, object]:
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("words", "empty"),
    [
        (["segment", SAMPLE, "-o", "out", "--model", "nothere"], ["results", "failures"]),
        (["segment", SAMPLE, "-o", "out", "--variant", "nope"], ["results", "failures"]),
        (["segment", SAMPLE, "-o", "out", "--pseudonyms", "nofile"], ["results", "failures"]),
        (["series", NOT_A_FOLDER], ["series"]),
        (["convert", SAMPLE, "-o", "out.xyz"], ["labels", "notices"]),
    ],
    ids=["model", "variant", "pseudonyms", "series", "convert"],
)
def test_json_holds_the_error_of_a_call_that_fails_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[object], empty: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words, "--json")
    assert result.exit_code == 1
    found = document(result)
    assert result.stderr == f"napari-seg: {found['error']}\n"
    assert [found[name] for name in empty] == [[]] * len(empty)


def test_the_error_of_a_call_is_no_json_without_being_asked_for(tmp_path: Path) -> None:
    assert run("series", tmp_path / "nowhere").stdout == ""


STOPPED_AT_THE_SECOND = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from napari_seg.segmentation import inference
segment, calls = inference.segment, []
def stop(*arguments, **options):
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), {number})
    return segment(*arguments, **options)
inference.segment = stop
from napari_seg.cli import main
main()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "ended"]
)
def test_json_holds_what_is_done_where_the_program_is_stopped(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    scans = [tmp_path / "a.nii.gz", tmp_path / "b.nii.gz"]
    for scan in scans:
        scan.write_bytes(SAMPLE.read_bytes())
    program = STOPPED_AT_THE_SECOND.format(number=int(number))
    words = ["segment", *scans, "-o", tmp_path / "out", "--json"]
    ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True)
    assert ended.returncode == code
    found = json.loads(ended.stdout)
    assert [entry["scan"] for entry in found["results"]] == [str(scans[0])]
    assert (found["failures"], found["stopped"]) == ([], True)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a_dseg.nii.gz", "a_dseg.json", "a_dseg.tsv"}


STOPPED_WHILE_THE_PLACE_IS_SOUGHT = """
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from napari_seg.imaging.template_matching.refinement import Refinement
run = Refinement.run
def stop(*arguments, **options):
    # From without, while SimpleITK runs.
    subprocess.Popen(["sh", "-c", f"sleep 0.05; kill -{number} {{os.getpid()}}"])
    return run(*arguments, **options)
Refinement.run = stop
from napari_seg.cli import main
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="sent by a shell")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "ended"]
)
def test_a_program_stopped_while_it_seeks_the_place_says_so(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    program = STOPPED_WHILE_THE_PLACE_IS_SOUGHT.format(number=int(number))
    brain = SAMPLE.with_name("brain.nii.gz")
    words = ["segment", brain, "-o", tmp_path / "out", "--region", "auto", "--json"]
    ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True)
    assert ended.returncode == code, ended.stderr
    assert json.loads(ended.stdout) == {"results": [], "failures": [], "stopped": True}
    assert b"Traceback" not in ended.stderr


def ended(*words: object, stdout: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from napari_seg.cli import main; main()"]
    line = [*program, *map(str, words)]
    return subprocess.run(line, stdout=stdout, stderr=subprocess.PIPE, text=True)  # type: ignore[call-overload, no-any-return]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("words", [["--help"], ["series", "--help"], ["bundle-path"]], ids=" ".join)
def test_a_full_disk_behind_stdout_is_one_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        result = ended(*words, stdout=full)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("napari-seg: ")
    assert line.endswith("No space left on device")


@pytest.mark.skipif(os.name != "posix", reason="a shell closes stdout")
@pytest.mark.parametrize("close", [">&-", "> /dev/full"])
def test_json_that_finds_no_stdout_is_one_line(tmp_path: Path, close: str) -> None:
    folder = tmp_path / "nothing"
    program = f"'{sys.executable}' -c 'from napari_seg.cli import main; main()'"
    line = f"{program} convert '{SAMPLE}' -o '{folder}.tsv' --json {close}"
    result = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert result.returncode == 1
    (said,) = [each for each in result.stderr.splitlines() if "stdout" in each]
    assert said.startswith("napari-seg: stdout does not take the results")
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("stderr", ["2> /dev/full", "2> >(head -0)"], ids=["full", "no reader"])
def test_a_log_that_takes_no_more_ends_no_study(tmp_path: Path, stderr: str) -> None:
    scans = [tmp_path / "a.nii.gz", tmp_path / "b.nii.gz"]
    for scan in scans:
        scan.write_bytes(SAMPLE.read_bytes())
    program = f"'{sys.executable}' -c 'from napari_seg.cli import main; main()'"
    words = f"segment '{scans[0]}' '{scans[1]}' -o '{tmp_path}/out' --json {stderr}"
    result = subprocess.run(["bash", "-c", f"{program} {words}"], stdout=subprocess.PIPE)
    assert result.returncode == 0
    names = [Path(str(entry["scan"])).name for entry in json.loads(result.stdout)["results"]]
    assert names == ["a.nii.gz", "b.nii.gz"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_json_holds_the_error_of_a_call_whose_log_takes_no_more(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from napari_seg.cli import main; main()"]
    words = ["segment", tmp_path / "no.nii", "-o", tmp_path / "out", "--json"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([*program, *words], stdout=subprocess.PIPE, stderr=full)
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert "no.nii" in str(found)
