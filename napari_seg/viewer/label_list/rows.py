"""One row of the table of labels: all that is known of a label, at one moment."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_seg.imaging.label_colours import Colour
    from napari_seg.imaging.label_table import Label


class Row(NamedTuple):
    """What the table shows of one label.

    Attributes
    ----------
    value
        The number of its voxels.
    name
        What a person calls it.
    colour
        Red, green, blue, each 0 to 255, as seen on the canvas.
    volume_ml
        None while it is being counted, nan where it is not known.
    is_locked, is_visible
        Whether no tool may change it, and whether it is seen.
    status
        How far a person has come with it, one of `label_table.STATUSES`.
    """

    value: int
    name: str
    colour: Colour
    volume_ml: float | None
    is_locked: bool
    is_visible: bool
    status: str

    @property
    def volume_text(self) -> str:
        """The volume in millilitres, as many digits as are worth reading.

        Examples
        --------
        >>> [Row(1, "", (0, 0, 0), ml, False, True, "").volume_text for ml in (1.714, 1423.4, 0.0)]
        ['1.71', '1423', '0']
        """
        if self.volume_ml is None:
            return "…"
        if isnan(self.volume_ml):
            return "–"
        if self.volume_ml < 0.005:
            return "<0.01" if self.volume_ml else "0"
        return (
            f"{self.volume_ml:.{2 if self.volume_ml < 100 else 1 if self.volume_ml < 1000 else 0}f}"
        )


def row_of(
    label: Label,
    volume_ml: float | None,
    *,
    colours: Mapping[int, Colour],
    locked: Collection[int],
    hidden: Collection[int],
) -> Row:
    """Make the row of a label.

    Parameters
    ----------
    label
        Of the table.
    volume_ml
        As `Row` says.
    colours
        What is seen of those labels that have another colour on the canvas than in the table.
    locked, hidden
        The values that are.
    """
    value = label.value
    return Row(
        value,
        label.name,
        colours.get(value, label.colour),
        volume_ml,
        value in locked,
        value not in hidden,
        label.status,
    )
