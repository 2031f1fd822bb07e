"""What the values of a label map mean: name, colour and code of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from pathlib import Path

from napari_seg.imaging.label_colours import Colour, colour_of, stated_colour
from napari_seg.imaging.saving import write_text

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# BIDS knows no quotes, but programs put a cell in some: one that ends before a tab or on its line.
# Any other quote is a part of the name.
_CELL = re.compile(r'(?:"((?:[^"\r\n]|"")*)"|"((?:[^"\t]|"")*)"|([^\t\r\n]*))(\t|\r\n|\n|\r|\Z)')
# How BIDS writes an empty cell; in quotes it is a text.
_NOTHING = "n/a"

STATUSES = ("not started", "in progress", "done", "flagged")
"""How far a person has come with a label; the first is that of a label nobody spoke of."""


@dataclass(frozen=True)
class Label:
    """One structure of a label map.

    Parameters
    ----------
    value
        The number of its voxels, at least 1: 0 is background.
    name
        What a person calls it, in one line: control characters become spaces, and a blank name
        becomes one such as "label 7".
    colour
        Red, green, blue, each 0 to 255.
    code
        A code of a terminology such as SNOMED CT; ``None`` where none is known.
    status
        How far a person has come with it, one of `STATUSES`.
    """

    value: int
    name: str
    colour: Colour
    code: str | None = None
    status: str = STATUSES[0]

    def __post_init__(self) -> None:
        if not _is_whole(self.value) or self.value < 1:
            raise ValueError(
                f"a label's value must be a whole number of at least 1, got {self.value}"
            )
        if self.status not in STATUSES:
            raise ValueError(f"a status is one of {', '.join(STATUSES)}, got '{self.status}'")
        known = [part for part in self.colour if _is_whole(part) and 0 <= part <= 255]
        if len(known) != 3 or len(self.colour) != 3:
            raise ValueError(
                f"a colour is red, green and blue as whole numbers from 0 to 255, got {self.colour}"
            )
        name = _CONTROL.sub(" ", self.name)
        object.__setattr__(self, "name", name if name.strip() else f"label {self.value}")


@dataclass(frozen=True)
class LabelTable:
    """The structures of a label map, in rising order of their values.

    Raises
    ------
    ValueError
        If two labels share a value.

    Examples
    --------
    >>> LabelTable.from_names({2: "liver", 7: "spleen"}).value_of("spleen")
    7
    """

    labels: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        labels = tuple(sorted(self.labels, key=lambda label: label.value))
        for one, following in pairwise(labels):
            if one.value == following.value:
                raise ValueError(
                    f"each value may stand for one label, but {one.value} is both "
                    f"'{one.name}' and '{following.name}'"
                )
        object.__setattr__(self, "labels", labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def from_names(cls, names: Mapping[int, str]) -> LabelTable:
        """Build a table from the name of each value, with a fixed colour for each value."""
        return cls(tuple(Label(value, name, colour_of(value)) for value, name in names.items()))

    @property
    def names(self) -> dict[int, str]:
        """The name of each value."""
        return {label.value: label.name for label in self.labels}

    def label(self, value: int) -> Label:
        """Return the label of a value; ``ValueError`` where the table has none."""
        for label in self.labels:
            if label.value == value:
                return label
        known = ", ".join(str(label.value) for label in self.labels) or "none"
        raise ValueError(f"no label has the value {value}; the values are {known}")

    def name_of(self, value: int) -> str:
        """Return the name of a value; ``ValueError`` where the table has none."""
        return self.label(value).name

    def value_of(self, name: str) -> int:
        """Return the value of a name, its case ignored; ``ValueError`` where no label has it."""
        for label in self.labels:
            if label.name.casefold() == name.casefold():
                return label.value
        known = ", ".join(f"'{label.name}'" for label in self.labels) or "none"
        raise ValueError(f"no label is called '{name}'; the labels are {known}")

    def keep(self, values: Iterable[int]) -> LabelTable:
        """Return the table of these values only; a value without a row is passed over."""
        wanted = set(values)
        return LabelTable(tuple(label for label in self.labels if label.value in wanted))

    def completed(self, values: Iterable[int]) -> LabelTable:
        """Return the table with a row such as "label 7" added for each value that has none."""
        missing = sorted({int(value) for value in values} - set(self.names) - {0})
        added = (Label(value, f"label {value}", colour_of(value)) for value in missing)
        return LabelTable((*self.labels, *added))

    def write_tsv(
        self, path: str | Path, *, more: Mapping[str, Mapping[int, str]] | None = None
    ) -> None:
        """Write the table as a BIDS ``dseg.tsv``; for errors see `saving.replace_file`."""
        write_text(path, self.tsv_text(more))

    def tsv_text(self, more: Mapping[str, Mapping[int, str]] | None = None) -> str:
        """Return a BIDS ``dseg.tsv``: index, name, color, and code and status if any.

        Parameters
        ----------
        more
            Further columns: what each says of each value.
        """
        columns: dict[str, Mapping[int, str]] = {}
        if any(label.code for label in self.labels):
            columns["code"] = {label.value: label.code for label in self.labels if label.code}
        if any(label.status != STATUSES[0] for label in self.labels):
            columns["status"] = {label.value: label.status for label in self.labels}
        columns |= more or {}
        rows = [["index", "name", "color", *columns]]
        for label in self.labels:
            colour = "#{:02x}{:02x}{:02x}".format(*label.colour)
            said = (column.get(label.value) for column in columns.values())
            cells = (_NOTHING if cell is None else _cell(cell) for cell in said)
            rows.append([str(label.value), _cell(label.name), colour, *cells])
        return "".join("\t".join(row) + "\n" for row in rows)

    @classmethod
    def read_tsv(cls, path: str | Path) -> LabelTable:
        """Read a BIDS ``dseg.tsv``; a row of value 0 (background) is passed over.

        A label without a name (``n/a``) gets one such as "label 7", one without a colour that can
        be read the fixed one of its value; `tables.unread_colours` tells of the latter.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no table with the columns ``index`` and ``name``, or a row makes no sense.
        """
        rows = _rows(Path(path))
        try:
            return cls(tuple(_label_of(row) for row in rows if _index(row) != 0))
        except (TypeError, ValueError) as error:
            raise ValueError(f"'{Path(path).name}' is not a table of labels: {error}") from error


def read_tsv_column(path: Path, column: str) -> dict[int, str]:
    """Read what a further column of a table says of each value; empty where there is none.

    Raises
    ------
    FileNotFoundError, ValueError
        As `LabelTable.read_tsv` does.
    """
    said = ((_whole(row["index"]), row.get(column)) for row in _rows(path))
    return {index: cell for index, cell in said if index is not None and index >= 0 and cell}


def has_tsv_column(path: Path, column: str) -> bool:
    """Tell whether a table has a column, were it without rows; errors as `LabelTable.read_tsv`."""
    return column in _lines(path)[0]


def _rows(path: Path) -> list[dict[str, str | None]]:
    header, *rows = _lines(path)
    nothing = dict.fromkeys(header)
    return [nothing | dict(zip(header, row, strict=False)) for row in rows]


def _lines(path: Path) -> list[list[str]]:
    """Read the cells of each line, the first of which names the columns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path.name}' is not a table of labels: it is no text") from error
    lines = [line for line in _cells(text) if line != [""]] or [[]]
    if not {"index", "name"} <= set(lines[0]):
        raise ValueError(
            f"'{path.name}' is not a table of labels: its first line must hold the columns "
            "'index' and 'name', parted by tabs"
        )
    return lines


