"""See that a network gives scores that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Network = Callable[[Tensor], Tensor]


def with_number_check(network: Network, model: str) -> Network:
    """Make a network whose first scores are looked at: where they are NaN, so are the others.

    A score may be infinite, as the logarithm of a probability of 0 is.

    Parameters
    ----------
    network
        From windows to scores.
    model
        Its name, for the error.

    Returns
    -------
    callable
        The same scores; it raises ``ValueError`` where the first hold NaN.
    """
    checked = False

    def look(batch: Tensor) -> Tensor:
        nonlocal checked
        scores = network(batch)
        if not checked and bool(scores.isnan().any()):
            raise ValueError(
                f"the network of the model {model!r} gives scores that are no numbers (NaN), so "
                "nothing can be drawn; its weights are damaged or do not suit this scan's "
                "intensities: fetch them again, or choose another model"
            )
        checked = True
        return scores

    return look
