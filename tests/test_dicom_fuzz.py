"""Files with bytes changed or cut off: each is refused in one line, or read as by SimpleITK."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_slices import change, transcode, write_enhanced, write_slice
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
)

from napari_seg import Scan, read_scan

ROUNDS = 60


def _with_fixed_uid(dataset: Dataset) -> None:
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"


def _agrees_with_simpleitk(scan: Scan, path: Path) -> bool:
    """Compare voxels and place; False where SimpleITK does not read the file, or not all of it."""
    # By the class SimpleITK decides where the place stands: of a damaged one it takes none.
    if pydicom.dcmread(path).get("SOPClassUID") not in (CTImageStorage, EnhancedCTImageStorage):
        return False
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        return False
    np.testing.assert_allclose(scan.array, sitk.GetArrayFromImage(image).T, atol=1e-3)
    if any(notice.code == "no-orientation" for notice in scan.notices):
        return True  # SimpleITK takes the place without its axes, and does not say so
    columns = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    expected = np.diag([-1.0, -1.0, 1.0]) @ np.column_stack([columns, image.GetOrigin()])
    # The thickness of a single slice is not what SimpleITK looks for.
    compared = [0, 1, 3] if scan.array.shape[2] == 1 else [0, 1, 2, 3]
    np.testing.assert_allclose(scan.geometry.affine[:3, compared], expected[:, compared], atol=1e-3)
    return True


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
    messages, compared = [], 0
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
        compared += _agrees_with_simpleitk(scan, path)
    assert compared > 3
    assert len(messages) > ROUNDS // 4
    assert all("scan.dcm" in message for message in messages)
    assert not [message for message in messages if str(tmp_path) in message or "\n" in message]
