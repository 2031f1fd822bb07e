"""Make a network that gives more than scores give its scores alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def with_single_output(network: nn.Module) -> nn.Module:
    """Wrap a network of MONAI's that gives a list or tuple also in evaluation mode.

    Parameters
    ----------
    network
        In evaluation mode.

    Returns
    -------
    nn.Module
        In evaluation mode; from a batch to scores ``(batch, class, *window)``. A network that gives
        these by itself is returned as it is.
    """
    import torch
    from monai.networks.nets import BasicUNetPlusPlus, SegResNetVAE

    if isinstance(network, BasicUNetPlusPlus):
        # The scores of each depth under deep supervision; the last are those without it.
        place = -1
    elif isinstance(network, SegResNetVAE):
        # Scores and the loss of the autoencoder, None in evaluation mode.
        place = 0
    else:
        return network

    class SingleOutput(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            scores: Tensor = self.network(batch)[place]
            return scores

    return SingleOutput().eval()
