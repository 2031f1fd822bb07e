"""No text of a header is told in errors, notices or records, whichever field it stands in."""

import warnings
from pathlib import Path

import pydicom
import pytest
from dicom_slices import write_series
from odd_files.itk_cases import RAW, meta, nrrd
from planted import CANARY, SAMPLE, dicom, holders
from typer.testing import CliRunner, Result

from napari_seg import read_scan
from napari_seg.cli.commands import app

NRRD_FIELDS = {
    "type": CANARY,
    "dimension": CANARY,
    "space": CANARY,
    "space_dimension": CANARY,
    "sizes": f"6 5 {CANARY}",
    "spacings": f"1 2 {CANARY}",
    "thicknesses": f"1 2 {CANARY}",
    "axis_mins": f"1 2 {CANARY}",
    "axis_maxs": f"1 2 {CANARY}",
    "centerings": f"cell cell {CANARY}",
    "centers": f"cell cell {CANARY}",
    "kinds": f"domain domain {CANARY}",
    "labels": f'"a" "b" {CANARY}',
    "units": f'"{CANARY}" "" ""',
    "space_units": f'"{CANARY}" "mm" "mm"',
    "space_origin": f"(1,2,{CANARY})",
    "space_directions": f"(1,0,0) (0,2,0) {CANARY}",
    "measurement_frame": f"(1,0,0) (0,1,0) {CANARY}",
    "endian": CANARY,
    "encoding": CANARY,
    "block_size": CANARY,
    "min": CANARY,
    "old_min": CANARY,
    "old_max": CANARY,
    "sample_units": CANARY,
    "line_skip": CANARY,
    "byte_skip": CANARY,
    "number": CANARY,
    f"patient_{CANARY}": "x",
    f"{CANARY}:=x\n#": CANARY,
    f"{CANARY} was here\n#": CANARY,
}
META_FIELDS = {
    "ObjectType": CANARY,
    "NDims": CANARY,
    "BinaryData": CANARY,
    "BinaryDataByteOrderMSB": CANARY,
    "ElementByteOrderMSB": CANARY,
    "CompressedData": CANARY,
    "CompressedDataSize": CANARY,
    "TransformMatrix": f"1 0 0 0 1 0 0 0 {CANARY}",
    "Rotation": CANARY,
    "Offset": f"1 2 {CANARY}",
    "Position": CANARY,
    "CenterOfRotation": CANARY,
    "AnatomicalOrientation": CANARY,
    "ElementSpacing": f"1 2 {CANARY}",
    "ElementSize": f"1 2 {CANARY}",
    "DimSize": f"6 5 {CANARY}",
    "ElementType": f"MET_{CANARY}",
    "ElementNumberOfChannels": CANARY,
    "HeaderSize": CANARY,
    "DistanceUnits": CANARY,
    "Modality": f"MET_MOD_{CANARY}",
    "ElementToIntensityFunctionSlope": CANARY,
    "ElementToIntensityFunctionOffset": CANARY,
    "Name": CANARY,
    "PatientName": f"{CANARY}\nPatientName = x",
    CANARY: f"1\n{CANARY} = 2",
}
FILES = {
    **{f"NRRD {name}": ("x.nrrd", nrrd(**{name: value})) for name, value in NRRD_FIELDS.items()},
    "NRRD type twice": ("x.nrrd", nrrd().replace(b"sizes", f"type: {CANARY}\nsizes".encode(), 1)),
    "NRRD text": ("x.nrrd", nrrd(f"1 2 {CANARY}".encode(), encoding="ascii")),
    "NRRD magic": ("x.nrrd", nrrd().replace(b"NRRD0005", f"NRRD {CANARY}".encode(), 1)),
    "NRRD cut": ("x.nrrd", nrrd(RAW[:9], content_of=CANARY)),
    **{f"MHA {name}": ("x.mha", meta(**{name: value})) for name, value in META_FIELDS.items()},
}
DICOM_TEXTS = (
    *("Modality", "ImageType", "PhotometricInterpretation", "PixelSpacing", "RescaleSlope"),
    *("RescaleType", "InstanceNumber", "SeriesNumber", "NumberOfFrames", "SliceThickness"),
    *("ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "PatientID"),
    *("SeriesInstanceUID", "SOPClassUID", "SpecificCharacterSet", "EchoTime"),
)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def told_of(path: Path) -> str:
    """All that a reader says of a file: its error, or its notices and what is kept of the header."""
    try:
        scan = read_scan(path)
    except ValueError as error:
        return str(error)
    return f"{scan.notices} {scan.source.modality} {scan.channel_names}"


@pytest.mark.parametrize("case", FILES)
def test_no_field_of_a_header_is_quoted(tmp_path: Path, case: str) -> None:
    name, content = FILES[case]
    assert CANARY.encode() in content
    (tmp_path / name).write_bytes(content)
    told = told_of(tmp_path / name)
    assert CANARY.lower() not in told.lower()
    for word in ("_nrrd", "[nrrd]", "itk", "0x"):
        assert word not in told


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"type": "a"}, "no type that can be read; correct"),
        ({"space_origin": "(1,2,b)"}, "no space origin that can be read; correct"),
        ({"sizes": None}, "no sizes that can be read; correct"),
        ({"patient": "b"}, "a line of its header is no field of NRRD; take that line out"),
        ({"line_skip": "99999"}, "its header skips more of the file than there is"),
        ({"space_units": '"mile" "mm" "mm"'}, 'correct the space units in its header to "mm"'),
    ],
    ids=["type", "origin", "missing", "stray", "skip", "units"],
)
def test_the_field_of_nrrd_that_is_wrong_is_named_with_the_way_out(tmp_path, fields, named):
    (tmp_path / "x.nrrd").write_bytes(nrrd(**fields))
    with pytest.raises(ValueError, match=f"^'x.nrrd' .*{named}"):
        read_scan(tmp_path / "x.nrrd")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"Offset": "1 2 b"}, "states Offset in other than finite numbers; fetch"),
        ({"BinaryData": "b"}, "states BinaryData as neither True nor False; fetch"),
        ({"Offset": "1 2 3\nOffset = 1 2 4"}, "states Offset twice"),
        ({"b": "1\nb = 2"}, "states a field twice"),
    ],
    ids=["numbers", "truth", "twice", "unknown twice"],
)
def test_the_field_of_metaimage_that_is_wrong_is_named_with_the_way_out(tmp_path, fields, named):
    (tmp_path / "x.mha").write_bytes(meta(**fields))
    with pytest.raises(ValueError, match=f"^'x.mha' .*{named}"):
        read_scan(tmp_path / "x.mha")


