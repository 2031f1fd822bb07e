import csv
import errno
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from napari_seg.cli.choices import parse_region
from napari_seg.cli.commands import app
from napari_seg.cli.terminal import News, one_line
from napari_seg.doctor import examine
from napari_seg.imaging.files import sample_data_folder
from napari_seg.imaging.voxel_bytes import StoredBytes
from napari_seg.segmentation.bundle_description import shipped_bundle_folder

SAMPLE = sample_data_folder() / "hippocampus_left.nii.gz"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def voxels(path: Path) -> np.ndarray:
    return np.asanyarray(nibabel.load(path).dataobj)


def error_line(result: Result) -> str:
    """Return the one line of an expected error."""
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("napari-seg: ")
    return line


def test_segment_writes_labels_on_the_grid_of_the_scan(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path / "labels.nii.gz")
    assert result.exit_code == 0, result.output
    scan, labels = nibabel.load(SAMPLE), nibabel.load(tmp_path / "labels.nii.gz")
    assert labels.shape == scan.shape
    np.testing.assert_allclose(labels.affine, scan.affine, atol=1e-4)
    assert labels.get_data_dtype() == np.uint8
    assert set(np.unique(voxels(tmp_path / "labels.nii.gz"))) == {0, 1, 2}


def test_segment_prints_a_table_with_plausible_volumes(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path)
    rows = list(csv.DictReader(result.stdout.splitlines(), delimiter="\t"))
    assert [row["label"] for row in rows] == ["anterior", "posterior"]
    assert {row["scan"] for row in rows} == {"hippocampus_left"}
    assert 1.5 < sum(float(row["volume (ml)"]) for row in rows) < 6
    assert all(float(row["mean intensity"]) > 0 for row in rows)


def test_the_command_in_the_record_repeats_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "it's here" / "labels.nii.gz"
    options = ["--region", "2:40,3:50,1:40", "--labels", "anterior", "--min-ml", "0.01"]
    assert run("segment", SAMPLE, "-o", place, "--overlap", "0.5", *options).exit_code == 0
    first, record = voxels(place), json.loads(place.with_name("labels.json").read_text())
    place.unlink()
    program, *words = shlex.split(record["command"])
    assert program == "napari-seg"
    monkeypatch.chdir(place.parent)
    assert run(*[SAMPLE if word == "SCAN" else word for word in words]).exit_code == 0
    np.testing.assert_array_equal(voxels(place), first)
    again = json.loads(place.with_name("labels.json").read_text())
    assert {**again, "seconds": 0} == {**record, "seconds": 0}


def test_region_and_labels_leave_the_rest_empty(tmp_path: Path) -> None:
    place = tmp_path / "labels.nii.gz"
    run("segment", SAMPLE, "-o", place, "--region", "0:99,0:25,0:99", "--labels", "posterior")
    array = voxels(place)
    assert set(np.unique(array)) == {0, 2}
    assert not array[:, 25:].any()


def test_min_ml_drops_everything_smaller(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path, "--min-ml", "1000", "--keep-largest")
    assert result.exit_code == 0, result.output
    assert not voxels(tmp_path / "hippocampus_left_dseg.nii.gz").any()


def test_json_is_one_document_that_names_every_file(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path / "new", "--json", "--overlay")
    (entry,) = json.loads(result.stdout)["results"]
    for kind in ("labels", "record", "overlay"):
        assert Path(entry[kind]).stat().st_size > 0
    assert {measure["name"] for measure in entry["measures"]} == {"anterior", "posterior"}
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "hippocampus_left_dseg.nii.gz",
        "hippocampus_left_dseg.tsv",
        "hippocampus_left_dseg.json",
        "hippocampus_left_dseg_overlay.png",
    }


