"""What the voxels of a window weigh where it is blended with its neighbours."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import Tensor

# MONAI's own: of a window's length; and what the corners of a window weigh at least.
_SIGMA = 0.125
_LEAST_WEIGHT = 1e-3


def has_gaussian_weights(inferer: Any) -> bool:
    """Tell whether an inferer states Gaussian weights; MONAI's own default are constant ones."""
    return bool(getattr(inferer, "mode", "constant") == "gaussian")


def sigma_scales(inferer: Any) -> tuple[float, float, float]:
    """Read the width of an inferer's Gaussian weights along ``(i, j, k)``, of a window's length.

    An inferer whose weights are constant states none: then it is MONAI's own.

    Raises
    ------
    ValueError
        If it is not one number above 0, or three, of slices as well.
    """
    from monai.utils import ensure_tuple_rep

    if not has_gaussian_weights(inferer):
        return _SIGMA, _SIGMA, _SIGMA
    try:
        i, j, k = (float(scale) for scale in ensure_tuple_rep(inferer.sigma_scale, 3))
    except (TypeError, ValueError):
        i = j = k = nan
    if not all(0 < scale < inf for scale in (i, j, k)):
        raise ValueError(
            "the inferer's sigma_scale must be one number above 0 or three, "
            f"got {inferer.sigma_scale!r}"
        )
    return i, j, k


def gaussian_weights(
    shape: tuple[int, int, int], scales: Sequence[float], device: torch.device
) -> Tensor:
    """Return the Gaussian weights of a window, as MONAI's sliding window has them.

    Parameters
    ----------
    shape
        Of the window.
    scales
        The standard deviation along each axis, of the window's length.
    device
        Where they are wanted.
    """
    import torch

    weights = torch.ones((), device=device)
    for length, scale in zip(shape, scales, strict=True):
        end = (length - 1) / 2
        places = torch.arange(-end, end + 1, dtype=torch.float, device=device)
        weights = weights.unsqueeze(-1) * torch.exp(places**2 / (-2 * (length * scale) ** 2))
    return weights.clamp_(min=max(float(weights.min()), _LEAST_WEIGHT))