@pytest.mark.parametrize(
    ("stated", "known"),
    [("MET_MOD_CT", "CT"), ("MET_MOD_MR", "MR"), ("MET_MOD_OTHER", None), ("MET_MOD_Doe", None)],
)
def test_a_modality_of_metaimage_is_one_of_dicom_or_none(tmp_path, stated, known):
    (tmp_path / "x.mha").write_bytes(meta(Modality=stated))
    assert read_scan(tmp_path / "x.mha").source.modality == known


def set_text(path: Path, name: str) -> None:
    """Write the planted word where pydicom itself would refuse it."""
    dataset = pydicom.dcmread(path)
    tag = pydicom.datadict.tag_for_keyword(name)
    kind = pydicom.datadict.dictionary_VR(tag)
    count = {"PixelSpacing": 2, "ImagePositionPatient": 3, "ImageOrientationPatient": 6}.get(
        name, 1
    )
    text = "\\".join([CANARY] * count).encode()
    text += b" " * (len(text) % 2)
    raw = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(tag), kind, len(text), text, 0, False, True
    )
    dataset._dict[raw.tag] = raw
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path, enforce_file_format=True)
    assert CANARY.encode() in path.read_bytes()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", DICOM_TEXTS)
def test_no_text_of_a_dicom_header_is_told(tmp_path: Path, name: str) -> None:
    series = write_series(tmp_path / "series", range(3))
    for path in (tmp_path / "series").iterdir():
        set_text(path, name)
    assert CANARY not in told_of(tmp_path / "series"), series


def test_a_modality_that_is_none_of_dicom_is_neither_noticed_nor_written(tmp_path: Path) -> None:
    series, output = dicom(tmp_path), tmp_path / "out"
    for path in series.iterdir():
        set_text(path, "Modality")
    names = tmp_path / "names.csv"
    names.write_text(f"case,pseudonym\n{CANARY},case-7\n", encoding="utf-8")
    result = run("segment", series, "-o", output, "--json", "--pseudonyms", names)
    assert result.exit_code == 0, result.output
    assert CANARY not in result.stdout + result.stderr
    assert holders(output) == []
    assert "other-modality" not in result.stdout


def test_an_output_that_cannot_be_written_is_told_without_its_folders(tmp_path: Path) -> None:
    (tmp_path / CANARY).write_bytes(b"a file in the place of a folder")
    names = tmp_path / "names.csv"
    names.write_text("case,pseudonym\nhippocampus_left,case-7\n", encoding="utf-8")
    place = tmp_path / CANARY / "out"
    result = run("segment", SAMPLE, "-o", place, "--json", "--pseudonyms", names)
    assert result.exit_code == 1
    assert "the output folder " in result.stderr
    assert CANARY not in result.stdout + result.stderr


def test_labels_that_are_there_already_are_told_without_their_folder(tmp_path: Path) -> None:
    (tmp_path / CANARY).mkdir()
    (tmp_path / CANARY / "case-7_dseg.nii.gz").write_bytes(b"")
    names = tmp_path / "names.csv"
    names.write_text("case,pseudonym\nhippocampus_left,case-7\n", encoding="utf-8")
    result = run("segment", SAMPLE, "-o", tmp_path / CANARY, "--pseudonyms", names)
    assert result.exit_code == 1
    assert "case-7_dseg.nii.gz is already there; --overwrite" in result.stderr
    assert CANARY not in result.stdout + result.stderr
