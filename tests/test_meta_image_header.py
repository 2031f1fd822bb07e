import numpy as np
import pytest
import SimpleITK as sitk

from napari_seg.imaging.files import read_scan


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def written(request, tmp_path):
    path = tmp_path / "scan.mha"
    image = sitk.GetImageFromArray(np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6))
    sitk.WriteImage(image, str(path), useCompression=request.param)
    return path


def test_whole_file_is_read(written):
    assert read_scan(written).array.shape == (6, 5, 4)


@pytest.mark.parametrize("left", [0.2, 0.5, 0.99])
def test_cut_file_is_refused_in_one_line(written, left, capfd):
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(ValueError, match=r"'scan\.mha' is (cut short|damaged)") as refused:
        read_scan(written)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("field", "lack"),
    [
        (b"DimSize = 6 5 4", "states no shape"),
        (b"NDims = 3", "states no shape"),
        (b"ElementType = MET_SHORT", "states no kind of voxel"),
    ],
    ids=["shape", "axes", "kind"],
)
def test_missing_field_is_named(written, field, lack, capfd):
    written.write_bytes(written.read_bytes().replace(field + b"\n", b""))
    with pytest.raises(ValueError, match=lack):
        read_scan(written)
    assert capfd.readouterr() == ("", "")


def test_claim_of_more_than_the_file_holds_is_refused_at_once(written):
    written.write_bytes(written.read_bytes().replace(b"6 5 4", b"60000 50000 4000"))
    with pytest.raises(ValueError, match="header claims"):
        read_scan(written)


def test_header_of_a_pair_is_checked_against_its_voxels(tmp_path):
    path = tmp_path / "scan.mhd"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((4, 5, 6), np.float32)), str(path))
    assert read_scan(path).array.sum() == 120
    (tmp_path / "scan.raw").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"'scan.mhd' with 'scan.raw'.*holds at most 5;"):
        read_scan(path)
