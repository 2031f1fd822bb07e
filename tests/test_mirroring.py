import pytest
import torch

from napari_seg.segmentation.mirroring import mirrored


def convolution(dims=3):
    torch.manual_seed(0)
    kind = (torch.nn.Conv2d, torch.nn.Conv3d)[dims - 2]
    return kind(1, 3, 3, padding=1).requires_grad_(False)


def test_scores_are_the_mean_over_all_mirrorings():
    network, window = convolution(), torch.rand(2, 1, 6, 5, 4)
    expected = torch.stack(
        [
            network(window),
            network(window.flip(2)).flip(2),
            network(window.flip(4)).flip(4),
            network(window.flip(2, 4)).flip(2, 4),
        ]
    ).mean(0)
    assert torch.allclose(mirrored(network, (0, 2))(window), expected, atol=1e-6)


def test_a_mirrored_window_has_the_mirrored_scores():
    network, window = mirrored(convolution(), (0, 1, 2)), torch.rand(1, 1, 6, 5, 4)
    assert torch.allclose(network(window.flip(3)).flip(3), network(window), atol=1e-6)


def test_no_axis_leaves_the_network_as_it_is():
    network = convolution()
    assert mirrored(network, ()) is network
    assert mirrored(network, (2,), flat_axis=2) is network


def test_a_2d_network_is_mirrored_along_the_axes_that_it_sees():
    network, window = convolution(2), torch.rand(2, 1, 6, 5)
    expected = (network(window) + network(window.flip(3)).flip(3)) / 2
    assert torch.allclose(mirrored(network, (0, 2), flat_axis=0)(window), expected, atol=1e-6)


def test_the_scores_of_a_network_are_not_written_into():
    window = torch.rand(1, 1, 6, 5, 4)
    kept = window.clone()
    mirrored(lambda batch: batch, (0,))(window)
    assert torch.equal(window, kept)


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="among 0, 1 and 2, got 3"):
        mirrored(convolution(), (3,))
