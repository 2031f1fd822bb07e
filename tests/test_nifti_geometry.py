from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.nifti import read_nifti, write_nifti
from napari_seg.imaging.nifti_geometry import stored_geometry
from napari_seg.imaging.scan import Source

SHAPE = (6, 5, 4)
SFORM = np.array(
    [[-1.5, 0.0, 0.0, 80.0], [0.0, 2.0, 0.0, -40.0], [0.0, 0.0, 3.0, 10.0], [0.0, 0.0, 0.0, 1.0]]
)
MOVED = SFORM + np.array([[0, 0, 0, 10.0], [0] * 4, [0] * 4, [0] * 4])


def header_with(*, sform: Any = SFORM, s: int = 1, qform: Any = SFORM, q: int = 1) -> Any:
    header = nib.Nifti1Header()
    header.set_data_shape(SHAPE)
    header.set_qform(qform, q)
    header.set_sform(sform, s)
    return header


def codes(notices: Any) -> list[str]:
    return [notice.code for notice in notices]


@pytest.mark.parametrize(
    ("s", "q", "winner"), [(2, 1, SFORM), (1, 1, SFORM), (1, 2, MOVED)], ids=str
)
def test_the_form_of_the_higher_code_wins_with_a_notice(s: int, q: int, winner: Any) -> None:
    geometry, _, notices = stored_geometry(header_with(s=s, qform=MOVED, q=q), "scan.nii")
    assert np.allclose(geometry.affine, winner)
    assert codes(notices) == ["forms-disagree"]
    assert notices[0].figures["shift_mm"] == pytest.approx(10)


@pytest.mark.parametrize(("unit", "per_mm"), [("mm", 1), ("meter", 0.001), ("micron", 1000)])
def test_how_far_forms_differ_is_told_in_mm_whatever_their_unit(unit: str, per_mm: float) -> None:
    stored = np.diag([per_mm, per_mm, per_mm, 1.0])
    header = header_with(sform=stored @ SFORM, qform=stored @ MOVED)
    header.set_xyzt_units(unit)
    notice = stored_geometry(header, "scan.nii")[2][0]
    assert notice.figures["shift_mm"] == pytest.approx(10, rel=1e-4)
    assert "differ by up to 10 mm" in notice.message


def test_forms_that_nearly_agree_need_no_notice() -> None:
    geometry, _, notices = stored_geometry(header_with(qform=SFORM + 1e-3 * np.eye(4)), "scan.nii")
    assert np.allclose(geometry.affine, SFORM)
    assert notices == ()


@pytest.mark.parametrize(
    ("s", "q", "frame"),
    [
        (1, 0, "scanner"),
        (2, 1, "aligned"),
        (1, 2, "aligned"),
        (3, 1, "talairach"),
        (4, 4, "mni"),
        (0, 0, None),
    ],
)
def test_the_code_of_the_form_in_use_names_the_frame(s: int, q: int, frame: str | None) -> None:
    assert stored_geometry(header_with(s=s, qform=MOVED, q=q), "scan.nii")[1] == frame


def test_a_size_other_than_that_of_the_sform_is_said() -> None:
    header = header_with(q=0)
    header["pixdim"][1:4] = 1.5, 2, 6
    geometry, _, notices = stored_geometry(header, "scan.nii")
    assert np.allclose(geometry.affine, SFORM)
    assert codes(notices) == ["sizes-disagree"]
    assert notices[0].figures == {"header": "1.5 x 2 x 6", "sform": "1.5 x 2 x 3"}


def test_a_strong_shear_is_kept_and_said() -> None:
    sheared = SFORM.copy()
    sheared[0, 1] = 0.25
    geometry, _, notices = stored_geometry(header_with(sform=sheared, q=0), "scan.nii")
    assert np.allclose(geometry.affine, sheared)
    assert codes(notices) == ["sheared"]
    # The second axis leans by 0.25 mm in 2.
    assert notices[0].figures["degrees"] == pytest.approx(np.degrees(np.arctan(0.125)))


def test_without_codes_nothing_says_where_left_is() -> None:
    header = header_with(s=0, q=0)
    geometry, _, notices = stored_geometry(header, "scan.nii")
    assert np.allclose(geometry.affine, header.get_base_affine())
    assert codes(notices) == ["no-orientation"]


@pytest.mark.parametrize("broken", [SFORM * np.nan, SFORM * 0], ids=["NaN", "singular"])
def test_an_unusable_sform_gives_way_to_the_qform(broken: Any) -> None:
    geometry, _, notices = stored_geometry(header_with(sform=broken), "scan.nii")
    assert np.allclose(geometry.affine, SFORM)
    assert codes(notices) == ["sform-unusable"]
    with pytest.raises(ValueError, match=r"'scan.nii' states no usable place"):
        stored_geometry(header_with(sform=broken, q=0), "scan.nii")


