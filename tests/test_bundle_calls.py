"""The calls that the documents give for MONAI's own program, and what its records say of them."""

import shlex
import sys

import pytest
from monai.bundle import ConfigParser

from napari_seg.segmentation.bundle_description import shipped_bundle_folder

BUNDLE = shipped_bundle_folder()
PROGRAM = "python -m monai.bundle "
INFERENCE = "run --config_file configs/inference.json"


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
