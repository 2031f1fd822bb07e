"""The record beside a label file: whose labels it holds, and how many ml of each came from where."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.files import record_path
from napari_seg.imaging.label_files.tables import HASH_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.imaging.scan import Scan
    from napari_seg.viewer.keeping.origins import Origins

    Record = Mapping[str, Any]

_NETWORK_FILE = "network_labels"
# What a record says of the labels in its file, not of the run that they come from.
_OF_FILE = frozenset({_NETWORK_FILE, "changed_by_hand_ml", "origins", HASH_KEY})
# What a record of labels that no network drew does not have.
_OF_RUN = frozenset(
    {
        "bundle",
        "command",
        "device",
        "earlier_runs",
        "labels",
        "notices",
        "options",
        "plan",
        "scan",
        "seconds",
        "versions",
        "windows",
    }
)


def read_record(path: Path) -> dict[str, Any] | None:
    """Read the record of a label file; empty where there is none.

    None where a file of that name is no record at all: then it is not ours to replace.
    """
    try:
        found = json.loads(record_path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_networks_own(record: Record) -> bool:
    """Tell whether a file holds what a network wrote, with nothing by hand in it."""
    if "bundle" not in record or record.get("changed_by_hand_ml"):
        return False
    return _NETWORK_FILE not in record


def is_all_by_hand(record: Record) -> bool:
    """Tell whether a record says that every voxel was drawn by hand."""
    origins = record.get("origins")
    if not isinstance(origins, dict) or not origins:
        return False
    return all(
        isinstance(one, dict) and not one.get("network_ml") and not one.get("unknown_ml")
        for one in origins.values()
    )


def of_run(record: Record) -> dict[str, Any]:
    """Return what a record says of the run, without what it says of the labels in its file."""
    return {key: value for key, value in record.items() if key not in _OF_FILE}


def without_run(record: Record) -> dict[str, Any]:
    """Return what a record says if a network's run is no longer in the file: what others added."""
    if "bundle" not in record:
        return dict(record)
    return {key: value for key, value in record.items() if key not in _OF_RUN}


def network_file(record: Record) -> tuple[str, str] | None:
    """Return the name of the file beside it that holds the network's own labels, and their hash."""
    said = record.get(_NETWORK_FILE)
    if not isinstance(said, dict):
        return None
    name, sha256 = said.get("file"), said.get("sha256")
    # A name only: a record may come from anywhere.
    if not isinstance(name, str) or not isinstance(sha256, str):
        return None
    return (name, sha256) if name and name == PureWindowsPath(name).name else None


def naming_network_file(name: str, labels: NDArray[Any]) -> dict[str, Any]:
    """Say in a record where the network's own labels are."""
    return {_NETWORK_FILE: {"file": name, "sha256": hash_of(labels)}}


def hash_of(labels: NDArray[Any]) -> str:
    """Hash the values of labels, whatever type they are stored in."""
    hashed = hashlib.sha256(str(labels.shape).encode())
    for part in labels:
        hashed.update(np.ascontiguousarray(part, dtype="<i4").data)
    return hashed.hexdigest()


def origins_record(origins: Origins, table: LabelTable) -> dict[str, Any]:
    """Say in a record where the voxels of each label came from."""
    names = table.names
    return {
        "changed_by_hand_ml": origins.changed_ml,
        "origins": {
            str(label): {"name": names.get(label, f"label {label}"), **asdict(origin)}
            for label, origin in origins.by_label.items()
        },
    }


def plain_record(scan: Scan | None, table: LabelTable) -> dict[str, Any]:
    """Begin the record of labels that no network drew."""
    try:
        versions = {"napari-seg": version("napari-seg")}
    except PackageNotFoundError:
        versions = {}
    about_scan = (
        {} if scan is None else {"scan": {"sha256": scan.sha256, "shape": list(scan.array.shape)}}
    )
    return {
        **about_scan,
        "labels": {str(label.value): label.name for label in table},
        "versions": versions,
        "purpose": "research use only",
    }
