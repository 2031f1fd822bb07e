import json
import shutil

import pytest
import torch
from altered_bundle import change

from napari_seg.segmentation.bundle import BundleRefused, load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle


@pytest.mark.parametrize(("variant", "dims"), [(None, 3), ("two_d", 2)], ids=["3D", "2D"])
def test_shipped_bundle_loads(variant, dims):
    bundle = load_bundle(variant=variant)
    assert bundle.spatial_dims == dims
    assert bundle.table.names == {1: "anterior", 2: "posterior"}
    assert not bundle.network.training
    assert len(bundle.sha256) == 64


def test_description_names_model_and_labels():
    description = describe_bundle(variant="two_d")
    assert description.title == "Hippocampus, 2D"
    assert description.label_names == ("anterior", "posterior")
    assert description.channel_names == ("T1-weighted MR",)


def test_channels_are_in_the_order_of_their_numbers(copied_bundle):
    def name(metadata):
        image = metadata["network_data_format"]["inputs"]["image"]
        image.update(num_channels=3, channel_def={"10": "T2", "1": "FLAIR", "0": "T1"})

    change(copied_bundle, "metadata", name)
    assert describe_bundle(copied_bundle).channel_names == ("T1", "FLAIR", "T2")


def test_copy_of_the_shipped_bundle_loads_and_has_its_hash(copied_bundle):
    assert load_bundle(copied_bundle).sha256 == load_bundle().sha256


def test_hash_follows_weights_and_variant(copied_bundle):
    before = load_bundle(copied_bundle).sha256
    state = torch.load(copied_bundle / "models" / "model.pt", weights_only=True)
    first = next(iter(state))
    torch.save({**state, first: state[first] + 1}, copied_bundle / "models" / "model.pt")
    assert load_bundle(copied_bundle).sha256 != before
    assert load_bundle(copied_bundle, variant="two_d").sha256 == load_bundle(variant="two_d").sha256


def test_code_in_what_is_needed_is_refused_with_its_lines(copied_bundle):
    change(copied_bundle, "inference", lambda c: c["network_def"].update(filters="$[16] * 4"))
    with pytest.raises(BundleRefused, match=r"network_def#filters: \$\[16\] \* 4") as refused:
        load_bundle(copied_bundle)
    assert len(refused.value.lines) == 1


def test_code_elsewhere_is_neither_run_nor_a_reason_to_refuse(copied_bundle, tmp_path):
    trap = tmp_path / "trap"
    line = f"$open({str(trap)!r}, 'w')"

    def edit(config):
        config.update(imports=[line], initialize=[line], handlers=[line], evaluator=line)

    change(copied_bundle, "inference", edit)
    load_bundle(copied_bundle)
    assert not trap.exists()


def test_steps_that_read_and_write_files_are_left_out(copied_bundle):
    def edit(config):
        config["preprocessing"]["transforms"] = [
            *config.pop("load")["transforms"],
            *config.pop("prepare")["transforms"],
        ]
        config["postprocessing"]["transforms"][0]["transform"] = "@preprocessing"
        config["preprocessing"]["transforms"][0]["reader"] = "$print"

    change(copied_bundle, "inference", edit)
    names = [type(step).__name__ for step in load_bundle(copied_bundle).prepare.transforms]
    assert names == ["Orientationd", "Spacingd", "NormalizeIntensityd"]


def test_yaml_configs_are_read(copied_bundle):
    yaml = pytest.importorskip("yaml")
    path = copied_bundle / "configs" / "inference.json"
    path.with_suffix(".yaml").write_text(yaml.safe_dump(json.loads(path.read_text())))
    path.unlink()
    assert load_bundle(copied_bundle).spatial_dims == 3


NO_WEIGHTS = r"weights models/model\.pt of the bundle '.*' cannot be read: .* fetch it again"


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no bundle folder 'none'; check the path"):
        load_bundle(tmp_path / "none")


def test_folder_without_configs_is_no_bundle(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"is not a MONAI bundle.*; choose the folder"):
        load_bundle(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"is not a MONAI bundle.*; choose the folder"):
        load_bundle(tmp_path, variant="two_d")


