"""The bundle as MONAI runs it: its configs, on small scans of the shape of its data."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from ignite.engine import Events
from monai.bundle import ConfigParser, ConfigWorkflow

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.inference import segment

BUNDLE = shipped_bundle_folder()
CONFIGS = BUNDLE / "configs"


def config(name):
    return json.loads((CONFIGS / f"{name}.json").read_text())


def workflow(names, kind, **overrides):
    run = ConfigWorkflow(
        config_file=[str(CONFIGS / f"{name}.json") for name in names],
        meta_file=str(CONFIGS / "metadata.json"),
        logging_file=None,
        workflow_type=kind,
        bundle_root=str(BUNDLE),
        **overrides,
    )
    run.initialize()
    return run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Ten scans of a bright block in two halves, in Decathlon form."""
    folder = tmp_path_factory.mktemp("data set")
    random = np.random.default_rng(0)
    cases = []
    for number in range(10):
        labels = np.zeros((20, 24, 18), np.uint8)
        i, j, k = random.integers(2, 6, 3)
        labels[i : i + 10, j : j + 8, k : k + 9] = 1
        labels[i : i + 10, j + 8 : j + 15, k : k + 9] = 2
        image = (labels * 50 + random.normal(100, 5, labels.shape)).astype(np.float32)
        case = {
            "image": f"imagesTr/case_{number}.nii.gz",
            "label": f"labelsTr/case_{number}.nii.gz",
        }
        for array, name in ((image, case["image"]), (labels, case["label"])):
            (folder / name).parent.mkdir(exist_ok=True)
            nib.save(nib.Nifti1Image(array, np.eye(4)), folder / name)
        cases.append(case)
    description = {"labels": {"0": "background", "1": "a", "2": "b"}, "training": cases}
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


def training(dataset, output, names=("train",), **overrides):
    small = {"window": [16, 16, 16], "num_workers": 0, "epochs": 1, "val_interval": 1}
    # In windows as small as these, bf16 now and then gives NaN on processors that have it.
    small |= {"cpu_bf16": False}
    places = {"dataset_dir": str(dataset), "output_dir": str(output)}
    return workflow(names, "train", **(small | places | overrides))


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["inference"], "infer"),
        (["inference", "two_d"], "infer"),
        (["train"], "train"),
        (["train", "two_d"], "train"),
        (["train", "evaluate"], "train"),
    ],
    ids=str,
)
def test_monai_finds_every_property_that_it_asks_for(names, kind, dataset, tmp_path):
    run = workflow(names, kind, dataset_dir=str(dataset), output_dir=str(tmp_path))
    assert run.check_properties() == []


def test_a_missing_property_would_be_named(dataset, tmp_path):
    run = workflow(["inference"], "infer", dataset_dir=str(dataset), output_dir=str(tmp_path))
    del run.parser.config["evaluator"]
    with pytest.raises(KeyError, match="'evaluator' not in the config"):
        run.check_properties()


@pytest.mark.parametrize("name", ["network_def", "window", "inferer", "spatial_dims"])
def test_train_and_inference_agree(name):
    assert config("train")[name] == config("inference")[name]


def test_train_and_inference_prepare_the_image_alike():
    def image_only(step):
        first = {"keys": "image", "mode": step.get("mode") and "bilinear"}
        return {**step, **{key: value for key, value in first.items() if value}}

    steps = config("train")["prepare"]["transforms"]
    assert [image_only(step) for step in steps] == config("inference")["prepare"]["transforms"]


def test_version_stands_in_the_changelog():
    metadata = config("metadata")
    assert metadata["version"] in metadata["changelog"]


@pytest.mark.parametrize("path", sorted(BUNDLE.rglob("*.*")), ids=lambda path: path.name)
def test_no_file_names_a_place_of_its_makers(path):
    if path.suffix in {".json", ".md", ".txt", ".conf"}:
        text = path.read_text()
        assert not any(place in text for place in ("/home/", "/root", "/work", "/Users/", "C:\\"))


@pytest.mark.parametrize("variant", [None, "two_d"], ids=["3D", "2D"])
def test_network_gives_the_shape_that_the_metadata_say(variant):
    overlay = [] if variant is None else [variant]
    parser = ConfigParser()
    parser.read_config([CONFIGS / f"{name}.json" for name in ["inference", *overlay]])
    parser.read_meta(
        [CONFIGS / "metadata.json", *[CONFIGS / f"metadata_{o}.json" for o in overlay]]
    )
    formats = parser["_meta_"]["network_data_format"]
    image, prediction = formats["inputs"]["image"], formats["outputs"]["pred"]
    network = parser.get_parsed_content("network_def").eval()
    scores = network(torch.zeros(1, image["num_channels"], *image["spatial_shape"]))
    assert scores.shape == (1, prediction["num_channels"], *prediction["spatial_shape"])
    assert len(prediction["channel_def"]) == prediction["num_channels"]


