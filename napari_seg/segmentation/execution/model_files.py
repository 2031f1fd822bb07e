"""Keep converted networks, so that the next start need not convert them again."""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import shutil
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.saving import replace_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST_BYTES = 1 << 30
_FORMAT = 2
_SUMS = "SHA256SUMS"


class ModelFiles:
    """Converted models of one network in a folder, which also holds those of others.

    Parameters
    ----------
    folder
        Made when it is first needed. Where it cannot be written or read, nothing is kept.
    key
        What a converted model depends on: the network's hash and the versions of libraries.
    """

    def __init__(self, folder: Path, key: Mapping[str, str]) -> None:
        self._folder, self._key = folder, dict(key)

    def read(self, core: Any, shape: tuple[int, ...]) -> Any | None:
        """Return the model for batches of a shape; None where there is none that is whole."""
        place = self._place(shape)
        try:
            sums = json.loads((place / _SUMS).read_text(encoding="utf-8"))
            if sums != _sums(place):
                return None
            model = core.read_model(place / "model.xml")
        except (OSError, ValueError, RuntimeError):
            return None
        return model

    def write(self, model: Any, shape: tuple[int, ...]) -> None:
        """Keep a model; the oldest others go where they take more than 1 GiB together."""
        openvino = importlib.import_module("openvino")

        def fill(folder: Path) -> None:
            openvino.serialize(model, folder / "model.xml", folder / "model.bin")
            (folder / _SUMS).write_text(json.dumps(_sums(folder)), encoding="utf-8")

        place = self._place(shape)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            replace_folder(place, fill)
            _drop_oldest(place)
        except (OSError, RuntimeError) as error:
            logging.getLogger(__name__).debug("a converted network is not kept: %s", error)

    def _place(self, shape: tuple[int, ...]) -> Path:
        return self._folder / name_of({**self._key, "shape": list(shape), "format": _FORMAT})


def name_of(key: Mapping[str, Any]) -> str:
    """Return the name that a file or folder of this key has."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]


def _sums(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.xml", "model.bin")
    }


def _drop_oldest(newest: Path) -> None:
    others = [path for path in newest.parent.iterdir() if path.is_dir() and path != newest]
    left = _MOST_BYTES - _size(newest)
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True):
        left -= _size(path)
        if left < 0:
            shutil.rmtree(path, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