def test_unknown_variant_is_named_with_those_that_are_there(copied_bundle):
    with pytest.raises(FileNotFoundError, match=r"no variant 'four_d'; choose one of 'two_d', or"):
        load_bundle(copied_bundle, variant="four_d")
    (copied_bundle / "configs" / "metadata_two_d.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no variant 'two_d'; choose none"):
        load_bundle(copied_bundle, variant="two_d")


@pytest.mark.parametrize(
    ("content", "kind"), [("[1]", "a list"), ("null", "nothing"), ("3", "a number")]
)
def test_a_config_that_is_no_dictionary_is_named(copied_bundle, content, kind):
    (copied_bundle / "configs" / "inference.json").write_text(content)
    message = rf"configs/inference\.json of .* must hold a dictionary, got {kind}; fetch the bundle"
    with pytest.raises(ValueError, match=message):
        load_bundle(copied_bundle)


def test_unreadable_config_is_named(copied_bundle):
    (copied_bundle / "configs" / "inference.json").write_text("{")
    with pytest.raises(ValueError, match=r"configs/inference\.json .* cannot be read"):
        load_bundle(copied_bundle)


def test_unreadable_yaml_is_named(copied_bundle):
    path = copied_bundle / "configs" / "inference.json"
    path.with_suffix(".yaml").write_text("network_def: [")
    path.unlink()
    with pytest.raises(ValueError, match=r"configs/inference\.yaml .* cannot be read"):
        load_bundle(copied_bundle)


def test_metadata_without_labels_is_refused(copied_bundle):
    change(copied_bundle, "metadata", lambda c: c["network_data_format"]["outputs"].clear())
    with pytest.raises(ValueError, match="must give version and network_data_format"):
        describe_bundle(copied_bundle)


def test_missing_part_is_named(copied_bundle):
    change(copied_bundle, "inference", lambda config: config.pop("inferer"))
    with pytest.raises(ValueError, match="lacks inferer"):
        load_bundle(copied_bundle)


def test_missing_weights_are_named(copied_bundle):
    (copied_bundle / "models" / "model.pt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no weights models/model\.pt; fetch them"):
        load_bundle(copied_bundle)


def test_weights_outside_the_bundle_are_refused(copied_bundle):
    change(copied_bundle, "inference", lambda config: config.update(ckpt_name="../../model.pt"))
    with pytest.raises(ValueError, match="must lie in its folder models"):
        load_bundle(copied_bundle)


BROKEN_WEIGHTS = [b"", b"garbage\n", b"not weights", b"PK\x03\x04 cut", b"\x80\x02}q\x00.", b"}."]


@pytest.mark.parametrize("content", BROKEN_WEIGHTS, ids=repr)
def test_broken_weights_are_refused(copied_bundle, content):
    (copied_bundle / "models" / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=NO_WEIGHTS) as raised:
        load_bundle(copied_bundle)
    for word in ("weights_only", "torch", "arbitrary", "\n"):
        assert word not in str(raised.value)


def test_weights_with_a_damaged_stretch_are_refused(copied_bundle):
    path = copied_bundle / "models" / "model.pt"
    content = bytearray(path.read_bytes())
    content[3_000_000:3_200_000] = bytes(200_000)
    path.write_bytes(content)
    # Torch takes them as they are.
    torch.load(path, weights_only=True)
    message = r"weights models/model\.pt of .* are damaged: the checksum of '.*/data/7' .*; fetch it again"
    with pytest.raises(ValueError, match=message):
        load_bundle(copied_bundle)


def test_one_flipped_bit_in_the_weights_is_refused(copied_bundle):
    path = copied_bundle / "models" / "model.pt"
    whole = path.read_bytes()
    for place in range(100_000, len(whole), 700_000):
        content = bytearray(whole)
        content[place] ^= 4
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"models/model\.pt of .* are damaged"):
            load_bundle(copied_bundle)


def test_weights_saved_without_checksums_or_by_old_versions_load(copied_bundle):
    path = copied_bundle / "models" / "model.pt"
    state = torch.load(path, weights_only=True)
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(state, path)
    finally:
        torch.serialization.set_crc32_options(True)
    load_bundle(copied_bundle)
    torch.save(state, path, _use_new_zipfile_serialization=False)
    load_bundle(copied_bundle)


