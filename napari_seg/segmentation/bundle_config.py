"""What of a bundle's config is used, and whether what it names is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.segmentation.trust import (
    dangling_references,
    lines_that_run_code,
    referenced_ids,
    unknown_classes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_seg.segmentation.bundle_description import Config

    _FileSteps = Callable[[Config], list[Config]]

# The plugin reads and writes files itself: these steps of a foreign bundle are left out.
_FILE_STEPS = frozenset(
    {"LoadImaged", "LoadImageD", "EnsureChannelFirstd", "EnsureChannelFirstD", "SaveImaged"}
)


def needed_config(whole: Config, folder_name: str) -> tuple[Config, str]:
    """Cut a config down to the four ids that are used and what they refer to.

    Returns
    -------
    dict, str
        The config, and which id prepares a scan. Steps that read or write files are switched off
        in their places, for references count places.

    Raises
    ------
    ValueError
        If one of the four is missing.
    """
    prepare = "prepare" if "prepare" in whole else "preprocessing"
    wanted = ["network_def", prepare, "inferer", "postprocessing"]
    missing = [name for name in wanted if name not in whole]
    if missing:
        raise ValueError(f"configs/inference of {folder_name!r} lacks {', '.join(missing)}")
    return _config_with(whole, wanted, _switched_off), prepare


def config_with(whole: Config, wanted: Sequence[str]) -> Config:
    """Cut a config down to some ids and what they refer to, without reading and writing of files."""
    return _config_with(whole, wanted, _left_out)


def _config_with(whole: Config, wanted: Sequence[str], file_steps: _FileSteps) -> Config:
    wanted = list(wanted)
    needed: Config = {}
    while wanted:
        name = wanted.pop()
        if name not in needed and name in whole:
            needed[name] = _changed(whole[name], file_steps)
            wanted.extend(referenced_ids(needed[name]))
    return needed


def require_classes(config: Config, lines: Sequence[str], name: str) -> None:
    """Raise ``ValueError`` where all lines that are refused name classes that there are not.

    Parameters
    ----------
    config
        As from `needed_config`.
    lines
        Of it that would run more than known classes.
    name
        Of the bundle.
    """
    unknown = unknown_classes(config)
    if len(unknown) == len(lines):
        raise ValueError(
            f"the bundle {name!r} cannot be built: MONAI has no such class: {'; '.join(unknown)}"
        )


def require_references(config: Config, name: str) -> None:
    """Raise ``ValueError`` where a config refers to what it lacks."""
    missing = dangling_references(config)
    if missing:
        lacking = ", ".join(repr(one) for one in missing)
        raise ValueError(
            f"the bundle {name!r} cannot be built: its configs/inference refers to {lacking}, which "
            "it lacks"
        )


def _changed(value: Any, file_steps: _FileSteps) -> Any:
    """Put what `file_steps` gives in the place of each step that reads or writes files."""
    if isinstance(value, dict):
        return {key: _changed(child, file_steps) for key, child in value.items()}
    if isinstance(value, list):
        parts = [
            file_steps(child) if _is_file_step(child) else [_changed(child, file_steps)]
            for child in value
        ]
        return [child for part in parts for child in part]
    return value


def _left_out(_step: Config) -> list[Config]:
    return []


def _switched_off(step: Config) -> list[Config]:
    """Give a step that MONAI leaves out, with the plain arguments that others may refer to."""
    plain = {
        key: value
        for key, value in step.items()
        if not referenced_ids(value) and not lines_that_run_code({key: value})
    }
    return [{**plain, "_target_": "Compose", "_disabled_": True}]


def _is_file_step(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("_target_")).split(".")[-1] in _FILE_STEPS
