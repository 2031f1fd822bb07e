"""Say in our words what the NRRD library cannot read; its own quote the header."""

from __future__ import annotations

import re

_PLACES = (
    re.compile(r"trouble parsing ([a-z ]+) info \|"),
    re.compile(r"didn't see required field: ([a-z ]+)"),
    re.compile(r"already set field ([a-z ]+)"),
)
# By these names the library tells fields; anything else may stand in the header of a patient.
_FIELDS = frozenset(
    (
        *("type", "dimension", "space", "space dimension", "sizes", "spacings", "thicknesses"),
        *("axis mins", "axis maxs", "centerings", "kinds", "labels", "units", "space units"),
        *("space origin", "space directions", "measurement frame", "endian", "encoding"),
        *("block size", "min", "max", "old min", "old max", "content", "sample units"),
        *("line skip", "byte skip", "number", "data file"),
    )
)


def nrrd_error(name: str, told: str) -> str:
    """Say what is wrong with a file, and the way out, without a word of its header.

    Parameters
    ----------
    name
        Of the file.
    told
        What the library says; of its words only the name of a field is used.
    """
    found = {match[1] for place in _PLACES for match in place.finditer(told)} & _FIELDS
    if len(found) == 1:
        return (
            f"'{name}' is damaged: its header states no {found.pop()} that can be read; "
            "correct that field, or fetch or export the file again"
        )
    if "field identifier" in told:
        return (
            f"'{name}' is damaged: a line of its header is no field of NRRD; take that line out, "
            "or fetch or export the file again"
        )
    if "couldn't skip" in told:
        return (
            f"'{name}' is damaged: its header skips more of the file than there is; correct its "
            "line skip and byte skip, or fetch or export the file again"
        )
    return f"'{name}' is damaged, cut short or states an impossible grid; fetch or export it again"