def test_training_learns_and_its_weights_load_as_a_bundle(dataset, tmp_path):
    run = training(dataset, tmp_path, epochs=4)
    run.run()
    trainer = run.parser.get_parsed_content("train#trainer")
    evaluator = run.parser.get_parsed_content("validate#evaluator")
    assert trainer.state.epoch == 4
    assert evaluator.state.best_metric > 0.5
    state = torch.load(tmp_path / "models" / "model.pt", weights_only=True)
    assert state.keys() == load_bundle().network.state_dict().keys()


def test_training_in_2d_runs(dataset, tmp_path):
    run = training(dataset, tmp_path, ("train", "two_d"), window=[16, 16])
    run.run()
    state = torch.load(tmp_path / "models" / "model_2d.pt", weights_only=True)
    assert state.keys() == load_bundle(variant="two_d").network.state_dict().keys()


def rates_of(run):
    """Note the learning rate of each epoch of a training."""
    trainer, optimizer = (
        run.parser.get_parsed_content(name) for name in ("train#trainer", "optimizer")
    )
    rates = {}

    @trainer.on(Events.EPOCH_STARTED)
    def note():
        rates[trainer.state.epoch] = optimizer.param_groups[0]["lr"]

    return rates


def test_training_goes_on_where_it_stopped(dataset, tmp_path):
    training(dataset, tmp_path, save_interval=1).run()
    run = resumed(dataset, tmp_path, 1, epochs=2)
    rates = rates_of(run)
    run.run()
    # Half of a cosine over two epochs from 0.002, where that over one had come to 0.
    assert rates == pytest.approx({2: 0.001})
    left = [path.name for path in (tmp_path / "models").glob("resume*")]
    assert left == ["resume_checkpoint_epoch=2.pt"]


def resumed(dataset, output, epoch, **overrides):
    resume = str(output / "models" / f"resume_checkpoint_epoch={epoch}.pt")
    return training(dataset, output, save_interval=1, resume=resume, **overrides)


@pytest.mark.slow
def test_resuming_keeps_the_best_weights_so_far(dataset, tmp_path):
    training(dataset, tmp_path, epochs=4, save_interval=1).run()
    best = tmp_path / "models" / "model.pt"
    before = torch.load(best, weights_only=True)
    run = resumed(dataset, tmp_path, 4, epochs=5)
    trainer, evaluator, optimizer = (
        run.parser.get_parsed_content(name)
        for name in ("train#trainer", "validate#evaluator", "optimizer")
    )
    # So large a step that nothing good comes of it.
    trainer.add_event_handler(
        Events.EPOCH_STARTED, lambda: [group.update(lr=1.0) for group in optimizer.param_groups]
    )
    run.run()
    after = torch.load(best, weights_only=True)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert evaluator.state.best_metric > 0.5
    assert evaluator.state.best_metric_epoch == 0
    assert evaluator.state.metrics["val_mean_dice"] < evaluator.state.best_metric


@pytest.mark.slow
def test_resuming_beside_half_a_file_of_weights_finds_a_best_of_its_own(dataset, tmp_path):
    training(dataset, tmp_path, save_interval=1).run()
    best = tmp_path / "models" / "model.pt"
    best.write_bytes(best.read_bytes()[:100_000])
    resumed(dataset, tmp_path, 1, epochs=2).run()
    assert torch.load(best, weights_only=True)


@pytest.mark.slow
def test_resuming_follows_the_epochs_asked_for_now_and_keeps_the_last_checkpoint(dataset, tmp_path):
    training(dataset, tmp_path, save_interval=1, epochs=4, **{"train#trainer#max_epochs": 2}).run()
    rates = {}
    # Resumed as it was, then to train on after its end.
    for done, epochs in ((2, 4), (4, 6)):
        run = resumed(dataset, tmp_path, done, epochs=epochs)
        of_run = rates_of(run)
        run.run()
        rates |= of_run
        left = [path.name for path in (tmp_path / "models").glob("resume*")]
        assert left == [f"resume_checkpoint_epoch={epochs}.pt"]
    # 0.001 (1 + cos(pi done / epochs)), by hand.
    by_hand = {3: 0.001, 4: 0.000292893, 5: 0.0005, 6: 0.000133975}
    assert rates == pytest.approx(by_hand, abs=1e-9)


@pytest.mark.slow
def test_resuming_into_another_folder_leaves_the_checkpoint_where_it_is(dataset, tmp_path):
    training(dataset, tmp_path, save_interval=1).run()
    resume = tmp_path / "models" / "resume_checkpoint_epoch=1.pt"
    training(dataset, tmp_path / "other", save_interval=1, epochs=2, resume=str(resume)).run()
    assert resume.is_file()
    assert (tmp_path / "other" / "models" / "model.pt").is_file()


