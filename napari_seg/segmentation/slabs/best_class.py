"""Which class has the highest score, without the 64-bit indices of an argmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Pieces of this many voxels stay in a processor's cache while the classes pass.
_VOXELS_AT_ONCE = 1 << 18


def label_type(classes: int) -> torch.dtype:
    """Return the type that labels are worked out in: signed where a byte is too small."""
    import torch

    return torch.uint8 if classes < 255 else torch.int16


def best_class(scores: Tensor, threshold: float | None = None) -> Tensor:
    """Return the class of the highest score, the first of equal ones.

    Parameters
    ----------
    scores
        ``(class, …)``.
    threshold
        Of a single class: 1 from this score on.
    """
    import torch

    labels = torch.zeros(scores.shape[1:], dtype=label_type(len(scores)), device=scores.device)
    if threshold is not None:
        labels.copy_(scores[0] >= threshold)
        return labels
    flat = scores.shape[1:].numel() // max(scores.shape[1], 1)
    step = max(_VOXELS_AT_ONCE // max(flat, 1), 1)
    best = torch.empty((min(step, scores.shape[1]), *scores.shape[2:]), device=scores.device)
    for start in range(0, scores.shape[1], step):
        part = scores[:, start : start + step]
        _run_over(part, best[: part.shape[1]], labels[start : start + step])
    return labels


def _run_over(scores: Tensor, best: Tensor, labels: Tensor) -> None:
    import torch

    best.copy_(scores[0])
    for number in range(1, len(scores)):
        higher = torch.gt(scores[number], best)
        # Numbers rise, so that the later one is the larger one.
        torch.maximum(labels, higher.to(labels.dtype).mul_(number), out=labels)
        if number < len(scores) - 1:
            torch.maximum(best, scores[number], out=best)