def test_a_whole_network_in_place_of_weights_is_refused_without_advice_to_run_it(copied_bundle):
    torch.save(torch.nn.Conv3d(1, 1, 1), copied_bundle / "models" / "model.pt")
    with pytest.raises(ValueError, match=NO_WEIGHTS) as raised:
        load_bundle(copied_bundle)
    assert "weights_only" not in str(raised.value)


def test_weights_that_are_no_dictionary_of_tensors_are_refused(copied_bundle):
    torch.save({"model": [1, 2]}, copied_bundle / "models" / "model.pt")
    with pytest.raises(ValueError, match=r"weights models/model\.pt of .* do not fit its network"):
        load_bundle(copied_bundle)


def test_weights_of_another_network_are_refused(copied_bundle):
    shutil.copy(copied_bundle / "models" / "model_2d.pt", copied_bundle / "models" / "model.pt")
    with pytest.raises(ValueError, match=r"weights models/model\.pt of .* do not fit its network"):
        load_bundle(copied_bundle)


def test_wrong_arguments_of_the_network_are_told_in_one_line(copied_bundle):
    change(copied_bundle, "inference", lambda c: c["network_def"].update(no_such_argument=1))
    with pytest.raises(ValueError, match="cannot be built"):
        load_bundle(copied_bundle)


@pytest.mark.parametrize("reference", ["@nope", "@inferer#nope", "@prepare#transforms#9"])
def test_a_reference_to_nothing_is_named(copied_bundle, reference):
    change(copied_bundle, "inference", lambda c: c["network_def"].update(in_channels=reference))
    said = f"cannot be built: its configs/inference refers to '{reference}', which it lacks$"
    with pytest.raises(ValueError, match=said):
        load_bundle(copied_bundle)


def with_file_steps(config):
    """Prepare by ``preprocessing``, which reads the file first, as most bundles do."""
    steps = config.pop("prepare")["transforms"]
    load = {"_target_": "LoadImaged", "keys": "image", "reader": "$import_me", "dtype": "float64"}
    first = {"_target_": "EnsureChannelFirstd", "keys": "image"}
    config["preprocessing"] = {"_target_": "Compose", "transforms": [load, first, *steps]}
    config["postprocessing"]["transforms"][0]["transform"] = "@preprocessing"


@pytest.mark.parametrize(
    ("place", "value"),
    [("2#axcodes", "RAS"), ("3#mode", "bilinear"), ("0#dtype", "float64")],
    ids=["the first step", "the second step", "a step that reads files"],
)
def test_a_reference_to_a_step_counts_those_that_read_files(copied_bundle, place, value):
    def edit(config):
        with_file_steps(config)
        inverse = config["postprocessing"]["transforms"][0]
        inverse["meta_key_postfix"] = f"@preprocessing#transforms#{place}"

    change(copied_bundle, "inference", edit)
    bundle = load_bundle(copied_bundle)
    assert [type(step).__name__ for step in bundle.prepare.transforms] == [
        "Orientationd",
        "Spacingd",
        "NormalizeIntensityd",
    ]
    assert bundle.postprocess.transforms[0].meta_key_postfix == (value,)


@pytest.mark.parametrize("module", ["", "monai.networks.nets."])
def test_a_class_that_there_is_not_is_named_with_a_similar_one(copied_bundle, module):
    target = f"{module}DynUNett"
    change(copied_bundle, "inference", lambda c: c["network_def"].update(_target_=target))
    with pytest.raises(ValueError, match="MONAI has no such class: network_def#_target_: ") as told:
        load_bundle(copied_bundle)
    assert not isinstance(told.value, BundleRefused)
    assert str(told.value).endswith(f"{target} (did you mean DynUNet?)")


def test_a_class_that_there_is_not_does_not_hide_code(copied_bundle):
    change(
        copied_bundle, "inference", lambda c: c["network_def"].update(_target_="NoSuchNet", a="$1")
    )
    with pytest.raises(BundleRefused, match=r"NoSuchNet; network_def#a: \$1"):
        load_bundle(copied_bundle)


@pytest.mark.parametrize("target", ["EarlyStopHandler", "os.system", "scripts.mynet.Net"])
def test_a_class_that_may_run_code_is_refused_as_such(copied_bundle, target):
    change(copied_bundle, "inference", lambda c: c["network_def"].update(_target_=target))
    with pytest.raises(BundleRefused, match=f"it would run code: network_def#_target_: {target}"):
        load_bundle(copied_bundle)
