"""The models that were loaded: once for all runs, as long as their files stay as they are."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.warming import garbage_left_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.run_settings import RunSettings

# One in 3D and one in 2D, or a model and the mean that it belongs to.
_MOST_KEPT = 2
_PARTS = ("configs", "models")
_SECONDS_BETWEEN_LOOKS = 0.05


class LoadedModels:
    """Load models, and keep the last ones.

    A network serves one call at a time: whoever loads or runs one takes his turn.

    Parameters
    ----------
    load_models
        As `ensemble.load_models`.
    """

    def __init__(self, load_models: Callable[..., Bundle]) -> None:
        self._load = load_models
        self._turn = Lock()
        self._kept: dict[tuple[Any, ...], tuple[Any, Bundle]] = {}

    @contextmanager
    def turn(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Wait until nobody else loads or runs a model, and keep the others waiting meanwhile.

        Parameters
        ----------
        on_wait
            Called again and again while waiting; what it raises ends that.
        """
        while not self._turn.acquire(timeout=_SECONDS_BETWEEN_LOOKS):
            on_wait()
        try:
            yield
        finally:
            self._turn.release()

    def knows(self, settings: RunSettings) -> bool:
        """Tell whether the model of a run need not be loaded again."""
        kept = self._kept.get(_key(settings))
        return kept is not None and kept[0] == _state(settings)

    def get(self, settings: RunSettings) -> Bundle:
        """Return the model of a run, loaded if need be; to be called in one's turn.

        Raises
        ------
        FileNotFoundError, ValueError
            As `ensemble.load_models`.
        """
        key, state = _key(settings), _state(settings)
        kept = self._kept.pop(key, None)
        if kept is None or kept[0] != state:
            with garbage_left_alone():
                bundle = self._load(
                    settings.folder,
                    variant=settings.variant,
                    further=settings.further,
                    folds=settings.folds,
                )
            kept = state, bundle
        # The last one asked for is the last to go; the dictionary is replaced, not changed, for
        # another thread may be looking.
        self._kept = dict([*self._kept.items(), (key, kept)][-_MOST_KEPT:])
        return kept[1]


def _key(settings: RunSettings) -> tuple[Any, ...]:
    return settings.folder, settings.variant, settings.further, settings.folds


def _state(settings: RunSettings) -> list[tuple[str, int, int]]:
    """Say how a model's files are: one may be trained anew between two runs."""
    folders = [settings.folder or shipped_bundle_folder(), *settings.further]
    return [state for folder in folders for part in _PARTS for state in _states(folder / part)]


def _states(folder: Path) -> list[tuple[str, int, int]]:
    if not folder.is_dir():
        return []
    found = [(path, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found]
