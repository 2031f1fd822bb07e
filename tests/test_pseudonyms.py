from pathlib import Path

import pytest

from napari_seg.cli.pseudonyms import HiddenNames, Pseudonyms, read_pseudonyms


def table(folder: Path, text: str) -> Path:
    path = folder / "names.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("mark", [",", "\t"], ids=["commas", "tabs"])
def test_a_case_is_found_by_the_name_of_its_file_or_without_its_end(tmp_path, mark):
    text = f"case{mark}pseudonym\nDoe_Jane.nii.gz{mark}A01\nroe{mark}A-2\n"
    names = read_pseudonyms(table(tmp_path, text))
    assert names.of(tmp_path / "Doe_Jane.nii.gz") == "A01"
    assert names.of(tmp_path / "roe.mha") == names.of(tmp_path / "roe") == "A-2"


def test_a_case_without_a_pseudonym_is_not_named():
    with pytest.raises(ValueError, match="a scan has no pseudonym") as raised:
        Pseudonyms({"roe": "A2"}).of(Path("Doe_Jane.nii.gz"))
    assert "Doe" not in str(raised.value)


def test_without_pseudonyms_each_case_keeps_its_name():
    assert Pseudonyms().of(Path("roe.nii.gz")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,code\na,b\n", "first line must be 'case,pseudonym'"),
        ("case,pseudonym\n", "names no case"),
        ("case,pseudonym\nDoe,A1\nDoe,A2\n", "line 3: this case or pseudonym"),
        ("case,pseudonym\nDoe,A1\nRoe,A1\n", "line 3: this case or pseudonym"),
        ("case,pseudonym\nDoe,A1\nRoe,a1\n", "line 3: this case or pseudonym"),
        ("case,pseudonym\nDoe,../A1\n", "line 2: expected a case and a pseudonym"),
        ("case,pseudonym\nDoe\n", "line 2: expected a case and a pseudonym"),
        ("case,pseudonym\nDoe,..\n", "line 2: expected a case and a pseudonym"),
    ],
    ids=[
        "columns",
        "empty",
        "case twice",
        "pseudonym twice",
        "capitals",
        "path",
        "missing",
        "dots",
    ],
)
def test_a_bad_table_is_refused_without_naming_a_case(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as raised:
        read_pseudonyms(table(tmp_path, text))
    assert "Doe" not in str(raised.value)


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "names.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="it is no text"):
        read_pseudonyms(path)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("keeps its voxels in 'O'Doe.raw', which", "keeps its voxels in '…', which"),
        ('of the bundle "O\'Doe" cannot be read', "of the bundle '…' cannot be read"),
        ("set its kind to 'list' in the header", "set its kind to 'list' in the header"),
    ],
    ids=["apostrophe", "other marks", "our own word"],
)
def test_what_is_quoted_is_hidden_unless_it_is_our_own_word(tmp_path, message, shown):
    assert HiddenNames.of((tmp_path / "x.nii",), "A01").hide(message) == shown
