"""Read a foreign bundle's configs without running them, and say what would run code."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Classes that only compute on the arrays they are handed: no file, no import, no callable
# is reached through their arguments. A name that is missing here is refused, not guessed.
_NETWORKS = (
    "AHNet AttentionUnet BasicUNet BasicUNetPlusPlus DynUNet MedNeXt SegResNet SegResNetDS "
    "SegResNetVAE SwinUNETR UNet UNETR UNet VNet"
)
_TRANSFORMS = (
    "Activationsd AsDiscreted AsDiscreteD BorderPadd CastToTyped CenterSpatialCropd Compose "
    "CropForegroundd DivisiblePadd EnsureTyped FillHolesd Flipd Invertd "
    "KeepLargestConnectedComponentd LabelToMaskd MeanEnsembled NormalizeIntensityd Orientationd "
    "RemoveSmallObjectsd Resized ResizeWithPadOrCropd Rotate90d ScaleIntensityd "
    "ScaleIntensityRanged ScaleIntensityRangePercentilesd ShiftIntensityd Spacingd SpatialPadd "
    "SqueezeDimd ThresholdIntensityd ToTensord"
)
_INFERERS = "SimpleInferer SlidingWindowInferer SliceInferer"
_ALLOWED = {
    **dict.fromkeys(_NETWORKS.split(), "monai.networks.nets"),
    **dict.fromkeys(_TRANSFORMS.split(), "monai.transforms"),
    **dict.fromkeys(_INFERERS.split(), "monai.inferers"),
}
_REFERENCE = re.compile(r"@([A-Za-z_]\w*)(?:(?:#|::)\w+)*")
_PLAIN_REFERENCE = re.compile(r"@[A-Za-z_]\w*(?:(?:#|::)\w+)*")


def referenced_ids(value: Any) -> set[str]:
    """Name the top-level ids that a piece of a config refers to by ``@id``."""
    return {
        match.group(1)
        for _, leaf in _leaves("", value)
        if isinstance(leaf, str) and leaf.startswith(("@", "$"))
        for match in _REFERENCE.finditer(leaf)
    }


def lines_that_run_code(config: Mapping[str, Any]) -> list[str]:
    """List each place of a config that would run more than known, harmless classes.

    Nothing is imported or evaluated.

    Parameters
    ----------
    config
        Plain JSON or YAML content: the ids to check, each with its value.

    Returns
    -------
    list of str
        Lines such as ``"network_def#filters: $[16] * 4"``; empty if the config is plain data,
        references, and classes that only compute on the arrays they are handed.

    Examples
    --------
    >>> lines_that_run_code({"inferer": {"_target_": "SimpleInferer"}})
    []
    >>> lines_that_run_code({"inferer": {"_target_": "os.system", "command": "ls"}})
    ['inferer#_target_: os.system']
    """
    return [f"{place}: {leaf}" for place, leaf in _leaves("", config) if _runs_code(place, leaf)]


def unknown_classes(config: Mapping[str, Any]) -> list[str]:
    """List each place of a config that names a class which MONAI does not have.

    Only names without a module, and those in the modules of known classes, are looked at: no other
    module is imported.

    Returns
    -------
    list of str
        Lines as of `lines_that_run_code`, with a class of a similar name where there is one.
    """
    return [
        f"{place}: {leaf}{_similar(leaf)}"
        for place, leaf in _leaves("", config)
        if place.rsplit("#", 1)[-1] == "_target_" and isinstance(leaf, str) and _is_unknown(leaf)
    ]


def dangling_references(config: Mapping[str, Any]) -> list[str]:
    """Name the references such as ``"@network_def"`` to what a config lacks."""
    leaves = (leaf for _, leaf in _leaves("", config) if isinstance(leaf, str))
    plain = {leaf for leaf in leaves if _PLAIN_REFERENCE.fullmatch(leaf)}
    return sorted(leaf for leaf in plain if not _is_there(config, re.split("#|::", leaf[1:])))


def _is_there(value: Any, steps: list[str]) -> bool:
    for step in steps:
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            # Through a reference MONAI finds its way, or tells.
            return isinstance(value, str) and value.startswith("@")
    return True


def _is_unknown(target: str) -> bool:
    module, _, name = target.rpartition(".")
    if module:
        return module in _ALLOWED.values() and not hasattr(import_module(module), name)
    from monai.bundle import ComponentLocator

    return ComponentLocator().get_component_module_name(name) is None


def _similar(target: str) -> str:
    close = get_close_matches(target.rpartition(".")[2], _ALLOWED, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _runs_code(place: str, leaf: Any) -> bool:
    if not isinstance(leaf, str):
        return False
    key = place.rsplit("#", 1)[-1]
    if key == "_target_":
        return not _is_allowed_class(leaf)
    if key == "_mode_":
        return leaf != "default"
    if leaf.startswith("@"):
        return _PLAIN_REFERENCE.fullmatch(leaf) is None
    # "$" is an expression; "%" pastes in text from another file or place.
    return leaf.startswith(("$", "%"))


def _is_allowed_class(target: str) -> bool:
    module, _, name = target.rpartition(".")
    return name in _ALLOWED and module in ("", _ALLOWED[name])


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        children: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list):
        children = iter(enumerate(value))
    else:
        yield place, value
        return
    for key, child in children:
        yield from _leaves(f"{place}#{key}" if place else str(key), child)
