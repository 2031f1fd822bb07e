"""What a MONAI bundle says of itself, read from its configs without running any of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_seg.segmentation.fingerprint import Fingerprint, read_fingerprint
from napari_seg.segmentation.locating.locator import Locator, read_locator
from napari_seg.segmentation.mirror_axes import read_mirror_axes

Config = dict[str, Any]

_KINDS = {list: "a list", str: "text", int: "a number", float: "a number", bool: "a truth value"}
_MEND = "fetch the bundle again, or correct that file"

# What the one output of a network is called by metadata that name nothing it draws.
_BACKGROUND = ("background", "bg", "")

SHIPPED_VARIANTS: tuple[str | None, ...] = (None, "two_d")


@dataclass(frozen=True)
class BundleDescription:
    """What a bundle says of itself, read without running any of it.

    Attributes
    ----------
    locator
        How it finds its place in a scan; None where it cannot.
    fingerprint
        What it was trained on; None where nothing is said.
    mirror_axes
        The axes of a prepared scan along which it was also trained on mirrored scans; None where
        nothing is said.
    flat_axis
        The axis of a prepared scan that the slices of a 2D network are stacked along; None in 3D,
        and where its config does not state it as a number.
    """

    folder: Path
    variant: str | None
    name: str
    version: str
    spatial_dims: int
    in_channels: int
    labels: tuple[tuple[int, str], ...]
    channel_names: tuple[str, ...]
    is_shipped: bool = False
    locator: Locator | None = None
    fingerprint: Fingerprint | None = None
    mirror_axes: tuple[int, ...] | None = None
    flat_axis: int | None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels that the network draws, without the background."""
        return tuple(name for _, name in self.labels)

    @property
    def title(self) -> str:
        """A short name for a list, such as ``"Hippocampus, 3D"``."""
        return f"{self.name}, {self.spatial_dims}D"


def shipped_bundle_folder() -> Path:
    """Return the folder of the bundle that comes with napari-seg.

    Raises
    ------
    FileNotFoundError
        If the installation lacks it.
    """
    package = Path(__file__).resolve().parents[1]
    # The repository first: an editable install leaves a stale copy beside the package.
    for folder in (package.parent / "monai_bundle", package / "monai_bundle"):
        if (folder / "configs" / "metadata.json").is_file():
            return folder
    raise FileNotFoundError("the shipped bundle is missing; install napari-seg again")


def describe_bundle(
    folder: str | Path | None = None, *, variant: str | None = None
) -> BundleDescription:
    """Read a bundle's name, dimension and labels; runs none of its code and loads no torch.

    Parameters
    ----------
    folder
        The bundle's folder, which holds ``configs``; None for the shipped one.
    variant
        An overlay in ``configs``, such as ``"two_d"``; None for the bundle as it stands.

    Raises
    ------
    FileNotFoundError
        If the folder, its metadata, the variant or the inference config of a 2D one is missing.
    ValueError
        If a config cannot be read, or the metadata lack the labels of ``outputs.pred``, or their
        locator, fingerprint or axes to mirror make no sense.
    """
    is_shipped = folder is None
    folder = Path(folder) if folder is not None else shipped_bundle_folder()
    _require_variant(folder, variant)
    metadata = read_config(folder, "metadata", variant and f"metadata_{variant}")
    locator, fingerprint = read_locator(metadata, folder), read_fingerprint(metadata)
    mirror_axes = read_mirror_axes(metadata)
    try:
        formats = metadata["network_data_format"]
        image, prediction = formats["inputs"]["image"], formats["outputs"]["pred"]
        labels = _labels(prediction)
        description = BundleDescription(
            folder=folder,
            variant=variant,
            name=str(metadata.get("name", folder.name)),
            version=str(metadata["version"]),
            spatial_dims=len(image["spatial_shape"]),
            in_channels=int(image["num_channels"]),
            labels=tuple((value, labels[value]) for value in sorted(labels) if value > 0),
            channel_names=_in_order(image.get("channel_def", {})),
            is_shipped=is_shipped,
            locator=locator,
            fingerprint=fingerprint,
            mirror_axes=mirror_axes,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"the metadata of the bundle {folder.name!r} lacks {error}; it must give version and "
            "network_data_format with inputs.image and outputs.pred.channel_def"
        ) from error
    return description if description.spatial_dims != 2 else _with_flat_axis(description)