def _cell(text: str) -> str:
    """Write a cell, in quotes where it would be read as something else."""
    if text != _NOTHING and not re.search(r'["\t\r\n]', text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _cells(text: str) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    for cell in _CELL.finditer(text):
        quoted, plain = cell[1] if cell[1] is not None else cell[2], cell[3]
        plain = "" if plain == _NOTHING else plain
        rows[-1].append(plain if quoted is None else quoted.replace('""', '"'))
        if cell[4] != "\t":
            rows.append([])
    return rows[:-1]


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral)


def _index(row: Mapping[str, str | None]) -> int:
    index = _whole(row["index"])
    if index is None:
        stated = (row["index"] or "").strip()
        raise ValueError(f"the index '{stated[:20]}' is no whole number")
    return index


def _whole(stated: str | None) -> int | None:
    # Programs that know missing numbers write whole ones as 1.0.
    whole = re.fullmatch(r"([+-]?\d+)(\.0*)?", (stated or "").strip())
    return None if whole is None else int(whole[1])


def _label_of(row: Mapping[str, str | None]) -> Label:
    value = _index(row)
    code, status = row.get("code"), (row.get("status") or "").strip().lower()
    return Label(
        value,
        row["name"] or f"label {value}",
        stated_colour(row.get("color") or "") or colour_of(value),
        code or None,
        # Another program may say other things in a column of that name.
        status if status in STATUSES else STATUSES[0],
    )
