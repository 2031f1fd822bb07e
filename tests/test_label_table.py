from pathlib import Path

import pytest

from napari_seg.imaging.label_colours import Colour, colour_of
from napari_seg.imaging.label_table import Label, LabelTable


def test_tsv_round_trip_keeps_names_colours_and_codes(tmp_path: Path) -> None:
    table = LabelTable(
        (
            Label(7, "Milz, größer", (1, 2, 255), "78961009"),
            Label(2, 'liver "left"', (250, 128, 0)),
        )
    )
    table.write_tsv(tmp_path / "labels.tsv")
    assert LabelTable.read_tsv(tmp_path / "labels.tsv") == table


def test_tsv_is_a_bids_table(tmp_path: Path) -> None:
    LabelTable((Label(2, "liver", (255, 0, 16)),)).write_tsv(tmp_path / "labels.tsv")
    assert (tmp_path / "labels.tsv").read_text() == "index\tname\tcolor\n2\tliver\t#ff0010\n"


def test_foreign_table_is_read_without_colours_and_background(tmp_path: Path) -> None:
    path = tmp_path / "x_dseg.tsv"
    path.write_text("index\tabbreviation\tname\n0\tBG\tbackground\n3\tGM\tgrey matter\n")
    assert LabelTable.read_tsv(path).names == {3: "grey matter"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"value,name\n1,liver\n", "'index' and 'name'", id="other columns"),
        pytest.param(b"", "'index' and 'name'", id="empty"),
        pytest.param(b"index\tname\none\tliver\n", "not a table of labels", id="no number"),
        pytest.param(b"index\tname\n1\ta\n1\tb\n", "each value", id="value twice"),
        pytest.param(b"\xff\xfe\x00", "no text", id="binary"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.tsv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        LabelTable.read_tsv(tmp_path / "bad.tsv")


def test_completed_names_values_without_a_row() -> None:
    table = LabelTable.from_names({2: "liver"}).completed([0, 2, 420])
    assert table.names == {2: "liver", 420: "label 420"}


def test_keep_passes_over_unknown_values() -> None:
    assert LabelTable.from_names({1: "a", 2: "b"}).keep([2, 9]).names == {2: "b"}


def test_value_of_ignores_case_and_names_the_known_ones() -> None:
    table = LabelTable.from_names({1: "Liver", 2: "Spleen"})
    assert table.value_of("spleen") == 2
    with pytest.raises(ValueError, match="the labels are 'Liver', 'Spleen'"):
        table.value_of("kidney")
    with pytest.raises(ValueError, match="the values are 1, 2"):
        table.name_of(3)


def test_colours_of_neighbouring_values_differ() -> None:
    table = LabelTable.from_names({value: str(value) for value in range(1, 60)})
    assert len({label.colour for label in table}) == 59


def test_background_is_no_label() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Label(0, "background", (0, 0, 0))


def test_a_name_is_one_line_and_never_blank() -> None:
    assert Label(7, "left\r\nkidney\t2", (0, 0, 0)).name == "left  kidney 2"
    assert Label(7, " \n", (0, 0, 0)).name == "label 7"


def test_tsv_keeps_the_status_in_a_column_of_its_own(tmp_path: Path) -> None:
    table = LabelTable((Label(1, "liver", (1, 2, 3), status="done"), Label(2, "spleen", (4, 5, 6))))
    table.write_tsv(tmp_path / "labels.tsv")
    text = (tmp_path / "labels.tsv").read_text()
    assert text.splitlines()[:2] == ["index\tname\tcolor\tstatus", "1\tliver\t#010203\tdone"]
    assert LabelTable.read_tsv(tmp_path / "labels.tsv") == table


def test_another_programs_status_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x_dseg.tsv"
    path.write_text("index\tname\tstatus\n1\tliver\tapproved by A.\n2\tspleen\tDone\n")
    assert [label.status for label in LabelTable.read_tsv(path)] == ["not started", "done"]


def test_a_status_is_one_of_four() -> None:
    with pytest.raises(ValueError, match="not started, in progress, done, flagged, got 'maybe'"):
        Label(1, "liver", (0, 0, 0), status="maybe")


def test_an_index_written_as_a_fraction_is_read_where_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x_dseg.tsv"
    path.write_bytes(b"index\tname\r\n1.0\tliver\r\n 12 \tspleen\r\n")
    assert LabelTable.read_tsv(path).names == {1: "liver", 12: "spleen"}
    path.write_text("index\tname\n1.5\tliver\n")
    with pytest.raises(ValueError, match=r"of labels: the index '1\.5' is no whole number"):
        LabelTable.read_tsv(path)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ('1\t"liver\n2\tspleen\n', {1: '"liver', 2: "spleen"}),
        ('1\t"liver\n2\tspleen"\n3\tkidney\n', {1: '"liver', 2: 'spleen"', 3: "kidney"}),
        ('1\tliver 5"\n2\t5" and 6" apart\n', {1: 'liver 5"', 2: '5" and 6" apart'}),
        ('1\t"5"" of liver"\n2\t"spleen"', {1: '5" of liver', 2: "spleen"}),
        ('1\t"left\tliver"\r\n2\t"left\nspleen"\r\n', {1: "left liver", 2: "left spleen"}),
        ('1\t"liver" left\n\n2\t"\n', {1: '"liver" left', 2: '"'}),
    ],
    ids=["one stray", "two stray", "within", "quoted", "tab and line", "begun"],
)
def test_quotes_of_bids_and_of_programs_that_quote(
    tmp_path: Path, cells: str, names: dict[int, str]
) -> None:
    path = tmp_path / "seg.tsv"
    path.write_bytes(f"index\tname\n{cells}".encode())
    assert LabelTable.read_tsv(path).names == names