def test_an_unusable_qform_gives_way_to_the_sform() -> None:
    header = header_with()
    header["quatern_b"], header["quatern_c"] = 1, 1
    geometry, _, notices = stored_geometry(header, "scan.nii")
    assert np.allclose(geometry.affine, SFORM)
    assert codes(notices) == ["qform-unusable"]


@pytest.mark.parametrize(("unit", "mm"), [("meter", 1000.0), ("micron", 0.001)])
def test_other_units_become_mm(unit: str, mm: float) -> None:
    header = header_with()
    header.set_xyzt_units(unit)
    geometry, _, notices = stored_geometry(header, "scan.nii")
    assert np.allclose(geometry.affine[:3], SFORM[:3] * mm)
    assert codes(notices) == (["units", "odd-size"] if mm > 1 else ["units"])


@pytest.mark.parametrize("size", [0.0, np.nan, np.inf])
def test_voxels_without_a_size_are_refused(size: float) -> None:
    header = header_with()
    header["pixdim"][2] = size
    with pytest.raises(ValueError, match=r"'scan.nii' has a broken header: it states voxels"):
        stored_geometry(header, "scan.nii")


def test_the_sign_of_a_negative_size_is_dropped_with_a_notice() -> None:
    header = header_with(q=0)
    header["pixdim"][1] = -1.5
    geometry, _, notices = stored_geometry(header, "scan.nii")
    assert np.allclose(geometry.affine, SFORM)
    assert codes(notices) == ["negative-size"]


def test_a_slight_shear_is_kept() -> None:
    sheared = SFORM.copy()
    sheared[0, 1] = 0.004
    geometry, _, notices = stored_geometry(header_with(sform=sheared), "scan.nii")
    assert np.allclose(geometry.affine, sheared)
    assert notices == ()


@pytest.mark.parametrize("units", ["mm", "meter", "micron", "unknown"])
@pytest.mark.parametrize(("q", "s"), [(1, 1), (0, 2), (2, 0), (1, 4)])
def test_codes_units_and_place_survive_a_save(tmp_path: Path, q: int, s: int, units: str) -> None:
    # Oblique, far from the origin.
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn * (0.7, 0.9, 3.3)
    affine[:3, 3] = (-310.0, 455.5, -802.25)
    geometry = Geometry((64, 48, 20), affine)
    frame = {1: "scanner", 2: "aligned", 4: "mni"}[s or q]
    source = Source("NIfTI", qform_code=q, sform_code=s, units=units, frame=frame)
    path = tmp_path / "labels.nii.gz"
    write_nifti(np.ones(geometry.shape, np.uint8), geometry, path, source)
    back = read_nifti(path)
    assert back.source == source
    assert back.geometry.largest_shift_mm(geometry) < 1e-3
    assert np.abs(back.geometry.affine - affine).max() < 1e-4
    assert codes(back.notices) == (["units"] if units in ("meter", "micron") else [])


def test_missing_codes_survive_a_save_where_the_place_allows(tmp_path: Path) -> None:
    nib.Nifti1Image(np.zeros(SHAPE, np.uint8), None, header_with(s=0, q=0)).to_filename(
        tmp_path / "scan.nii"
    )
    scan = read_nifti(tmp_path / "scan.nii")
    assert (scan.source.qform_code, scan.source.sform_code) == (0, 0)
    write_nifti(scan.array, scan.geometry, tmp_path / "labels.nii", scan.source)
    back = read_nifti(tmp_path / "labels.nii")
    assert (back.source.qform_code, back.source.sform_code) == (0, 0)
    assert back.geometry.matches(scan.geometry)
    cropped = scan.crop(((1, 4), (0, 3), (0, 4)))
    write_nifti(cropped.array, cropped.geometry, tmp_path / "crop.nii", cropped.source)
    assert read_nifti(tmp_path / "crop.nii").geometry.matches(cropped.geometry)


def test_fresh_geometry_is_stored_twice_unless_sheared(tmp_path: Path) -> None:
    for shear, expected in ((0.0, (1, 1)), (0.5, (0, 1))):
        affine = SFORM.copy()
        affine[0, 1] = shear
        geometry = Geometry(SHAPE, affine)
        write_nifti(np.zeros(SHAPE, np.uint8), geometry, tmp_path / "x.nii", Source("DICOM"))
        back = read_nifti(tmp_path / "x.nii")
        assert (back.source.qform_code, back.source.sform_code) == expected
        assert back.geometry.matches(geometry)
        assert codes(back.notices) == (["sheared"] if shear else [])
