"""Load a MONAI bundle: its network and what stands around it, from its own configs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.label_table import LabelTable
from napari_seg.segmentation.bundle_config import (
    needed_config,
    require_classes,
    require_references,
)
from napari_seg.segmentation.bundle_description import (
    BundleDescription,
    describe_bundle,
    read_config,
)
from napari_seg.segmentation.single_output import with_single_output
from napari_seg.segmentation.trust import lines_that_run_code
from napari_seg.segmentation.weights import with_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from monai.data import MetaTensor
    from torch import nn

    from napari_seg.segmentation.execution import NetworkRunner


class BundleRefused(ValueError):
    """A bundle that would run code of its own; `lines` are the places in its configs."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.lines = tuple(lines)
        shown = "; ".join(lines)
        super().__init__(f"the bundle {name!r} is refused because it would run code: {shown}")


@dataclass(frozen=True)
class Ensemble:
    """What the scores of a bundle are the mean of, beside its own network.

    Attributes
    ----------
    further
        Folders of further bundles.
    folds
        Whether all folds of each took part.
    sha256
        Of each member.
    descriptions
        What the further bundles say of themselves.
    """

    further: tuple[Path, ...]
    folds: bool
    sha256: tuple[str, ...]
    descriptions: tuple[BundleDescription, ...] = ()


@dataclass(frozen=True, eq=False)
class Bundle:
    """A network ready to run, with all that stands around it.

    Attributes
    ----------
    network
        In evaluation mode, on the CPU.
    prepare, postprocess
        MONAI transforms of dictionaries: from ``{"image": (c, i, j, k)}`` to the network's grid
        and intensity, and from ``{"image": …, "pred": scores}`` to labels on the scan's grid.
    inferer
        The bundle's own MONAI inferer: window, overlap and weights.
    table
        The labels that the network draws, without the background.
    sha256
        Of the configs read, the weights, and the locator's template if there is one.
    ensemble
        The networks whose mean this is; None for a single one.
    """

    description: BundleDescription
    network: nn.Module
    prepare: Callable[[dict[str, MetaTensor]], dict[str, MetaTensor]]
    inferer: Any
    postprocess: Callable[[dict[str, MetaTensor]], dict[str, MetaTensor]]
    table: LabelTable
    sha256: str
    ensemble: Ensemble | None = None

    @cached_property
    def runner(self) -> NetworkRunner:
        """The network with the ways to run it that were found so far."""
        from napari_seg.segmentation.execution import NetworkRunner

        return NetworkRunner(lambda: self.network, self.sha256, name=self.name)

    @property
    def folder(self) -> Path:
        """Where the bundle lies."""
        return self.description.folder

    @property
    def variant(self) -> str | None:
        """The overlay in use, such as ``"two_d"``."""
        return self.description.variant

    @property
    def name(self) -> str:
        """The bundle's name, from its metadata."""
        return self.description.name

    @property
    def version(self) -> str:
        """The bundle's version, from its metadata."""
        return self.description.version

    @property
    def spatial_dims(self) -> int:
        """2 or 3: what the network's windows are."""
        return self.description.spatial_dims

    @property
    def in_channels(self) -> int:
        """How many channels the network expects."""
        return self.description.in_channels


def load_bundle(
    folder: str | Path | None = None,
    *,
    variant: str | None = None,
    checkpoint: str | None = None,
) -> Bundle:
    """Load a bundle's network and what stands around it.

    Of the configs only ``network_def``, ``prepare`` (else ``preprocessing``), ``inferer``,
    ``postprocessing`` and what they refer to are read; reading and writing of files is left out.

    Parameters
    ----------
    folder
        The bundle's folder; None for the shipped one.
    variant
        An overlay in ``configs``, such as ``"two_d"``; None for the bundle as it stands.
    checkpoint
        The weights in its folder ``models``; None for those that its config names.

    Raises
    ------
    FileNotFoundError
        If the folder, a config or the weights are missing.
    BundleRefused
        If what is read would run code of the bundle's own.
    ValueError
        If a config or the weights cannot be read, or do not fit each other.
    """
    description = describe_bundle(folder, variant=variant)
    folder = description.folder
    whole = read_config(folder, "inference", variant)
    config, prepare = needed_config(whole, folder.name)
    lines = lines_that_run_code(config)
    if lines:
        require_classes(config, lines, description.name)
        raise BundleRefused(description.name, lines)
    require_references(config, description.name)
    weights = _weights_file(folder, whole, checkpoint)

    from monai.bundle import ConfigParser

    parser = ConfigParser(config=config)
    try:
        parts = {
            name: parser.get_parsed_content(name)
            for name in ("network_def", prepare, "inferer", "postprocessing")
        }
    except (TypeError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        reason = str(error.__cause__ or error).splitlines()[0].rstrip(" ,.")
        raise ValueError(f"the bundle {description.name!r} cannot be built: {reason}") from error
    return Bundle(
        description=description,
        network=with_single_output(with_weights(parts["network_def"], weights, folder.name)),
        prepare=parts[prepare],
        inferer=parts["inferer"],
        postprocess=parts["postprocessing"],
        table=LabelTable.from_names(dict(description.labels)),
        sha256=_sha256(description, weights),
    )


def _weights_file(folder: Path, whole: Mapping[str, Any], checkpoint: str | None) -> Path:
    name = checkpoint or whole.get("ckpt_name", "model.pt")
    path = folder / "models" / (name if isinstance(name, str) else "model.pt")
    if path.parent != folder / "models":
        raise ValueError(
            f"the weights of {folder.name!r} must lie in its folder models, got {name!r}"
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"the bundle {folder.name!r} has no weights models/{path.name}; fetch them, or train "
            "it, and put them there"
        )
    return path


def _sha256(description: BundleDescription, weights: Path) -> str:
    folder, variant = description.folder, description.variant
    names = {"metadata", "inference"} | ({variant, f"metadata_{variant}"} if variant else set())
    digest = hashlib.sha256()
    for path in sorted((folder / "configs").iterdir()):
        if path.stem in names:
            digest.update(path.read_bytes())
    digest.update(weights.read_bytes())
    if description.locator is not None and description.locator.template.is_file():
        digest.update(description.locator.template.read_bytes())
    return digest.hexdigest()