@pytest.mark.parametrize("name", ['"', '"liver', 'liver"', 'a "b" c', '""', "n/a", " liver "])
def test_any_name_comes_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "seg.tsv"
    LabelTable.from_names({1: name, 2: "spleen"}).write_tsv(path)
    assert LabelTable.read_tsv(path).names == {1: name, 2: "spleen"}


@pytest.mark.parametrize(
    ("stated", "colour"),
    [
        ("#0180ff", (1, 128, 255)),
        ("0180FF", (1, 128, 255)),
        ("#F80", (255, 136, 0)),
        ("#f808", (255, 136, 0)),
        ("#0180ff40", (1, 128, 255)),
        ("Red", (255, 0, 0)),
        ("rgb(1, 128, 255)", (1, 128, 255)),
        ("n/a", colour_of(3)),
        ("", colour_of(3)),
        ("reddish", colour_of(3)),
        ("rgb(1, 300, 0)", colour_of(3)),
    ],
)
def test_colours_are_read_as_css_writes_them(
    tmp_path: Path, stated: str, colour: tuple[int, int, int]
) -> None:
    path = tmp_path / "x_dseg.tsv"
    path.write_text(f"index\tname\tcolor\n3\tliver\t{stated}\n")
    assert LabelTable.read_tsv(path).label(3).colour == colour


@pytest.mark.parametrize("name", ["n/a", ""])
def test_a_missing_name_is_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x_dseg.tsv"
    path.write_text(f"index\tname\tcolor\n3\t{name}\t#0180ff\n")
    assert LabelTable.read_tsv(path).names == {3: "label 3"}


@pytest.mark.parametrize("colour", [(1, 2), (0.5, 0.2, 0.1), (1, 2, 3, 4), (1, 2, 300)], ids=str)
def test_a_colour_is_three_whole_numbers(colour: Colour) -> None:
    with pytest.raises(ValueError, match="a colour is red, green and blue"):
        Label(1, "liver", colour)


def test_a_value_is_a_whole_number() -> None:
    with pytest.raises(ValueError, match=r"a whole number of at least 1, got 1\.5"):
        Label(1.5, "liver", (1, 2, 3))  # type: ignore[arg-type]
