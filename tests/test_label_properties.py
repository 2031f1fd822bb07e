"""Whatever the names, what is read back equals what was written."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_seg import (
    Geometry,
    Label,
    LabelMap,
    LabelTable,
    read_label_table,
    read_labels,
    write_label_table,
    write_labels,
    write_masks,
)

# Whatever UTF-8 can hold.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
CODES = st.none() | st.from_regex(r"[0-9]{1,18}", fullmatch=True)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@st.composite
def tables(draw: st.DrawFn) -> LabelTable:
    values = draw(st.lists(st.integers(1, 65535), min_size=1, max_size=4, unique=True))
    return LabelTable(
        tuple(Label(value, draw(NAMES), draw(COLOURS), draw(CODES)) for value in values)
    )


@pytest.mark.parametrize("suffix", [".tsv", ".txt", ".ctbl"])
@settings(max_examples=40, deadline=None)
@given(table=tables())
def test_tables(suffix: str, table: LabelTable) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        write_label_table(table, path)
        assert read_label_table(path) == table


@pytest.mark.parametrize("name", ["x.nii", "x.seg.nrrd", "masks"])
@settings(max_examples=15, deadline=None)
@given(table=tables())
def test_label_files(name: str, table: LabelTable) -> None:
    array = np.zeros((3, 2, 2), np.uint16)
    array.flat[: len(table)] = [label.value for label in table]
    labels = LabelMap(array, Geometry((3, 2, 2), np.eye(4)), table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write = write_masks if name == "masks" else write_labels
        write(labels, path)
        back = read_labels(path)
    assert back.table == table
    assert back.notices == ()
    assert np.array_equal(back.array, array)
