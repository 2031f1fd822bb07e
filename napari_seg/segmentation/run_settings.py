"""What a person chose for one run of a bundle, on the command line and in the panel alike."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_seg.imaging.label_edits import keep_largest, remove_islands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.imaging.geometry import Region
    from napari_seg.imaging.scan import LabelMap
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.execution import Precision

SHIPPED = "shipped"
"""The word for the bundle that comes with napari-seg, where models are named."""

ENTROPY = "entropy"
"""The word for the entropy of all labels, where maps are named."""


@dataclass(frozen=True)
class RunSettings:
    """What a person chose for a run.

    Attributes
    ----------
    folder
        The bundle's folder; None for the shipped one.
    variant
        The overlay of the bundle, such as ``"two_d"``.
    device
        As in `execution.choose_device`.
    precision
        ``"exact"`` or ``"fast"``, as in `execution.Precision`.
    overlap
        Of neighbouring windows, from 0 to below 1.
    region
        Ranges of voxels ``(i, j, k)``; ``"auto"`` to let the model find its place; None for the
        whole scan.
    labels
        Names of the labels to keep; None for all.
    keep_largest
        Whether only the largest part of each label is kept.
    min_ml
        Parts of a label smaller than this are dropped.
    skip_air
        Whether windows of one value throughout, and of air, run once for each value.
    mirror
        Axes of the prepared scan along which windows are mirrored, too.
    maps
        Labels whose probabilities are wanted, or ``"entropy"``.
    further
        Folders of further bundles, whose scores are averaged with those of the first.
    folds
        Whether all folds of each bundle are averaged.
    """

    folder: Path | None = None
    variant: str | None = None
    device: str = "auto"
    precision: Precision = "exact"
    overlap: float = 0.25
    region: Region | Literal["auto"] | None = None
    labels: tuple[str, ...] | None = None
    keep_largest: bool = False
    min_ml: float = 0.0
    skip_air: bool = True
    mirror: tuple[int, ...] = ()
    maps: tuple[str, ...] = ()
    further: tuple[Path, ...] = ()
    folds: bool = False

    @property
    def model(self) -> tuple[Any, ...]:
        """What makes runs repeat each other: bundles, overlay, and whether it finds its place.

        Labels of a model that finds its place have names and values of their own.
        """
        return self.folder, self.variant, self.finds_place, self.further, self.folds

    @property
    def finds_place(self) -> bool:
        """Whether the model finds its place in the scan by itself."""
        return self.region == "auto"

    @property
    def averages(self) -> str:
        """What the labels are the mean of, for their name; empty for a single network."""
        folds = "all folds of " * self.folds
        if self.further:
            return f"mean of {folds}{1 + len(self.further)} models"
        return "mean of all folds" * self.folds

    @property
    def box(self) -> Region | None:
        """The region, where it is one of voxels."""
        return None if self.region == "auto" else self.region

    def for_segment(self) -> dict[str, Any]:
        """Give what `inference.segment` takes, but for the device that was found."""
        return {
            "precision": self.precision,
            "overlap": self.overlap,
            "region": self.region,
            "labels": self.labels,
            "skip_air": self.skip_air,
            "mirror": self.mirror,
            "maps": self.maps,
        }

    def clean(self, labels: LabelMap) -> LabelMap:
        """Drop the parts of labels that are not wanted."""
        array = keep_largest(labels.array) if self.keep_largest else labels.array
        if self.min_ml:
            volume = labels.geometry.voxel_volume_ml
            array = remove_islands(array, min_ml=self.min_ml, voxel_volume_ml=volume)
        return labels.with_array(array)

    def as_options(self) -> dict[str, Any]:
        """Give the choices as plain values for a record, without the bundle and the device."""
        options = dict(vars(self))
        for recorded_elsewhere in ("folder", "variant", "device", "further", "folds"):
            del options[recorded_elsewhere]
        return options

    def command(self, scan: str, labels: str, *, more: Sequence[str] = ()) -> str:
        """Give the command line that repeats the run, quoted for a shell.

        Parameters
        ----------
        scan, labels
            The files, or words that stand for them.
        more
            Options that are not settings of the run.
        """
        words = ["napari-seg", "segment", scan, "-o", labels]
        if self.folder is not None or self.further:
            for folder in (self.folder, *self.further):
                words += ["--model", SHIPPED if folder is None else str(folder.resolve())]
        words += ["--folds"] * self.folds
        if self.variant is not None:
            words += ["--variant", self.variant]
        words += ["--device", self.device, "--precision", self.precision]
        words += ["--overlap", str(self.overlap)]
        if self.region == "auto":
            words.append("--region=auto")
        elif self.region is not None:
            # A range may start below 0: with "=" it is not taken for an option.
            words.append("--region=" + ",".join(f"{start}:{stop}" for start, stop in self.region))
        if self.labels is not None:
            words += ["--labels", ",".join(self.labels)]
        if self.keep_largest:
            words.append("--keep-largest")
        if self.min_ml:
            words += ["--min-ml", str(self.min_ml)]
        words += ["--no-skip-air"] * (not self.skip_air)
        if self.mirror:
            words += ["--mirror", ",".join("ijk"[axis] for axis in self.mirror)]
        if self.maps:
            words += ["--probabilities", ",".join(self.maps)]
        return shlex.join([*words, *more])


def settings_of(bundle: Bundle) -> RunSettings:
    """Return the settings that a loaded bundle stands for, all else by default."""
    return RunSettings(
        folder=None if bundle.description.is_shipped else bundle.folder,
        variant=bundle.variant,
        further=bundle.ensemble.further if bundle.ensemble else (),
        folds=bool(bundle.ensemble and bundle.ensemble.folds),
    )
