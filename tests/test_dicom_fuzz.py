"""Files with bytes changed or cut off: each is read or refused in one line, and never crashes."""

from pathlib import Path

import numpy as np
import pytest
from dicom_slices import change, transcode, write_enhanced, write_slice
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, JPEGLosslessSV1, RLELossless

from napari_seg import read_scan

ROUNDS = 60


def _with_fixed_uid(dataset: Dataset) -> None:
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"


@pytest.mark.parametrize("kind", ["plain", "implicit", "run lengths", "JPEG Lossless", "enhanced"])
def test_bytes_that_changed_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    if kind == "enhanced":
        write_enhanced(path, range(3))
    else:
        write_slice(path, 0)
    syntaxes = {
        "implicit": ImplicitVRLittleEndian,
        "run lengths": RLELossless,
        "JPEG Lossless": JPEGLosslessSV1,
    }
    if kind in syntaxes:
        transcode(path, syntaxes[kind])
    # The same bytes in every run.
    change(path, _with_fixed_uid)
    whole = path.read_bytes()
    generator = np.random.default_rng(len(kind))
    messages = []
    for number in range(ROUNDS):
        changed = bytearray(whole)
        for place in generator.integers(132, len(whole), generator.integers(1, 6)):
            changed[place] = generator.integers(256)
        end = generator.integers(300, len(whole)) if number % 3 == 0 else None
        path.write_bytes(changed[:end])
        try:
            scan = read_scan(path)
        except ValueError as error:
            messages.append(str(error))
            continue
        assert np.isfinite(scan.geometry.affine).all()
    assert len(messages) > ROUNDS // 4
    assert all("scan.dcm" in message for message in messages)
    assert not [message for message in messages if str(tmp_path) in message or "\n" in message]
