"""The record beside a label file that a network wrote: how it came about, and how to repeat it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.imaging.scan import Notice, Scan
    from napari_seg.segmentation.bundle import Bundle

    Record = dict[str, Any]

_PACKAGES = ("napari-seg", "torch", "monai", "numpy", "nibabel", "SimpleITK")


def make_record(
    scan: Scan,
    bundle: Bundle,
    *,
    device: str,
    plan: Mapping[str, Any] | None,
    options: Mapping[str, Any],
    seconds: float,
    command: str,
    notices: Sequence[Notice] = (),
    windows: Mapping[str, int] | Sequence[Mapping[str, int]] | None = None,
) -> Record:
    """Gather what a reader of a label file needs to trust it and to make it again.

    Parameters
    ----------
    scan
        What was segmented; its hash and notices are kept, its file's name is not.
    bundle
        What segmented it.
    device
        Where the network ran, such as ``"cpu"``.
    plan
        How the network ran, as from `Plan.as_dict`; None where that is not known.
    options
        What the person chose: overlap, region, labels, clean-up.
    seconds
        From the scan in memory to its labels.
    command
        The command line that repeats it.
    notices
        What the run did otherwise than asked for.
    windows
        How many windows went through the network (``run``), how many repeated one of equal content
        (``repeated``), and how many of both were air with noise in it (``air``); of each box where
        there are several.

    Returns
    -------
    dict
        Plain values that JSON can hold.
    """
    return {
        "scan": {"sha256": scan.sha256, "shape": list(scan.array.shape)},
        "bundle": {
            "name": bundle.name,
            "version": bundle.version,
            "variant": bundle.variant,
            "sha256": bundle.sha256,
            **({"mean_of": list(bundle.ensemble.sha256)} if bundle.ensemble else {}),
        },
        "labels": {str(label.value): label.name for label in bundle.table},
        "versions": {"python": platform.python_version(), **_versions()},
        "device": device,
        "plan": None if plan is None else dict(plan),
        "options": dict(options),
        "windows": _counts(windows),
        "notices": [notice.as_dict() for notice in (*scan.notices, *notices)],
        "seconds": round(seconds, 3),
        "command": command,
        "purpose": "research use only",
    }


@cache  # each look takes some milliseconds, and what is loaded stays
def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _counts(
    windows: Mapping[str, int] | Sequence[Mapping[str, int]] | None,
) -> dict[str, int] | list[dict[str, int]]:
    if windows is None or isinstance(windows, Mapping):
        return dict(windows or {})
    return [dict(one) for one in windows]
