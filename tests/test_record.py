import json
from dataclasses import replace

import numpy as np

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.execution import Plan, Way
from napari_seg.segmentation.record import make_record


def test_record_tells_scan_bundle_versions_and_command():
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    scan = replace(
        scan,
        notices=(Notice("shift", "moved", {"mm": np.float32(0.5), "to": "left", "of": np.inf}),),
    )
    bundle = load_bundle()
    made = make_record(
        scan,
        bundle,
        device="cpu",
        plan=Plan("exact", "cpu", Way("openvino"), threads=2).as_dict(),
        options={"overlap": 0.25, "region": None},
        seconds=1.23456,
        command="napari-seg segment x.nii.gz -o x_dseg.nii.gz",
    )
    record = json.loads(json.dumps(made))
    assert record["scan"] == {"sha256": scan.sha256, "shape": [36, 52, 40]}
    assert record["bundle"]["sha256"] == bundle.sha256
    assert record["bundle"]["version"] == bundle.version
    assert record["labels"] == {"1": "anterior", "2": "posterior"}
    assert {"python", "torch", "monai", "napari-seg"} <= record["versions"].keys()
    assert record["notices"] == [
        {"code": "shift", "message": "moved", "figures": {"mm": 0.5, "to": "left", "of": "inf"}}
    ]
    assert Plan.from_dict(record["plan"]).way == Way("openvino")
    assert record["seconds"] == 1.235
    assert record["command"].startswith("napari-seg segment")


def test_windows_of_several_boxes_are_told_for_each():
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    each = [{"run": 2, "repeated": 0, "air": 0}, {"run": 1, "repeated": 3, "air": 1}]
    for windows, told in ((each, each), (each[0], each[0]), (None, {})):
        made = make_record(
            scan,
            load_bundle(),
            device="cpu",
            plan=None,
            options={},
            seconds=1.0,
            command="",
            windows=windows,
        )
        assert json.loads(json.dumps(made["windows"])) == told