def test_one_bad_scan_does_not_stop_the_others(tmp_path: Path) -> None:
    result = run("segment", tmp_path / "nowhere.nii.gz", SAMPLE, "-o", tmp_path, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [entry["scan"] for entry in document["results"]] == [str(SAMPLE)]
    assert [Path(entry["scan"]).name for entry in document["failures"]] == ["nowhere.nii.gz"]
    assert (tmp_path / "hippocampus_left_dseg.nii.gz").exists()


def test_the_failed_scans_are_listed_at_the_end(tmp_path: Path) -> None:
    result = run("segment", tmp_path / "a.nii.gz", tmp_path / "b.nii.gz", "-o", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "napari-seg: 2 of 2 failed: a.nii.gz, b.nii.gz"


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("page.nii.gz", b"<!DOCTYPE html><html></html>", "page.nii.gz"),
        ("empty.nii", b"", "empty.nii"),
        ("torn.nii.gz", SAMPLE.read_bytes()[:5000], "torn.nii.gz"),
        ("notes.txt", b"notes", "notes.txt"),
        ("picture.png", b"\x89PNG\r\n\x1a\n", "picture.png"),
    ],
    ids=["web page", "empty", "truncated", "text", "broken picture"],
)
def test_what_is_no_scan_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    path = written(tmp_path, name, content)
    assert expected in error_line(run("segment", path, "-o", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--labels", "liver"], "liver"),
        (["--region", "200:300,0:9,0:9"], "region"),
        (["--device", "cuda:99"], "cuda:99"),
        (["--overlap", "1.5"], "overlap"),
        (["--model", "/nowhere"], "there is no bundle folder 'nowhere'; check"),
        (["--variant", "four_d"], "has no variant 'four_d'; choose one of 'two_d'"),
    ],
    ids=["label", "region", "device", "overlap", "model", "variant"],
)
def test_a_wrong_option_is_refused_in_one_line(
    tmp_path: Path, options: list[str], expected: str
) -> None:
    assert expected in error_line(run("segment", SAMPLE, "-o", tmp_path / "out", *options))
    assert not list(tmp_path.iterdir())


