import json

import pytest
from altered_bundle import change
from typer.testing import CliRunner

from napari_seg.cli.commands import app
from napari_seg.imaging.files import read_scan, sample_data_folder, write_scan
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.inference import segment
from napari_seg.segmentation.model_failure import telling

SAMPLE = sample_data_folder() / "hippocampus_left.nii.gz"


def window(size):
    return lambda config: config["inferer"].update(roi_size=size)


def step(part, **options):
    return lambda config: config[part]["transforms"][-1].update(options)


def also(part, name, **options):
    added = {"_target_": name, **options}
    return lambda config: config[part]["transforms"].append(added)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (window([42, 56, 40]), r"the network of .* a window of 42x56x40 voxels: Sizes of tensors"),
        (window([0, 0, 0]), r"the network of .* a window of 36x52x40 voxels: Sizes of tensors"),
        (step("prepare", keys="img"), r"the preparing of .* on the scan: Key `img` of transform"),
        (
            lambda config: config["prepare"]["transforms"][0].update(axcodes="XYZ"),
            r"the preparing of .* on the scan: Not all axis codes",
        ),
        (
            step("prepare", subtrahend=[1, 2], divisor=[1, 2], channel_wise=True),
            r"the preparing of .* on the scan: img has 1 channels",
        ),
        (
            also("prepare", "CropForegroundd", keys="image", source_key="label"),
            r"the preparing of .* on the scan: there is no 'label'",
        ),
        (
            also("postprocessing", "FillHolesd", keys="prd"),
            r"the post-processing of .* on the labels: Key `prd` of transform",
        ),
        (
            lambda config: config["postprocessing"]["transforms"].insert(
                0, {"_target_": "SqueezeDimd", "keys": "pred", "dim": 3}
            ),
            r"the post-processing of .* on the scores: Can only squeeze",
        ),
    ],
    ids=["window", "whole scan", "keys", "axes", "channels", "source", "labels", "scores"],
)
def test_what_a_model_raises_is_told_in_one_sentence(copied_bundle, edit, said):
    change(copied_bundle, "inference", edit)
    with pytest.raises(ValueError, match=said) as caught:
        segment(read_scan(SAMPLE), load_bundle(copied_bundle))
    message = str(caught.value)
    assert "the model 'Hippocampus' failed on" in message
    assert "0x" not in message
    assert "\n" not in message
    assert caught.value.__cause__ is not None


def test_a_window_of_other_lengths_than_axes_is_named(copied_bundle):
    change(copied_bundle, "inference", window([40, 40]))
    with pytest.raises(ValueError, match=r"roi_size must give 3 lengths, got \[40, 40\]"):
        segment(read_scan(SAMPLE), load_bundle(copied_bundle))


def test_a_scan_that_a_model_fails_on_does_not_stop_the_others(copied_bundle, tmp_path):
    change(copied_bundle, "inference", window([0, 0, 0]))
    scan = read_scan(SAMPLE)
    # The network halves its window three times.
    fits = scan.crop(((0, 32), (0, 48), (0, 40)))
    scans = [tmp_path / f"{name}.nii.gz" for name in ("bad", "good", "worse")]
    for one, path in zip((scan, fits, scan), scans, strict=True):
        write_scan(one, path)
    words = ["segment", *scans, "-o", f"{tmp_path / 'out'}/", "--model", copied_bundle, "--json"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    document = json.loads(result.stdout)
    assert [failure["scan"] for failure in document["failures"]] == [str(scans[0]), str(scans[2])]
    assert "the network of the model 'Hippocampus' failed" in document["failures"][0]["error"]
    assert (tmp_path / "out" / "good_dseg.nii.gz").is_file()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("is_wrapped", [False, True], ids=["itself", "wrapped"])
def test_memory_that_runs_out_passes_as_it_is(is_wrapped):
    full = MemoryError("9 GB are needed")
    wrapped = RuntimeError("applying transform <a.b.C object at 0x7f00>")
    wrapped.__cause__ = full
    with pytest.raises(MemoryError, match="9 GB"), telling("network", "Liver", "the scan"):
        raise wrapped if is_wrapped else full


def test_a_stop_by_the_keyboard_passes_as_it_is():
    with pytest.raises(KeyboardInterrupt), telling("network", "Liver", "the scan"):
        raise KeyboardInterrupt


def test_the_first_line_is_told_without_the_address_of_an_object():
    with (
        pytest.raises(ValueError, match="on the scan: bad Spacingd; correct") as caught,
        telling("preparing", "Liver", "the scan"),
    ):
        raise RuntimeError("bad <monai.transforms.Spacingd object at 0x7f3a00>.\n second line")
    assert "second" not in str(caught.value)


def test_what_stops_a_run_passes_as_it_is():
    class Stopped(Exception):
        pass

    def stop(fraction):
        raise Stopped

    with pytest.raises(Stopped):
        segment(read_scan(SAMPLE), load_bundle(), on_progress=stop)


def test_a_defect_of_ours_is_none_of_the_model(monkeypatch):
    def fail(*_arguments):
        raise TypeError("a defect")

    monkeypatch.setattr("napari_seg.segmentation.preparing.prepared_scan.find_grid", fail)
    with pytest.raises(TypeError, match="a defect"):
        segment(read_scan(SAMPLE), load_bundle())
