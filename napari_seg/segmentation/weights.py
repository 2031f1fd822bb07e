"""Read a network's weights from a file that may be damaged, or not what it seems."""

from __future__ import annotations

import pickle
import zlib
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn


def with_weights(network: nn.Module, path: Path, bundle: str) -> nn.Module:
    """Give a network its weights from a file, and put it in evaluation mode.

    Parameters
    ----------
    network
        Gets the weights in place.
    path
        What torch saved: a state_dict, or a dictionary that holds one as ``"model"`` or
        ``"state_dict"``. Nothing in it is run.
    bundle
        Its name, for messages.

    Raises
    ------
    ValueError
        If the file is damaged, holds more than weights or none, does not fit the network, or holds
        what is no number.
    """
    where = f"the weights models/{path.name} of the bundle {bundle!r}"
    state = _read_weights(path, where)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{where} do not fit its network: they are of another one, or not whole; fetch those "
            "that belong to its configs"
        ) from error
    # Some networks keep an infinite mask among their weights.
    if any(bool(v.isnan().any()) for v in (*network.parameters(), *network.buffers())):
        raise ValueError(
            f"{where} are not all numbers (NaN): fetch them again, or train the network again"
        )
    return network.eval()


def _read_weights(path: Path, where: str) -> Mapping[str, Any]:
    import torch

    damaged = _damaged_part(path)
    if damaged is not None:
        raise ValueError(
            f"{where} are damaged: the checksum of {damaged!r} in the file does not fit what "
            "stands there; fetch it again"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        weights: Mapping[str, Any] = state.get("model", state.get("state_dict", state))
    except PermissionError:
        raise
    # The words of torch advise to load what may run code.
    except (
        *(AttributeError, EOFError, OSError, RuntimeError, TypeError, LookupError, ValueError),
        pickle.UnpicklingError,
    ) as error:
        raise ValueError(
            f"{where} cannot be read: the file is damaged, or holds more than weights or none; "
            "fetch it again, or save the network's state_dict there"
        ) from error
    return weights


def _damaged_part(path: Path) -> str | None:
    """Name the first part of a file whose bytes are not those that were saved.

    Torch does not look. What older versions of it saved has no checksums.
    """
    try:
        parts = ZipFile(path)
    except (BadZipFile, NotImplementedError, OSError, ValueError):
        return None
    with parts:
        for part in parts.infolist():
            try:
                # Torch may be told to save without checksums, and writes 0 then.
                if part.CRC:
                    parts.read(part)
            except (BadZipFile, EOFError, OSError, RuntimeError, ValueError, zlib.error):
                return part.filename
    return None
