import pytest

from napari_seg.imaging.file_formats import case_name, is_label_name, suffix_of


@pytest.mark.parametrize(
    ("name", "case", "suffix"),
    [
        ("a b 1.5T.nii.gz", "a b 1.5T", ".nii.gz"),
        ("größe.NRRD", "größe", ".nrrd"),
        ("IM0001", "IM0001", ""),
        ("scan.gz", "scan.gz", ""),
        (".nii.gz", ".nii.gz", ""),
    ],
)
def test_a_name_is_case_and_suffix(name: str, case: str, suffix: str) -> None:
    assert (case_name(name), suffix_of(name)) == (case, suffix)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("labelsTr/hippocampus_001.nii.gz", True),
        ("imagesTr/hippocampus_001.nii.gz", False),
        ("sub-01_dseg.nii.gz", True),
        ("torso_ct_labels.nii.gz", True),
        ("mask.png", True),
        ("Segmentation.seg.nrrd", True),
        ("unmasked.nii.gz", False),
    ],
)
def test_labels_are_told_by_name_or_folder(path: str, expected: bool) -> None:
    assert is_label_name(path) is expected