def test_a_scan_of_the_wrong_dimension_is_refused_in_one_line(tmp_path: Path) -> None:
    scan = tmp_path / "directions_dwi.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones((9, 8, 7, 3), np.uint8), np.eye(4)), scan)
    assert "channel" in error_line(run("segment", scan, "-o", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == [scan]


def test_a_whole_brain_without_a_region_is_refused_with_the_ways_out(tmp_path: Path) -> None:
    brain = sample_data_folder() / "brain.nii.gz"
    line = error_line(run("segment", brain, "-o", tmp_path / "out"))
    assert "(--region auto)" in line
    assert "give a box" in line
    assert list(tmp_path.iterdir()) == []


def test_a_scan_that_is_no_head_is_refused_in_one_line(tmp_path: Path, shared_data: Path) -> None:
    torso = shared_data / "ct" / "torso_ct.nii.gz"
    result = run("segment", torso, "-o", tmp_path / "out", "--region", "auto", "--json")
    assert result.exit_code == 1
    (failure,) = json.loads(result.stdout)["failures"]
    assert "does not look like what this model knows" in failure["error"]


def test_a_scan_unlike_the_training_is_warned_of_on_stderr_in_json_and_record(
    tmp_path: Path,
) -> None:
    image = nibabel.load(SAMPLE)
    thick = tmp_path / "thick.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), np.diag([1, 1, 2, 1])), thick)
    result = run("segment", thick, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    assert "notice: the voxels are large: 2 mm bottom to top" in result.stderr
    (found,) = json.loads(result.stdout)["results"]
    record = json.loads(Path(found["record"]).read_text())
    for notices in (found["notices"], record["notices"]):
        (notice,) = [one for one in notices if one["code"] == "coarse-voxels"]
        assert notice["figures"]["mm"] == 2


def test_an_unreadable_bundle_is_refused_in_one_line(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    (bundle / "configs").mkdir(parents=True)
    (bundle / "models").mkdir()
    for name in ("metadata.json", "inference.json"):
        config = shipped_bundle_folder() / "configs" / name
        (bundle / "configs" / name).write_bytes(config.read_bytes())
    (bundle / "models" / "model.pt").write_bytes(b"not weights")
    result = run("segment", SAMPLE, "-o", tmp_path / "out", "--model", bundle)
    assert "model.pt" in error_line(result)
    assert list(tmp_path.iterdir()) == [bundle]


@pytest.mark.parametrize("limit", [0, 100], ids=["nothing", "a part"])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, limit: int) -> None:
    with largest_file(limit):
        result = run("segment", SAMPLE, "-o", tmp_path / "labels.nii.gz")
    assert "labels" in error_line(result)
    assert not list(tmp_path.iterdir())


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let writes fail beyond so many bytes of a file, as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_is_there_stays_without_overwrite(tmp_path: Path) -> None:
    place = written(tmp_path, "labels.nii.gz", b"mine")
    assert "--overwrite" in error_line(run("segment", SAMPLE, "-o", place))
    assert place.read_bytes() == b"mine"
    assert run("segment", SAMPLE, "-o", place, "--overwrite").exit_code == 0
    assert voxels(place).any()


def test_the_scan_itself_is_never_written_over(tmp_path: Path) -> None:
    scan = written(tmp_path, "scan.nii.gz", SAMPLE.read_bytes())
    error = error_line(run("segment", scan, "-o", scan, "--overwrite"))
    assert "scan.nii.gz is read itself" in error
    assert scan.read_bytes() == SAMPLE.read_bytes()


def test_two_scans_that_would_share_a_name_are_a_usage_error(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, tmp_path / SAMPLE.name, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_several_scans_need_a_folder(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, tmp_path / "b.nii", "-o", tmp_path / "labels.nii.gz")
    assert result.exit_code == 2
    assert "need a folder" in result.stderr


@pytest.mark.parametrize("name", ["labels.jpg", "labels.mhd"])
def test_a_format_that_is_not_written_is_a_usage_error(tmp_path: Path, name: str) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path / name)
    assert result.exit_code == 2
    assert ".nii.gz" in result.stderr
    assert not list(tmp_path.iterdir())


def test_every_file_that_would_be_written_is_looked_for(tmp_path: Path) -> None:
    table = written(tmp_path, "labels.seg.tsv", b"mine")
    assert "--overwrite" in error_line(run("segment", SAMPLE, "-o", tmp_path / "labels.seg.nrrd"))
    assert table.read_bytes() == b"mine"


@pytest.mark.parametrize("text", ["1:2", "1:2,3:4", "1:2,3:4,x:6", "1-2,3-4,5-6"])
def test_a_region_of_another_form_is_a_usage_error(tmp_path: Path, text: str) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path / "out", "--region", text)
    assert result.exit_code == 2


def test_parse_region_reads_three_ranges() -> None:
    assert parse_region("10:60, -3:48,20:70") == ((10, 60), (-3, 48), (20, 70))


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "napari-seg: stopped"),
        (MemoryError(), 1, "out of memory"),
        (MemoryError("a slab needs 9 GB, 1 GB are free"), 1, "needs 9 GB, 1 GB are free"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 1, "out of memory"),
    ],
    ids=["Ctrl-C", "memory", "memory, with figures", "memory of torch"],
)
def test_a_run_that_is_stopped_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, line: str
) -> None:
    def stop(*_arguments: object, **_options: object) -> None:
        raise raised

    monkeypatch.setattr("napari_seg.segmentation.inference.segment", stop)
    result = run("segment", SAMPLE, "-o", tmp_path / "out")
    assert result.exit_code == code
    assert line in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_defect_is_one_line_to_report_that_holds_nothing_of_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise TypeError("Doe^Jane is no number")

    monkeypatch.setattr("napari_seg.segmentation.inference.segment", fail)
    result = run("segment", SAMPLE, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 1
    (failure,) = json.loads(result.stdout)["failures"]
    line = re.fullmatch(
        r"a defect of napari-seg or of a library that it uses: TypeError in "
        r"tests/test_cli.py:\d+, called in cli/segmenting.py:\d+; please report .*",
        failure["error"],
    )
    assert line is not None, failure["error"]
    assert result.stderr.splitlines()[-1] == f"napari-seg: {SAMPLE.name}: {line[0]}"
    assert "Doe" not in result.output


def test_a_defect_outside_of_the_scans_leaves_a_json_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise IndexError

    monkeypatch.setattr("napari_seg.imaging.files.read_labels", fail)
    result = run("convert", SAMPLE, "-o", tmp_path / "labels.nrrd", "--json")
    assert result.exit_code == 1
    assert "IndexError in tests/test_cli.py:" in json.loads(result.stdout)["error"]


def test_one_line_names_the_file_and_the_cause() -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "labels.nii.gz")
    assert one_line(error) == "'labels.nii.gz': No space left on device"
    assert one_line(ValueError("first\n  second")) == "first second"


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 18.13 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), False),
        (type("ArrayMemoryError", (MemoryError,), {})("Unable to allocate 2.34 GiB"), False),
        (MemoryError(), False),
    ],
    ids=["NVIDIA", "Apple", "torch on a processor", "NumPy", "Python"],
)
def test_the_processor_is_a_way_out_of_a_full_card_alone(error: Exception, way_out: bool) -> None:
    said = "out of memory; give a smaller --region" + ", or --device cpu" * way_out
    assert one_line(error) == said


