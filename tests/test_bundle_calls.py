"""The calls that the documents give for MONAI's own program, and what its records say of them."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from monai.bundle import ConfigParser
from PIL import Image

from napari_seg.imaging.files import sample_data_folder
from napari_seg.segmentation.bundle_description import shipped_bundle_folder

BUNDLE = shipped_bundle_folder()
PROGRAM = "python -m monai.bundle "
INFERENCE = "run --config_file configs/inference.json"
needs_sh = pytest.mark.skipif(os.name == "nt", reason="calls for a POSIX shell")
DOCUMENTS = (Path(__file__).parents[1] / "README.md", BUNDLE / "docs" / "README.md")


def documented_calls():
    lines = [
        line
        for document in DOCUMENTS
        for line in document.read_text().replace("\\\n", "").splitlines()
        if line.startswith(PROGRAM)
    ]
    assert len(lines) == 9
    return lines


def recorded(call, monkeypatch):
    """Return the command that the record of an inference called so holds."""
    monkeypatch.setattr(sys, "argv", ["/any/monai/bundle/__main__.py", *shlex.split(call)])
    parser = ConfigParser()
    parser.read_config(BUNDLE / "configs" / "inference.json")
    return parser.get_parsed_content("record#command")


@pytest.mark.parametrize(
    ("places", "stand_ins"),
    [
        ("--dataset_dir FOLDER --output_dir out", "--dataset_dir SCANS --output_dir LABELS"),
        ("--dataset_dir data --output_dir out", "--dataset_dir SCANS --output_dir LABELS"),
        ("--dataset_dir . --output_dir ..", "--dataset_dir SCANS --output_dir LABELS"),
        ("--dataset_dir run --output_dir run", "--dataset_dir SCANS --output_dir LABELS"),
        ("--output_dir=out --dataset_dir=data", "--output_dir=LABELS --dataset_dir=SCANS"),
        ("--dataset-dir '/x/Smith, Ann' -output_dir=a=b", "--dataset-dir SCANS -output_dir=LABELS"),
        ("--ckpt_path /x/y/ann.pt", "--ckpt_path WEIGHTS"),
        ("--bundle_root=/x/ann", "--bundle_root=BUNDLE"),
        ("--ckpt_name model_2d.pt", "--ckpt_name model_2d.pt"),
        ("--pattern 'sub-*/anat/*.nii.gz'", "--pattern 'sub-*/anat/*.nii.gz'"),
        ("--window [40,56,40] --inferer#overlap '$1/3'",) * 2,
    ],
    ids=[
        "as documented",
        "in the option's name",
        "dots",
        "the word run",
        "equals signs",
        "hyphens and blanks",
        "weights",
        "bundle",
        "name of weights",
        "pattern",
        "numbers",
    ],
)
def test_record_holds_the_call_with_names_in_place_of_its_folders(places, stand_ins, monkeypatch):
    command = recorded(f"{INFERENCE} {places}", monkeypatch)
    assert shlex.split(command) == shlex.split(f"{PROGRAM}{INFERENCE} {stand_ins}")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("['configs/inference.json','configs/two_d.json']",) * 2,
        ("['/x/Smith, Ann/one.json', '../ann/two.json']", "['FOLDER/one.json', 'FOLDER/two.json']"),
        ("/x/ann/one.json,configs/two_d.json", "FOLDER/one.json,configs/two_d.json"),
        (r"C:\x\ann\one.json", "FOLDER/one.json"),
        ("~/ann/one.json", "FOLDER/one.json"),
    ],
    ids=["of the bundle", "list", "commas", "Windows", "home"],
)
def test_record_names_other_files_without_their_folders(value, said, monkeypatch):
    command = recorded(f"run --config_file {shlex.quote(value)}", monkeypatch)
    assert shlex.split(command)[-1] == said


def test_record_holds_no_command_of_another_program(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/ann/study.py", "--patient", "Ann"])
    parser = ConfigParser()
    parser.read_config(BUNDLE / "configs" / "inference.json")
    assert parser.get_parsed_content("record#command") is None


def test_record_names_the_weights_that_ran(tmp_path):
    weights = tmp_path / "mine.pt"
    weights.write_bytes(b"abc")
    parser = ConfigParser()
    parser.read_config(BUNDLE / "configs" / "inference.json")
    parser.update({"ckpt_path": str(weights), "bundle_root": str(BUNDLE)})
    assert parser.get_parsed_content("record#bundle#weights") == "mine.pt"


@pytest.mark.parametrize("call", documented_calls())
def test_documented_calls_read_and_write_outside_the_bundle(call):
    words = shlex.split(call)
    places = {
        option: words[words.index(option) + 1]
        for option in ("--dataset_dir", "--output_dir", "--ckpt_path")
        if option in words
    }
    assert {"--dataset_dir", "--output_dir"} <= set(places)
    assert all(place.startswith("~/") for place in places.values())


def run_in_shell(call, home):
    """Run a call in the bundle's folder as a person does whose home folder is `home`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = {**os.environ, "HOME": str(home), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        ["sh", "-c", call], cwd=BUNDLE, env=variables, capture_output=True, text=True
    )


@needs_sh
@pytest.mark.parametrize("call", [call for call in documented_calls() if "inference" in call])
def test_documented_inferences_run_and_record_their_calls(call, tmp_path):
    scan = sample_data_folder() / "hippocampus_left.nii.gz"
    for folder in ("scans", "data/imagesTs", "pictures", "runs/mine/models"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("scans", "data/imagesTs"):
        shutil.copy(scan, tmp_path / folder)
    Image.linear_gradient("L").crop((0, 0, 40, 56)).save(tmp_path / "pictures" / "slice.png")
    shutil.copy(BUNDLE / "models" / "model.pt", tmp_path / "runs" / "mine" / "models")
    before = set(BUNDLE.rglob("*"))
    done = run_in_shell(call, tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(BUNDLE.rglob("*")) == before
    (record,) = (tmp_path / "runs").rglob("*_dseg.json")
    assert record.with_suffix(".nii.gz").is_file()
    names = {"--dataset_dir": "SCANS", "--output_dir": "LABELS", "--ckpt_path": "WEIGHTS"}
    said = [names.get(option, word) for option, word in pairwise(["", *shlex.split(call)])]
    assert shlex.split(json.loads(record.read_text())["command"]) == said


@needs_sh
@pytest.mark.parametrize("folder", ["empty", "none"])
def test_an_inference_that_finds_no_scan_says_so_and_fails(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    call = f"{PROGRAM}{INFERENCE} --dataset_dir ~/{folder} --output_dir ~/out"
    done = run_in_shell(call, tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"No file matches {tmp_path / folder}/*.nii.gz, and none such lies in imagesTs or imagesTr "
        "there: give --dataset_dir a folder of scans, or --pattern what their names look like."
    )
    assert "Traceback" not in done.stderr