def test_training_starts_from_weights_that_are_given(dataset, tmp_path):
    weights = BUNDLE / "models" / "model.pt"
    # Without a learning rate they are left as they are.
    training(dataset, tmp_path, pretrained=str(weights), learning_rate=0.0).run()
    start, end = (
        torch.load(path, weights_only=True) for path in (weights, tmp_path / "models" / "model.pt")
    )
    assert all(torch.equal(end[name], start[name]) for name in start)


@pytest.mark.parametrize("wanted", [True, False], ids=["bf16", "fp32"])
def test_network_trains_in_bf16_where_the_processor_has_it(wanted, dataset, tmp_path):
    run = training(dataset, tmp_path, cpu_bf16=wanted)
    network = run.parser.get_parsed_content("network")
    with torch.profiler.profile(record_shapes=True) as profile:
        scores = network(torch.randn(1, 1, 16, 16, 16))
    profile.export_chrome_trace(str(tmp_path / "trace.json"))
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    kinds = {
        kind
        for event in events
        if event["name"] == "aten::convolution"
        for kind in event["args"]["Input type"]
    }
    assert ("c10::BFloat16" in kinds) is wanted
    assert scores.dtype == torch.float32


def test_evaluation_prints_the_hash_of_the_weights_and_writes_each_case(dataset, tmp_path, capsys):
    run = training(dataset, tmp_path, ("train", "evaluate"), epochs=1)
    run.run()
    weights = (BUNDLE / "models" / "model.pt").read_bytes()
    assert hashlib.sha256(weights).hexdigest() in capsys.readouterr().out
    for metric in ("val_mean_dice", "val_hd95_mm", "val_nsd_1mm"):
        rows = (tmp_path / f"{metric}_raw.csv").read_text().splitlines()
        assert len(rows) == 3
        assert "case_" in rows[1]


def test_bundle_run_and_plugin_give_the_same_labels(tmp_path):
    sample = sample_data_folder() / "hippocampus_left.nii.gz"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / sample.name).write_bytes(sample.read_bytes())
    command = [sys.executable, "-m", "monai.bundle", "run"]
    options = ["--config_file", "configs/inference.json", "--dataset_dir", str(tmp_path / "in")]
    options += ["--output_dir", str(tmp_path / "out")]
    subprocess.run([*command, *options], cwd=BUNDLE, check=True, capture_output=True)
    saved = nib.load(tmp_path / "out" / "hippocampus_left_dseg.nii.gz")
    scan = read_scan(sample)
    ours = segment(scan, load_bundle())
    assert np.allclose(saved.affine, scan.geometry.affine)
    assert np.array_equal(np.asarray(saved.dataobj), ours.array)
    record = json.loads((tmp_path / "out" / "hippocampus_left_dseg.json").read_text())
    assert record["scan"]["file_sha256"] == hashlib.sha256(sample.read_bytes()).hexdigest()
    weights = (BUNDLE / "models" / "model.pt").read_bytes()
    assert record["bundle"]["sha256"] == hashlib.sha256(weights).hexdigest()
    assert record["seconds"] > 0
    repeated = "run --config_file configs/inference.json --dataset_dir SCANS --output_dir LABELS"
    assert record["command"] == f"python -m monai.bundle {repeated}"


def validation_fifth(shared_data: Path):
    parser = ConfigParser()
    parser.read_config(CONFIGS / "train.json")
    parser["dataset_dir"] = str(shared_data / "hippocampus")
    return parser.get_parsed_content("split")[1]


def test_validation_fifth_is_the_one_listed_in_the_docs(shared_data):
    names = [Path(case["image"]).name.split(".")[0][-3:] for case in validation_fifth(shared_data)]
    assert len(names) == 42
    assert ", ".join(sorted(names)) in (BUNDLE / "docs" / "README.md").read_text()


@pytest.mark.parametrize("name", ["model.pt", "model_2d.pt"])
def test_docs_tell_the_hash_of_the_weights_that_were_measured(name):
    digest = hashlib.sha256((BUNDLE / "models" / name).read_bytes()).hexdigest()
    assert digest in (BUNDLE / "docs" / "README.md").read_text()


def test_shipped_weights_agree_with_people_on_cases_they_never_saw(shared_data):
    bundle = load_bundle()
    agreements = []
    for case in validation_fifth(shared_data)[::6]:
        drawn = np.asarray(nib.load(case["label"]).dataobj)
        found = segment(read_scan(case["image"]), bundle).array
        for value in (1, 2):
            both = np.logical_and(found == value, drawn == value).sum()
            agreements.append(2 * both / ((found == value).sum() + (drawn == value).sum()))
    assert np.mean(agreements) > 0.86