def test_memory_that_is_too_short_to_load_torch_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ImportError("libtorch_cpu.so: failed to map segment from shared object")

    monkeypatch.setattr("napari_seg.segmentation.inference.segment", fail)
    line = error_line(run("segment", SAMPLE, "-o", tmp_path / "out"))
    assert "too little memory to load a library that it needs (libtorch_cpu.so" in line


def test_progress_off_a_terminal_is_a_line_for_each_tenth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("napari_seg.cli.terminal._SECONDS_BETWEEN_LINES", 0)
    with News().following("scan.nii: reading") as on_progress:
        for fraction in (0.05, 0.11, 0.15, 0.52, 1.0):
            on_progress(fraction)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["scan.nii: reading: 10 %", "scan.nii: reading: 50 %"]


def test_names_of_files_are_written_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    News().say("[bold] :brain: scan.nii")
    assert capsys.readouterr().err == "[bold] :brain: scan.nii\n"


def test_sigterm_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "import os, signal; from napari_seg.cli import main; "
        "import napari_seg.imaging.overlay as overlay; "
        "overlay.write_overlay = lambda *_: os.kill(os.getpid(), signal.SIGTERM); main()"
    )
    words = ["segment", SAMPLE, "-o", tmp_path / "labels.nii.gz", "--overlay"]
    ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True)
    assert ended.returncode == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


