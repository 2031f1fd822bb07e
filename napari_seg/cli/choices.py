"""What the options of ``napari-seg segment`` ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import typer

from napari_seg.cli.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_seg.imaging.geometry import Region
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.run_settings import RunSettings


@dataclass(frozen=True)
class Choices:
    """What the options of ``napari-seg segment`` ask for, the same for each scan."""

    settings: RunSettings
    series: tuple[str | int | None, ...] = ()
    repair: bool = False
    overwrite: bool = False
    overlay: bool = False
    channels: tuple[Path, ...] = ()
    volume: int | None = None
    new_uids: bool = False
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)

    @cached_property
    def description(self) -> BundleDescription:
        """What the bundle says of itself."""
        from napari_seg.segmentation.bundle_description import describe_bundle

        return describe_bundle(self.settings.folder, variant=self.settings.variant)

    @cached_property
    def bundle(self) -> Bundle:
        """The bundle, or several as one, loaded when it is first used."""
        from napari_seg.segmentation.ensemble import load_models

        settings = self.settings
        return load_models(
            settings.folder,
            variant=settings.variant,
            further=settings.further,
            folds=settings.folds,
        )

    def command(self, labels: Path) -> str:
        """Give the command line that repeats one scan, quoted for a shell.

        ``SCAN`` stands for the file, whose name may be that of a patient; the record tells it by
        its hash. So does ``CHANNEL_2`` for that of the second channel.
        """
        more = []
        for one in self.series:
            more += ["--series", "-" if one is None else str(one)]
        for number, _ in enumerate(self.channels, start=2):
            more += ["--channel", f"CHANNEL_{number}"]
        more += [] if self.volume is None else ["--volume", str(self.volume)]
        more += ["--new-uids"] * self.new_uids
        more += ["--repair"] * self.repair + ["--overlay"] * self.overlay + ["--overwrite"]
        return self.settings.command("SCAN", labels.name, more=more)

    def as_options(self) -> dict[str, Any]:
        """Give the choices as plain values for a record."""
        series = self.series[0] if len(self.series) == 1 else list(self.series) or None
        own = {"series": series, "volume": self.volume, "repair": self.repair}
        return {**self.settings.as_options(), **own}

    def series_of(self, channel: int) -> str | int | None:
        """Return which series is chosen of a channel, from 0: the scan itself."""
        return self.series[channel] if channel < len(self.series) else None


def parse_models(models: Sequence[Path]) -> tuple[Path | None, tuple[Path, ...]]:
    """Return the first bundle, None for the shipped one, and the further ones of an ensemble.

    A folder that holds bundles stands for all of them.

    Raises
    ------
    typer.BadParameter
        If the shipped one is named after another.
    """
    from napari_seg.segmentation.ensemble import bundles_in
    from napari_seg.segmentation.run_settings import SHIPPED

    is_shipped = [str(model) == SHIPPED for model in models]
    if any(is_shipped[1:]):
        raise typer.BadParameter(f"{SHIPPED} comes first, and once", param_hint="--model")
    found = [
        bundle
        for model, shipped in zip(models, is_shipped, strict=True)
        if not shipped
        for bundle in bundles_in(model)
    ]
    if not models or is_shipped[0]:
        return None, tuple(found)
    return found[0], tuple(found[1:])


def parse_mirror(text: str, models: Sequence[Path | None], variant: str | None) -> tuple[int, ...]:
    """Read axes such as ``i,k``, or ``all`` that each of the models was trained on.

    Raises
    ------
    typer.BadParameter
        If `text` has another form, or there is no axis that all models were trained on.
    """
    if text.strip() == "all":
        return _all_mirror_axes(models, variant)
    words = [word.strip() for word in text.split(",")]
    if not set(words) <= {"i", "j", "k"}:
        raise typer.BadParameter(
            f"expected all, or some of i,j,k, got {text!r}", param_hint="--mirror"
        )
    return tuple(sorted({"ijk".index(word) for word in words}))


def _all_mirror_axes(models: Sequence[Path | None], variant: str | None) -> tuple[int, ...]:
    from napari_seg.segmentation.bundle_description import describe_bundle
    from napari_seg.segmentation.mirror_axes import all_mirror_axes, why_no_mirror_axes

    descriptions = [describe_bundle(model, variant=variant) for model in models]
    reason = why_no_mirror_axes(descriptions)
    if reason:
        raise typer.BadParameter(reason, param_hint="--mirror")
    return all_mirror_axes(descriptions)


def parse_region(text: str) -> Region | Literal["auto"]:
    """Read ``i0:i1,j0:j1,k0:k1`` or ``auto``.

    Raises
    ------
    typer.BadParameter
        If `text` has another form.
    """
    if text.strip().lower() == "auto":
        return "auto"
    parts = [re.fullmatch(r"\s*(-?\d+):(-?\d+)\s*", part) for part in text.split(",")]
    ranges = [(int(part[1]), int(part[2])) for part in parts if part]
    if len(parts) != 3 or len(ranges) != 3:
        raise typer.BadParameter(
            f"expected auto, or i0:i1,j0:j1,k0:k1 in voxels, such as 10:60,0:48,20:70, got {text!r}",
            param_hint="--region",
        )
    first, second, third = ranges
    return first, second, third
