"""What the volumes of a NIfTI file are to each other: times, modalities, or nobody says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Header

from napari_seg.imaging.channels import axis_name, unsure_axis, volume_names
from napari_seg.imaging.nifti_header import StoredHeader
from napari_seg.imaging.scan import Notice

# By the standard: vectors and matrices at each voxel, results of statistics, series of times.
_INTENTS_OF_PARTS = (*range(2, 25), *range(1001, 1012), 2003, 2004)
_INTENT_TIMES = 2001
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
_UNITS_OF_SPECTRA = (32, 40, 48)
# How BIDS ends the names of series in time, and of what is none although it has volumes.
_NAMED_TIMES = ("bold", "cbv", "asl", "pet")
_NAMED_PARTS = ("dwi", "epi", "T2starmap", "megre", "MEGRE", "MESE")
_LARGEST_DESCRIPTION = 1 << 22
_LONGEST_NAME = 40


def describe_volumes(
    stored: StoredHeader, path: Path
) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Name the volumes of a file, and say so where their kind is a guess.

    Many programs write a second as the step between volumes whatever these are, so a unit alone
    says nothing. Where neither the header nor the place of the file does, they are no times.

    Parameters
    ----------
    stored
        The header.
    path
        Its file: of BIDS by its name, of the Medical Segmentation Decathlon by ``dataset.json``.

    Returns
    -------
    names, notices
        One name for each volume, ``"time 1"``, ``"channel 1"``, ``"volume 1"`` or that of a
        modality; nothing for one volume.
    """
    count = stored.shape[3] if len(stored.shape) > 3 else 1
    if count == 1:
        return (), ()
    if len(stored.counts) > 4 and stored.counts[4] > 1:
        return volume_names(count, "channel"), ()  # the fifth axis is that of a vector
    modalities = _modalities(path, count)
    if modalities:
        return modalities, ()
    word = _stated(stored) or _named(path)
    if word is not None:
        return volume_names(count, word), ()
    return volume_names(count, "volume"), (unsure_axis(count),)


def time_step(stored: StoredHeader, names: Sequence[str]) -> float | None:
    """Return the seconds from one volume to the next; see `Source`.

    Parameters
    ----------
    stored
        The header.
    names
        Of the volumes, as `describe_volumes` gave them.
    """
    if axis_name(names) != "time":
        return None
    if stored.is_analyze:
        return 0.0
    step = _step(stored) * _SECONDS.get(_units(stored), 0.0)
    return step if np.isfinite(step) and step > 0 else 0.0


def store_times(header: Nifti1Header, step: float) -> None:
    """Say in a fresh header that the volumes follow each other in time.

    Parameters
    ----------
    header
        Changed in place; the unit of length is set already.
    step
        Seconds from one to the next; 0 where it is not known.
    """
    unit, _ = header.get_xyzt_units()
    if step > 0:
        header.set_xyzt_units(unit, "sec")
        header["pixdim"][4] = step
    # Many programs write a step of a second whatever the volumes are.
    if step in (0, 1):
        header["intent_code"] = _INTENT_TIMES


def _stated(stored: StoredHeader) -> str | None:
    if stored.is_analyze:
        return None
    fields = stored.fields
    intent, units = int(fields["intent_code"]), _units(stored)
    if intent in _INTENTS_OF_PARTS or units in _UNITS_OF_SPECTRA:
        return "channel"
    if intent == _INTENT_TIMES:
        return "time"
    step = _step(stored)
    is_step = np.isfinite(step) and step > 0 and step != 1
    acquired = [fields["toffset"], fields["slice_duration"], fields["slice_code"]]
    is_acquired = any(np.isfinite(float(one)) and float(one) != 0 for one in acquired)
    return "time" if units in _SECONDS and (is_step or is_acquired) else None


def _units(stored: StoredHeader) -> int:
    return int(stored.fields["xyzt_units"]) & 0x38


def _step(stored: StoredHeader) -> float:
    return float(stored.fields["pixdim"][4])


def _named(path: Path) -> str | None:
    end = re.sub(r"(\.nii|\.hdr|\.img)?(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    word = end.rpartition("_")[2]
    if word in _NAMED_TIMES:
        return "time"
    return "channel" if word in _NAMED_PARTS else None


def _modalities(path: Path, count: int) -> tuple[str, ...]:
    """Read the names of the modalities from the description of a Decathlon data set."""
    for folder in path.absolute().parents[:2]:
        description = folder / "dataset.json"
        try:
            if not description.is_file() or description.stat().st_size > _LARGEST_DESCRIPTION:
                continue
            stated = json.loads(description.read_bytes())
        except (OSError, ValueError):
            continue
        named = stated.get("modality") if isinstance(stated, dict) else None
        if not isinstance(named, dict):
            continue
        names = [_name(named.get(str(number))) for number in range(len(named))]
        if len(names) == count and all(names):
            return tuple(names)
    return ()


def _name(stated: object) -> str:
    is_name = isinstance(stated, str) and stated.isprintable() and len(stated) <= _LONGEST_NAME
    return str(stated) if is_name else ""
