"""One odd DICOM file or folder, and what is to become of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Millimetres = tuple[float, float, float]
Index = tuple[int, int, int]


@dataclass(frozen=True)
class Case:
    """A folder or file that `build` makes, and its verdict.

    Parameters
    ----------
    name
        What is odd about it.
    build
        Makes it in the folder it is given, and returns what is to be read. A case of real bytes
        is given the paths of the real slices, too.
    is_real
        Whether it is made of real bytes.
    options
        For `read_scan`.
    places
        RAS+ mm of two voxels at least, by hand from the tags: x and y of DICOM with the sign
        changed. Empty where it is refused.
    values
        What voxels hold: by hand.
    real_slices
        Which real slice lies at each k; the test takes its pixels from SimpleITK.
    shape
        Of the array, where it matters.
    notices
        The codes of the notices, in their order.
    refused
        A pattern that the message matches; empty where it is read.
    error
        The kind of error, as `napari_seg` or Python names it.
    """

    name: str
    build: Callable[..., Path]
    is_real: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    places: dict[Index, Millimetres] = field(default_factory=dict)
    values: dict[Index, float] = field(default_factory=dict)
    real_slices: dict[int, int] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    notices: tuple[str, ...] = ()
    refused: str = ""
    error: str = "ValueError"