INTERRUPTED_WHILE_MODULES_LOAD = """
class Interrupting:
    def find_spec(name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
"""
INTERRUPTED_WHILE_THE_COMMANDS_ARE_SET_UP = """
import typer.main
typer.main.get_command = lambda *_: os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (INTERRUPTED_WHILE_MODULES_LOAD, -signal.SIGINT),
        (INTERRUPTED_WHILE_THE_COMMANDS_ARE_SET_UP, 128 + signal.SIGINT),
    ],
)
def test_ctrl_c_at_the_start_gives_no_traceback(moment: str, status: int) -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from napari_seg.cli import main\n{moment}\nmain()"
    )
    ended = subprocess.run([sys.executable, "-c", program, "doctor"], capture_output=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, b"", b"")


def test_demo_writes_labels_and_pictures(tmp_path: Path) -> None:
    result = run("demo", "-o", tmp_path, "--no-window")
    assert result.exit_code == 0, result.output
    assert "The model took" in result.stderr
    assert len(result.stdout.splitlines()) == 5
    assert "right posterior" in result.stdout
    assert set(np.unique(voxels(tmp_path / "brain_dseg.nii.gz"))) == {0, 1, 2, 3, 4}
    assert (tmp_path / "brain_dseg_overlay.png").read_bytes().startswith(b"\x89PNG")


def test_demo_opens_a_window_where_there_is_a_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr("napari_seg.doctor.has_screen", lambda: True)
    monkeypatch.setattr("napari_seg.doctor.window_problem", lambda: None)
    monkeypatch.setattr(
        "napari_seg.viewer.contributions.open_case",
        lambda scan, labels: opened.append((scan, labels)),
    )
    assert run("demo", "-o", tmp_path).exit_code == 0
    brain = sample_data_folder() / "brain.nii.gz"
    assert opened == [(brain, tmp_path / "brain_dseg.nii.gz")]


def test_doctor_finds_everything_here() -> None:
    result = run("doctor", "--json")
    assert result.exit_code == 0, result.output
    found = {entry["subject"]: entry for entry in json.loads(result.stdout)}
    assert {"torch", "monai", "devices", "processor", "memory", "Qt binding"} <= set(found)
    assert found["bundle three_d"]["state"] == found["bundle two_d"]["state"] == "good"
    assert found["sample data"]["state"] == "good"


def test_doctor_gives_the_command_that_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"torch": "2.1.0", "napari": None}

    def version(package: str) -> str:
        from importlib.metadata import PackageNotFoundError, version

        found = versions.get(package, "") or version(package)
        if package in versions and versions[package] is None:
            raise PackageNotFoundError(package)
        return found

    monkeypatch.setattr("napari_seg.doctor.version", version)
    result = run("doctor")
    assert result.exit_code == 1
    assert 'pip install "torch>=2.10"' in result.stdout
    assert 'pip install "napari-seg[all]"' in result.stdout
    assert "It cannot segment: torch" in result.stdout


def test_doctor_names_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_seg.doctor.requires", lambda _name: ["no-such-package>=3"])
    broken = [finding for finding in examine() if finding.state == "broken"]
    assert [finding.mend for finding in broken] == ['pip install "no-such-package>=3"']


def test_bundle_path_prints_the_folder() -> None:
    assert Path(run("bundle-path").stdout.strip()) == shipped_bundle_folder()


def test_a_real_dicom_series_is_segmented_on_its_grid(tmp_path: Path, shared_data: Path) -> None:
    place = tmp_path / "labels.nii.gz"
    region = ["--region", "200:240,200:256,0:99", "--variant", "two_d"]
    result = run("segment", shared_data / "ct_dicom", "-o", place, *region)
    assert result.exit_code == 0, result.output
    assert voxels(place).shape == (512, 512, 20)


def test_version_is_printed() -> None:
    assert run("--version").stdout.startswith("napari-seg ")


def test_the_home_of_an_output_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run("segment", SAMPLE, "--output=~/out/labels.nii.gz").exit_code == 0
    assert (tmp_path / "out" / "labels.nii.gz").is_file()
    assert not (tmp_path / "~").exists()


def test_probabilities_are_written_beside_the_labels(tmp_path: Path) -> None:
    words = ["--probabilities", "posterior,entropy", "--mirror", "i"]
    assert run("segment", SAMPLE, "-o", tmp_path, *words).exit_code == 0
    labels = voxels(tmp_path / "hippocampus_left_dseg.nii.gz")
    chance = nibabel.load(tmp_path / "hippocampus_left_dseg_probability-posterior.nii.gz")
    assert chance.shape == labels.shape
    np.testing.assert_allclose(chance.affine, nibabel.load(SAMPLE).affine, atol=1e-4)
    assert (np.asanyarray(chance.dataobj)[labels == 2] > 1 / 3).all()
    assert (tmp_path / "hippocampus_left_dseg_entropy.nii.gz").exists()
    command = json.loads((tmp_path / "hippocampus_left_dseg.json").read_text())["command"]
    assert "--mirror i --probabilities posterior,entropy" in command


def test_probabilities_that_would_share_a_file_are_refused(tmp_path: Path) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path, "--probabilities", "lobe +,lobe *")
    assert result.exit_code == 2
    assert "'lobe +' and 'lobe *' would both be" in result.output
    assert not list(tmp_path.iterdir())


def test_a_large_plain_scan_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tmp_path / "plain.nii"
    nibabel.load(SAMPLE).to_filename(plain)
    assert run("segment", plain, "-o", tmp_path / "read.nii.gz").exit_code == 0
    monkeypatch.setattr("napari_seg.imaging.nifti._MOST_IN_MEMORY", 0)
    kept = []
    mapped = StoredBytes.mapped

    def noting(self: StoredBytes, *arguments: int, **options: int) -> tuple[np.ndarray, int]:
        kept.append(self.path)
        return mapped(self, *arguments, **options)

    monkeypatch.setattr(StoredBytes, "mapped", noting)
    assert run("segment", plain, "-o", tmp_path / "mapped.nii.gz").exit_code == 0
    assert kept == [plain]
    assert np.array_equal(voxels(tmp_path / "mapped.nii.gz"), voxels(tmp_path / "read.nii.gz"))
    read, on_disk = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("read", "mapped"))
    assert read["scan"] == on_disk["scan"]


def test_several_models_are_averaged(tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(shipped_bundle_folder(), other)
    weights = other / "models" / "model.pt"
    state = torch.load(weights, weights_only=True)
    torch.save({name: value * 1.0001 for name, value in state.items()}, weights)
    words = ["--model", "shipped", "--model", other]
    assert run("segment", SAMPLE, "-o", tmp_path / "both.nii.gz", *words).exit_code == 0
    assert run("segment", SAMPLE, "-o", tmp_path / "one.nii.gz").exit_code == 0
    differs = voxels(tmp_path / "both.nii.gz") != voxels(tmp_path / "one.nii.gz")
    assert differs.mean() < 1e-3
    record = json.loads((tmp_path / "both.json").read_text())
    assert len(record["bundle"]["mean_of"]) == 2
    assert "--model shipped --model " in record["command"]


@pytest.mark.parametrize("words", [("--mirror", "x"), ("--model", "a", "--model", "shipped")])
def test_a_wrong_word_for_mirrors_or_models_is_refused(tmp_path: Path, words: tuple[str]) -> None:
    result = run("segment", SAMPLE, "-o", tmp_path, *words)
    assert result.exit_code == 2
    assert words[0] in result.output
