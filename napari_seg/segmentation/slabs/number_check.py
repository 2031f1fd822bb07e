"""See that a network gives scores that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Network = Callable[[Tensor], Tensor]


class NumberCheck:
    """Looks whether a network's scores are numbers, in each batch: any of them may hold NaN.

    A score may be infinite, as the logarithm of a probability of 0 is.

    Parameters
    ----------
    model
        Its name, for the error.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._found: Tensor | None = None

    def watch(self, network: Network) -> Network:
        """Make a network whose scores are looked at.

        It raises ``ValueError`` at once where scores on the processor, or the first on another
        device, hold NaN: to ask each batch of a graphics card would let it stand idle in between.
        `require_numbers` tells of those.
        """

        def look(batch: Tensor) -> Tensor:
            scores = network(batch)
            if scores.device.type == "cpu":
                self._refuse(_holds_nan(scores))
                return scores
            found = scores.isnan().any()
            if self._found is None:
                self._refuse(bool(found))
            self._found = found if self._found is None else self._found | found
            return scores

        return look

    def require_numbers(self) -> None:
        """See that all scores so far were numbers.

        Raises
        ------
        ValueError
            If one was none.
        """
        self._refuse(self._found is not None and bool(self._found))

    def _refuse(self, is_found: bool) -> None:
        if is_found:
            raise ValueError(
                f"the network of the model {self._model!r} gives scores that are no numbers (NaN), "
                "so nothing can be drawn; its weights are damaged or do not suit this scan's "
                "intensities: fetch them again, or choose another model"
            )


def _holds_nan(scores: Tensor) -> bool:
    import numpy as np

    # A sum takes an eighth of the time, in NumPy without waiting for torch's threads to wake; it is
    # NaN also where infinities of both signs meet.
    with np.errstate(all="ignore"):
        total = scores.detach().float().numpy().sum()
    return bool(np.isnan(total)) and bool(scores.isnan().any())
