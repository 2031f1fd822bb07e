import pytest

from napari_seg.segmentation.trust import lines_that_run_code, referenced_ids

HARMLESS = {
    "class": {"_target_": "DynUNet", "spatial_dims": 3, "filters": [16, 32]},
    "dotted class": {"_target_": "monai.networks.nets.UNet", "channels": [4, 8]},
    "reference": {"_target_": "Invertd", "keys": "pred", "transform": "@prepare"},
    "nested reference": {"_target_": "SpatialPadd", "spatial_size": "@train#window"},
    "text": {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
}
HOSTILE = {
    "expression": {"_target_": "UNet", "channels": "$__import__('os').system('id')"},
    "expression in a list": {"_target_": "UNet", "channels": [4, "$print(1)"]},
    "function of a library": {"_target_": "os.system", "command": "id"},
    "library reached through MONAI": {"_target_": "monai.config.deviceconfig.os.system"},
    "allowed name elsewhere": {"_target_": "evil.UNet"},
    "allowed name in another place of MONAI": {"_target_": "monai.transforms.UNet"},
    "callable": {"_target_": "Lambdad", "keys": "image", "func": "@thing"},
    "debugger": {"_target_": "UNet", "_mode_": "debug"},
    "pasted text": "%other.json::network",
    "reference with more behind it": "@network.__class__",
    "reader chosen by name": {"_target_": "LoadImaged", "reader": "os.system"},
    "expression that guards": {"_target_": "UNet", "_disabled_": "$print(1)"},
}


@pytest.mark.parametrize("value", HARMLESS.values(), ids=HARMLESS.keys())
def test_plain_config_runs_no_code(value):
    assert lines_that_run_code({"part": value}) == []


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_config_is_seen(value):
    assert len(lines_that_run_code({"part": value})) == 1


def test_line_names_the_place_and_what_stands_there():
    config = {"prepare": {"transforms": [{"_target_": "Spacingd", "pixdim": "$[1] * 3"}]}}
    assert lines_that_run_code(config) == ["prepare#transforms#0#pixdim: $[1] * 3"]


def test_referenced_ids_are_the_top_level_ones():
    value = {"a": "@window", "b": ["@train#crop", "@net::0", "plain", 3], "c": "$@x + @y"}
    assert referenced_ids(value) == {"window", "train", "net", "x", "y"}
