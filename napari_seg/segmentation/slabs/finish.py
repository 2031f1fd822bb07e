"""What a bundle does with scores after the network, as far as it can be done slab by slab."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor


class NotBySlabs(Exception):
    """A post-processing that needs all scores at once; its text says which step."""


@dataclass(frozen=True, eq=False)
class Finish:
    """From scores on the prepared grid to labels on the scan's.

    Attributes
    ----------
    before
        ``"softmax"``, ``"sigmoid"`` or None: done to the scores on the prepared grid.
    after
        The same, done to the scores on the scan's grid.
    is_nearest
        Whether each voxel of the scan takes its nearest label; else scores are interpolated.
    threshold
        From which value on the single class of a network is drawn; None where the highest
        score decides.
    on_labels
        What is then done with the labels, such as keeping the largest part.
    """

    before: str | None = None
    after: str | None = None
    is_nearest: bool = False
    threshold: float | None = None
    on_labels: tuple[Callable[[Mapping[str, Any]], Mapping[str, Any]], ...] = ()

    @property
    def score_threshold(self) -> float | None:
        """The threshold in terms of the scores as they are interpolated."""
        if self.threshold is None or self.after != "sigmoid":
            return self.threshold
        if not 0 < self.threshold < 1:
            return float("inf") if self.threshold >= 1 else float("-inf")
        return log(self.threshold / (1 - self.threshold))


def read_finish(postprocess: Any, prepare: Any) -> Finish:
    """Read a bundle's post-processing.

    Parameters
    ----------
    postprocess
        MONAI transforms of dictionaries, with ``Invertd`` among them.
    prepare
        What ``Invertd`` must undo.

    Raises
    ------
    NotBySlabs
        If a step before the labels is unknown, or the steps stand in another order.
    """
    from monai.transforms import (
        Activationsd,
        AsDiscreted,
        Compose,
        EnsureTyped,
        Invertd,
        ToTensord,
    )

    steps = [
        step
        for step in _flat(postprocess, Compose)
        if not isinstance(step, (EnsureTyped, ToTensord))
    ]
    softmax: dict[bool, str | None] = {False: None, True: None}
    has_inverted, is_nearest, threshold, decided = False, False, None, False
    while steps and not (decided and has_inverted):
        step = steps.pop(0)
        _check_keys(step)
        if isinstance(step, Invertd):
            _check_inverse(step, prepare)
            has_inverted, is_nearest = True, bool(step.nearest_interp[0]) or decided
            if decided and not step.nearest_interp[0]:
                raise NotBySlabs("Invertd interpolates labels")
        elif isinstance(step, AsDiscreted) and not decided:
            threshold, decided = _decision(step), True
        elif isinstance(step, Activationsd) and not decided and softmax[has_inverted] is None:
            softmax[has_inverted] = _activation(step)
        else:
            raise NotBySlabs(f"{type(step).__name__} stands before the labels")
    if not (decided and has_inverted):
        raise NotBySlabs("it lacks Invertd or AsDiscreted")
    if softmax[False] and softmax[True]:
        raise NotBySlabs("two activations follow each other")
    return Finish(softmax[False], softmax[True], is_nearest, threshold, tuple(steps))


def activate(scores: Tensor, activation: str | None) -> Tensor:
    """Apply softmax over the classes, or sigmoid, in place; scores are ``(class, …)``."""
    if activation == "sigmoid":
        return scores.sigmoid_()
    return scores.copy_(scores.softmax(0)) if activation == "softmax" else scores


def _flat(step: Any, compose: type) -> list[Any]:
    if not isinstance(step, compose):
        return [step]
    return [inner for child in step.transforms for inner in _flat(child, compose)]  # type: ignore[attr-defined]


def _check_keys(step: Any) -> None:
    if tuple(getattr(step, "keys", ())) != ("pred",):
        raise NotBySlabs(f"{type(step).__name__} is for other keys than 'pred'")


def _check_inverse(step: Any, prepare: Any) -> None:
    if step.transform is not prepare or tuple(step.orig_keys) != ("image",):
        raise NotBySlabs("Invertd undoes something other than the preparing of the image")
    if step.post_func[0] is not None:
        raise NotBySlabs("Invertd calls a function of its own")


def _decision(step: Any) -> float | None:
    argmax, threshold = step.argmax[0], step.threshold[0]
    plain = step.to_onehot[0] is None and step.rounding[0] is None
    plain = plain and set(step.converter.kwargs) <= {"dtype"}
    if plain and argmax and threshold is None:
        return None
    if plain and not argmax and threshold is not None:
        return float(threshold)
    raise NotBySlabs("AsDiscreted does not give one label a voxel")


def _activation(step: Any) -> str | None:
    sigmoid, softmax, other = step.sigmoid[0], step.softmax[0], step.other[0]
    if other is not None or (sigmoid and softmax) or step.converter.kwargs:
        raise NotBySlabs("Activationsd is neither softmax nor sigmoid")
    return "sigmoid" if sigmoid else "softmax" if softmax else None
