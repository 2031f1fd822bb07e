"""Several networks as one: their scores are averaged window by window."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_seg.segmentation.bundle import Ensemble, load_bundle
from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.model_names import model_names
from napari_seg.segmentation.models_alike import require_alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription


def load_models(
    folder: Path | None = None,
    *,
    variant: str | None = None,
    further: Sequence[Path] = (),
    folds: bool = False,
) -> Bundle:
    """Load one bundle, or several as one: see `load_bundle` and `load_ensemble`."""
    if not further and not folds:
        return load_bundle(folder, variant=variant)
    return load_ensemble([folder, *further], variant=variant, folds=folds)


def bundles_in(folder: Path) -> list[Path]:
    """Return the bundles that lie in a folder, or the folder itself if it is none of them."""
    if (folder / "configs").is_dir() or not folder.is_dir():
        return [folder]
    return sorted(path for path in folder.iterdir() if (path / "configs").is_dir()) or [folder]


def folds_of(folder: Path | None) -> list[str]:
    """Name the checkpoints ``*fold*.pt`` of a bundle; None for the shipped one.

    Raises
    ------
    FileNotFoundError
        If it has none.
    """
    models = (folder or shipped_bundle_folder()) / "models"
    names = sorted(path.name for path in models.glob("*fold*.pt"))
    if not names:
        raise FileNotFoundError(
            f"the bundle {models.parent.name!r} has no folds models/*fold*.pt to average"
        )
    return names


def load_ensemble(
    folders: str | Path | Sequence[str | Path | None],
    *,
    variant: str | None = None,
    folds: bool = False,
) -> Bundle:
    """Load several bundles, or the folds of one, as a bundle whose scores are their mean.

    Parameters
    ----------
    folders
        The bundles, or one of them; None for the shipped one.
    variant
        An overlay of each, such as ``"two_d"``.
    folds
        Whether all checkpoints ``models/*fold*.pt`` of each bundle take part, rather than the one
        that its config names.

    Returns
    -------
    Bundle
        With the name, the preparing and the labels of the first one.

    Raises
    ------
    FileNotFoundError
        If a folder or its folds are missing.
    ValueError
        If the bundles prepare a scan or draw labels in different ways, or one is there twice.
    """
    if isinstance(folders, (str, Path)):  # one alone; its letters are no folders
        folders = [folders]
    places = [None if folder is None else Path(folder) for folder in folders]
    parts = [
        (folder, checkpoint)
        for folder in places
        for checkpoint in (folds_of(folder) if folds else [None])
    ]
    if not parts:
        raise ValueError("an ensemble needs at least one model")
    members = [
        load_bundle(folder, variant=variant, checkpoint=checkpoint) for folder, checkpoint in parts
    ]
    names = model_names([member.description for member in members])
    require_alike(members, names)
    _require_different(members, names, [checkpoint for _, checkpoint in parts])
    if len(members) == 1:
        return members[0]
    digest = hashlib.sha256("".join(member.sha256 for member in members).encode()).hexdigest()
    networks = [member.network for member in members]
    ensemble = Ensemble(
        further=tuple(folder for folder in places[1:] if folder is not None),
        folds=folds,
        sha256=tuple(member.sha256 for member in members),
        descriptions=_further_descriptions(members),
    )
    return replace(members[0], network=mean_network(networks), sha256=digest, ensemble=ensemble)


def mean_network(networks: Sequence[nn.Module]) -> nn.Module:
    """Make a network whose scores are the mean of others'; it holds two of their scores at most."""
    import torch

    class MeanNetwork(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.members = torch.nn.ModuleList(networks)

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            total = self.members[0](batch)
            for member in self.members[1:]:
                scores = member(batch)
                if scores.shape != total.shape:
                    raise ValueError(
                        "models of an ensemble must give scores alike: one gives "
                        f"{total.shape[1]} classes in {tuple(total.shape[2:])} voxels, another "
                        f"{scores.shape[1]} in {tuple(scores.shape[2:])}"
                    )
                total = total + scores
            mean: torch.Tensor = total / len(self.members)
            return mean

    return MeanNetwork().eval()


def _require_different(
    members: Sequence[Bundle], names: Sequence[str], checkpoints: Sequence[str | None]
) -> None:
    known: dict[str, tuple[str, str | None]] = {}
    for member, name, checkpoint in zip(members, names, checkpoints, strict=True):
        if member.sha256 not in known:
            known[member.sha256] = name, checkpoint
            continue
        before, of_before = known[member.sha256]
        if (before, of_before) == (name, checkpoint):
            raise ValueError(
                f"the model '{name}' is given twice, so it would count twice; give it once"
            )
        if before == name:
            before, name = f"{name}/models/{of_before}", f"{name}/models/{checkpoint}"
        raise ValueError(
            f"'{name}' and '{before}' are the same model, with the same weights, which would only "
            "count twice; give each once"
        )


def _further_descriptions(members: Sequence[Bundle]) -> tuple[BundleDescription, ...]:
    """Return what each further bundle says of itself, folds of one counted once."""
    own = {member.folder: member.description for member in members}
    return tuple(own.values())[1:]
