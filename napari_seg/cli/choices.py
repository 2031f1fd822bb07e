"""What the options of ``napari-seg segment`` ask for."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from napari_seg.imaging.geometry import Region
    from napari_seg.segmentation.bundle import Bundle


@dataclass(frozen=True)
class Choices:
    """What the options of ``napari-seg segment`` ask for, the same for each scan."""

    model: Path | None = None
    variant: str | None = None
    device: str = "auto"
    overlap: float = 0.25
    region: Region | None = None
    labels: tuple[str, ...] | None = None
    keep_largest: bool = False
    min_ml: float = 0.0
    series: str | int | None = None
    repair: bool = False
    overwrite: bool = False
    overlay: bool = False

    @cached_property
    def bundle(self) -> Bundle:
        """The bundle, loaded when it is first used."""
        from napari_seg.segmentation.bundle import load_bundle

        return load_bundle(self.model, variant=self.variant)

    def command(self, scan: Path, labels: Path) -> str:
        """Give the command line that repeats one scan, quoted for a shell."""
        words = ["napari-seg", "segment", str(scan.resolve()), "-o", str(labels.resolve())]
        if self.model is not None:
            words += ["--model", str(self.model.resolve())]
        if self.variant is not None:
            words += ["--variant", self.variant]
        words += ["--device", self.device, "--overlap", str(self.overlap)]
        if self.region is not None:
            words.append("--region=" + ",".join(f"{start}:{stop}" for start, stop in self.region))
        if self.labels is not None:
            words += ["--labels", ",".join(self.labels)]
        if self.min_ml:
            words += ["--min-ml", str(self.min_ml)]
        if self.series is not None:
            words += ["--series", str(self.series)]
        for flag in ("keep_largest", "repair", "overlay"):
            if getattr(self, flag):
                words.append("--" + flag.replace("_", "-"))
        return shlex.join([*words, "--overwrite"])

    def as_options(self) -> dict[str, Any]:
        """Give the choices as plain values for a record."""
        return {
            "overlap": self.overlap,
            "region": self.region,
            "labels": self.labels,
            "keep_largest": self.keep_largest,
            "min_ml": self.min_ml,
            "series": self.series,
            "repair": self.repair,
        }


def parse_region(text: str) -> Region:
    """Read ``i0:i1,j0:j1,k0:k1``.

    Raises
    ------
    typer.BadParameter
        If `text` has another form.
    """
    parts = [re.fullmatch(r"\s*(-?\d+):(-?\d+)\s*", part) for part in text.split(",")]
    ranges = [(int(part[1]), int(part[2])) for part in parts if part]
    if len(parts) != 3 or len(ranges) != 3:
        raise typer.BadParameter(
            f"expected i0:i1,j0:j1,k0:k1 in voxels, such as 10:60,0:48,20:70, got {text!r}",
            param_hint="--region",
        )
    first, second, third = ranges
    return first, second, third
