"""What a bundle's metadata says of where its subject lies: a template, and boxes in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Three = tuple[float, float, float]

_MOST_MM = 2000.0
_MOST_MEGABYTES = 64


@dataclass(frozen=True)
class TemplateBox:
    """A box in a template, which the network sees alone.

    Attributes
    ----------
    name
        Put before the names of its labels, such as ``"left"``.
    centre_mm
        In the template's RAS+ millimetres.
    size_mm
        Along the box's own axes.
    rotation_degrees
        Of these axes, about the template's x, then y, then z.
    """

    name: str
    centre_mm: Three
    size_mm: Three
    rotation_degrees: Three = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Locator:
    """How a bundle finds its place in a scan.

    Attributes
    ----------
    template
        A small scan within the bundle's folder.
    boxes
        In it; each is segmented by itself.
    least_score
        Below it the scan does not show what the template shows.
    spacing_mm
        Of the voxels that a box is cut into.
    """

    template: Path
    boxes: tuple[TemplateBox, ...]
    least_score: float
    spacing_mm: float = 1.0

    def require_template(self) -> Path:
        """Return the template, which a bundle may lack as long as nobody looks for a place.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If it is too large to be one.
        """
        if not self.template.is_file():
            raise FileNotFoundError(f"the bundle lacks its template '{self.template.name}'")
        if self.template.stat().st_size > _MOST_MEGABYTES * 1_000_000:
            raise ValueError(f"'{self.template.name}' is larger than {_MOST_MEGABYTES} MB")
        return self.template

    @property
    def box_names(self) -> tuple[str, ...]:
        """The name of each box."""
        return tuple(box.name for box in self.boxes)


def read_locator(metadata: Mapping[str, Any], folder: Path) -> Locator | None:
    """Read the locator that a bundle's metadata names; None where it names none.

    Nothing of the bundle is run, and its template is not opened.

    Parameters
    ----------
    metadata
        The content of ``configs/metadata.json``.
    folder
        The bundle's folder.

    Raises
    ------
    ValueError
        If it makes no sense, or its template lies outside the folder.
    """
    said = metadata.get("locator")
    if said is None:
        return None
    try:
        boxes = tuple(
            TemplateBox(
                name=str(box["name"]),
                centre_mm=_three(box["centre_mm"], "centre_mm"),
                size_mm=_three(box["size_mm"], "size_mm", least=1),
                rotation_degrees=_three(box.get("rotation_degrees", (0, 0, 0)), "rotation_degrees"),
            )
            for box in said["boxes"]
        )
        locator = Locator(
            template=_inside(folder, said["template"]),
            boxes=boxes,
            least_score=float(said["least_score"]),
            spacing_mm=float(said.get("spacing_mm", 1.0)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the locator of the bundle {folder.name!r} lacks {error}; it must give template, "
            "least_score, and boxes with name, centre_mm and size_mm"
        ) from error
    if not boxes or len(set(locator.box_names)) < len(boxes):
        raise ValueError("a locator needs boxes, each with a name of its own")
    if not 0 < locator.least_score < 1 or not 0.1 <= locator.spacing_mm <= 10:
        raise ValueError("a locator's least_score lies between 0 and 1, its spacing_mm 0.1 to 10")
    return locator


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    # A bundle comes from anywhere: it may name no other file of this computer.
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"the template of {folder.name!r} must lie in its folder, got {name!r}")
    return path


def _three(values: Any, what: str, *, least: float = -_MOST_MM) -> Three:
    numbers = [float(value) for value in values]
    if len(numbers) != 3 or not all(isfinite(n) and least <= n <= _MOST_MM for n in numbers):
        raise ValueError(f"a box's {what} must be three sensible numbers, got {values}")
    return numbers[0], numbers[1], numbers[2]
