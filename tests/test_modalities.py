import pytest

from napari_seg.imaging.modalities import known_modality


@pytest.mark.parametrize(
    ("stated", "known"), [("CT", "CT"), ("ct", "CT"), (" mR ", "MR"), ("Smith", ""), ("", "")]
)
def test_a_modality_is_one_of_dicom_or_nothing(stated: str, known: str) -> None:
    assert known_modality(stated) == known
