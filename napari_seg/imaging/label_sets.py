"""Sets of labels that belong together, and how a table departs from one."""

from __future__ import annotations

from dataclasses import dataclass

from napari_seg.imaging.label_colours import colour_of
from napari_seg.imaging.label_table import Label, LabelTable


@dataclass(frozen=True)
class LabelSet:
    """Values, names and colours that several label maps share.

    Parameters
    ----------
    name
        What people call the set, such as ``"Brain, FreeSurfer's values"``.
    table
        Its labels.
    """

    name: str
    table: LabelTable


def departures(table: LabelTable, agreed: LabelSet) -> tuple[str, ...]:
    """Name what differs between a table and the set that it was made from; colours may differ.

    Examples
    --------
    >>> organs = LabelSet("Organs", LabelTable.from_names({1: "liver", 2: "spleen"}))
    >>> departures(LabelTable.from_names({1: "hepar", 7: "cyst"}), organs)
    ("1 is 'hepar' and not 'liver'", "2 'spleen' is missing", "7 'cyst' is not of the set")
    """
    found = []
    names, wanted = table.names, agreed.table.names
    for value in sorted({*names, *wanted}):
        if value not in names:
            found.append(f"{value} '{wanted[value]}' is missing")
        elif value not in wanted:
            found.append(f"{value} '{names[value]}' is not of the set")
        elif names[value].casefold() != wanted[value].casefold():
            found.append(f"{value} is '{names[value]}' and not '{wanted[value]}'")
    return tuple(found)


# Values as TotalSegmentator 2 writes them, those of a first look at abdomen and chest.
_ORGANS = {
    1: "spleen",
    2: "right kidney",
    3: "left kidney",
    4: "gallbladder",
    5: "liver",
    6: "stomach",
    7: "pancreas",
    8: "right adrenal gland",
    9: "left adrenal gland",
    15: "oesophagus",
    18: "small bowel",
    19: "duodenum",
    20: "colon",
    21: "urinary bladder",
    51: "heart",
    52: "aorta",
    63: "inferior vena cava",
    64: "portal and splenic vein",
}
_LUNG_LOBES = {
    10: "left upper lobe",
    11: "left lower lobe",
    12: "right upper lobe",
    13: "right middle lobe",
    14: "right lower lobe",
    16: "trachea",
}
# Values as FreeSurfer and SynthSeg write them, and their colours: value on the left, on the right.
_PAIRS_OF_THE_BRAIN = {
    "cerebral white matter": (2, 41, (220, 220, 220)),
    "cerebral cortex": (3, 42, (205, 62, 78)),
    "lateral ventricle": (4, 43, (120, 18, 134)),
    "cerebellar white matter": (7, 46, (220, 248, 164)),
    "cerebellar cortex": (8, 47, (230, 148, 34)),
    "thalamus": (10, 49, (0, 118, 14)),
    "caudate": (11, 50, (122, 186, 220)),
    "putamen": (12, 51, (236, 13, 176)),
    "pallidum": (13, 52, (12, 48, 255)),
    "hippocampus": (17, 53, (220, 216, 20)),
    "amygdala": (18, 54, (103, 255, 255)),
    "accumbens area": (26, 58, (255, 165, 0)),
}
_MIDDLE_OF_THE_BRAIN = (
    Label(14, "third ventricle", (204, 182, 142)),
    Label(15, "fourth ventricle", (42, 204, 164)),
    Label(16, "brain stem", (119, 159, 176)),
    Label(24, "cerebrospinal fluid", (90, 90, 140)),
)


def _brain() -> LabelTable:
    pairs = [
        Label(value, f"{side} {name}", colour)
        for name, (left, right, colour) in _PAIRS_OF_THE_BRAIN.items()
        for side, value in (("left", left), ("right", right))
    ]
    return LabelTable((*pairs, *_MIDDLE_OF_THE_BRAIN))


def _lesion() -> LabelTable:
    return LabelTable((Label(1, "lesion", colour_of(1)),))


PRESETS = (
    LabelSet("Organs of the trunk", LabelTable.from_names(_ORGANS)),
    LabelSet("Lobes of the lungs", LabelTable.from_names(_LUNG_LOBES)),
    LabelSet("Brain, structures", _brain()),
    LabelSet(
        "Brain, tissues",
        LabelTable.from_names({1: "grey matter", 2: "white matter", 3: "cerebrospinal fluid"}),
    ),
    LabelSet(
        "Brain tumour",
        LabelTable.from_names({1: "necrotic core", 2: "oedema", 3: "enhancing tumour"}),
    ),
    LabelSet("One lesion", _lesion()),
)
"""Sets to begin with: the values are those that widespread programs and data sets use."""
