"""Alter a copy of a bundle."""

import json
from collections.abc import Callable
from pathlib import Path


def change(folder: Path, name: str, edit: Callable[[dict], object]) -> None:
    path = folder / "configs" / f"{name}.json"
    config = json.loads(path.read_text())
    edit(config)
    path.write_text(json.dumps(config))
