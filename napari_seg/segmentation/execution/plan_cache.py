"""Remember on disk which plan a network got on this machine."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.saving import write_text
from napari_seg.segmentation.execution.model_files import name_of
from napari_seg.segmentation.execution.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_folder() -> Path:
    """Return the place where plans and converted networks are kept."""
    import platformdirs

    return Path(platformdirs.user_cache_path("napari-seg", appauthor=False)) / "execution"


def read_plan(folder: Path, key: Mapping[str, Any]) -> Plan | None:
    """Return the plan that was found for a key; None where there is none that can be read."""
    try:
        kept = json.loads(_file(folder, key).read_text(encoding="utf-8"))
        return Plan.from_dict(kept["plan"]) if kept["key"] == dict(key) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_plan(folder: Path, key: Mapping[str, Any], plan: Plan) -> None:
    """Keep a plan; where the disk does not allow it, it is found again next time."""
    text = json.dumps({"key": dict(key), "plan": plan.as_dict()}, indent=2)
    try:
        file = _file(folder, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, text)
    except (OSError, ValueError) as error:
        logging.getLogger(__name__).debug("a plan is not kept: %s", error)


def _file(folder: Path, key: Mapping[str, Any]) -> Path:
    return folder / "plans" / f"{name_of(key)}.json"
