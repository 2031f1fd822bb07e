"""Whether several models prepare a scan and draw labels alike, so that they can be averaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.bundle_config import config_with, needed_config
from napari_seg.segmentation.bundle_description import read_config
from napari_seg.segmentation.slabs.window_weights import has_gaussian_weights, sigma_scales
from napari_seg.segmentation.windows import padding_of, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription, Config
    from napari_seg.segmentation.windows import Padding

# What metadata call a channel that they do not name.
_SAY_NOTHING = frozenset({"", "image"})
_LONGEST_VALUE = 80
# Of any part of a config, MONAI passes it over.
_REMARK = "_desc_"
# In the place of what one of two configs does not state; null is another value.
_NOT_STATED = object()


def why_not_alike(model: BundleDescription, other: BundleDescription) -> str:
    """Say what two models differ in, as far as they say it themselves; empty if in nothing."""
    if other.spatial_dims != model.spatial_dims:
        return f"it is a {other.spatial_dims}D network, the model is {model.spatial_dims}D"
    if other.in_channels != model.in_channels:
        return f"it takes {other.in_channels} channel(s), the model {model.in_channels}"
    there, here = _stated_channels(other), _stated_channels(model)
    if _are_in_another_order(there, here):
        return f"its channels are {', '.join(there)} in this order, the model's {', '.join(here)}"
    if other.labels != model.labels:
        return f"it draws {', '.join(other.label_names)}, not {', '.join(model.label_names)}"
    return ""


def notice_channel_names(model: BundleDescription, other: BundleDescription) -> tuple[Notice, ...]:
    """Say so where a model that is averaged with another calls its channels otherwise.

    It may mean the same by another word, so that it is no reason to refuse it.
    """
    there, here = _stated_channels(other), _stated_channels(model)
    if not there or not here or _folded(there) == _folded(here):
        return ()
    return (
        Notice(
            "other-channel-names",
            f"its channels are called {', '.join(there)}, those of the model that it is averaged "
            f"with {', '.join(here)}: make sure that they are the same",
            {"channels": ", ".join(there), "others": ", ".join(here)},
        ),
    )


def require_alike(members: Sequence[Bundle], names: Sequence[str]) -> None:
    """Refuse to average models that take, prepare or label a scan otherwise than the first one.

    Parameters
    ----------
    members
        The models, loaded.
    names
        Of each, for the error.

    Raises
    ------
    ValueError
        With what the two state.
    """
    first = members[0]
    for other, name in zip(members[1:], names[1:], strict=True):
        reason = (
            why_not_alike(first.description, other.description)
            or _why_other_classes(first, other)
            or _why_other_windows(first, other)
        )
        if reason:
            raise ValueError(f"'{name}' cannot be averaged with '{names[0]}': {reason}")
        reason = _why_other_steps(first, other)
        if reason:
            raise ValueError(
                f"models of an ensemble must be alike but for the network: '{name}' and "
                f"'{names[0]}' differ in {reason}"
            )


def _stated_channels(model: BundleDescription) -> tuple[str, ...]:
    """Return the names of a model's channels; empty where it tells nothing by them."""
    names = tuple(name.strip() for name in model.channel_names)
    if len(names) != model.in_channels or {name.casefold() for name in names} <= _SAY_NOTHING:
        return ()
    return names


def _are_in_another_order(there: Sequence[str], here: Sequence[str]) -> bool:
    """Tell whether a channel of one stands at another place in the other, whatever the rest is."""
    one, another = _folded(there), _folded(here)
    return any(a != b and (a in another or b in one) for a, b in zip(one, another, strict=False))


def _folded(names: Sequence[str]) -> list[str]:
    return [name.casefold() for name in names]


def _why_other_classes(model: Bundle, other: Bundle) -> str:
    """Say so where two networks state how many classes they score, and the numbers differ."""
    here, there = (
        read_config(one.folder, "inference", one.variant)["network_def"] for one in (model, other)
    )
    for name in ("out_channels", "num_classes"):
        stated = [net.get(name) for net in (here, there) if isinstance(net, dict)]
        if all(type(count) is int for count in stated) and len(set(stated)) > 1:
            return f"its network scores {stated[1]} classes, that of the model {stated[0]}"
    return ""


def _why_other_windows(model: Bundle, other: Bundle) -> str:
    """Say so where windows differ in what is used of them: not in overlap, weights and batch."""
    here, there = window_of(model.inferer), window_of(other.inferer)
    if there.flat_axis != here.flat_axis:
        return (
            f"its slices are stacked along {_axis(there.flat_axis)}, those of the model along "
            f"{_axis(here.flat_axis)}"
        )
    if there.shape != here.shape:
        return (
            f"its windows have {_size(there.shape)} voxels, those of the model {_size(here.shape)}"
        )
    paddings = [padding_of(one.inferer) for one in (other, model)]
    if paddings[0] != paddings[1]:
        return f"it fills up its windows with {_filling(paddings[0])}, the model with {_filling(paddings[1])}"
    # Constant weights have no width: those of the first model are taken.
    are_gaussian = all(has_gaussian_weights(one.inferer) for one in (other, model))
    scales = [sigma_scales(one.inferer) for one in (other, model)]
    if are_gaussian and scales[0] != scales[1]:
        return f"the widths of its windows' weights are {scales[0]}, those of the model {scales[1]}"
    return ""


def _filling(padding: Padding) -> str:
    return f"{padding.value:g}" if padding.mode == "constant" else f"padding_mode '{padding.mode}'"


def _axis(flat_axis: int | None) -> str:
    return "none" if flat_axis is None else "ijk"[flat_axis]


def _size(shape: tuple[int, int, int]) -> str:
    return "×".join(str(length or "all") for length in shape)


def _why_other_steps(model: Bundle, other: Bundle) -> str:
    """Name the first value that differs in what prepares a scan or makes labels, and both values."""
    wanted, config = _steps_of(model), _steps_of(other)
    for place, there, here in _differences("", config, wanted):
        return f"{place}: {_shown(there)} and {_shown(here)}"
    return ""


def _steps_of(bundle: Bundle) -> Config:
    whole = read_config(bundle.folder, "inference", bundle.variant)
    _, prepare = needed_config(whole, bundle.folder.name)
    return config_with(whole, [prepare, "postprocessing"])


def _differences(place: str, there: Any, here: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give each place where two configs differ, such as ``prepare#transforms#1#pixdim``."""
    if there == here or (place.endswith("#keys") and _as_list(there) == _as_list(here)):
        return
    if isinstance(there, dict) and isinstance(here, dict):
        # Of another class all else differs for that.
        is_other = there.get("_target_") != here.get("_target_")
        keys = ["_target_"] if is_other else sorted({*there, *here} - {_REMARK})
        pairs = [(key, there.get(key, _NOT_STATED), here.get(key, _NOT_STATED)) for key in keys]
    elif _is_list_of_parts(there) and _is_list_of_parts(here) and len(there) == len(here):
        pairs = [(number, *both) for number, both in enumerate(zip(there, here, strict=True))]
    else:
        yield place, there, here
        return
    for key, one, another in pairs:
        yield from _differences(f"{place}#{key}" if place else key, one, another)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _is_list_of_parts(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(part, dict) for part in value)


def _shown(value: Any) -> str:
    if value is _NOT_STATED:
        return "nothing"
    if _is_list_of_parts(value):
        value = [part.get("_target_") if isinstance(part, dict) else part for part in value]
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
