"""What the values of a label map mean: name, colour and code of each."""

from __future__ import annotations

import colorsys
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from napari_seg.imaging.saving import write_text

Colour = tuple[int, int, int]

# Apart from each other and from grey, for the eyes of the colour-blind too (after Okabe and Ito,
# then Tol); later values walk the colour circle.
_PALETTE: tuple[Colour, ...] = (
    (230, 97, 60),
    (64, 160, 230),
    (92, 190, 100),
    (240, 200, 60),
    (190, 110, 210),
    (60, 200, 190),
    (245, 140, 170),
    (160, 120, 80),
    (120, 130, 230),
    (170, 200, 50),
)
_GOLDEN_RATIO = 0.618034


@dataclass(frozen=True)
class Label:
    """One structure of a label map.

    Parameters
    ----------
    value
        The number of its voxels, at least 1: 0 is background.
    name
        What a person calls it.
    colour
        Red, green, blue, each 0 to 255.
    code
        A code of a terminology such as SNOMED CT; ``None`` where none is known.
    """

    value: int
    name: str
    colour: Colour
    code: str | None = None

    def __post_init__(self) -> None:
        if self.value < 1:
            raise ValueError(f"a label's value must be at least 1, got {self.value}")
        if not all(0 <= part <= 255 for part in self.colour):
            raise ValueError(f"a colour has parts from 0 to 255, got {self.colour}")


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
        return cls(tuple(Label(value, name, _colour_of(value)) for value, name in names.items()))

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
        added = (Label(value, f"label {value}", _colour_of(value)) for value in missing)
        return LabelTable((*self.labels, *added))

    def write_tsv(self, path: str | Path) -> None:
        """Write the table as a BIDS ``dseg.tsv``: index, name, color, and code where one is known.

        Raises
        ------
        OSError
            If the file cannot be written; see `saving.replace_file`.
        """
        with_codes = any(label.code for label in self.labels)
        text = io.StringIO()
        writer = csv.writer(text, delimiter="\t", lineterminator="\n")
        writer.writerow(["index", "name", "color", *(["code"] if with_codes else [])])
        for label in self.labels:
            colour = "#{:02x}{:02x}{:02x}".format(*label.colour)
            code = [label.code or "n/a"] if with_codes else []
            writer.writerow([label.value, label.name, colour, *code])
        write_text(path, text.getvalue())

    @classmethod
    def read_tsv(cls, path: str | Path) -> LabelTable:
        """Read a BIDS ``dseg.tsv``; a row of value 0 (background) is passed over.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no table with the columns ``index`` and ``name``, or a row makes no sense.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"'{path.name}' is not a table of labels: it is no text") from error
        rows = csv.DictReader(io.StringIO(text), delimiter="\t")
        if not {"index", "name"} <= set(rows.fieldnames or ()):
            raise ValueError(
                f"'{path.name}' is not a table of labels: its first line must hold the columns "
                "'index' and 'name', parted by tabs"
            )
        try:
            return cls(tuple(_label_of(row) for row in rows if int(row["index"]) != 0))
        except (TypeError, ValueError) as error:
            raise ValueError(f"'{path.name}' is not a table of labels: {error}") from error


def _label_of(row: Mapping[str, str | None]) -> Label:
    value = int(row["index"] or "")
    colour = re.fullmatch(r"#?([0-9a-fA-F]{6})", (row.get("color") or "").strip())
    code = row.get("code")
    return Label(
        value,
        row["name"] or f"label {value}",
        _colour_of(value) if colour is None else _parts(bytes.fromhex(colour[1])),
        None if code in (None, "", "n/a") else code,
    )


def _parts(colour: bytes) -> Colour:
    red, green, blue = colour
    return red, green, blue


def _colour_of(value: int) -> Colour:
    if value <= len(_PALETTE):
        return _PALETTE[value - 1]
    hue = value * _GOLDEN_RATIO % 1
    parts = colorsys.hls_to_rgb(hue, 0.5 + 0.15 * (value % 2), 0.65)
    return _parts(bytes(round(255 * part) for part in parts))