def _labels(prediction: dict[str, Any]) -> dict[int, str]:
    labels = {int(value): str(name) for value, name in prediction["channel_def"].items()}
    is_single = list(labels) == [0] and prediction.get("num_channels", 1) == 1
    if is_single and labels[0].strip().casefold() not in _BACKGROUND:
        # Of a single score a threshold makes label 1.
        return {1: labels[0]}
    return labels


def _in_order(channels: dict[Any, Any]) -> tuple[str, ...]:
    """Return the names of channels by their numbers, however the file lists them."""
    numbers = list(channels)
    if all(str(number).isdecimal() for number in numbers):
        numbers.sort(key=int)
    return tuple(str(channels[number]) for number in numbers)


def _with_flat_axis(description: BundleDescription) -> BundleDescription:
    config = read_config(description.folder, "inference", description.variant)
    inferer = config.get("inferer")
    # As MONAI's SliceInferer takes it where none is stated.
    stated = inferer.get("spatial_dim", 0) if isinstance(inferer, dict) else None
    if isinstance(stated, str):
        stated = config.get(stated.removeprefix("@"))
    is_axis = type(stated) is int and 0 <= stated <= 2
    return replace(description, flat_axis=stated if is_axis else None)


def _require_variant(folder: Path, variant: str | None) -> None:
    configs = folder / "configs"
    ends = (".json", ".yaml", ".yml")
    # A folder that is no bundle at all is told of as such.
    if variant is None or not any((configs / f"metadata{end}").is_file() for end in ends):
        return
    start = "metadata_"
    found = {path.stem for path in configs.glob(f"{start}*") if path.suffix in ends}
    if start + variant not in found:
        known = sorted(repr(stem.removeprefix(start)) for stem in found)
        choice = f"choose one of {', '.join(known)}, or none" if known else "choose none"
        raise FileNotFoundError(
            f"the bundle {folder.name!r} has no variant {variant!r}; {choice} for the bundle as "
            "it stands"
        )


def read_config(folder: Path, name: str, overlay: str | None) -> Config:
    """Read one config of a bundle, with an overlay of ``id: value`` laid over it.

    Parameters
    ----------
    folder
        The bundle's folder.
    name, overlay
        Files in ``configs``, without their ``.json`` or ``.yaml``; no overlay where None.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing.
    ValueError
        If a file is no JSON or YAML dictionary.
    """
    config = _read_file(folder, name)
    for key, value in (_read_file(folder, overlay) if overlay else {}).items():
        _replace(config, key.split("#"), value)
    return config


def _read_file(folder: Path, name: str) -> Config:
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no bundle folder {folder.name!r}; check the path, or choose no model for "
            "the shipped one"
        )
    for path in (folder / "configs" / f"{name}{suffix}" for suffix in (".json", ".yaml", ".yml")):
        if path.is_file():
            break
    else:
        raise FileNotFoundError(
            f"{folder.name!r} is not a MONAI bundle: it has no configs/{name}.json; choose the "
            "folder that holds configs and models"
        )
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, OSError, yaml.YAMLError) as error:
        raise ValueError(
            f"configs/{path.name} of {folder.name!r} cannot be read: {error}; {_MEND}"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(
            f"configs/{path.name} of {folder.name!r} must hold a dictionary, got "
            f"{_KINDS.get(type(content), 'nothing')}; {_MEND}"
        )
    return content


def _replace(config: Any, place: list[str], value: Any) -> None:
    """Set one id of an overlay; ids of parts that this config lacks are for other configs."""
    *parents, last = place
    for step in parents:
        if isinstance(config, list) and int(step) < len(config):
            config = config[int(step)]
        elif isinstance(config, dict) and step in config:
            config = config[step]
        else:
            return
    config[int(last) if isinstance(config, list) else last] = value
